"""What follows by itself: states of operations, work orders and orders derived from their counts. Pure.

Because these states are functions of the counts, taking a scan back needs no memory of them: restore the
counts, settle again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from server.tracking.draft import Draft
from server.tracking.states import Fulfilment, OperationState, OrderLifecycle, WorkOrderState
from server.tracking.world import Operation, Tally

_PENDING: Final = OperationState.PENDING.value
_READY: Final = OperationState.READY.value
_RUNNING: Final = OperationState.RUNNING.value
_PAUSED: Final = OperationState.PAUSED.value
_COMPLETED: Final = OperationState.COMPLETED.value
_SKIPPED: Final = OperationState.SKIPPED.value
_RELEASED: Final = WorkOrderState.RELEASED.value
_IN_PROGRESS: Final = WorkOrderState.IN_PROGRESS.value
_DONE: Final = WorkOrderState.COMPLETED.value
#: Work orders in another state are in the hands of people.
_BY_SCANS: Final = frozenset({_RELEASED, _IN_PROGRESS, _DONE})
_UNTOUCHED: Final = frozenset({WorkOrderState.DRAFT.value, _RELEASED, WorkOrderState.CANCELLED.value})


def settle(draft: Draft, work_order_id: int | None) -> None:
    """Derive everything above the units of one work order after they changed."""
    if work_order_id is None:
        return
    at = draft.cause.observed_at
    started = _settle_operations(draft, work_order_id, at)
    _settle_work_order(draft, work_order_id, at, started=started)
    # An order's fulfilment follows from the stages of its units and the states of its work orders alone.
    if work_order_id in draft.tallies or work_order_id in draft.work_orders:
        order_id = draft.work_order(work_order_id).order_id
        if order_id is not None:
            settle_order(draft, order_id)


def _settle_operations(draft: Draft, work_order_id: int, at: datetime) -> bool:
    """Returns whether any operation has started."""
    arrivals: int | None = None
    lost = 0
    any_started = False
    for operation in draft.route(work_order_id):
        if operation.state == _SKIPPED:
            continue
        lost += operation.scrap
        state = _operation_state(operation, arrivals, lost)
        if state != operation.state:
            operation = draft.change(operation, state=state, **_operation_times(operation, state, at))
        any_started = any_started or operation.started > 0
        # The transfer quantity of this operation says when the next one may begin.
        alive = operation.quantity - lost
        arrivals = operation.good if operation.good >= min(operation.transfer_quantity, alive) else 0
    return any_started


def _operation_state(operation: Operation, arrivals: int | None, lost: int) -> str:
    """`arrivals` is what the step before has handed over; None for the first step."""
    if operation.good + lost >= operation.quantity:
        return _COMPLETED
    if operation.started > 0:
        return _PAUSED if operation.state == _PAUSED else _RUNNING
    return _READY if arrivals is None or arrivals > 0 else _PENDING


def _operation_times(operation: Operation, state: str, at: datetime) -> dict[str, datetime | None]:
    begun = state in (_RUNNING, _PAUSED, _COMPLETED)
    return {
        "started_at": (operation.started_at or at) if begun else None,
        "completed_at": at if state == _COMPLETED else None,
    }


def _settle_work_order(draft: Draft, work_order_id: int, at: datetime, *, started: bool) -> None:
    work_order = draft.work_order(work_order_id)
    if work_order.state not in _BY_SCANS:
        return
    tally = draft.tally(work_order_id)
    if tally.open == 0 and tally.alive + tally.scrapped > 0:
        state = _DONE
    else:
        state = _IN_PROGRESS if started else _RELEASED
    if state != work_order.state:
        draft.change(
            work_order,
            state=state,
            started_at=None if state == _RELEASED else work_order.started_at or at,
            completed_at=at if state == _DONE else None,
        )


def settle_order(draft: Draft, order_id: int) -> None:
    """Derive the order's fulfilment, and its end when everything is delivered."""
    order = draft.order(order_id)
    work = [draft.work_order(found) for found in draft.world.work_of(order_id)]
    begun = any(found.state not in _UNTOUCHED for found in work)
    state = fulfilment((draft.tally(found.id) for found in work), begun=begun)
    changes: dict[str, object] = {}
    if state != order.fulfilment:
        changes["fulfilment"] = state
    if state == Fulfilment.DELIVERED and order.lifecycle == OrderLifecycle.PROCESSING:
        changes["lifecycle"] = OrderLifecycle.DONE.value
    if changes:
        draft.change(order, **changes)


def fulfilment(tallies: Iterable[Tally], *, begun: bool) -> str:
    """How far an order is, from the counts of all its work orders; scrapped units do not count."""
    total = Tally(*map(sum, zip(*tallies, strict=True))) if (tallies := list(tallies)) else Tally()
    return _stage(total, begun=begun).value


def _stage(total: Tally, *, begun: bool) -> Fulfilment:
    gone = total.shipped + total.delivered
    if total.alive == 0 or not gone + total.packed + total.finished:
        return Fulfilment.IN_PRODUCTION if begun else Fulfilment.NOT_STARTED
    if total.delivered == total.alive:
        return Fulfilment.DELIVERED
    if gone == total.alive:
        return Fulfilment.SHIPPED
    if gone:
        return Fulfilment.PARTIALLY_SHIPPED
    if total.packed == total.alive:
        return Fulfilment.PACKED
    return Fulfilment.PRODUCED if total.open == 0 else Fulfilment.IN_PRODUCTION
