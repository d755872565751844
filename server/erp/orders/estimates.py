"""Estimates of orders from the database: worked out on reading, stored for lists, never in the path of a scan."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from server.catalog.models import WorkCenter
from server.db import Database, table_of
from server.erp.floor.repository import stations_per_work_center
from server.erp.orders import repository
from server.erp.orders.configured import routings
from server.erp.orders.models import SalesOrder
from server.erp.orders.planning import run_minutes, units_to_make
from server.erp.orders.prediction import Calendar, Estimate, Work, estimate
from server.erp.production.models import Operation, WorkOrder
from server.erp.production.standing import in_states
from server.erp.reservations.repository import reserved_of
from server.erp.reservations.service import foreseen
from server.parties.repository import site
from server.tracking.states import Fulfilment, OperationState, OrderLifecycle, WorkOrderState

#: A stored estimate older than this is worked out again when somebody looks.
FRESH = timedelta(seconds=60)
#: The columns that an estimate is kept in: both moments, and the days they are at the site.
PREDICTED = ("predicted_at", "predicted_late_at", "predicted_day", "predicted_late_day")
_OPEN_WORK = (WorkOrderState.RELEASED.value, WorkOrderState.IN_PROGRESS.value)
_OVER = (OperationState.COMPLETED.value, OperationState.SKIPPED.value)
_ESTIMATED = (OrderLifecycle.CONFIRMED.value, OrderLifecycle.PROCESSING.value)
#: What has left the house is expected no more.
_GONE = (Fulfilment.SHIPPED.value, Fulfilment.DELIVERED.value)
#: Orders that are not released yet stand behind everything that is.
_RELEASED, _NOT_RELEASED = 0, 1
#: What is made for stock waits for what somebody has ordered.
_LAST = 9


def site_calendar(session: Session) -> Calendar:
    """The working hours of our site."""
    ours = site(session)
    return Calendar.parse(ours.working_hours, ours.time_zone)


def compute(session: Session, order_ids: Collection[int], *, now: datetime) -> dict[int, Estimate]:
    """Estimates of those among the orders that can have one: confirmed or in production, still here, and not on hold.

    Five queries whatever the number of orders.
    """
    statement = select(SalesOrder.id, SalesOrder.lifecycle).where(
        SalesOrder.id.in_(order_ids),
        SalesOrder.lifecycle.in_(_ESTIMATED),
        SalesOrder.fulfilment.not_in(_GONE),
        SalesOrder.on_hold.is_(False),
    )
    wanted = {row[0]: row[1] for row in session.execute(statement)}
    if not wanted:
        return {}
    works = _open_work(session)
    unreleased = [found for found, lifecycle in wanted.items() if lifecycle == OrderLifecycle.CONFIRMED]
    if unreleased:
        orders = list(repository.orders_by_id(session, unreleased).values())
        works += planned_work(session, orders, reserved_of(session, unreleased))
    return _estimate(session, works, wanted, now=now)


def compute_for_draft(session: Session, order: SalesOrder, *, now: datetime) -> Estimate | None:
    """The estimate of a wholly loaded order as if it were confirmed now; what stock has of it need not be made."""
    works = _open_work(session) + planned_work(session, [order], foreseen(session, order.lines))
    return _estimate(session, works, [order.id], now=now).get(order.id)


def stale(orders: Iterable[SalesOrder], *, now: datetime) -> list[int]:
    """Which of the orders need a new estimate before they are shown."""
    return [
        order.id
        for order in orders
        if order.lifecycle in _ESTIMATED
        and (order.estimated_at is None or now - order.estimated_at > FRESH or _has_left_since(order))
    ]


def _has_left_since(order: SalesOrder) -> bool:
    return order.predicted_at is not None and order.fulfilment in _GONE


def store(session: Session, order_ids: Collection[int], estimates: Mapping[int, Estimate], *, now: datetime) -> None:
    """Keep the estimates for lists; an order without one loses the old. The row version stays: nobody edited it."""
    rows = [{"order_id": order_id} | _kept(estimates.get(order_id)) for order_id in sorted(order_ids)]
    if not rows:
        return
    orders = table_of(SalesOrder)
    kept: dict[str, Any] = {name: bindparam(f"kept_{name}") for name in PREDICTED} | {"estimated_at": now}
    session.connection().execute(update(orders).where(orders.c.id == bindparam("order_id")).values(kept), rows)


def _kept(found: Estimate | None) -> dict[str, date | None]:
    if found is None:
        return {f"kept_{name}": None for name in PREDICTED}
    moments = (found.at, found.late_at)
    days = [moment.astimezone(found.calendar.zone).date() for moment in moments]
    return {f"kept_{name}": value for name, value in zip(PREDICTED, (*moments, *days), strict=True)}


def forget(order: SalesOrder) -> None:
    """An order that is over is expected no more."""
    for name in PREDICTED:
        setattr(order, name, None)


def predict(session: Session, order_ids: Collection[int], *, now: datetime) -> dict[int, Estimate]:
    """Work out the estimates and store them; gives them with the parts they are worked out from."""
    estimates = compute(session, order_ids, now=now)
    store(session, order_ids, estimates, now=now)
    return estimates


def refresh(database: Database, *, now: datetime) -> None:
    """Work out again whatever a list of orders is about to show and has grown old; at most once a minute.

    Reading and reckoning happen beside the writer, who only stores the outcome.
    """
    with database.read() as session:
        old = list(session.scalars(select(SalesOrder.id).where(_needs_a_new_one(now))))
        found = compute(session, old, now=now) if old else {}
    if old:
        database.write(lambda writing: store(writing, old, found, now=now))


def _needs_a_new_one(now: datetime) -> ColumnElement[bool]:
    """As `stale`, for the database to answer."""
    return and_(
        SalesOrder.lifecycle.in_(_ESTIMATED),
        or_(
            SalesOrder.estimated_at.is_(None),
            SalesOrder.estimated_at < now - FRESH,
            and_(SalesOrder.predicted_at.is_not(None), SalesOrder.fulfilment.in_(_GONE)),
        ),
    )


def planned_work(session: Session, orders: Sequence[SalesOrder], stocked: Mapping[int, Decimal]) -> list[Work]:
    """The work that releasing these wholly loaded orders would make; `stocked` comes out of stock, by line."""
    lines = [line for order in orders for line in order.lines]
    steps = routings(session, lines)
    left = {line.id: line.quantity - stocked.get(line.id, Decimal(0)) for line in lines}
    return [
        Work(
            order_id=order.id,
            rank=_rank(_NOT_RELEASED, order.priority, order.promise_date, (order.id, line.position)),
            step=step.step,
            name=step.name,
            work_center_id=step.work_center_id,
            work_center=step.work_center,
            remaining=units_to_make(line, left[line.id]),
            begun=False,
            setup_minutes=step.setup_minutes,
            run_minutes=run_minutes(line, step, left[line.id]),
            transfer_quantity=step.transfer_quantity,
        )
        for order in orders
        for line in order.lines
        for step in (steps[line.id] if left[line.id] > 0 else ())
    ]


def _estimate(session: Session, works: list[Work], wanted: Collection[int], *, now: datetime) -> dict[int, Estimate]:
    stations = stations_per_work_center(session)
    return estimate(works, wanted, stations=stations, calendar=site_calendar(session), now=now)


def _rank(stage: int, priority: int, promised: date | None, place: tuple[int, ...]) -> tuple[Any, ...]:
    return (stage, priority, promised or date.max, *place)


def _open_work(session: Session) -> list[Work]:
    """Everything that takes capacity: open operations of released orders that are not on hold."""
    statement = (
        select(
            # What is made for stock takes capacity, too; nobody asks for its own estimate.
            func.coalesce(SalesOrder.id, -WorkOrder.id).label("order_id"),
            func.coalesce(SalesOrder.priority, _LAST).label("priority"),
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
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .outerjoin(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .join(WorkCenter, WorkCenter.id == Operation.work_center_id)
        .where(
            Operation.state.not_in(_OVER),
            in_states(_OPEN_WORK),
            or_(
                WorkOrder.order_id.is_(None),
                and_(SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value, SalesOrder.on_hold.is_(False)),
            ),
        )
    )
    return [_work(row) for row in session.execute(statement)]


def _work(row: Any) -> Work:
    return Work(
        order_id=row.order_id,
        rank=_rank(_RELEASED, row.priority, row.promise_date, (row.work_order_id,)),
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
