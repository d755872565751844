"""Dates in the heads of HTTP answers (RFC 9110 5.6.7)."""

import re
from datetime import UTC, datetime
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: The form that everything of today sends.
_FIXED: Final = re.compile(r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT", re.ASCII)


def parse_http_date(text: str) -> datetime:
    """The moment; ValueError when it is none.

    >>> parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")
    datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.timezone.utc)
    """
    found = _FIXED.fullmatch(text)
    if found is None:
        return _parse_old_form(text)
    day, month, year, hour, minute, second = found.groups()
    # A leap second is the one after it, which differs by less than an answer's way.
    return datetime(
        int(year), 1 + _MONTHS.index(month), int(day), int(hour), int(minute), min(int(second), 59), tzinfo=UTC
    )


def _parse_old_form(text: str) -> datetime:
    # Servers of the last century: what reads their dates reads mail too, and takes half a megabyte.
    from email.utils import parsedate_to_datetime

    found = parsedate_to_datetime(text)
    return found.replace(tzinfo=found.tzinfo or UTC)
