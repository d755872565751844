"""What the parts of GS1 data must hold: each rule gives None, or what is wrong and where.

>>> date("261131")
Flaw(words='expected day 00 to 30, got 31', start=4, end=None)
>>> date("261100") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from orderlight.autoid.checks import check_pair, digit_behind, has_check_digit
from orderlight.autoid.iso_codes import COUNTRIES, COUNTRY_NUMBERS, CURRENCY_NUMBERS


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, in words, and the characters that are: from `start` up to `end`, or to the end of the value."""

    words: str
    start: int = 0
    end: int | None = None


Rule = Callable[[str], Flaw | None]

_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: Month and day, MMDD, of the days that are in every year.
_EVERY_YEAR: Final = frozenset(
    [f"{month:02d}{day:02d}" for month, last in enumerate(_DAYS, 1) for day in range(1, last + 1)]
) - {"0229"}
_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_POSITION: Final = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)")
#: Company prefixes have at least so many digits (GS1 General Specifications 1.4.2).
_SHORTEST_PREFIX: Final = 4


def check(text: str) -> Flaw | None:
    """The last digit is the check digit of the others."""
    if has_check_digit(text):
        return None
    expected = digit_behind(text[:-1])
    return Flaw(f"expected check digit {expected}, got {text[-1]}", len(text) - 1)


def date(text: str) -> Flaw | None:
    """YYMMDD; day 00 means the whole month (GS1 General Specifications 3.4.2)."""
    return None if text[2:] in _EVERY_YEAR else _month_and_day(text, 2, first_day=0)


def day(text: str) -> Flaw | None:
    """YYMMDD with a true day."""
    return _month_and_day(text, 2, first_day=1)


def long_day(text: str) -> Flaw | None:
    """YYYYMMDD with a true day."""
    return _month_and_day(text, 4, first_day=1)


def time(text: str) -> Flaw | None:
    """HHMM."""
    found = hour(text[:2])
    if found is not None:
        return found
    found = minute(text[2:])
    return None if found is None else Flaw(found.words, 2, 4)


def time_or_none(text: str) -> Flaw | None:
    """HHMM, or 9999 where no time is given (GS1 General Specifications 3.5.14)."""
    return None if text == "9999" else time(text)


def hour(text: str) -> Flaw | None:
    """HH."""
    return None if text < "24" else Flaw(f"expected hour 00 to 23, got {text}", 0, 2)


def minute(text: str) -> Flaw | None:
    """MM, or the seconds of a minute."""
    return None if text < "60" else Flaw(f"expected minutes or seconds 00 to 59, got {text}", 0, 2)


def flag(text: str) -> Flaw | None:
    """1 for yes, 0 for no."""
    return None if text in "01" else Flaw(f"expected 0 or 1, got {text}")


def zero(text: str) -> Flaw | None:
    """A filler that is always 0."""
    return None if text == "0" else Flaw(f"expected 0 in front, got {text}")


def minus(text: str) -> Flaw | None:
    """A minus sign behind a temperature."""
    return None if text == "-" else Flaw(f"expected a minus sign, got {text}")


def piece(text: str) -> Flaw | None:
    """Piece number and count of pieces, two digits each."""
    number, count = text[:2], text[2:]
    if "00" < number <= count:
        return None
    return Flaw(f"expected a piece from 01 to the count of pieces, got {number} of {count}")


def no_leading_zero(text: str) -> Flaw | None:
    """A number without zeros in front."""
    return None if text[0] != "0" else Flaw("expected no zero in front", 0, 1)


def not_zero(text: str) -> Flaw | None:
    """A measure that is not nothing."""
    return None if text.strip("0") else Flaw("expected a number above zero")


def pair(text: str) -> Flaw | None:
    """The last two characters are the check pair of the others."""
    if len(text) < 2:
        return Flaw("expected two check characters")
    expected = check_pair(text[:-2])
    if expected == text[-2:]:
        return None
    return Flaw(f"expected check characters {expected}, got {text[-2:]}", len(text) - 2)


def prefix(text: str) -> Flaw | None:
    """A value that begins with a company prefix."""
    front = text[:_SHORTEST_PREFIX]
    if len(front) == _SHORTEST_PREFIX and front.isdigit():
        return None
    return Flaw(f"expected a company prefix of at least {_SHORTEST_PREFIX} digits in front", 0, _SHORTEST_PREFIX)


def a_letter(text: str) -> Flaw | None:
    """A value with something that is no digit (GS1 General Specifications 3.9.16)."""
    return Flaw("expected something that is no digit") if text.isdigit() else None


def country(text: str) -> Flaw | None:
    """The number of a country (ISO 3166-1)."""
    return None if text in COUNTRY_NUMBERS else Flaw(f"expected the number of a country, got {text}")


