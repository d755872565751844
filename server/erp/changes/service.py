"""What happens to change requests. Services flush, write facts and note topics; the edge commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from server.catalog.pictures import require_picture
from server.db import touch
from server.erp.changes import rules
from server.erp.changes.closed import require_in_time, require_open
from server.erp.changes.impact import impact_of
from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest, RepackTask
from server.erp.changes.repository import unit_to_repack, work_by_id
from server.erp.changes.rules import Action, Origin
from server.erp.changes.schemas import ChangeIn, ChangePatch, wanted_by
from server.erp.production.models import Unit, WorkOrder
from server.errors import Refused
from server.http.numbers import fresh
from server.journal import facts
from server.messages import translate as _
from server.tracking.facts import FactKind, NewFact
from server.tracking.states import ChangeState, Reason, RepackState

#: The topic of the list of changes.
TOPIC = "changes"


class Witness(NamedTuple):
    """Who has seen a change at a station."""

    badge: str | None
    name: str
    actor: str


def create_change(
    session: Session, work_order: WorkOrder, body: ChangeIn, *, origin: Origin, actor: str, now: datetime
) -> ChangeRequest:
    """A draft; raises Refused when the work is over or nothing would change."""
    if work_order.order is None:
        message = _("{work_order} is made for stock; only what a customer ordered is changed by request.")
        raise Refused(message.format(work_order=work_order.number), reason="no_order")
    require_open(work_order.order, work_order)
    wanted = wanted_by(body.changes, origin)
    require_picture(session, wanted.get("picture"), field="changes.picture")
    require_in_time(session, [work_order], wanted, body.effectivity.value)
    change = ChangeRequest(
        number=fresh(session, "CR", ChangeRequest.number),
        order=work_order.order,
        work_order=work_order,
        state=ChangeState.DRAFT.value,
        effectivity=body.effectivity.value,
        origin=origin.value,
        wanted=wanted,
        difference=_difference(work_order, wanted, origin),
        reason=body.reason,
        created_at=now,
        created_by=actor,
        acknowledgements=[],
    )
    session.add(change)
    session.flush()
    _note(session, change)
    return change


def edit_change(session: Session, change: ChangeRequest, patch: ChangePatch) -> ChangeRequest:
    """Change a draft; raises Refused later."""
    _require(change, Action.CHANGE)
    if patch.effectivity is not None:
        change.effectivity = patch.effectivity.value
    if "reason" in patch.model_fields_set:
        change.reason = patch.reason
    if patch.changes is not None:
        change.wanted = wanted_by(patch.changes, change.origin)
        require_picture(session, change.wanted.get("picture"), field="changes.picture")
        change.difference = _difference(change.work_order, change.wanted, change.origin)
    session.flush()
    _note(session, change)
    return change


def submit_change(session: Session, change: ChangeRequest, *, actor: str, now: datetime) -> None:
    """Put the draft before whoever decides."""
    _require(change, Action.SUBMIT)
    require_open(change.order, change.work_order)
    require_in_time(session, _works(session, change), change.wanted, change.effectivity)
    change.difference = _difference(change.work_order, change.wanted, change.origin)
    change.submitted_at, change.submitted_by = now, actor
    told = move(change, ChangeState.SUBMITTED)
    write_facts(session, change, [(FactKind.CHANGE_SUBMITTED, told)], actor=actor, now=now)


def reject_change(session: Session, change: ChangeRequest, *, reason: str, actor: str, now: datetime) -> None:
    """Nothing changes, and the reason says why."""
    _require(change, Action.REJECT)
    change.decided_at, change.decided_by, change.decision_reason = now, actor, reason
    told = move(change, ChangeState.REJECTED)
    write_facts(session, change, [(FactKind.CHANGE_REJECTED, told)], actor=actor, now=now)


def approve_change(session: Session, change: ChangeRequest, *, actor: str, now: datetime) -> None:
    """Put the change into the work order's snapshot; its stations stop until they have seen it.

    The order, the work order and the change are locked. Raises Refused when it is decided or the work is over.
    """
    _require(change, Action.APPROVE)
    require_open(change.order, change.work_order)
    work_order = change.work_order
    works = _works(session, change)
    require_in_time(session, works, change.wanted, change.effectivity)
    wanted = rules.settled(work_order.snapshot, change.wanted, change.origin)
    change.difference = _difference(work_order, change.wanted, change.origin)
    change.decided_at, change.decided_by = now, actor
    impact = impact_of(session, change)
    approved = move(change, ChangeState.APPROVED)
    for each in works:
        each.snapshot = rules.apply(each.snapshot, wanted, change=change.number)
    change.snapshot_version = rules.version_of(work_order.snapshot)
    change.applied_at = now
    applied = move(change, ChangeState.APPLIED)
    change.acknowledgements = [
        ChangeAcknowledgement(station_id=station.id, station=station) for station in impact.stations
    ]
    tasks = [_task(change, unit, now) for unit in impact.repack]
    session.add_all(tasks)
    session.flush()
    told = [(FactKind.CHANGE_APPROVED, approved), (FactKind.CHANGE_APPLIED, applied)]
    if not impact.stations:
        told.append((FactKind.CHANGE_ACKNOWLEDGED, acknowledged(change, now)))
    write_facts(session, change, told, actor=actor, now=now)
    numbered = [(task, unit.number) for task, unit in zip(tasks, impact.repack, strict=True)]
    _write_requests(session, change, numbered, actor=actor, now=now)
    touch(session, *(f"station:{station.key}" for station in impact.stations))


def _task(change: ChangeRequest, unit: Unit, now: datetime) -> RepackTask:
    return RepackTask(
        change_id=change.id,
        order_id=change.order_id,
        unit_id=unit.id,
        handling_unit_id=unit.parent_id,
        state=RepackState.OPEN.value,
        opened_at=now,
    )


def acknowledge_change(
    session: Session,
    change: ChangeRequest,
    station_key: str,
    by: Witness,
    *,
    now: datetime,
) -> None:
    """A person at the station has seen it; raises Refused when the station need not or has already."""
    row = next((each for each in change.acknowledgements if each.station.key == station_key), None)
    if row is None:
        message = _("{change} does not concern the station {station}.")
        raise Refused(message.format(change=change.number, station=station_key), reason="not_concerned")
    if row.acknowledged_at is not None:
        message = _("{name} has acknowledged {change} at {station} already.")
        told = message.format(name=row.name, change=change.number, station=row.station.name)
        raise Refused(told, reason="already_acknowledged")
    _require(change, Action.ACKNOWLEDGE)
    row.acknowledged_at, row.badge, row.name = now, by.badge, by.name
    key = f"change_acknowledgement:{row.id}"
    before: dict[str, Any] = {key: {"acknowledged_at": None, "badge": None, "name": None}}
    after: dict[str, Any] = {key: {"acknowledged_at": now.isoformat(), "badge": by.badge, "name": by.name}}
    if is_seen(change):
        moved = acknowledged(change, now)
        before, after = before | moved["before"], after | moved["after"]
    detail = {"before": before, "after": after, "station": station_key, "operator": by.badge, "name": by.name}
    write_facts(session, change, [(FactKind.CHANGE_ACKNOWLEDGED, detail)], actor=by.actor, now=now)
    touch(session, f"station:{station_key}")


def finish_repack(session: Session, task: RepackTask, *, reason: str, actor: str, now: datetime) -> None:
    """A person says why the unit need not be packed anew by a scan."""
    if task.state != RepackState.OPEN:
        message = _("{unit} has been packed anew already.")
        raise Refused(message.format(unit=task.unit.number), reason="already_done")
    task.state, task.done_at, task.done_by, task.done_reason = RepackState.DONE.value, now, actor, reason
    key = f"repack_task:{task.id}"
    detail = {
        "before": {key: {"state": RepackState.OPEN.value, "done_at": None, "done_by": None}},
        "after": {key: {"state": task.state, "done_at": now.isoformat(), "done_by": actor}},
        "reason": reason,
    }
    about: dict[str, Any] = {"unit_id": task.unit_id, "work_order_id": task.unit.work_order_id, "detail": detail}
    fact = NewFact(FactKind.REPACK_DONE, task.unit.number, actor, now, order_id=task.order_id, **about)
    session.flush()
    facts.write(session, [fact], recorded_at=now)
    _note(session, task.change)


# --- what they share ---


def require_packed_as_changed(session: Session, unit_ids: Sequence[int], shipment: str) -> None:
    """Raises Refused while one of these units is to be packed anew; scans at the dock ask the same."""
    waiting = unit_to_repack(session, unit_ids)
    if waiting is not None:
        sentence = _("{shipment} cannot leave: {unit} must be packed anew first. Bring it to packing.")
        raise Refused(sentence.format(shipment=shipment, unit=waiting.unit.number), reason=Reason.SPEC_CHANGED.value)


def is_seen(change: ChangeRequest) -> bool:
    """Whether every open station that the change concerns has seen it."""
    return all(each.acknowledged_at is not None for each in change.acknowledgements if each.station.active)


def acknowledged(change: ChangeRequest, now: datetime) -> dict[str, Any]:
    """Nobody is left who must see the change; the answer is what its fact says of it."""
    change.acknowledged_at = now
    return move(change, ChangeState.ACKNOWLEDGED, acknowledged_at=now.isoformat())


def _require(change: ChangeRequest, action: Action) -> None:
    needed = rules.ALLOWED[action]
    if change.state == needed:
        return
    if change.decided_at is not None:
        message = _("{change} was decided already by {who}: it is {state}. Load it again.")
    else:
        message = _("{change} is {state}; this is possible only while it is {needed}. Load it again.")
    state, wanted = (_(rules.STANDS[each]) for each in (ChangeState(change.state), needed))
    told = message.format(change=change.number, who=change.decided_by, state=state, needed=wanted)
    raise Refused(told, reason="wrong_state", extra={"state": change.state})


def _works(session: Session, change: ChangeRequest) -> list[WorkOrder]:
    """The work order that the change was asked for, and what makes anew what was lost of it."""
    return [change.work_order, *work_by_id(session, change.carried_to)]


def _difference(work_order: WorkOrder, wanted: Mapping[str, str | None], origin: str) -> list[dict[str, Any]]:
    found = rules.difference(work_order.snapshot, rules.settled(work_order.snapshot, wanted, origin))
    if not found:
        message = _("Nothing would change: {work_order} is made like that already.")
        raise Refused(message.format(work_order=work_order.number), reason="no_difference")
    return found


def move(change: ChangeRequest, state: ChangeState, **columns: Any) -> dict[str, Any]:
    """Put the change into a state; the answer is what its fact says of it."""
    key, was = f"change_request:{change.id}", change.state
    change.state = state.value
    return {
        "before": {key: {"state": was, **dict.fromkeys(columns)}},
        "after": {key: {"state": state.value, **columns}},
        "difference": list(change.difference),
        "effectivity": change.effectivity,
    }


def write_facts(
    session: Session,
    change: ChangeRequest,
    told: Sequence[tuple[FactKind, Mapping[str, Any]]],
    *,
    actor: str,
    now: datetime,
) -> None:
    session.flush()
    about: dict[str, Any] = {"order_id": change.order_id, "work_order_id": change.work_order_id}
    written = [NewFact(kind, change.number, actor, now, detail=detail, **about) for kind, detail in told]
    facts.write(session, written, recorded_at=now)
    _note(session, change)


def _write_requests(
    session: Session, change: ChangeRequest, tasks: Sequence[tuple[RepackTask, str]], *, actor: str, now: datetime
) -> None:
    about: dict[str, Any] = {"order_id": change.order_id, "work_order_id": change.work_order_id}
    requests = []
    for task, unit in tasks:
        key = f"repack_task:{task.id}"
        detail = {"before": {key: None}, "after": {key: {"state": task.state}}, "change": change.number}
        requests.append(
            NewFact(FactKind.REPACK_REQUESTED, unit, actor, now, unit_id=task.unit_id, detail=detail, **about)
        )
    facts.write(session, requests, recorded_at=now)


def _note(session: Session, change: ChangeRequest) -> None:
    order = change.order
    touch(session, TOPIC, f"order:{order.number}", f"customer:{order.customer.number}")
