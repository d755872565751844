"""Languages: which one a person gets, its translations, and how it writes times and numbers."""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import Translations
from babel.units import format_unit

LOCALE = Path(__file__).parent / "locale"
#: The languages we speak, each with the formats it uses; plain English alone would give a 12-hour clock.
LANGUAGES = {"en": "en_GB"}
DEFAULT = "en"
_CENT = Decimal("0.01")
#: Longer spans are told in months.
MOST_DAYS = 60
#: Chinese without a script: the region tells which one its readers expect.
TRADITIONAL_REGIONS = {"TW", "HK", "MO"}


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language, compiled from its .po file when first used; English is the source itself."""
    path = LOCALE / language.replace("-", "_") / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as source:
        catalog = read_po(source, locale=language.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def negotiate(*wishes: str | None, accept: str | None = None) -> str:
    """The first language we speak among explicit wishes, then Accept-Language (RFC 9110, 12.5.4), then English."""
    for wish in (*wishes, *_accepted(accept or "")):
        language = _spoken(wish) if wish else None
        if language:
            return language
    return DEFAULT


def _accepted(header: str) -> Iterable[str]:
    found: list[tuple[float, str]] = []
    for item in header.split(","):
        tag, _, weight = item.strip().partition(";")
        match = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)", weight) if weight else None
        found.append((float(match[1]) if match else 1.0, tag.strip()))
    found.sort(key=lambda entry: -entry[0])
    return [tag for weight, tag in found if tag and weight > 0]


def _spoken(tag: str) -> str | None:
    try:
        locale = Locale.parse(tag.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    name = str(locale.language)
    if name == "zh":
        traditional = locale.script == "Hant" or locale.territory in TRADITIONAL_REGIONS
        name = "zh-Hant" if traditional else "zh-Hans"
    return name if name in LANGUAGES else None


@lru_cache(maxsize=256)
def language_name(code: str, locale: str | None = None) -> str:
    """What a language is called in a locale, or by those who speak it; its code where nobody knows a name.

    >>> language_name("de"), language_name("de", "en_GB"), language_name("de-AT", "en_GB"), language_name("xx")
    ('Deutsch', 'German', 'German (Austria)', 'xx')
    """
    try:
        return Locale.parse(code, sep="-").get_display_name(locale) or code
    except (UnknownLocaleError, ValueError):
        return code


@lru_cache(maxsize=8192)
def _in_words(moment: datetime, pattern: str, zone: ZoneInfo, locale: str) -> str:
    """A live page is drawn again at every scan and shows mostly the same moments, so their words are kept."""
    return format_datetime(moment, pattern, tzinfo=zone, locale=locale)


@lru_cache(maxsize=8192)
def _distance(seconds: int, locale: str, add_direction: bool, width: Literal["narrow", "long"]) -> str:
    length = timedelta(seconds=seconds)
    return format_timedelta(length, add_direction=add_direction, locale=locale, threshold=0.95, format=width)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _whole(length: timedelta) -> int:
    """Whole seconds, as coarse as the words for a distance are."""
    return length.days * 86_400 + length.seconds


@lru_cache(maxsize=4096)
def _day_in_words(day: date, pattern: str, locale: str) -> str:
    return format_date(day, pattern, locale=locale)


def whole_day(day: date, language: str) -> str:
    """A day in full with its year, for sentences that know of no present: 'Friday 27 November 2026'."""
    return _day_in_words(day, "EEEE d MMMM y", LANGUAGES[language])


@lru_cache(maxsize=4096)
def _number_in_words(value: Decimal | int | float, locale: str) -> str:
    return format_decimal(value, locale=locale)


@lru_cache(maxsize=4096)
def _money_in_words(value: Decimal, currency: str, locale: str) -> str:
    if value == value.quantize(_CENT):
        return format_currency(value, currency, locale=locale)
    return format_currency(value, currency, "¤#,##0.00##", locale=locale, currency_digits=False)


@dataclass(frozen=True, slots=True)
class Formats:
    """How one language writes what one site shows: times in the site's zone, numbers in the language's way."""

    language: str
    zone: ZoneInfo
    now: datetime

    @property
    def locale(self) -> str:
        return LANGUAGES[self.language]

    def language_name(self, code: str) -> str:
        """What the reader calls a language: 'German'."""
        return language_name(code, self.locale)

    def local(self, moment: datetime) -> datetime:
        """The moment on the site's wall clock."""
        return moment.astimezone(self.zone)

    def machine(self, moment: datetime) -> str:
        """The moment for `<time datetime>` and data attributes: UTC, to the millisecond."""
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def moment(self, moment: datetime) -> str:
        """The whole moment in words: 'Sunday, 22 November 2026 at 09:14:05 CET'."""
        # Kept by the minute, with the seconds put in: hardly two reads share a second.
        words = _in_words(_minute(moment), "EEEE d MMMM y, HH:mm:# z", self.zone, self.locale)
        return words.replace("#", f"{self.local(moment).second:02d}")

    def short_moment(self, moment: datetime) -> str:
        """Day and time in brief: '22 Nov, 09:14'."""
        return _in_words(_minute(moment), "d MMM, HH:mm", self.zone, self.locale)

    def clock(self, moment: datetime, *, seconds: bool = False) -> str:
        """The time of day: '09:14'."""
        if seconds:
            return _in_words(moment, "HH:mm:ss", self.zone, self.locale)
        return _in_words(_minute(moment), "HH:mm", self.zone, self.locale)

    def relative(self, moment: datetime) -> str:
        """How long ago, or until: '3 minutes ago', 'in 2 days'."""
        return _distance(_whole(moment - self.now), self.locale, True, "long")

    def span(self, length: timedelta, *, narrow: bool = False) -> str:
        """A length of time: '3 hours', or '3h' where room is dear."""
        width: Literal["narrow", "long"] = "narrow" if narrow else "long"
        days = round(abs(length) / timedelta(days=1))
        if 1 < days < MOST_DAYS:
            # Nobody on the floor reckons in weeks: "13 days" says what "2 weeks" rounds away.
            return format_unit(days, "duration-day", length=width, locale=self.locale)
        return _distance(_whole(abs(length)), self.locale, False, width)

    def until(self, due: datetime, *, narrow: bool = False) -> str:
        """How long until the promised day is over, or since: whole days of the site's calendar, else hours.

        `due` is the end of that day. Days are counted as a calendar shows them, so that every page says the same of
        one promise all day long.
        """
        days = (self.day_of(due - timedelta(microseconds=1)) - self.day_of(self.now)).days
        if days > 0 or self.now - due >= timedelta(days=1):
            return self.span(timedelta(days=days), narrow=narrow)
        return self.span(due - self.now, narrow=narrow)

    def hours(self, minutes: Decimal | float) -> str:
        """Working minutes as hours and minutes: '7 h 30 min'."""
        whole = round(minutes)
        hours, rest = divmod(whole, 60)
        parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
        return " ".join(parts)

    def day(self, day: date) -> str:
        """A day in brief: 'Fri 27 Nov'."""
        return _day_in_words(day, "EEE d MMM", self.locale)

    def long_day(self, day: date) -> str:
        """A day in full: 'Friday 27 November'; with the year when it is not this one."""
        pattern = "EEEE d MMMM" if day.year == self.local(self.now).year else "EEEE d MMMM y"
        return _day_in_words(day, pattern, self.locale)

    def day_of(self, moment: datetime) -> date:
        """The day of the moment at the site."""
        return self.local(moment).date()

    def end_of(self, day: date) -> datetime:
        """The last moment of the day at the site: a deadline that is a date falls due then."""
        return datetime.combine(day + timedelta(days=1), time(), self.zone)

    def number(self, value: Decimal | int | float) -> str:
        """A number without needless zeros: '1,204', '2.5'."""
        return _number_in_words(value, self.locale)

    def money(self, value: Decimal, currency: str) -> str:
        """An amount with its currency and all its coins: '€1,204.50'; a price below a cent keeps its places."""
        return _money_in_words(value, currency, self.locale)
