"""Invoices: the list, what can be invoiced, one invoice with what may be done to it, and its sheet to print."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.billing import credit, deliveries, owed, payments, repository, service
from server.erp.billing.access import require_reader, visible_invoices
from server.erp.billing.models import Invoice
from server.erp.billing.schemas import InvoiceIn
from server.erp.billing.states import OPEN, InvoiceState
from server.erp.orders.pricing import Totals, totals
from server.errors import Conflict, Invalid, NotFound
from server.http.paging import Before, Number, Text
from server.messages import N_
from server.parties.repository import site
from server.web.entry import Fault, FormDep, attempt, checked
from server.web.forms import Form
from server.web.money_view import InvoiceRow, invoice_row
from server.web.page import Page, PageDep
from server.web.sections import MONEY, show_in

router = APIRouter(include_in_schema=False)

OrdersReader = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
Reader = Annotated[Principal, Depends(require(Permission.INVOICES_READ))]
Writer = Annotated[Principal, Depends(require(Permission.INVOICES_WRITE))]

PAGE_SIZE = 25
VIEWS = {
    "open": N_("Open"),
    "overdue": N_("Overdue"),
    "draft": N_("Drafts"),
    "paid": N_("Paid"),
    "cancelled": N_("Cancelled"),
    "all": N_("All"),
}


@router.get("/invoices")
def show_invoices(page: PageDep, _principal: Reader, show: Text = None, after: Text = None) -> Response:
    """The list, newest first; its filter stands in the address."""
    view = show if show is not None and show in VIEWS else "open"
    with page.database.read() as session:
        today = credit.today(session, page.now)
        wanted = _conditions(view, today)
        before = int(after) if after and after.isascii() and after.isdigit() and len(after) < 18 else None
        found = repository.newest_invoices(session, *wanted, limit=PAGE_SIZE + 1, before=before)
        rows = [invoice_row(each, today) for each in found[:PAGE_SIZE]]
    return show_in(
        MONEY,
        page,
        "money/invoices.html",
        rows=rows,
        view=view,
        views=VIEWS,
        next_after=rows[-1].id if len(found) > PAGE_SIZE else None,
        is_first=before is None,
    )


def _conditions(view: str, today: date) -> list[ColumnElement[bool]]:
    if view == "all":
        return []
    if view == "overdue":
        return [repository.overdue(today)]
    return [Invoice.state.in_(OPEN)] if view == "open" else [Invoice.state == view]


@router.get("/to-invoice")
def show_deliveries(page: PageDep, _principal: Writer, after: Before = None) -> Response:
    """What has left and nobody was asked to pay for, the oldest first, by customer."""
    return _deliveries(page, Form(), after=after or 0)


@router.post("/to-invoice")
async def make_invoice(page: PageDep, request: Request, principal: Writer) -> Response:
    """Make a draft of the ticked shipments."""
    posted = await request.form()
    numbers = [value for value in posted.getlist("shipments") if isinstance(value, str)]
    return await run_in_threadpool(_make, page, principal, numbers)


def _make(page: Page, principal: Principal, numbers: list[str]) -> Response:
    form = Form()
    try:
        body = checked(page, form, model=InvoiceIn, data={"shipments": numbers})

        def work(session: Session) -> str:
            return service.create_invoice(session, body, actor=principal.actor, now=page.now).number

        number = attempt(page, form, work)
    except Fault as fault:
        return _deliveries(page, fault.form, status=fault.status)
    return page.go(
        f"/invoices/{number}", page.say(N_("%(number)s is drafted. Look at it, then issue it."), number=number)
    )


def _deliveries(page: Page, form: Form, *, after: int = 0, status: int = 200) -> Response:
    with page.database.read() as session:
        found = deliveries.uninvoiced_shipments(session, after=after)
        shipments = found.items
        quantities = deliveries.shipped_quantities(session, [shipment.id for shipment in shipments])
    groups: dict[tuple[str, str, str], list[tuple[object, Totals]]] = {}
    for shipment in shipments:
        order = shipment.order
        worth = totals(deliveries.as_lines(order, quantities.get(shipment.id, {})), order.currency)
        key = (order.customer.number, order.customer.name, order.currency)
        groups.setdefault(key, []).append((shipment, worth))
    next_href = f"/to-invoice?after={shipments[-1].id}" if found.more else None
    paging = {"next_href": next_href, "is_first": after == 0}
    return show_in(MONEY, page, "money/deliveries.html", status=status, form=form, groups=groups, **paging)


@router.get("/invoices/{number}")
def show_invoice(page: PageDep, principal: OrdersReader, number: Number) -> Response:
    """One invoice; a customer gets its sheet."""
    require_reader(principal)
    if not principal.is_staff:
        return show_sheet(page, principal, number)
    return _show(page, principal, number, Form())


@router.get("/invoices/{number}/print")
def show_sheet(page: PageDep, principal: OrdersReader, number: Number) -> Response:
    """The invoice as it is sent; cancelled, it is the credit note."""
    require_reader(principal)
    with page.database.read() as session:
        invoice = repository.invoice(session, number, visible=visible_invoices(session, principal))
        if invoice is None:
            raise NotFound
        ours = site(session)
        orders = repository.order_numbers(session, [invoice.id]).get(invoice.id, {})
    worth = totals(invoice.lines, invoice.currency)
    return page.show("print/invoice.html", invoice=invoice, worth=worth, ours=ours, orders=list(orders.values()))


@router.post("/invoices/{number}/{action}")
def act(page: PageDep, principal: Writer, number: Number, action: str, form: FormDep) -> Response:
    """Issue, cancel, or pay from credit; a refusal says why, on the invoice's own page."""
    deeds: dict[str, Callable[[Session, Invoice], str]] = {
        "issue": lambda session, invoice: _issue(page, principal, session, invoice),
        "cancel": lambda session, invoice: _cancel(page, principal, session, invoice=invoice, form=form),
        "use-credit": lambda session, invoice: _use_credit(page, principal, session, invoice),
    }
    if action not in deeds:
        raise NotFound

    def work(session: Session) -> str:
        invoice = repository.lock_invoice(session, number)
        if invoice is None:
            raise NotFound
        return deeds[action](session, invoice)

    try:
        said = page.database.write(work)
    except (Conflict, Invalid) as refusal:
        return page.go(f"/invoices/{number}", refusal.detail, kind="stop")
    return page.go(f"/invoices/{number}", said)


