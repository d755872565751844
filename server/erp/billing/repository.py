"""Every query about invoices and payments."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm import Session, aliased, selectinload

from server.erp.billing.models import Invoice, InvoiceLine, InvoiceShipment, Payment, PaymentAllocation
from server.erp.billing.states import OPEN, MoneyFact
from server.erp.logistics.models import Shipment
from server.erp.orders.models import SalesOrder
from server.http.paging import Keyset, Page
from server.journal.models import Fact
from server.parties.models import Customer

EVERYTHING: ColumnElement[bool] = true()
ZERO = Decimal(0)


def lock_customer(session: Session, customer_id: int) -> Customer:
    """The customer with his addresses, kept from everybody else who changes what he owes, until the commit."""
    statement = (
        select(Customer)
        .where(Customer.id == customer_id)
        .options(selectinload(Customer.addresses))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).one()


def credit_release(session: Session, order_id: int) -> Fact | None:
    """How the order was let through above the limit, the last time."""
    statement = select(Fact).where(Fact.order_id == order_id, Fact.kind == MoneyFact.CREDIT_RELEASED.value)
    return session.scalars(statement.order_by(Fact.id.desc()).limit(1)).first()


# --- invoices ---


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """Which invoices a list shows; None takes all. `today` is needed where `overdue` is asked for."""

    state: str | None = None
    customer: str | None = None
    order: str | None = None
    overdue: bool | None = None
    is_open: bool | None = None
    today: date | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.state is not None:
            found.append(Invoice.state == self.state)
        if self.customer is not None:
            found.append(Invoice.customer_id.in_(select(Customer.id).where(Customer.number == self.customer)))
        if self.order is not None:
            billed = select(InvoiceLine.invoice_id).join(SalesOrder, SalesOrder.id == InvoiceLine.order_id)
            found.append(Invoice.id.in_(billed.where(SalesOrder.number == self.order)))
        if self.is_open:
            found.append(Invoice.state.in_(OPEN))
        if self.overdue is not None:
            late = overdue(self.today or date.min)
            found.append(late if self.overdue else ~late)
        return found


def overdue(today: date) -> ColumnElement[bool]:
    """Invoices that should have been paid by yesterday."""
    return and_(Invoice.state.in_(OPEN), Invoice.due_on < today)


def _whole() -> Select[Invoice]:
    return select(Invoice).options(selectinload(Invoice.customer), selectinload(Invoice.lines))


def invoices(
    session: Session,
    wanted: InvoiceFilter,
    *,
    visible: ColumnElement[bool] = EVERYTHING,
    after: str | None = None,
    limit: int = 25,
) -> Page[Invoice]:
    """A page of visible invoices with customer and lines, by age."""
    statement = _whole().where(visible, *wanted.conditions())
    return Keyset(Invoice.id, Invoice.number, visible).page(session, statement, after=after, limit=limit)


def newest_invoices(
    session: Session, *conditions: ColumnElement[bool], limit: int = 25, before: int | None = None
) -> Sequence[Invoice]:
    """Invoices with their customers, newest first."""
    statement = select(Invoice).where(*conditions).options(selectinload(Invoice.customer))
    if before is not None:
        statement = statement.where(Invoice.id < before)
    return session.scalars(statement.order_by(Invoice.id.desc()).limit(limit)).all()


def invoice(session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING) -> Invoice | None:
    """The visible invoice of this number with customer and lines."""
    return session.scalars(_whole().where(Invoice.number == number, visible)).one_or_none()


def lock_invoice(session: Session, number: str) -> Invoice | None:
    """The invoice of this number as it is now, its customer locked first: so no two writers wait for each other."""
    customer_id = session.scalar(select(Invoice.customer_id).where(Invoice.number == number))
    if customer_id is None:
        return None
    lock_customer(session, customer_id)
    bills_go_to = selectinload(Invoice.customer).selectinload(Customer.addresses)
    statement = _whole().options(bills_go_to).where(Invoice.number == number).execution_options(populate_existing=True)
    return session.scalars(statement.with_for_update(of=Invoice)).one()


def locked_invoice(session: Session, number: str) -> Invoice:
    """As `lock_invoice`, of an invoice that is there; raises LookupError when it is not."""
    found = lock_invoice(session, number)
    if found is None:
        raise LookupError(f"Failed to lock invoice {number}: there is none.")
    return found


def open_invoices(session: Session, customer_id: int, currency: str) -> Sequence[Invoice]:
    """What the customer still has to pay, the most urgent first."""
    statement = select(Invoice).where(
        Invoice.customer_id == customer_id, Invoice.state.in_(OPEN), Invoice.currency == currency
    )
    return session.scalars(statement.order_by(Invoice.due_on, Invoice.id)).all()


def shipments_of(session: Session, invoice_ids: Collection[int]) -> Mapping[int, list[str]]:
    """The numbers of the shipments that these invoices ask for."""
    statement = (
        select(InvoiceShipment.invoice_id, Shipment.number)
        .join(Shipment, Shipment.id == InvoiceShipment.shipment_id)
        .where(InvoiceShipment.invoice_id.in_(invoice_ids))
        .order_by(Shipment.id)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for invoice_id, number in session.execute(statement):
        found[invoice_id].append(number)
    return found


def order_numbers(session: Session, invoice_ids: Collection[int]) -> Mapping[int, dict[int, str]]:
    """The orders that these invoices ask for, numbers by id."""
    statement = (
        select(InvoiceLine.invoice_id, SalesOrder.id, SalesOrder.number)
        .join(SalesOrder, SalesOrder.id == InvoiceLine.order_id)
        .where(InvoiceLine.invoice_id.in_(invoice_ids))
        .distinct()
        .order_by(SalesOrder.id)
    )
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for invoice_id, order_id, number in session.execute(statement):
        found[invoice_id][order_id] = number
    return found


# --- payments ---


def payments(
    session: Session, *, customer: str | None = None, after: str | None = None, limit: int = 25
) -> Page[Payment]:
    """A page of payments with their customers, by age."""
    statement = select(Payment).options(selectinload(Payment.customer))
    if customer is not None:
        statement = statement.where(Payment.customer_id.in_(select(Customer.id).where(Customer.number == customer)))
    return Keyset(Payment.id, Payment.number).page(session, statement, after=after, limit=limit)


def newest_payments(session: Session, *conditions: ColumnElement[bool], limit: int = 20) -> Sequence[Payment]:
    """Payments with their customers, newest first."""
    statement = select(Payment).where(*conditions).options(selectinload(Payment.customer))
    return session.scalars(statement.order_by(Payment.id.desc()).limit(limit)).all()


def payment(session: Session, number: str) -> Payment | None:
    """The payment of this number with its customer."""
    return session.scalars(
        select(Payment).where(Payment.number == number).options(selectinload(Payment.customer))
    ).one_or_none()


def reversals(session: Session, payment_ids: Collection[int]) -> Mapping[int, str]:
    """The reversal of each of these payments that has one."""
    reversal = aliased(Payment)
    statement = select(reversal.reverses_id, reversal.number).where(reversal.reverses_id.in_(payment_ids))
    return {payment_id or 0: number for payment_id, number in session.execute(statement)}


def allocations(session: Session, payment_ids: Collection[int]) -> Mapping[int, dict[str, Decimal]]:
    """How much each invoice has of these payments."""
    statement = (
        select(PaymentAllocation.payment_id, Invoice.number, func.sum(PaymentAllocation.amount))
        .join(Invoice, Invoice.id == PaymentAllocation.invoice_id)
        .where(PaymentAllocation.payment_id.in_(payment_ids))
        .group_by(PaymentAllocation.payment_id, Invoice.id, Invoice.number)
        .order_by(Invoice.id)
    )
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for payment_id, number, amount in session.execute(statement):
        if amount:
            found[payment_id][number] = amount
    return found


def received(session: Session, invoice_id: int) -> Mapping[int, Decimal]:
    """How much an invoice has of each payment, by the payment's id."""
    statement = (
        select(PaymentAllocation.payment_id, func.sum(PaymentAllocation.amount))
        .where(PaymentAllocation.invoice_id == invoice_id)
        .group_by(PaymentAllocation.payment_id)
        .order_by(PaymentAllocation.payment_id)
    )
    return {payment_id: amount for payment_id, amount in session.execute(statement) if amount}


def numbers_of(session: Session, payment_ids: Collection[int]) -> Mapping[int, str]:
    """The numbers of these payments by id."""
    return dict(session.execute(select(Payment.id, Payment.number).where(Payment.id.in_(payment_ids))).all())


def payments_for(session: Session, invoice_id: int) -> Sequence[tuple[Payment, Decimal]]:
    """What payments brought for an invoice, or took back, in the order in which it was booked."""
    statement = (
        select(Payment, PaymentAllocation.amount)
        .join(PaymentAllocation, PaymentAllocation.payment_id == Payment.id)
        .where(PaymentAllocation.invoice_id == invoice_id)
        .order_by(PaymentAllocation.id)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]
