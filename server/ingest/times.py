"""Times as text, both ways: as gateways write them, and as SQLite keeps them.

A time that came as text goes back as text several times for each scan. Making text of a time costs twenty times as
much as reading it, so what was read is remembered for a while.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

#: So many times are remembered at most.
KEPT = 8192
#: What SQLite gets for a time that was read.
_texts: dict[datetime, str] = {}


def read_time(text: str) -> datetime:
    """A time as gateways write it, `2026-11-22T08:00:00.000000Z`; raises ValueError."""
    at = datetime.fromisoformat(text)
    if len(_texts) >= KEPT:
        _texts.clear()
    _texts[at] = f"{text[:10]} {text[11:26]}"
    return at


def sqlite_time(at: datetime) -> str:
    """The form in which SQLAlchemy keeps times in SQLite; all of ours are UTC, so the zone is left out."""
    return _texts.get(at) or at.isoformat(" ", "microseconds")[:26]


def sqlite_times(times: Sequence[datetime | None]) -> list[str | None]:
    """The same of many, some of which may be missing."""
    known = cast("dict[datetime | None, str]", _texts)
    found = list(map(known.get, times))
    return found if None not in found else [None if at is None else sqlite_time(at) for at in times]
