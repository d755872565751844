"""Who sees which invoices, and the entry in the audit that every view of somebody's credit leaves."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import Session

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.db import Database
from server.erp.billing.models import Invoice, InvoiceLine
from server.erp.orders.access import is_customer
from server.errors import Forbidden
from server.journal.audit import write_audit
from server.journal.models import Audit
from server.parties.repository import site

#: One entry for somebody who looks at the same again and again.
_ONCE_IN = timedelta(minutes=15)


def require_reader(principal: Principal) -> None:
    """Raise Forbidden for one of us who may not see invoices; a customer sees his own, or none."""
    if not is_customer(principal) and not principal.may(Permission.INVOICES_READ):
        raise Forbidden(extra={"permission": Permission.INVOICES_READ.value})


def visible_invoices(session: Session, principal: Principal) -> ColumnElement[bool]:
    """The invoices that exist for this caller: a customer's own, where the company shows them, and no drafts."""
    if not is_customer(principal):
        return true() if principal.may(Permission.INVOICES_READ) else false()
    if principal.customer_id is None or not site(session).shows_balance:
        return false()
    told = (Invoice.customer_id == principal.customer_id) & Invoice.issued_at.is_not(None)
    if principal.kind == "visit":
        # A private link opens one order, and so the invoices of that order alone.
        return told & Invoice.id.in_(select(InvoiceLine.invoice_id).where(InvoiceLine.order_id == principal.order_id))
    return told


def note_credit_views(database: Database, principal: Principal, customers: Collection[str], *, now: datetime) -> None:
    """Write into the audit whose debts and limits somebody saw; once in a quarter of an hour."""
    if not customers:
        return

    def work(session: Session) -> None:
        seen = session.scalars(
            select(Audit.subject).where(
                Audit.at > now - _ONCE_IN,
                Audit.actor == principal.actor,
                Audit.action == "credit_viewed",
                Audit.subject.in_(customers),
            )
        )
        for customer in sorted(set(customers) - set(seen)):
            write_audit(session, at=now, actor=principal.actor, action="credit_viewed", subject=customer)

    database.write(work)
