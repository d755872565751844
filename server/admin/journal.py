"""What waits for a person and what was done: the inbox, unknown tags, the audit. Queries alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.db.texts import LEAST_LETTERS, holds
from server.errors import NotFound
from server.journal.models import Audit, EventRecord, EventSource, Quarantine, UnknownTag

PAGE = 25
STATES = ("open", "resolved", "discarded")


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows, newest first, and the id after which older ones follow."""

    rows: Sequence[Any]
    older: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry of the inbox with the event it keeps and the gateway that told of it."""

    entry: Quarantine
    event: EventRecord | None
    gateway: str | None

    @property
    def payload(self) -> dict[str, Any]:
        """The event as it came."""
        return self.event.payload if self.event is not None else {}


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines of the audit are shown; empty takes all."""

    actor: str = ""
    subject: str = ""


def inbox(session: Session, *, state: str, before: int | None = None) -> Slice:
    """Entries of one state, newest first."""
    statement = select(Quarantine).where(Quarantine.state == state).order_by(Quarantine.id.desc())
    return _slice(session, statement, Quarantine.id, before)


def inbox_counts(session: Session) -> dict[str, int]:
    """How many entries are in each state."""
    counts = session.execute(select(Quarantine.state, func.count()).group_by(Quarantine.state))
    return dict.fromkeys(STATES, 0) | dict(counts.all())


def oldest_open(session: Session) -> datetime | None:
    """Since when the oldest open entry waits."""
    return session.scalar(select(func.min(Quarantine.raised_at)).where(Quarantine.state == "open"))


def kept(session: Session, entry_id: int) -> Kept:
    """One entry with its event; raises NotFound."""
    entry = session.get(Quarantine, entry_id)
    if entry is None:
        raise NotFound
    event = session.get(EventRecord, entry.event_id)
    source = session.get(EventSource, event.source_id) if event is not None else None
    return Kept(entry, event, source.gateway if source is not None else None)


def next_open(session: Session, *, than: int) -> int | None:
    """The open entry to look at after this one."""
    newest_below = select(func.max(Quarantine.id)).where(Quarantine.state == "open", Quarantine.id < than)
    return session.scalar(newest_below) or session.scalar(
        select(func.max(Quarantine.id)).where(Quarantine.state == "open", Quarantine.id != than)
    )


def unknown_tags(session: Session, *, limit: int = 200) -> Sequence[UnknownTag]:
    """Tags nobody knows, those seen last first."""
    statement = select(UnknownTag).order_by(UnknownTag.last_seen_at.desc(), UnknownTag.epc).limit(limit)
    return session.scalars(statement).all()


def count_unknown_tags(session: Session, *, since: datetime) -> int:
    """How many different tags that nobody knows were seen since then."""
    statement = select(func.count()).select_from(UnknownTag).where(UnknownTag.last_seen_at >= since)
    return session.scalar(statement) or 0


def audit(session: Session, wanted: AuditFilter, *, before: int | None = None) -> Slice:
    """Lines of the audit, newest first."""
    statement = select(Audit).order_by(Audit.id.desc())
    if wanted.actor:
        statement = statement.where(_holds(session, Audit.actor, wanted.actor))
    if wanted.subject:
        statement = statement.where(_holds(session, Audit.subject, wanted.subject))
    return _slice(session, statement, Audit.id, before)


def _holds(session: Session, attribute: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    # What is shorter than the index can find is in most lines, so that the newest of them fill a page soon.
    if len(text) < LEAST_LETTERS:
        return attribute.icontains(text, autoescape=True)
    return holds(session, attribute, text)


def count_failed_sign_ins(session: Session, now: datetime, *, hours: int = 24) -> int:
    """How often somebody tried to sign in with a wrong password lately."""
    since = now - timedelta(hours=hours)
    # The word stands in the text, so that the index of these lines alone can be used.
    statement = select(func.count()).where(Audit.action == literal_column("'sign_in_failed'"), Audit.at >= since)
    return session.scalar(statement) or 0


def _slice(session: Session, statement: Any, column: Any, before: int | None) -> Slice:
    if before is not None:
        statement = statement.where(column < before)
    rows = session.scalars(statement.limit(PAGE + 1)).all()
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    return Slice(rows, rows[-1].id if more else None)
