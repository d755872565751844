"""What an order shows of its invoices: its billing axis and what is not invoiced yet, put on its row."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from server.db import touch
from server.erp.billing import deliveries
from server.erp.billing.credit import standings, uninvoiced_gross
from server.erp.billing.models import Invoice
from server.erp.billing.rules import billing_of
from server.erp.billing.states import MoneyFact
from server.erp.orders.models import SalesOrder
from server.journal.facts import OfficeFact, write_office


def mirror_orders(
    session: Session, invoice: Invoice, kind: MoneyFact, *, actor: str, now: datetime, reason: str | None = None
) -> None:
    """Bring every order of an invoice up to date, with a fact for each that tells why."""
    orders = refresh_orders(session, {line.order_id for line in invoice.lines})
    detail = {"reason": reason} if reason else {}
    if invoice.credit_note and kind == MoneyFact.INVOICE_CANCELLED:
        detail["credit_note"] = invoice.credit_note
    write_office(
        session,
        [
            OfficeFact(kind=kind, subject=invoice.number, actor=actor, at=now, order_id=order.id, detail=detail)
            for order in orders
        ],
    )
    note_change(session, invoice)


def refresh_orders(session: Session, order_ids: set[int]) -> list[SalesOrder]:
    """The orders of these ids with billing and uninvoiced amount as their invoices say, locked until the commit."""
    statement = (
        select(SalesOrder)
        .where(SalesOrder.id.in_(order_ids))
        .options(selectinload(SalesOrder.lines), selectinload(SalesOrder.customer))
        .order_by(SalesOrder.id)
        .with_for_update(of=SalesOrder)
        .execution_options(populate_existing=True)
    )
    orders = list(session.scalars(statement))
    unpaid = deliveries.unpaid_orders(session, order_ids)
    for order, lines in standings(session, orders).items():
        order.billing = billing_of(lines, all_paid=order.id not in unpaid).value
        order.uninvoiced_gross = uninvoiced_gross(order, lines)
        touch(session, f"order:{order.number}")
    session.flush()
    return orders


def note_change(session: Session, invoice: Invoice) -> None:
    """Note that viewers of the invoice's customer, who is loaded, see something new."""
    touch(session, f"customer:{invoice.customer.number}", "orders")
