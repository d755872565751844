"""Estimates of orders from the database: worked out on reading, stored for lists, never in the path of a scan."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from server.db import Database, table_of
from server.erp.floor.repository import stations_per_work_center
from server.erp.orders import repository
from server.erp.orders.configured import routings
from server.erp.orders.models import SalesOrder
from server.erp.orders.open_work import NOT_RELEASED, open_work, rank, work_around
from server.erp.orders.planning import run_minutes, units_to_make
from server.erp.orders.prediction import Calendar, Estimate, Work, estimate
from server.erp.reservations.repository import reserved_of
from server.erp.reservations.service import foreseen
from server.parties.repository import site
from server.tracking.states import Fulfilment, OrderLifecycle

#: A stored estimate older than this is worked out again when somebody looks.
FRESH = timedelta(seconds=60)
#: The columns that an estimate is kept in: both moments, and the days they are at the site.
PREDICTED = ("predicted_at", "predicted_late_at", "predicted_day", "predicted_late_day")
_ESTIMATED = (OrderLifecycle.CONFIRMED.value, OrderLifecycle.PROCESSING.value)
#: What has left the house is expected no more.
_GONE = (Fulfilment.SHIPPED.value, Fulfilment.DELIVERED.value)


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
    works = work_around(session, *wanted) if len(wanted) == 1 else open_work(session)
    unreleased = [found for found, lifecycle in wanted.items() if lifecycle == OrderLifecycle.CONFIRMED]
    if unreleased:
        orders = list(repository.orders_by_id(session, unreleased).values())
        works += planned_work(session, orders, reserved_of(session, unreleased))
    return _estimate(session, works, wanted, now=now)


def compute_for_draft(
    session: Session, order: SalesOrder, *, now: datetime, stocked: Mapping[int, Decimal] | None = None
) -> Estimate | None:
    """The estimate of a wholly loaded order as if it were confirmed now; what stock has of it need not be made."""
    stocked = foreseen(session, order.lines) if stocked is None else stocked
    works = work_around(session, None) + planned_work(session, [order], stocked)
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
            rank=rank(NOT_RELEASED, order.priority, order.promise_date, (order.id, line.position)),
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
