"""What waits at a work center."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.tracking.states import OperationState, OrderLifecycle, UnitState, WorkOrderState

_OPEN_WORK = (WorkOrderState.RELEASED.value, WorkOrderState.IN_PROGRESS.value)
_OPEN_STEPS = (OperationState.READY.value, OperationState.RUNNING.value, OperationState.PAUSED.value)


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One operation that can be worked on, with what the person at the station must know."""

    operation: Operation
    work_order: WorkOrder
    order: SalesOrder
    #: Units that stand before this step.
    waiting: int


def queue(session: Session, work_center_ids: Collection[int], *, limit: int = 50) -> list[QueueEntry]:
    """What can be worked on at these work centers, next first: by priority, promised date, then age.

    Work order, order, customer and product are loaded; three queries whatever the length.
    """
    statement = (
        select(Operation)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .join(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .where(
            Operation.work_center_id.in_(work_center_ids),
            Operation.state.in_(_OPEN_STEPS),
            WorkOrder.state.in_(_OPEN_WORK),
            SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value,
        )
        .order_by(
            SalesOrder.on_hold,
            SalesOrder.priority,
            SalesOrder.promise_date.is_(None),
            SalesOrder.promise_date,
            WorkOrder.id,
            Operation.step,
        )
        .limit(limit)
        .options(
            joinedload(Operation.work_order).joinedload(WorkOrder.order).joinedload(SalesOrder.customer),
            joinedload(Operation.work_order).joinedload(WorkOrder.product),
        )
    )
    operations = session.scalars(statement).all()
    waiting = _waiting(session, {operation.work_order_id for operation in operations})
    return [
        QueueEntry(operation, operation.work_order, operation.work_order.order, waiting.get(_place(operation), 0))
        for operation in operations
    ]


def _place(operation: Operation) -> tuple[int, int]:
    return operation.work_order_id, operation.step


def _waiting(session: Session, work_order_ids: Collection[int]) -> dict[tuple[int, int], int]:
    statement = (
        select(Unit.work_order_id, Unit.step, func.count())
        .where(Unit.work_order_id.in_(work_order_ids), Unit.state == UnitState.QUEUED.value)
        .group_by(Unit.work_order_id, Unit.step)
    )
    return {(work_order_id or 0, step or 0): count for work_order_id, step, count in session.execute(statement)}
