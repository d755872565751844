"""What a unit does at a work center: start, complete, pause, resume, hold, scrap, be seen. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from server.tracking import words
from server.tracking.draft import ONE, Draft
from server.tracking.facts import FactKind
from server.tracking.places import next_name
from server.tracking.settle import settle
from server.tracking.states import Action, OperationState, Reason, Signal, Status, UnitState
from server.tracking.steps import UnitStep
from server.tracking.table import UNDOABLE
from server.tracking.verdicts import Verdict, Words, because, refusal
from server.tracking.world import Operation, ReasonCode, Unit

_IN_PROCESS: Final = UnitState.IN_PROCESS.value
_QUEUED: Final = UnitState.QUEUED.value
_FINISHED: Final = UnitState.FINISHED.value
_IN_STOCK: Final = UnitState.IN_STOCK.value
_RUNNING: Final = OperationState.RUNNING.value
_PAUSED: Final = OperationState.PAUSED.value
_SKIPPED: Final = OperationState.SKIPPED.value


def start(draft: Draft, step: UnitStep) -> Verdict:
    """The unit's due operation begins with it."""
    unit, operation, _ = _due(draft, step.unit)
    operation = draft.change(
        operation, started=operation.started + 1, state=_RUNNING, started_at=_first(draft, operation)
    )
    unit = draft.move(draft.see(unit), state=_IN_PROCESS, step=operation.step)
    settle(draft, unit.work_order_id)
    unit_fact(draft, FactKind.OPERATION_STARTED, unit, step=operation.step)
    values = {"operation": operation.name, "unit": unit.number, "count": operation.started, "total": operation.quantity}
    return applied(Words(words.STARTED, values), Action.OPERATION_STARTED, unit)


def complete(draft: Draft, step: UnitStep) -> Verdict:
    """The unit's operation here is done; it goes on to the next one, or is finished."""
    unit, operation = finish_operation(draft, step.unit)
    following = next_name(draft.world, unit)
    values = {
        "operation": operation.name,
        "unit": unit.number,
        "count": operation.good,
        "total": operation.quantity,
        "next": following,
    }
    template = words.DONE_NEXT if following is not None else words.DONE_LAST
    if unit.state == _IN_STOCK:
        template = words.DONE_FOR_STOCK
    return applied(Words(template, values), Action.OPERATION_COMPLETED, unit)


def finish_operation(draft: Draft, unit: Unit) -> tuple[Unit, Operation]:
    """Complete the unit's current operation; a unit that was never started here is started by it."""
    unit, operation, following = _due(draft, unit)
    started = operation.started if unit.state == _IN_PROCESS else operation.started + 1
    operation = draft.change(
        operation, started=started, good=operation.good + 1, state=_RUNNING, started_at=_first(draft, operation)
    )
    state = _FINISHED if following is None else _QUEUED
    unit = draft.move(draft.see(unit), state=state, step=following.step if following is not None else None)
    settle(draft, unit.work_order_id)
    unit_fact(draft, FactKind.OPERATION_COMPLETED, unit, step=operation.step)
    return _stocked(draft, unit), operation


def _stocked(draft: Draft, unit: Unit) -> Unit:
    """A piece that nobody has ordered is available as soon as it is finished; its fact is where stock begins."""
    if unit.order_id is not None or unit.state != _FINISHED:
        return unit
    unit = draft.move(unit, state=_IN_STOCK)
    unit_fact(draft, FactKind.UNIT_STOCKED, unit, step=None)
    return unit


def pause(draft: Draft, step: UnitStep) -> Verdict:
    """The operation rests; the next unit scanned goes on with it."""
    unit, operation, _ = _due(draft, step.unit)
    draft.change(operation, state=_PAUSED)
    unit = draft.see(unit)
    unit_fact(draft, FactKind.OPERATION_PAUSED, unit, step=operation.step)
    return applied(_of_work(draft, words.PAUSED, operation), Action.OPERATION_PAUSED, unit)


def resume(draft: Draft, step: UnitStep) -> Verdict:
    """A held unit may go on; of one that is not held, its paused operation does."""
    unit = draft.see(step.unit)
    if unit.held:
        unit = draft.move(unit, held=False, hold_reason=None)
        unit_fact(draft, FactKind.UNIT_RESUMED, unit, step=unit.step)
        values = {"unit": unit.number, "next": next_name(draft.world, unit) or _after(unit)}
        return applied(Words(words.RELEASED, values), Action.UNIT_RESUMED, unit)
    operation = _current(draft, unit)
    if operation is None or operation.state != _PAUSED:
        said = Words(words.NOT_ON_HOLD, {"unit": unit.number})
        return refusal(Reason.NOT_ON_HOLD, said, subject=unit.number, order_id=unit.order_id)
    draft.change(operation, state=_RUNNING)
    unit_fact(draft, FactKind.OPERATION_RESUMED, unit, step=operation.step)
    return applied(_of_work(draft, words.RESUMED, operation), Action.OPERATION_RESUMED, unit)


