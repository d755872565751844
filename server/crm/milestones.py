"""How far an order is, as milestones with counts. Pure: from operations and unit states to steps for people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from server.tracking.states import OrderLifecycle, UnitState

State = Literal["done", "now", "todo"]

_SHIPPED = (UnitState.SHIPPED, UnitState.DELIVERED)
_PACKED = (UnitState.PACKED, *_SHIPPED)


@dataclass(frozen=True, slots=True)
class StepCount:
    """One operation of one work order, as counted by scans."""

    step: int
    name: str
    #: The units of the work order that still count.
    quantity: int
    started: int
    good: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step that a customer understands. `kind` is confirmed, operation, packed or shipped."""

    kind: str
    name: str
    done: int
    total: int
    state: State


def milestones(lifecycle: str, operations: Iterable[StepCount], units: Mapping[str, int]) -> list[Milestone]:
    """Confirmed, then each operation by name, then packed and shipped; counts of units that are not scrapped."""
    wanted = sum(number for state, number in units.items() if state != UnitState.SCRAPPED)
    agreed: State = "todo" if lifecycle in (OrderLifecycle.DRAFT, OrderLifecycle.CREDIT_HOLD) else "done"
    found = [Milestone("confirmed", "", 0, 0, agreed), *_by_name(list(operations))]
    return [*found, _reached("packed", units, _PACKED, wanted), _reached("shipped", units, _SHIPPED, wanted)]


def _by_name(operations: Sequence[StepCount]) -> list[Milestone]:
    # Lines of one order may have routings of their own; a customer knows steps by name, in the order they come.
    names: dict[str, list[StepCount]] = {}
    for operation in sorted(operations, key=lambda each: each.step):
        names.setdefault(operation.name, []).append(operation)
    return [_of_operation(name, group) for name, group in names.items()]


def _of_operation(name: str, group: Sequence[StepCount]) -> Milestone:
    # A unit scrapped later was good here once; it no longer counts on either side.
    done = sum(min(operation.good, operation.quantity) for operation in group)
    total = sum(operation.quantity for operation in group)
    begun = any(operation.started or operation.good for operation in group)
    return Milestone("operation", name, done, total, _state(done, total, begun=begun))


def _reached(kind: str, units: Mapping[str, int], states: Iterable[UnitState], wanted: int) -> Milestone:
    done = sum(Counter(units)[state] for state in states)
    return Milestone(kind, "", done, wanted, _state(done, wanted, begun=done > 0))


def _state(done: int, total: int, *, begun: bool) -> State:
    if total > 0 and done >= total:
        return "done"
    return "now" if begun else "todo"


def current(found: Sequence[Milestone]) -> Milestone | None:
    """The furthest milestone that has begun and is not done; before anything began, None."""
    return next((milestone for milestone in reversed(found) if milestone.state == "now"), None)
