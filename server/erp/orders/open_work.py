"""The work that takes capacity: all of it, or what one order stands behind, added up by the database."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, and_, case, func, or_, select, tuple_, type_coerce
from sqlalchemy.orm import Session

from server.catalog.models import WorkCenter
from server.db import Quantity
from server.erp.orders.models import SalesOrder
from server.erp.orders.prediction import Work
from server.erp.production.models import Operation, WorkOrder
from server.erp.production.standing import in_states
from server.tracking.states import OperationState, OrderLifecycle, WorkOrderState

_OPEN_WORK = (WorkOrderState.RELEASED.value, WorkOrderState.IN_PROGRESS.value)
_OVER = (OperationState.COMPLETED.value, OperationState.SKIPPED.value)
#: Orders that are not released yet stand behind everything that is.
RELEASED, NOT_RELEASED = 0, 1
#: What is made for stock waits for what somebody has ordered.
_LAST = 9
#: No order has this id: the work of others, of whom nobody asks which.
_OTHERS = -1
_PRIORITY = func.coalesce(SalesOrder.priority, _LAST)


def rank(stage: int, priority: int, promised: date | None, place: tuple[int, ...]) -> tuple[Any, ...]:
    """Where a work order stands in the row."""
    return (stage, priority, promised or date.max, *place)


def open_work(session: Session) -> list[Work]:
    """Everything that takes capacity: open operations of released orders that are not on hold."""
    return [_work(row) for row in session.execute(_in_detail())]


def work_around(session: Session, order_id: int | None) -> list[Work]:
    """The open work of one order, and what stands before it at each work center, in sums.

    Without an order, or for one that is not released, all that is released stands before it.
    """
    own = (
        [] if order_id is None else [_work(row) for row in session.execute(_in_detail(WorkOrder.order_id == order_id))]
    )
    return own + _others(session, order_id, sorted({work.rank for work in own}))


def _others(session: Session, order_id: int | None, own: list[tuple[Any, ...]]) -> list[Work]:
    """The work before each of these ranks and behind the one before it; all there is where there are none."""
    stands = tuple_(_PRIORITY, func.coalesce(SalesOrder.promise_date, date.max), WorkOrder.id)
    before = [stands < tuple_(*one[1:]) for one in own]
    columns: list[Any] = [Operation.work_center_id, func.sum(_minutes())]
    groups: list[Any] = [Operation.work_center_id]
    if own:
        columns.append(case(*((wanted, place) for place, wanted in enumerate(before)), else_=len(own)).label("place"))
        groups.append("place")
    statement = _joined(select(*columns)).group_by(*groups)
    if order_id is not None:
        statement = statement.where(or_(WorkOrder.order_id.is_(None), WorkOrder.order_id != order_id))
    if own:
        statement = statement.where(before[-1])
    return [_sum(row, own) for row in session.execute(statement)]


def _sum(row: Row[*tuple[Any, ...]], own: list[tuple[Any, ...]]) -> Work:
    """So many minutes at a work center, right before the rank that they stand before."""
    center_id, minutes, *place = row
    last = own[place[0]] if place else (RELEASED, 0)
    return Work(
        order_id=_OTHERS,
        rank=(*last[:-1], last[-1] - 1, 1),
        step=0,
        name="",
        work_center_id=center_id,
        work_center="",
        remaining=1,
        begun=True,
        setup_minutes=Decimal(0),
        run_minutes=minutes,
        transfer_quantity=1,
    )


def _minutes() -> ColumnElement[Decimal]:
    """`Work.minutes` of an operation."""
    left = Operation.quantity - Operation.good - Operation.scrap
    begun = or_(Operation.started > 0, Operation.good > 0)
    setup = case((begun, 0), else_=type_coerce(Operation.setup_minutes, BigInteger))
    run = type_coerce(Operation.run_minutes, BigInteger) * case((left > 0, left), else_=0)
    return type_coerce(setup + run, Quantity())


def _joined(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        statement.select_from(Operation)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .outerjoin(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .where(
            Operation.state.not_in(_OVER),
            in_states(_OPEN_WORK),
            or_(
                WorkOrder.order_id.is_(None),
                and_(SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value, SalesOrder.on_hold.is_(False)),
            ),
        )
    )


def _in_detail(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    columns: Collection[Any] = (
        # What is made for stock takes capacity, too; nobody asks for its own estimate.
        func.coalesce(SalesOrder.id, -WorkOrder.id).label("order_id"),
        _PRIORITY.label("priority"),
        SalesOrder.promise_date,
        Operation.work_order_id,
        Operation.step,
        Operation.name,
        Operation.work_center_id,
        WorkCenter.key.label("work_center"),
        Operation.quantity,
        Operation.started,
        Operation.good,
        Operation.scrap,
        Operation.setup_minutes,
        Operation.run_minutes,
        Operation.transfer_quantity,
    )
    statement = _joined(select(*columns)).join(WorkCenter, WorkCenter.id == Operation.work_center_id)
    return statement.where(*conditions)


def _work(row: Any) -> Work:
    return Work(
        order_id=row.order_id,
        rank=rank(RELEASED, row.priority, row.promise_date, (row.work_order_id,)),
        step=row.step,
        name=row.name,
        work_center_id=row.work_center_id,
        work_center=row.work_center,
        remaining=max(row.quantity - row.good - row.scrap, 0),
        begun=row.started > 0 or row.good > 0,
        setup_minutes=row.setup_minutes,
        run_minutes=row.run_minutes,
        transfer_quantity=row.transfer_quantity,
    )