def hold(draft: Draft, step: UnitStep) -> Verdict:
    """The unit stays where it is until someone resumes it."""
    unit = step.unit
    if unit.held:
        values = {"unit": unit.number, "why": because(unit.hold_reason)}
        said = Words(words.HELD_ALREADY, values)
        return refusal(Reason.ON_HOLD, said, subject=unit.number, order_id=unit.order_id)
    why = step.reason.name if step.reason is not None else words.BY_OPERATOR.format(station=step.station.name)
    unit = draft.move(draft.see(unit), held=True, hold_reason=why)
    unit_fact(draft, FactKind.UNIT_HELD, unit, step=unit.step, detail=explained(step.reason))
    template = words.HELD if step.reason is None else words.HELD_WHY
    return applied(Words(template, {"unit": unit.number, "why": why}), Action.UNIT_HELD, unit, signal=Signal.WARN)


def scrap(draft: Draft, step: UnitStep) -> Verdict:
    """The unit is lost; its work order goes on with the others."""
    unit = step.unit
    boxed = out_of_open_box(draft, unit)
    if boxed is not None:
        return boxed
    operation = _current(draft, unit) or _last(draft, unit)
    if operation is not None:
        good = operation.good if unit.step is not None else operation.good - 1
        draft.change(operation, scrap=operation.scrap + 1, good=good)
    unit = draft.move(draft.see(unit), state=UnitState.SCRAPPED.value, parent_id=None)
    settle(draft, unit.work_order_id)
    step_lost = operation.step if operation is not None else None
    unit_fact(draft, FactKind.UNIT_SCRAPPED, unit, step=step_lost, detail=explained(step.reason))
    tally = draft.tally(unit.work_order_id or 0)
    work_order = draft.world.work_orders[unit.work_order_id or 0]
    values: dict[str, Any] = {"unit": unit.number, "alive": tally.alive, "total": tally.alive + tally.scrapped}
    values |= {"work_order": work_order.number, "why": because(step.reason.name) if step.reason is not None else ""}
    said = Words(words.SCRAPPED if step.reason is None else words.SCRAPPED_WHY, values)
    return applied(said, Action.UNIT_SCRAPPED, unit, signal=Signal.WARN)


def out_of_open_box(draft: Draft, unit: Unit) -> Verdict | None:
    """Why the unit cannot be taken out of its box: that is closed."""
    parent = draft.world.boxes.get(unit.parent_id or 0)
    if parent is None or parent.closed_at is None:
        return None
    said = Words(words.IN_CLOSED_BOX, {"unit": unit.number, "box": parent.number})
    return refusal(Reason.NOT_ALLOWED, said, subject=unit.number, order_id=unit.order_id)


def explained(reason: ReasonCode | None) -> dict[str, str]:
    """How a fact tells why."""
    return {} if reason is None else {"reason": reason.name, "reason_code": reason.code}


def see(draft: Draft, step: UnitStep) -> Verdict:
    """The unit was here; nothing else changes."""
    unit = draft.see(step.unit)
    unit_fact(draft, FactKind.UNIT_SEEN, unit, step=unit.step)
    values = {"unit": unit.number, "station": step.station.name}
    return applied(Words(words.SEEN, values), Action.UNIT_SEEN, unit)


def applied(said: Words, action: Action, unit: Unit, *, signal: Signal = Signal.OK) -> Verdict:
    """Done, with whether it may be taken back."""
    return Verdict(
        Status.APPLIED,
        said,
        signal,
        action=action,
        subject=unit.number,
        undo=action in UNDOABLE,
        order_id=unit.order_id,
    )


def unit_fact(
    draft: Draft, kind: FactKind, unit: Unit, *, step: int | None, detail: Mapping[str, Any] | None = None
) -> None:
    """What happened to one piece at a step."""
    draft.fact(
        kind,
        unit.number,
        unit_id=unit.id,
        order_id=unit.order_id,
        work_order_id=unit.work_order_id,
        step=step,
        quantity=ONE,
        detail=detail or {},
    )


def _due(draft: Draft, unit: Unit) -> tuple[Unit, Operation, Operation | None]:
    """The unit with the operation it waits for or is in, and the one after that."""
    unit = draft.unit(unit.id)
    current: Operation | None = None
    for operation in draft.route(unit.work_order_id):
        if current is not None:
            if operation.state != _SKIPPED:
                return unit, current, operation
        elif unit.step is None or operation.step == unit.step:
            current = operation
    if current is None:
        raise ValueError(
            f"Failed to move {unit.number}: expected an operation of its work order, got step {unit.step}."
        )
    return unit, current, None


def _after(unit: Unit) -> Words:
    """What a finished unit waits for."""
    return Words(words.NEXT_PACKING if unit.order_id is not None else words.NEXT_STOCK)


def _current(draft: Draft, unit: Unit) -> Operation | None:
    if unit.step is None and unit.state != UnitState.PLANNED:
        return None
    for operation in draft.route(unit.work_order_id):
        if unit.step is None or operation.step == unit.step:
            return operation
    return None


def _last(draft: Draft, unit: Unit) -> Operation | None:
    route = [operation for operation in draft.route(unit.work_order_id) if operation.state != _SKIPPED]
    return route[-1] if route else None


def _first(draft: Draft, operation: Operation) -> object:
    return operation.started_at or draft.cause.observed_at


def _of_work(draft: Draft, template: str, operation: Operation) -> Words:
    work_order = draft.world.work_orders[operation.work_order_id]
    return Words(template, {"operation": operation.name, "work_order": work_order.number})
