"""What customers owe, and what orders wait for credit."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select, type_coerce
from sqlalchemy.orm import Session, selectinload

from server.db import Money
from server.erp.billing.models import Invoice, Payment, PaymentAllocation
from server.erp.billing.repository import overdue
from server.erp.billing.states import OPEN
from server.erp.orders.models import SalesOrder
from server.tracking.states import OrderLifecycle

ZERO = Decimal(0)
#: Confirmed, so that the customer will owe it.
COMMITTED = (OrderLifecycle.CONFIRMED.value, OrderLifecycle.PROCESSING.value, OrderLifecycle.DONE.value)


def _open_sum() -> ColumnElement[Decimal]:
    # A difference of two amounts is a plain number to the library; it is an amount again.
    return func.sum(type_coerce(Invoice.gross - Invoice.paid, Money()))


def open_amounts(session: Session, customer_id: int) -> Mapping[str, Decimal]:
    """What is open of issued invoices, by currency."""
    statement = (
        select(Invoice.currency, _open_sum())
        .where(Invoice.customer_id == customer_id, Invoice.state.in_(OPEN))
        .group_by(Invoice.currency)
    )
    return {currency: Decimal(amount) for currency, amount in session.execute(statement)}


def overdue_amount(session: Session, customer_id: int, currency: str, today: date) -> tuple[Decimal, int]:
    """How much should have been paid by yesterday, and by how many invoices."""
    statement = select(_open_sum(), func.count()).where(
        Invoice.customer_id == customer_id, Invoice.currency == currency, overdue(today)
    )
    amount, count = session.execute(statement).one()
    return amount or ZERO, count


def committed_orders(session: Session, customer_id: int) -> Sequence[SalesOrder]:
    """Confirmed orders of the customer that are not wholly invoiced, with their lines."""
    statement = (
        select(SalesOrder)
        .where(
            SalesOrder.customer_id == customer_id,
            SalesOrder.lifecycle.in_(COMMITTED),
            SalesOrder.uninvoiced_gross > ZERO,
        )
        .options(selectinload(SalesOrder.lines))
        .order_by(SalesOrder.id)
    )
    return session.scalars(statement).all()


def orders_on_credit_hold(session: Session, *, limit: int = 200) -> Sequence[SalesOrder]:
    """Orders that wait for credit, the oldest first, with their customers."""
    statement = (
        select(SalesOrder)
        .where(SalesOrder.lifecycle == OrderLifecycle.CREDIT_HOLD.value)
        .options(selectinload(SalesOrder.customer))
        .order_by(SalesOrder.id)
        .limit(limit)
    )
    return session.scalars(statement).all()


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
