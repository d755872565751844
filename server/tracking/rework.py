"""Sending a unit back to an operation that it had left, or is in. Pure."""

from typing import Final

from server.tracking import words
from server.tracking.draft import Draft
from server.tracking.facts import FactKind
from server.tracking.production import applied, explained, out_of_open_box, unit_fact
from server.tracking.settle import settle
from server.tracking.states import Action, OperationState, Reason, Signal, UnitState
from server.tracking.steps import UnitStep
from server.tracking.verdicts import Verdict, Words, because, refusal
from server.tracking.world import Operation, Unit

_IN_PROCESS: Final = UnitState.IN_PROCESS.value
_PLANNED: Final = UnitState.PLANNED.value
_SKIPPED: Final = OperationState.SKIPPED.value
#: An operation's code ends with its step.
_STEP_DIGITS: Final = 3


def rework(draft: Draft, step: UnitStep) -> Verdict:
    """The unit waits for an earlier operation again; what it had done from there on does not count any more."""
    unit = step.unit
    target = out_of_open_box(draft, unit) or _target(draft, step)
    if isinstance(target, Verdict):
        return target
    for operation in draft.route(unit.work_order_id):
        if operation.step >= target.step:
            _uncount(draft, unit, operation)
    count = unit.rework + 1
    unit = draft.move(draft.see(unit), state=UnitState.QUEUED.value, step=target.step, rework=count, parent_id=None)
    settle(draft, unit.work_order_id)
    detail = {"operation": target.name, "rework": count, **explained(step.reason)}
    unit_fact(draft, FactKind.UNIT_REWORKED, unit, step=target.step, detail=detail)
    why = because(step.reason.name if step.reason is not None else None)
    values = {"unit": unit.number, "operation": target.name, "why": why, "count": count}
    return applied(Words(words.REWORKED, values), Action.UNIT_REWORKED, unit, signal=Signal.WARN)


def has_done(unit: Unit, operation: Operation) -> bool:
    """Whether the operation lies behind the unit."""
    if unit.step is None:
        return unit.state != _PLANNED
    return operation.step < unit.step


def _uncount(draft: Draft, unit: Unit, operation: Operation) -> None:
    if operation.state == _SKIPPED:
        return
    if has_done(unit, operation):
        draft.change(operation, started=operation.started - 1, good=operation.good - 1)
    elif operation.step == unit.step and unit.state == _IN_PROCESS:
        draft.change(operation, started=operation.started - 1)


def _target(draft: Draft, step: UnitStep) -> Operation | Verdict:
    """The operation that was shown; else that of this station if the unit was in it, else the last one it did."""
    unit = step.unit
    route = [operation for operation in draft.route(unit.work_order_id) if operation.state != _SKIPPED]
    if step.operation is not None:
        return _shown(draft, unit, route, step.operation)
    been = [operation for operation in route if _has_been(unit, operation)]
    here = [operation for operation in been if operation.work_center_id == step.station.work_center_id]
    if not been:
        return _no(Reason.NOT_STARTED, words.NOTHING_TO_REWORK, unit)
    return (here or been)[-1]


def _has_been(unit: Unit, operation: Operation) -> bool:
    return has_done(unit, operation) or (operation.step == unit.step and unit.state == _IN_PROCESS)


def _shown(draft: Draft, unit: Unit, route: list[Operation], body: str) -> Operation | Verdict:
    """The operation of the unit's own work order that a code names: its digits, then three for the step."""
    work_order = draft.work_order(unit.work_order_id or 0)
    if body[:-_STEP_DIGITS] != work_order.number.partition("-")[2]:
        return _no(Reason.WRONG_ORDER, words.OTHER_WORK, unit, work_order=work_order.number)
    digits = body[-_STEP_DIGITS:]
    for operation in route:
        if f"{operation.step:03d}" == digits:
            if _has_been(unit, operation):
                return operation
            return _no(Reason.OUT_OF_SEQUENCE, words.NOT_BEEN_THERE, unit, operation=operation.name)
    return _no(Reason.OUT_OF_SEQUENCE, words.NOT_BEEN_THERE, unit, operation=digits.lstrip("0") or "0")


def _no(reason: Reason, template: str, unit: Unit, **values: object) -> Verdict:
    said = Words(template, {"unit": unit.number, **values})
    return refusal(reason, said, subject=unit.number, order_id=unit.order_id)
