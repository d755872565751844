"""Deciding about what waits in the inbox: repair what was missing and judge the event anew, or discard it."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from msgspec import to_builtins
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from orderlight.events import Batch, Event, EventError
from server.db import touch
from server.erp.floor.schemas import ReadPointIn
from server.erp.floor.service import create_read_point
from server.erp.production.models import IN_USE, Identifier, Unit
from server.erp.production.resolve import scheme_of
from server.errors import Conflict, Invalid, NotFound, Refused
from server.ingest.answers import Answer
from server.ingest.door import Door
from server.ingest.fold import Judged, fold
from server.ingest.goods import book_goods
from server.ingest.load import load_world
from server.ingest.reads import Item, item_of, named_of
from server.ingest.save import before, first_fact, save_replayed
from server.journal.audit import write_audit
from server.journal.models import EventIdentity, EventRecord, EventSource, Quarantine
from server.messages import translate as _
from server.tracking.naming import Named
from server.tracking.states import Reason, Status

#: How the table of identifiers calls a value by its beginning.
#: The first content of an event stands, so a conflicting one cannot come true.
_FINAL = frozenset({Reason.IDENTITY_CONFLICT.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What a person mends before the event is judged anew; nothing, when the cause was mended elsewhere."""

    #: The number of the unit that the unknown code belongs to.
    unit: str | None = None
    #: What the unknown read point means: its station and context.
    read_point: ReadPointIn | None = None

    def as_json(self) -> dict[str, Any]:
        """The repair as the decision keeps it."""
        point = self.read_point.model_dump(mode="json") if self.read_point is not None else None
        return {"unit": self.unit, "read_point": point}


def resolve(session: Session, entry_id: int, repair: Repair, *, door: Door, now: datetime) -> Answer:
    """Repair, judge the event anew and close the entry; `door.actor` decides.

    The facts name the original event, its first answer stays as it was. Raises NotFound, Refused when the entry is
    decided or the event still cannot be understood, Conflict when the code is another unit's.
    """
    entry = _open_entry(session, entry_id)
    event = session.get_one(EventRecord, entry.event_id)
    item = _item(session, event, door)
    if entry.reason in _FINAL or item is None:
        raise Refused(_("This event can never be judged: it cannot be read. Discard it."), reason="not_resolvable")
    if repair.unit is not None:
        _bind(session, named_of(item), repair.unit)
    if repair.read_point is not None:
        create_read_point(session, repair.read_point, actor=door.actor, now=now)
    session.flush()
    judged = _replay(session, event, item, door=door, now=now)
    answer = judged.answer
    if judged.verdict.status is Status.QUARANTINED:
        raise Refused(answer.say, reason=answer.reason or "still_quarantined")
    _decide(session, entry, "resolved", {**repair.as_json(), "answer": to_builtins(answer)}, door.actor, now)
    return answer


def discard(session: Session, entry_id: int, *, reason: str, actor: str, now: datetime) -> None:
    """Close the entry without any effect; the event itself stays. Raises NotFound or Refused."""
    entry = _open_entry(session, entry_id)
    _decide(session, entry, "discarded", {"reason": reason}, actor, now)


def _open_entry(session: Session, entry_id: int) -> Quarantine:
    entry = session.get(Quarantine, entry_id, with_for_update=True)
    if entry is None:
        raise NotFound
    if entry.state != "open":
        raise Refused(
            _("This entry was {state} already by {who}.").format(state=entry.state, who=entry.decided_by),
            reason="already_decided",
        )
    return entry


def _decide(
    session: Session, entry: Quarantine, state: str, decision: dict[str, Any], actor: str, now: datetime
) -> None:
    entry.state, entry.decision = state, decision
    entry.decided_at, entry.decided_by = now, actor
    session.flush()
    subject = f"quarantine:{entry.id}"
    write_audit(session, at=now, actor=actor, action=f"quarantine_{state}", subject=subject, detail=decision)
    touch(session, "inbox")


# --- judging anew ---


def _item(session: Session, event: EventRecord, door: Door) -> Item | None:
    """The stored event as it would be judged now; None for what could never be read as one."""
    source = session.get_one(EventSource, event.source_id)
    try:
        told = Event.parse(_unwrapped(event.payload))
    except EventError:
        return None
    # Whoever stands at the station now did not do it; the one who decides answers for it.
    door = replace(door, is_person=True)
    item = item_of(Batch(source.gateway, source.epoch, (told,)), told, door, event.recorded_at)
    # What was corrected when it came stays corrected.
    read = item.read._replace(observed_at=event.observed_at) if item.read is not None else None
    return item._replace(observed_at=event.observed_at, read=read)


def _unwrapped(payload: dict[str, Any]) -> Any:
    """The event as it was sent; what could not be read as one was kept as text."""
    text = payload.get("unreadable")
    if not isinstance(text, str):
        return payload
    try:
        return json.loads(text)
    except ValueError:
        return None


def _replay(session: Session, event: EventRecord, item: Item, *, door: Door, now: datetime) -> Judged:
    world = load_world(session, [item])
    was = before(world)
    folded = fold(world, [item], door, first_fact(session, event.id))
    judged = folded.judged[0]
    if judged.verdict.status is Status.QUARANTINED:
        return judged
    save_replayed(session, folded, was, now=now)
    book_goods(session, folded, was, now=now)
    if judged.facts:
        _tell_identity(session, event, [folded.first.fact, judged.facts])
    return judged


def _tell_identity(session: Session, event: EventRecord, facts: list[int]) -> None:
    """Where the facts are, for whoever takes the event back; the words of the first answer stay."""
    key = (EventIdentity.source_id == event.source_id, EventIdentity.sequence == event.sequence)
    answer = session.scalar(select(EventIdentity.answer).where(*key))
    if answer is not None:
        session.execute(update(EventIdentity).where(*key).values(answer=answer | {"facts": facts}))


# --- repairs ---


def _bind(session: Session, named: Named, number: str) -> None:
    """Let the code name the unit from now on; raises Invalid or Conflict."""
    if named.kind != "unit" or not named.values:
        raise Invalid(_("This event names nothing that could belong to a unit."), reason="nothing_to_bind")
    unit = session.scalars(select(Unit).where(Unit.number == number)).one_or_none()
    if unit is None:
        raise Invalid(_("There is no unit {number}. Check the number.").format(number=number), reason="unknown_unit")
    value = named.values[0]
    bound = session.scalars(select(Identifier).where(Identifier.value == value, IN_USE)).one_or_none()
    if bound is None:
        session.add(Identifier(scheme=scheme_of(value), value=value, unit_id=unit.id, active=True))
    elif bound.unit_id != unit.id:
        raise Conflict(
            _("{code} names another unit already. Check the label.").format(code=named.shown), reason="code_taken"
        )