def country_or_999(text: str) -> Flaw | None:
    """The number of a country, or 999 for several (GS1 General Specifications 3.7.7)."""
    return None if text == "999" else country(text)


def country_letters(text: str) -> Flaw | None:
    """The two letters of a country (ISO 3166-1)."""
    return None if text in COUNTRIES else Flaw(f"expected the two letters of a country, got {text}")


def currency(text: str) -> Flaw | None:
    """The number of a currency (ISO 4217)."""
    return None if text in CURRENCY_NUMBERS else Flaw(f"expected the number of a currency, got {text}")


def percent(text: str) -> Flaw | None:
    """Text whose percent signs each have two hexadecimal digits behind them."""
    found = _PERCENT.search(text)
    return None if found is None else Flaw("expected two hexadecimal digits behind %", found.start(), found.start() + 3)


def winding(text: str) -> Flaw | None:
    """How a roll is wound: 0 face out, 1 face in, 9 not said (GS1 General Specifications 3.9.2)."""
    return None if text in "019" else Flaw(f"expected winding 0, 1 or 9, got {text}")


def sex(text: str) -> Flaw | None:
    """0, 1, 2 or 9 (ISO/IEC 5218)."""
    return None if text in "0129" else Flaw(f"expected 0, 1, 2 or 9, got {text}")


def media(text: str) -> Flaw | None:
    """The kind of carrier of a code (GS1 General Specifications 3.8.20)."""
    return None if "01" <= text <= "10" or "80" <= text <= "99" else Flaw(f"expected 01 to 10 or 80 to 99, got {text}")


def position(text: str) -> Flaw | None:
    """The place in a sequence and its length, such as 2/3."""
    found = _POSITION.fullmatch(text)
    if found is not None and int(found[1]) <= int(found[2]):
        return None
    return Flaw(f"expected a place in a sequence such as 2/3, got {text}")


def package(text: str) -> Flaw | None:
    """The form of a package code of UN/ECE Recommendation 21; the list of the codes itself is not kept."""
    if len(text) <= 3 and text.isalnum() and text == text.upper():
        return None
    return Flaw(f"expected a package code of 1 to 3 capitals and digits, got {text}")


def importer(text: str) -> Flaw | None:
    """The index of an importer: a letter, a digit, - or _ (GS1 General Specifications 3.7.10)."""
    return None if text.isalnum() or text in "-_" else Flaw(f"expected a letter, a digit, - or _, got {text}")


def latitude(text: str) -> Flaw | None:
    """Ten-millionths of a degree, counted from the south pole (GS1 General Specifications 3.5.9)."""
    return None if text <= "1800000000" else Flaw("expected a latitude up to 1800000000")


def longitude(text: str) -> Flaw | None:
    """Ten-millionths of a degree (GS1 General Specifications 3.5.9)."""
    return None if text <= "3600000000" else Flaw("expected a longitude up to 3600000000")


def iban(text: str) -> Flaw | None:
    """An international bank account number (ISO 13616: remainder 1 by 97, letters from 10)."""
    if not (text.isascii() and text.isalnum() and text == text.upper() and len(text) >= 5):
        return Flaw("expected an IBAN of capitals and digits")
    if not (text[:2].isalpha() and text[2:4].isdigit()):
        return Flaw("expected a country and two check digits in front", 0, 4)
    number = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return None if int(number) % 97 == 1 else Flaw("expected true check digits of an IBAN", 2, 4)


def _month_and_day(text: str, start: int, *, first_day: int) -> Flaw | None:
    year, month, number = int(text[:start]), int(text[start : start + 2]), int(text[start + 2 :])
    if not 1 <= month <= 12:
        return Flaw(f"expected month 01 to 12, got {text[start : start + 2]}", start, start + 2)
    last = _DAYS[month - 1]
    # Every fourth year of a two-digit century window is a leap year: 2000 was one, 1900 and 2100 lie outside.
    if month == 2 and year % 4:
        last = 28
    if first_day <= number <= last:
        return None
    return Flaw(f"expected day {first_day:02d} to {last}, got {text[start + 2 :]}", start + 2)


RULES: Final[Mapping[str, Rule]] = {
    "a_letter": a_letter,
    "check": check,
    "check_pair": pair,
    "country": country,
    "country_letters": country_letters,
    "country_or_999": country_or_999,
    "currency": currency,
    "date": date,
    "day": day,
    "flag": flag,
    "hour": hour,
    "iban": iban,
    "importer": importer,
    "latitude": latitude,
    "long_day": long_day,
    "longitude": longitude,
    "media": media,
    "minus": minus,
    "minute": minute,
    "no_leading_zero": no_leading_zero,
    "not_zero": not_zero,
    "package": package,
    "percent": percent,
    "piece": piece,
    "position": position,
    "prefix": prefix,
    "sex": sex,
    "time": time,
    "time_or_none": time_or_none,
    "winding": winding,
    "zero": zero,
}
