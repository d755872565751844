"""What customers owe, and what orders wait for credit."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, literal_column, select, type_coerce
from sqlalchemy.orm import Session, selectinload

from server.db import Money
from server.erp.billing.models import Invoice, Payment, PaymentAllocation
from server.erp.billing.repository import overdue
from server.erp.billing.states import OPEN
from server.erp.orders.models import SalesOrder
from server.http.paging import Page
from server.tracking.states import OrderLifecycle

ZERO = Decimal(0)
#: Confirmed, so that the customer will owe it.
COMMITTED = (OrderLifecycle.CONFIRMED.value, OrderLifecycle.PROCESSING.value, OrderLifecycle.DONE.value)


def _open_sum() -> ColumnElement[Decimal]:
    # A difference of two amounts is a plain number to the library; it is an amount again.
    return func.sum(type_coerce(Invoice.gross - Invoice.paid, Money()))


def open_amounts(session: Session, customer_ids: Collection[int]) -> Mapping[int, dict[str, Decimal]]:
    """What is open of the issued invoices of each customer, by currency."""
    statement = (
        select(Invoice.customer_id, Invoice.currency, _open_sum())
        .where(Invoice.customer_id.in_(customer_ids), Invoice.state.in_(OPEN))
        .group_by(Invoice.customer_id, Invoice.currency)
    )
    return _by_currency(session.execute(statement))


class Late(NamedTuple):
    """What should have been paid by yesterday."""

    amount: Decimal
    invoices: int


def overdue_amounts(session: Session, customer_ids: Collection[int], today: date) -> Mapping[int, Mapping[str, Late]]:
    """What is overdue of each customer, by currency."""
    statement = (
        select(Invoice.customer_id, Invoice.currency, _open_sum(), func.count())
        .where(Invoice.customer_id.in_(customer_ids), overdue(today))
        .group_by(Invoice.customer_id, Invoice.currency)
    )
    found: dict[int, dict[str, Late]] = defaultdict(dict)
    for customer_id, currency, amount, invoices in session.execute(statement):
        found[customer_id][currency] = Late(amount, invoices)
    return found


def spare_amounts(session: Session, customer_ids: Collection[int]) -> Mapping[int, dict[str, Decimal]]:
    """What each customer has paid and no invoice has, by currency; a payment and its reversal cancel out."""
    paid = (
        select(Payment.customer_id, Payment.currency, func.sum(Payment.amount))
        .where(Payment.customer_id.in_(customer_ids))
        .group_by(Payment.customer_id, Payment.currency)
    )
    spent = (
        select(Payment.customer_id, Payment.currency, func.sum(PaymentAllocation.amount))
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(Payment.customer_id.in_(customer_ids))
        .group_by(Payment.customer_id, Payment.currency)
    )
    gone = _by_currency(session.execute(spent))
    return {
        customer_id: {
            currency: amount - gone.get(customer_id, {}).get(currency, ZERO) for currency, amount in amounts.items()
        }
        for customer_id, amounts in _by_currency(session.execute(paid)).items()
    }


def _by_currency(rows: Iterable[Any]) -> dict[int, dict[str, Decimal]]:
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for customer_id, currency, amount in rows:
        found[customer_id][currency] = amount
    return found


def committed_orders(session: Session, customer_ids: Collection[int]) -> Sequence[SalesOrder]:
    """Confirmed orders of these customers that are not wholly invoiced, with their lines."""
    statement = (
        select(SalesOrder)
        .where(
            SalesOrder.customer_id.in_(customer_ids),
            # A number in the text, so that SQLite knows its index.
            SalesOrder.uninvoiced_gross > literal_column("0"),
        )
        .options(selectinload(SalesOrder.lines))
        .order_by(SalesOrder.id)
    )
    # Looked at here: an engine that is asked for it may read all the orders that are done.
    return [order for order in session.scalars(statement) if order.lifecycle in COMMITTED]


def orders_on_credit_hold(session: Session, *, after: int = 0, limit: int = 25) -> Page[SalesOrder]:
    """A page of the orders that wait for credit, the oldest first, with their customers."""
    statement = (
        select(SalesOrder)
        .where(SalesOrder.lifecycle == OrderLifecycle.CREDIT_HOLD.value, SalesOrder.id > after)
        .options(selectinload(SalesOrder.customer))
        .order_by(SalesOrder.id)
        .limit(limit + 1)
    )
    rows = session.scalars(statement).all()
    return Page(rows[:limit], more=len(rows) > limit)


def unallocated(session: Session, customer_id: int, currency: str) -> Sequence[tuple[int, Decimal]]:
    """Payments of which no invoice has all, the oldest first, with what is left: the customer's credit."""
    spent = (
        select(PaymentAllocation.payment_id, func.sum(PaymentAllocation.amount).label("amount"))
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(Payment.customer_id == customer_id)
        .group_by(PaymentAllocation.payment_id)
        .subquery()
    )
    reversed_ids = select(Payment.reverses_id).where(Payment.reverses_id.is_not(None))
    statement = (
        select(Payment.id, Payment.amount, spent.c.amount)
        .outerjoin(spent, spent.c.payment_id == Payment.id)
        .where(Payment.customer_id == customer_id, Payment.currency == currency, Payment.amount > ZERO)
        .where(Payment.id.not_in(reversed_ids))
        .order_by(Payment.id)
    )
    rows = [(row[0], row[1] - (row[2] or ZERO)) for row in session.execute(statement)]
    return [(payment_id, left) for payment_id, left in rows if left > 0]
