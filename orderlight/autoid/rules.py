"""What the parts of GS1 data must hold: each rule gives None, or the words for what is wrong.

>>> date("261131")
'expected day 00 to 30, got 31'
>>> date("261100") is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from orderlight.autoid.checks import check_pair, digit_behind

Rule = Callable[[str], str | None]

_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def check(text: str) -> str | None:
    """The last digit is the check digit of the others."""
    expected = digit_behind(text[:-1])
    return None if expected == text[-1] else f"expected check digit {expected}, got {text[-1]}"


def date(text: str) -> str | None:
    """YYMMDD; day 00 means the whole month (GS1 General Specifications 3.4.2)."""
    return _month_and_day(int(text[:2]), text[2:], first_day=0)


def day(text: str) -> str | None:
    """YYMMDD with a true day."""
    return _month_and_day(int(text[:2]), text[2:], first_day=1)


def long_day(text: str) -> str | None:
    """YYYYMMDD with a true day."""
    return _month_and_day(int(text[:4]), text[4:], first_day=1)


def time(text: str) -> str | None:
    """HHMM."""
    return hour(text[:2]) or minute(text[2:])


def time_or_none(text: str) -> str | None:
    """HHMM, or 9999 where no time is given (GS1 General Specifications 3.5.14)."""
    return None if text == "9999" else time(text)


def hour(text: str) -> str | None:
    """HH."""
    return None if text < "24" else f"expected hour 00 to 23, got {text}"


def minute(text: str) -> str | None:
    """MM, or the seconds of a minute."""
    return None if text < "60" else f"expected minutes or seconds 00 to 59, got {text}"


def flag(text: str) -> str | None:
    """1 for yes, 0 for no."""
    return None if text in "01" else f"expected 0 or 1, got {text}"


def zero(text: str) -> str | None:
    """A filler that is always 0."""
    return None if text == "0" else f"expected 0 in front, got {text}"


def minus(text: str) -> str | None:
    """A minus sign behind a temperature."""
    return None if text == "-" else f"expected a minus sign, got {text}"


def piece(text: str) -> str | None:
    """Piece number and count of pieces, two digits each."""
    number, count = text[:2], text[2:]
    if "00" < number <= count:
        return None
    return f"expected a piece from 01 to the count of pieces, got {number} of {count}"


def no_leading_zero(text: str) -> str | None:
    """A number without zeros in front."""
    return None if text[0] != "0" else "expected no zero in front"


def pair(text: str) -> str | None:
    """The last two characters are the check pair of the others."""
    if len(text) < 2:
        return "expected two check characters"
    expected = check_pair(text[:-2])
    return None if expected == text[-2:] else f"expected check characters {expected}, got {text[-2:]}"


def iban(text: str) -> str | None:
    """An international bank account number (ISO 13616: remainder 1 by 97, letters from 10)."""
    if not (text.isascii() and text.isalnum() and text == text.upper() and len(text) >= 5):
        return "expected an IBAN of capitals and digits"
    if not (text[:2].isalpha() and text[2:4].isdigit()):
        return "expected a country and two check digits in front"
    number = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return None if int(number) % 97 == 1 else "expected true check digits of an IBAN"


def _month_and_day(year: int, text: str, *, first_day: int) -> str | None:
    month, number = int(text[:2]), int(text[2:])
    if not 1 <= month <= 12:
        return f"expected month 01 to 12, got {text[:2]}"
    last = _DAYS[month - 1]
    # Every fourth year of a two-digit century window is a leap year: 2000 was one, 1900 and 2100 lie outside.
    if month == 2 and year % 4:
        last = 28
    if first_day <= number <= last:
        return None
    return f"expected day {first_day:02d} to {last}, got {text[2:]}"


RULES: Final[Mapping[str, Rule]] = {
    "check": check,
    "check_pair": pair,
    "date": date,
    "day": day,
    "flag": flag,
    "hour": hour,
    "iban": iban,
    "long_day": long_day,
    "minus": minus,
    "minute": minute,
    "no_leading_zero": no_leading_zero,
    "piece": piece,
    "time": time,
    "time_or_none": time_or_none,
    "zero": zero,
}
