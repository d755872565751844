"""What pages show of money: the credit of a customer, the invoices and the profit of an order, a customer's account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.activity import sales_activity
from server.crm.customer_timeline import Item
from server.crm.doers import doers
from server.db import Database
from server.erp.billing import credit, owed, repository
from server.erp.billing.access import note_credit_views, visible_invoices
from server.erp.billing.credit import Credit
from server.erp.billing.models import Invoice, InvoiceLine
from server.erp.billing.profit import Profit, profit_of
from server.erp.billing.rules import is_overdue
from server.erp.orders import repository as orders
from server.erp.orders.models import SalesOrder
from server.journal.models import Fact
from server.messages import N_
from server.parties.repository import site
from server.tracking.states import OrderLifecycle

FIGURES = {
    "invoiced": N_("Invoiced"),
    "to_invoice": N_("Still to invoice"),
    "material": N_("Material"),
    "labour": N_("Labour"),
    "scrap": N_("Scrap"),
}
SOURCES = {
    "issued_invoices": N_("%(invoices)s issued invoices"),
    "order_lines": N_("prices of the order's lines"),
    "standard_cost": N_("standard cost of what the bill of material takes"),
    "facts_else_standard": N_(
        "%(minutes)s minutes; %(measured)s of %(operations)s operations measured, the others by standard"
    ),
    "scrapped_units": N_("standard cost of %(pieces)s scrapped pieces"),
}


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice in a list."""

    number: str
    customer: str
    customer_number: str
    #: Its state, or overdue where the clock says so.
    state: str
    currency: str
    gross: Decimal
    open: Decimal
    issued_on: date | None
    due_on: date | None
    id: int


def invoice_row(invoice: Invoice, today: date) -> InvoiceRow:
    """The line of an invoice whose customer is loaded."""
    late = is_overdue(invoice.state, invoice.due_on, today)
    return InvoiceRow(
        invoice.number,
        invoice.customer.name,
        invoice.customer.number,
        "overdue" if late else invoice.state,
        invoice.currency,
        invoice.gross,
        invoice.open if invoice.issued_on and invoice.credit_note is None else Decimal(0),
        invoice.issued_on,
        invoice.due_on,
        invoice.id,
    )


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """What the order page shows of money to those who may see it."""

    order: SalesOrder
    credit: Credit
    billing: str
    #: Why the order waits for credit.
    waits: str | None
    invoices: Sequence[InvoiceRow]
    profit: Profit | None
    #: When credit was released last, by whom and why.
    released: tuple[datetime, str | None, str] | None
    activity: Sequence[Item]


def order_money(session: Session, principal: Principal, number: str, *, now: datetime) -> OrderMoney | None:
    """Prices, credit, invoices and profit of an order; None for those who see none of it."""
    if not principal.is_staff or not principal.may(Permission.CREDIT_READ):
        return None
    order = orders.order(session, number)
    if order is None:
        return None
    today = credit.today(session, now)
    billed = select(InvoiceLine.invoice_id).where(InvoiceLine.order_id == order.id)
    invoices = [invoice_row(each, today) for each in repository.newest_invoices(session, Invoice.id.in_(billed))]
    on_hold = order.lifecycle == OrderLifecycle.CREDIT_HOLD
    released = repository.credit_release(session, order.id)
    late = any(each.state == "overdue" for each in invoices)
    return OrderMoney(
        order=order,
        credit=credit.credit_of(session, order.customer, now=now),
        billing="overdue" if late else order.billing,
        waits=credit.check_loaded(session, order, order.customer, now=now).sentence(number) if on_hold else None,
        invoices=invoices,
        profit=profit_of(session, order, now=now) if principal.may(Permission.PROFIT_READ) else None,
        released=None if released is None or on_hold else _released(session, released),
        activity=sales_activity(session, order.customer) if sees_activity(principal) else (),
    )


def _released(session: Session, fact: Fact) -> tuple[datetime, str | None, str]:
    who = doers(session, [fact.actor]).name(fact.actor, fact.observed_at)
    return fact.observed_at, who, str(fact.detail.get("reason", ""))


def sees_activity(principal: Principal) -> bool:
    """Whoever decides on credit sees what sales has done lately."""
    return principal.may(Permission.CREDIT_RELEASE)


def note_view(database: Database, principal: Principal, found: OrderMoney | None, *, now: datetime) -> None:
    """Keep in the audit that the credit of the order's customer was looked at."""
    if found is not None:
        note_credit_views(database, principal, [found.credit.customer], now=now)


@dataclass(frozen=True, slots=True)
class Account:
    """What a customer is shown of his own account."""

    balances: Mapping[str, Decimal]
    overdue: Mapping[str, Decimal]
    invoices: Sequence[InvoiceRow]
    #: A private link shows invoices and opens none.
    may_open: bool
    as_of: datetime


def customer_account(session: Session, principal: Principal, *, now: datetime) -> Account | None:
    """The caller's own balance and invoices, where the company shows them."""
    if principal.customer_id is None or not site(session).shows_balance:
        return None
    today = credit.today(session, now)
    found = repository.newest_invoices(session, visible_invoices(session, principal), limit=20)
    rows = [invoice_row(invoice, today) for invoice in found]
    if principal.kind == "visit":
        # A private link opens one order, and so what is to be paid for that order alone.
        return Account(_sums(rows), _sums([row for row in rows if row.state == "overdue"]), rows, False, now)
    customer_id = principal.customer_id
    late = owed.overdue_amounts(session, [customer_id], today)
    return Account(
        owed.open_amounts(session, [customer_id]).get(customer_id, {}),
        {currency: each.amount for currency, each in late.get(customer_id, {}).items()},
        rows,
        True,
        now,
    )


def _sums(rows: Sequence[InvoiceRow]) -> Mapping[str, Decimal]:
    """What is open of these invoices, by currency."""
    found: dict[str, Decimal] = {}
    for row in rows:
        if row.open:
            found[row.currency] = found.get(row.currency, Decimal(0)) + row.open
    return found