def _issue(page: Page, principal: Principal, session: Session, invoice: Invoice) -> str:
    service.issue_invoice(session, invoice, actor=principal.actor, now=page.now)
    day = page.formats.long_day(invoice.due_on) if invoice.due_on else ""
    return page.say(N_("%(number)s is issued. It is due on %(day)s."), number=invoice.number, day=day)


def _cancel(page: Page, principal: Principal, session: Session, *, invoice: Invoice, form: Form) -> str:
    reason = form.text("reason")[:200]
    if not reason or not reason.isprintable():
        raise Invalid(page.say(N_("Say why in a few words; the customer may read them.")))
    service.cancel_invoice(session, invoice, reason=reason, actor=principal.actor, now=page.now)
    if invoice.credit_note:
        return page.say(
            N_("%(number)s is cancelled by credit note %(note)s."), number=invoice.number, note=invoice.credit_note
        )
    return page.say(N_("%(number)s is cancelled."), number=invoice.number)


def _use_credit(page: Page, principal: Principal, session: Session, invoice: Invoice) -> str:
    used = payments.use_credit(session, invoice, actor=principal.actor, now=page.now)
    amount = page.formats.money(used, invoice.currency)
    return page.say(N_("%(amount)s of credit went to %(number)s."), amount=amount, number=invoice.number)


def _show(page: Page, principal: Principal, number: str, form: Form) -> Response:
    with page.database.read() as session:
        invoice = repository.invoice(session, number, visible=visible_invoices(session, principal))
        if invoice is None:
            raise NotFound
        row: InvoiceRow = invoice_row(invoice, credit.today(session, page.now))
        paid = repository.payments_for(session, invoice.id)
        spare = sum(left for _payment, left in owed.unallocated(session, invoice.customer_id, invoice.currency))
        orders = repository.order_numbers(session, [invoice.id]).get(invoice.id, {})
        shipments = repository.shipments_of(session, [invoice.id]).get(invoice.id, [])
    return show_in(
        MONEY,
        page,
        "money/invoice.html",
        invoice=invoice,
        row=row,
        worth=totals(invoice.lines, invoice.currency),
        payments=paid,
        spare=spare,
        orders=list(orders.values()),
        shipments=shipments,
        form=form,
        is_draft=invoice.state == InvoiceState.DRAFT,
        is_open=invoice.state in OPEN,
    )
