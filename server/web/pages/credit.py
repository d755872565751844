"""Credit: orders that wait for it with the form that lets them through, and the account of one customer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.activity import sales_activity
from server.erp.billing import credit, owed, repository
from server.erp.billing.access import note_credit_views
from server.erp.billing.models import Invoice, Payment
from server.errors import Invalid, NotFound, Refused
from server.http.paging import Before, Number
from server.parties.repository import customer as find_customer
from server.web.entry import FormDep
from server.web.money_view import invoice_row, sees_activity
from server.web.order_actions import perform
from server.web.page import PageDep
from server.web.pages.customers import around
from server.web.sections import MONEY, show_in

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CREDIT_READ))]
Releaser = Annotated[Principal, Depends(require(Permission.CREDIT_RELEASE))]


@router.get("/credit")
def show_holds(page: PageDep, principal: Reader, after: Before = None) -> Response:
    """Orders on credit hold, the oldest first, each with why it waits."""
    with page.database.read() as session:
        found = owed.orders_on_credit_hold(session, after=after or 0)
        orders = found.items
        customers = {order.customer_id: order.customer for order in orders}
        credits = credit.credits_of(session, list(customers.values()), now=page.now)
        checks = credit.checks_of(session, orders, credits, now=page.now)
    note_credit_views(page.database, principal, [each.customer for each in credits.values()], now=page.now)
    next_href = f"/credit?after={orders[-1].id}" if found.more else None
    shown: dict[str, Any] = {
        "orders": orders,
        "credits": credits,
        "checks": checks,
        "next_href": next_href,
        "is_first": not after,
    }
    return show_in(MONEY, page, "money/holds.html", **shown)


@router.post("/credit/{number}/release")
def release(page: PageDep, principal: Releaser, number: Number, form: FormDep) -> Response:
    """Confirm the order all the same, with a reason."""
    try:
        done, kind = perform(page, principal, number, action="release-credit", form=form)
    except (Refused, Invalid) as refusal:
        return page.go("/credit", refusal.detail, kind="stop")
    return page.go("/credit", done, kind=kind)


@router.get("/customers/{number}/account")
def show_account(page: PageDep, principal: Reader, number: Number) -> Response:
    """What a customer owes, may owe and has paid, and beside it what sales has done lately."""
    with page.database.read() as session:
        customer = find_customer(session, number)
        if customer is None:
            raise NotFound
        today = credit.today(session, page.now)
        invoices = repository.newest_invoices(session, Invoice.customer_id == customer.id, limit=30)
        context = around(session, customer, "account") | {
            "credit": credit.credit_of(session, customer, now=page.now),
            "invoices": [invoice_row(each, today) for each in invoices],
            "payments": repository.newest_payments(session, Payment.customer_id == customer.id, limit=15),
            "activity": sales_activity(session, customer) if sees_activity(principal) else (),
        }
    note_credit_views(page.database, principal, [customer.number], now=page.now)
    return page.show("customers/account.html", **context)
