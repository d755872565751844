"""/api/v1/quarantine: the inbox of events that a person can repair."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AfterValidator, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.floor.schemas import ReadPointIn
from server.errors import NotFound
from server.http.fields import Shown, Strict, one_line
from server.http.paging import DEFAULT_LIMIT, Limit
from server.ingest import inbox
from server.ingest.door import Door
from server.journal.models import EventRecord, EventSource, Quarantine
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1/quarantine", tags=["quarantine"])

Decider = Annotated[Principal, Depends(require(Permission.INBOX_DECIDE))]
_readers = [Depends(require(Permission.INBOX_DECIDE))]
EntryId = Annotated[int, Path(ge=1, le=2**31 - 1)]
State = Annotated[str | None, Query(pattern="^(open|resolved|discarded)$")]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The id that ended the page before.")]


class EntryOut(Shown):
    """One event that waits, or waited, for a person."""

    id: int
    reason: str
    say: str
    read_point: str | None
    code: str | None
    state: str
    raised_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision: dict[str, Any] | None

    @classmethod
    def of(cls, entry: Quarantine) -> "EntryOut":
        """The row as it is shown."""
        return cls(**{name: getattr(entry, name) for name in EntryOut.model_fields})


class KeptOut(EntryOut):
    """An entry with the whole event it keeps."""

    gateway: str
    epoch: str
    sequence: int
    observed_at: datetime
    recorded_at: datetime
    event: Any


class EntryList(Shown):
    """A page of entries, oldest first."""

    items: list[EntryOut]
    next: int | None


class RepairIn(Strict):
    """What is mended before the event is judged anew; an empty body only judges it anew."""

    unit: Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(one_line)] | None = None
    read_point: ReadPointIn | None = None


class ReasonIn(Strict):
    """Why an entry is discarded."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(one_line)]


@router.get("", dependencies=_readers)
def list_entries(
    database: DatabaseDep, state: State = None, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> EntryList:
    """What waits, oldest first; `state` takes only open, resolved or discarded ones."""
    statement = select(Quarantine).order_by(Quarantine.id).limit(limit + 1)
    if state is not None:
        statement = statement.where(Quarantine.state == state)
    if after is not None:
        statement = statement.where(Quarantine.id > after)
    with database.read() as session:
        rows = session.scalars(statement).all()
    shown = [EntryOut.of(row) for row in rows[:limit]]
    return EntryList(items=shown, next=shown[-1].id if len(rows) > limit else None)


@router.get("/{entry_id}", dependencies=_readers)
def get_entry(database: DatabaseDep, entry_id: EntryId) -> KeptOut:
    """One entry with its event as it came."""
    with database.read() as session:
        return _kept(session, entry_id)


@router.post("/{entry_id}/resolve")
def resolve_entry(
    request: Request, database: DatabaseDep, principal: Decider, entry_id: EntryId, repair: RepairIn
) -> dict[str, Any]:
    """Mend and judge anew: binds an unknown code to `unit`, or makes the missing `read_point`; answers the verdict."""
    speak = request.app.state.speak
    door = Door(actor=principal.actor, translate=speak(principal.language))
    wanted = inbox.Repair(unit=repair.unit, read_point=repair.read_point)
    answer = database.write(lambda session: inbox.resolve(session, entry_id, wanted, door=door, now=utc_now()))
    found: dict[str, Any] = msgspec.to_builtins(answer)
    return found


@router.post("/{entry_id}/discard")
def discard_entry(database: DatabaseDep, principal: Decider, entry_id: EntryId, body: ReasonIn) -> EntryOut:
    """Close an entry without effect; the event stays in the log."""

    def work(session: Session) -> EntryOut:
        inbox.discard(session, entry_id, reason=body.reason, actor=principal.actor, now=utc_now())
        return EntryOut.of(session.get_one(Quarantine, entry_id))

    return database.write(work)


def _kept(session: Session, entry_id: int) -> KeptOut:
    entry = session.get(Quarantine, entry_id)
    if entry is None:
        raise NotFound
    event = session.get_one(EventRecord, entry.event_id)
    source = session.get_one(EventSource, event.source_id)
    return KeptOut(
        **EntryOut.of(entry).model_dump(),
        gateway=source.gateway,
        epoch=source.epoch,
        sequence=event.sequence,
        observed_at=event.observed_at,
        recorded_at=event.recorded_at,
        event=event.payload,
    )
