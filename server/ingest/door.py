"""Who brings the events in, and in which language the answers go out."""

from collections.abc import Callable
from dataclasses import dataclass

from server.tracking.verdicts import Translate


def plain(message: str) -> str:
    """English, as it is written in the program."""
    return message


def only_english(_language: str) -> Translate:
    """The translator of a server without catalogues."""
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way in: a gateway's, a browser station's, or a replay from the inbox."""

    #: `gateway:gw-hall-1`, `user:anna`, `device:screen-2`: who stands behind events that name nobody, where nobody
    #: has shown his badge. Who signed in at a screen may be another than those who work there.
    actor: str
    #: A person decides on these events at his desk, so the badges at the station do not count.
    is_person: bool = False
    #: Only the read points of this station may be used; an event that names none is read at its first one.
    station_key: str | None = None
    #: A second life of the same gateway is looked for.
    guards_against_clones: bool = True
    #: The language of whoever stands at the door; without it the site's own is spoken.
    translate: Translate | None = None
    #: Finds the translator of a language.
    speak: Callable[[str], Translate] = only_english

    def words(self, site_language: str) -> Translate:
        """What the answers are translated with."""
        return self.translate if self.translate is not None else self.speak(site_language)
