"""Turning a template into HTML: one environment a language, and what every template may call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.parties.models import Site
from server.web import words
from server.web.forms import fresh_token
from server.web.i18n import Formats, translations
from server.web.static_files import TEMPLATES, asset, build

#: Pieces of some 300 bytes that a language keeps; beyond that it begins anew.
KEPT_AT_MOST = 20_000
#: Marks the place of words that come later; no text of ours holds it (Unicode, private use area).
LATER = "\ue000"


@dataclass(frozen=True, slots=True)
class SiteView:
    """What pages need to know of the factory."""

    name: str = "Orderlight"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    language: str = "en"


def load_site(session: Session) -> SiteView:
    """The one row of `site`; before it is set up, a nameless factory on UTC."""
    row = session.execute(select(Site.name, Site.time_zone, Site.language).limit(1)).first()
    return SiteView(row.name, ZoneInfo(row.time_zone), row.language) if row else SiteView()


@cache
def environment(language: str) -> Environment:
    """The templates with this language's words; compiled templates are kept as long as the process lives."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    catalogue = translations(language)
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.filters["printable"] = printable
    made.globals.update(asset=asset, build=build(), word=_worder(language), kept=Kept(), LATER=LATER)
    made.globals.update(fresh_token=fresh_token)
    return made


class Kept:
    """`{{ kept(macro, a, b) }}` is `{{ macro(a, b) }}`, drawn once for equal arguments.

    A live page is drawn again at every scan and shows mostly the same. The macro must hang on nothing but its
    arguments, the language, and the zone of the site, which is therefore one of the arguments wherever it shows times.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Markup] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __call__(self, macro: Any, *arguments: Any) -> Markup:
        return self.each(macro, (arguments,))

    def each(self, macro: Any, rows: Iterable[tuple[Any, ...]]) -> Markup:
        """`{{ kept.each(macro, rows) }}`: the macro with the arguments of each row."""
        return Markup("".join([self._one(macro, arguments) for arguments in rows]))  # noqa: S704 - of our own templates

    def each_with(self, macro: Any, rows: Iterable[tuple[tuple[Any, ...], str]]) -> Markup:
        """As `each`; each row brings words that change by themselves, which stand where the macro says {{ LATER }}."""
        drawn = [self._one(macro, arguments).replace(LATER, escape(words)) for arguments, words in rows]
        return Markup("".join(drawn))  # noqa: S704 - as above

    def _one(self, macro: Any, arguments: tuple[Any, ...]) -> Markup:
        # Macros of different templates may have one name; what they were compiled to is theirs alone.
        # Text and markup may be equal and are not the same: one is escaped, the other is not.
        key = (macro._func.__code__, arguments, tuple(map(type, arguments)))
        return self._known.get(key) or self._draw(macro, key)

    def _draw(self, macro: Any, key: tuple[Any, ...]) -> Markup:
        if len(self._known) >= KEPT_AT_MOST:
            self._known.clear()
        found = self._known[key] = Markup(macro(*key[1]))  # noqa: S704 - as above
        return found


def _worder(language: str) -> Any:
    say = translations(language).gettext

    def word(kind: str, code: str) -> str:
        """The word for a code such as ('unit_state', 'in_process')."""
        return say(words.word(kind, code))

    return word


def printable(text: str) -> str:
    """The text with a dot for whatever cannot be printed: a code as a person may read it."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def render(template: str, formats: Formats, context: Mapping[str, Any]) -> str:
    """The template as HTML in the language and zone of `formats`, which templates know as `fmt`."""
    return environment(formats.language).get_template(template).render(fmt=formats, **context)


def formats_for(site: SiteView, *, language: str, now: datetime) -> Formats:
    """How to write for a reader of `language` at this site."""
    return Formats(language, site.zone, now)
