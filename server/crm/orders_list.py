"""The list of orders: one line an order, the promise soonest first, with a constant number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.access import visible_orders
from server.crm.here import Here
from server.crm.open_orders import FIRST, IS_OPEN, Standings
from server.crm.risk import Risk, Standing, due_at, judge
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import Operation, WorkOrder
from server.parties.models import Customer
from server.tracking.states import OrderLifecycle

PAGE_SIZE = 25
#: The saved filters of the list: risks of open orders, or a lifecycle of their own.
VIEWS = ("open", "late", "at_risk", "blocked", "mine", "draft", "closed")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader asked for; it all stands in the address, so a bookmark is a saved filter."""

    view: str = "open"
    customer: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order in the list."""

    id: int
    number: str
    customer: str
    customer_number: str
    reference: str | None
    products: str
    more_lines: int
    quantity: Decimal
    lifecycle: str
    fulfilment: str
    on_hold: bool
    risk: Risk
    hold_reason: str | None
    promise: date | None
    due_at: datetime | None
    predicted_at: datetime | None
    predicted_late_at: datetime | None
    moved_at: datetime | None
    confirmed_at: datetime | None
    #: Pieces through a step, over all pieces and steps.
    steps_done: int
    steps_total: int


@dataclass(frozen=True, slots=True)
class OrderList:
    """A page of the list, with how many open orders each view holds."""

    rows: Sequence[OrderRow]
    counts: Mapping[str, int] = field(default_factory=dict)
    total: int = 0
    next_after: str | None = None


def order_list(session: Session, principal: Principal, wanted: Wanted, *, here: Here) -> OrderList:
    """The orders this caller may see, as asked for."""
    visible = [visible_orders(principal)]
    if wanted.customer:
        visible.append(SalesOrder.customer_id.in_(select(Customer.id).where(Customer.number == wanted.customer)))
    standings, after = Standings.of(principal, here), _row_id(wanted.after)
    counts = standings.counts(session, *visible)
    if wanted.view == "closed":
        found, total = _closed(session, visible, after)
    else:
        found = standings.page(session, wanted.view, *visible, after=after, limit=PAGE_SIZE + 1)
        total = counts[wanted.view]
    ids = found[:PAGE_SIZE]
    return OrderList(_rows(session, ids, here), counts, total, str(ids[-1]) if len(found) > PAGE_SIZE else None)


def open_ids(session: Session, principal: Principal) -> Sequence[int]:
    """The open orders this caller may see, the promise soonest first; one query."""
    return session.scalars(select(SalesOrder.id).where(IS_OPEN, visible_orders(principal)).order_by(*FIRST)).all()


def rows_of(session: Session, ids: Sequence[int], *, here: Here) -> Sequence[OrderRow]:
    """The lines of given orders, in the given order; the caller has checked the right to see them."""
    return _rows(session, ids, here)


def standing_of(row: Any, zone: ZoneInfo) -> Standing:
    """What the judgement of risk looks at, from an order or a row with its columns."""
    return Standing(
        row.lifecycle,
        row.fulfilment,
        row.on_hold,
        due_at(row.promise_date, zone),
        row.predicted_at,
        row.predicted_late_at,
    )


def _row_id(after: str | None) -> int | None:
    """What ended the page before; an address that somebody has bent begins anew."""
    return int(after) if after is not None and after.isascii() and after.isdigit() and len(after) < 18 else None


def _closed(session: Session, visible: Sequence[ColumnElement[bool]], after: int | None) -> tuple[Sequence[int], int]:
    closed = [SalesOrder.lifecycle.in_([OrderLifecycle.DONE.value, OrderLifecycle.CANCELLED.value]), *visible]
    total = session.execute(select(func.count()).select_from(SalesOrder).where(*closed)).scalar_one()
    statement = select(SalesOrder.id).where(*closed).order_by(SalesOrder.id.desc()).limit(PAGE_SIZE + 1)
    if after is not None:
        statement = statement.where(SalesOrder.id < after)
    return session.scalars(statement).all(), total


def _rows(session: Session, ids: Sequence[int], here: Here) -> list[OrderRow]:
    if not ids:
        return []
    found = session.execute(
        select(SalesOrder, Customer.name, Customer.number)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(SalesOrder.id.in_(ids))
    ).all()
    lines, steps = _lines(session, ids), _steps(session, ids)
    rows = {
        order.id: _row(order, (name, number), (lines.get(order.id, []), steps.get(order.id, (0, 0))), here)
        for order, name, number in found
    }
    return [rows[order_id] for order_id in ids if order_id in rows]


def _lines(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, Decimal]]]:
    statement = (
        select(OrderLine.order_id, Product.name, OrderLine.quantity)
        .join(Product, Product.id == OrderLine.product_id)
        .where(OrderLine.order_id.in_(ids))
        .order_by(OrderLine.order_id, OrderLine.position)
    )
    lines: dict[int, list[tuple[str, Decimal]]] = {}
    for order_id, name, quantity in session.execute(statement):
        lines.setdefault(order_id, []).append((name, quantity))
    return lines


def _steps(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    statement = (
        select(WorkOrder.order_id, func.sum(Operation.good), func.sum(Operation.quantity))
        .join(Operation, Operation.work_order_id == WorkOrder.id)
        .where(WorkOrder.order_id.in_(ids))
        .group_by(WorkOrder.order_id)
    )
    return {order_id or 0: (int(good), int(total)) for order_id, good, total in session.execute(statement)}


def _row(
    order: SalesOrder,
    customer: tuple[str, str],
    work: tuple[list[tuple[str, Decimal]], tuple[int, int]],
    here: Here,
) -> OrderRow:
    ordered, (done, total) = work
    return OrderRow(
        id=order.id,
        number=order.number,
        customer=customer[0],
        customer_number=customer[1],
        reference=order.customer_reference,
        products=ordered[0][0] if ordered else "",
        more_lines=max(0, len(ordered) - 1),
        quantity=sum((quantity for _, quantity in ordered), Decimal(0)),
        lifecycle=order.lifecycle,
        fulfilment=order.fulfilment,
        on_hold=order.on_hold,
        risk=judge(standing_of(order, here.zone), here.now),
        hold_reason=order.hold_reason if order.on_hold else None,
        promise=order.promise_date,
        due_at=due_at(order.promise_date, here.zone),
        predicted_at=order.predicted_at,
        predicted_late_at=order.predicted_late_at,
        moved_at=order.moved_at,
        confirmed_at=order.confirmed_at,
        steps_done=done,
        steps_total=total,
    )
