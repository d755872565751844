"""Which orders every place on the floor has before it, the most pressing first: one statement, however many there are.

The database ranks them and gives out no more than are shown, with how many there are in all: thousands of rows for a
few cards would take longer than all the rest of the board.
"""

from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from typing import Final, NamedTuple, cast

from sqlalchemy import CTE, ColumnElement, Select, Subquery, case, func, literal_column, select, union_all
from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.open_orders import Pressing
from server.erp.floor.models import ReadPoint, Station
from server.erp.orders.models import SalesOrder
from server.erp.production.models import GOING_ON, MADE_HERE, Operation, Unit, WorkOrder
from server.tracking.states import Context, Fulfilment, OrderLifecycle, UnitState, WorkOrderState

_IS_IN_WORK: Final = SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value
#: Of such an order nothing is finished, or everything has left (server.tracking.settle.fulfilment).
_NOTHING_HERE: Final = (Fulfilment.NOT_STARTED.value, Fulfilment.SHIPPED.value, Fulfilment.DELIVERED.value)
OPEN_WORK = (WorkOrderState.RELEASED, WorkOrderState.IN_PROGRESS, WorkOrderState.ON_HOLD)


class Done(IntEnum):
    """What is done at a place with the orders before it: the steps of their routings, or what comes behind those."""

    STEPS = 0
    PACKING = 1
    SHIPPING = 2


class Waiting(NamedTuple):
    """An order before a work center, and how many orders are before it in all."""

    center_id: int
    order_id: int
    #: Done
    done: int
    in_all: int
    priority: int
    promise_date: date | None
    on_hold: bool
    #: server.crm.risk.Risk
    risk: str


def first_waiting(session: Session, *, here: Here, limit: int) -> Sequence[Waiting]:
    """The first so many orders before each work center, in the order of the board."""
    statement = _statement(here.today, limit, is_sqlite=session.get_bind().dialect.name == "sqlite")
    return cast("Sequence[Waiting]", session.execute(statement).all())


def _statement(today: date, limit: int, *, is_sqlite: bool) -> Select[*tuple[object, ...]]:
    orders = _orders_in_work(today)
    at = _before_places(_at_operations(is_sqlite=is_sqlite), _made(is_sqlite=is_sqlite))
    promised = orders.c.promise_date
    rank = (orders.c.is_calm, orders.c.priority, promised.is_(None), promised, orders.c.id)
    place = func.row_number().over(partition_by=at.c.center_id, order_by=rank).label("place")
    in_all = func.count().over(partition_by=at.c.center_id).label("in_all")
    told = (orders.c.priority, promised, orders.c.on_hold, orders.c.risk)
    placed = select(at, in_all, *told, place).join(orders, orders.c.id == at.c.order_id).subquery()
    shown = [column for column in placed.c if column.name != "place"]
    return select(*shown).where(placed.c.place <= limit).order_by(placed.c.center_id, placed.c.place)


def _orders_in_work(today: date) -> CTE:
    """The released orders that are not done, with what ranks them: looked through once, in their index alone."""
    pressing = Pressing(today)
    columns = (SalesOrder.id, SalesOrder.priority, SalesOrder.promise_date, SalesOrder.on_hold)
    return (
        select(*columns, pressing.risk.label("risk"), pressing.is_calm.label("is_calm"))
        .where(_IS_IN_WORK)
        .cte("orders_in_work")
    )


def _before_places(at_operations: Select[*tuple[object, ...]], made: CTE) -> Subquery:
    """Work center and order, once each, with the last of the things that are done there."""
    packing, shipping = _place_of(Context.PACK), _place_of(Context.SHIP)
    every = union_all(
        at_operations,
        select(packing, made.c.order_id, literal_column(f"{Done.PACKING:d}"))
        .where(made.c.finished > 0),
        select(shipping, made.c.order_id, literal_column(f"{Done.SHIPPING:d}"))
        .where(made.c.packed > 0),
    ).subquery()  # fmt: skip
    return (
        select(every.c.center_id, every.c.order_id, func.max(every.c.done).label("done"))
        .where(every.c.center_id.is_not(None))
        .group_by(every.c.center_id, every.c.order_id)
        .subquery()
    )


def _at_operations(*, is_sqlite: bool) -> Select[*tuple[object, ...]]:
    """The orders with an operation that can go on, of which there are few."""
    # As an expression it is no reason for SQLite to begin with all operations of open work, most of which are done.
    state = WorkOrder.state.concat("") if is_sqlite else WorkOrder.state
    return (
        select(
            Operation.work_center_id.label("center_id"),
            WorkOrder.order_id.label("order_id"),
            literal_column(f"{Done.STEPS:d}").label("done"),
        )
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .where(GOING_ON, state.in_([each.value for each in OPEN_WORK]), WorkOrder.order_id.is_not(None))
    )


def _made(*, is_sqlite: bool) -> CTE:
    """Order -> how many of its units wait for packing, and how many are packed and not gone.

    PostgreSQL has an index of just these units. SQLite would pay for it at every scan, so there they are found by the
    work of the orders that say they have any; a unit of an order belongs to a work order of it.
    """
    is_packed = Unit.state == UnitState.PACKED.value
    packed = func.sum(case((is_packed, 1), else_=0)).label("packed")
    finished = func.sum(case((is_packed, 0), else_=1)).label("finished")
    counted = select(Unit.order_id, finished, packed).where(MADE_HERE).group_by(Unit.order_id)
    if is_sqlite:
        has_any = SalesOrder.fulfilment.not_in(_NOTHING_HERE)
        work = select(WorkOrder.id).join(SalesOrder, SalesOrder.id == WorkOrder.order_id).where(_IS_IN_WORK, has_any)
        counted = counted.where(Unit.work_order_id.in_(work))
    return counted.cte("made")


def _place_of(context: Context) -> ColumnElement[int | None]:
    """The work center where that is done; packing and shipping are no operations."""
    return (
        select(func.max(Station.work_center_id))
        .join(ReadPoint, ReadPoint.station_id == Station.id)
        .where(ReadPoint.context == context.value, ReadPoint.active, Station.active)
        .scalar_subquery()
    )
