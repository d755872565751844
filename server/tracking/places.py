"""Where a unit stands as seen from a work center. Pure."""

from datetime import datetime
from typing import Final

from server.tracking.states import OperationState, UnitState
from server.tracking.table import Place
from server.tracking.world import Operation, ReadPoint, Unit, World

_FIXED: Final = {
    UnitState.FINISHED.value: Place.FINISHED,
    UnitState.IN_STOCK.value: Place.FINISHED,
    UnitState.PACKED.value: Place.PACKED,
    UnitState.SHIPPED.value: Place.SHIPPED,
    UnitState.DELIVERED.value: Place.DELIVERED,
    UnitState.SCRAPPED.value: Place.SCRAPPED,
    UnitState.CONSUMED.value: Place.CONSUMED,
    UnitState.RETURNED.value: Place.RETURNED,
}
_IN_PROCESS: Final = UnitState.IN_PROCESS.value
_PENDING: Final = OperationState.PENDING.value
_OVER: Final = frozenset({OperationState.COMPLETED.value, OperationState.SKIPPED.value})


def is_fixed(unit: Unit) -> bool:
    """Whether the unit is through production: its place follows from its state alone."""
    return unit.state in _FIXED


def has_just_seen(read_point: ReadPoint, unit: Unit, at: datetime) -> bool:
    """Whether a read of the unit at this time is of the same passage as the last one there."""
    if not read_point.quiet_seconds or unit.last_seen_at is None or unit.last_read_point != read_point.key:
        return False
    return abs((at - unit.last_seen_at).total_seconds()) < read_point.quiet_seconds


def place_of(world: World, unit: Unit, work_center_id: int) -> Place:
    """The unit's place for the table."""
    fixed = _FIXED.get(unit.state)
    if fixed is not None:
        return fixed
    current = current_operation(world, unit)
    if current is None:
        return Place.NO_ROUTE
    if current.work_center_id == work_center_id:
        return _here(unit, current)
    if unit.state == _IN_PROCESS:
        return Place.BUSY
    return _elsewhere(world, unit, current, work_center_id)


def _here(unit: Unit, current: Operation) -> Place:
    if unit.state == _IN_PROCESS:
        return Place.RUNNING
    return Place.WAITING if current.state == _PENDING else Place.DUE


def _elsewhere(world: World, unit: Unit, current: Operation, work_center_id: int) -> Place:
    steps = [step for step in route(world, unit) if step.work_center_id == work_center_id]
    if any(step.step > current.step and step.state not in _OVER for step in steps):
        return Place.AHEAD
    return Place.BEHIND if steps else Place.ELSEWHERE


def route(world: World, unit: Unit) -> list[Operation]:
    """The operations of the unit's work order by rising step."""
    ids = world.routes.get(unit.work_order_id or 0, ())
    return [world.operations[operation_id] for operation_id in ids]


def current_operation(world: World, unit: Unit) -> Operation | None:
    """The operation that the unit waits for or is in; a planned unit waits for the first."""
    for operation_id in world.routes.get(unit.work_order_id or 0, ()):
        operation = world.operations[operation_id]
        if unit.step is None or operation.step == unit.step:
            return operation
    return None


def next_name(world: World, unit: Unit) -> str | None:
    """The name of the unit's next operation; None when it has none."""
    if unit.state in _FIXED:
        return None
    operation = current_operation(world, unit)
    return operation.name if operation is not None else None
