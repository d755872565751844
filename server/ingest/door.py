"""Who brings the events in, and in which language the answers go out."""

from dataclasses import dataclass

from server.tracking.verdicts import Translate


def plain(message: str) -> str:
    """English, as it is written in the program."""
    return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way in: a gateway's, a browser station's, or a replay from the inbox."""

    #: `gateway:gw-hall-1`, `user:anna`, `device:screen-2`: who stands behind events that name nobody.
    actor: str
    #: A person brings the events, so the badge at the station does not count.
    is_person: bool = False
    #: Only the read points of this station may be used.
    station_key: str | None = None
    #: A second life of the same gateway is looked for.
    guards_against_clones: bool = True
    translate: Translate = plain
