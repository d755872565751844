"""Numbers for records: from a counter, and never one that an import has already used."""

import re
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.db.counters import Counter, take


def fresh(session: Session, prefix: str, column: InstrumentedAttribute[str]) -> str:
    """The next number `SO-1000` that no row of the column holds."""
    while True:
        number = f"{prefix}-{take(session, prefix)}"
        if session.scalar(select(column).where(column == number)) is None:
            return number


def keep_clear(session: Session, prefix: str, numbers: Iterable[str]) -> None:
    """Move the counter past numbers that came from outside, so that `fresh` does not walk over many of them."""
    pattern = re.compile(rf"{re.escape(prefix)}-(\d{{1,12}})")
    highest = max((int(found[1]) for found in map(pattern.fullmatch, numbers) if found), default=None)
    if highest is None:
        return
    last = session.scalar(select(Counter.value).where(Counter.name == prefix))
    behind = highest - (take(session, prefix) if last is None else last)
    if behind > 0:
        take(session, prefix, behind)


def body(number: str) -> str:
    """The part after the prefix, which our printed codes carry: 0011 of U-0011."""
    return number.partition("-")[2] or number
