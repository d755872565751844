"""Payments: the list, the form for money that came, and its reversal."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.billing import credit, payments, repository
from server.erp.billing.models import Invoice, Payment
from server.erp.billing.rules import ZERO
from server.erp.billing.schemas import PaymentIn
from server.erp.billing.states import OPEN
from server.erp.orders.pricing import rounded
from server.errors import Conflict, NotFound
from server.http.currencies import CURRENCIES
from server.http.fields import plain
from server.http.paging import Number, Text
from server.messages import N_
from server.parties.models import Customer
from server.web.customer_choice import customer_choices, with_customer
from server.web.entry import Fault, FormDep, checked, given
from server.web.forms import Form
from server.web.money_view import invoice_row
from server.web.once import attempt_once
from server.web.page import Page, PageDep
from server.web.sections import MONEY, show_in

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 25

Reader = Annotated[Principal, Depends(require(Permission.INVOICES_READ))]
Writer = Annotated[Principal, Depends(require(Permission.INVOICES_WRITE))]

_FIELDS = ("customer", "amount", "currency", "received_on", "reference")
_WORDS = {"customer": N_("Choose one of the list."), "currency": N_("Choose one of the list.")}


@router.get("/payments")
def show_payments(page: PageDep, _principal: Reader, before: Text = None) -> Response:
    """The list, newest first."""
    start = int(before) if before and before.isascii() and before.isdigit() and len(before) < 18 else None
    with page.database.read() as session:
        conditions = [] if start is None else [Payment.id < start]
        found = repository.newest_payments(session, *conditions, limit=PAGE_SIZE + 1)
        shown = found[:PAGE_SIZE]
        ids = [payment.id for payment in shown]
        shares, reversals = repository.allocations(session, ids), repository.reversals(session, ids)
    return show_in(
        MONEY,
        page,
        "money/payments.html",
        payments=shown,
        shares=shares,
        reversals=reversals,
        older=shown[-1].id if len(found) > PAGE_SIZE else None,
        is_first=start is None,
    )


@router.get("/payments/new")
def new_payment(page: PageDep, _principal: Writer, customer: Text = None, invoice: Text = None) -> Response:
    """An empty form; for an invoice, filled with what is open of it."""
    typed = {"customer": customer or "", "received_on": page.formats.day_of(page.now).isoformat()}
    with page.database.read() as session:
        found = repository.invoice(session, invoice) if invoice else None
        if found is not None:
            typed |= {
                "customer": found.customer.number,
                "currency": found.currency,
                "amount": str(rounded(found.open, found.currency)) if found.open else "",
                "invoice": found.number,
            }
    return _show(page, Form(typed))


@router.post("/payments/new")
def add_payment(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Record the money: for the invoice that was chosen, or for the most urgent ones."""
    try:
        form = with_customer(page, form)
        body = checked(page, form, model=PaymentIn, data=given(form, *_FIELDS), words=_WORDS)

        def work(session: Session) -> tuple[str, str, str]:
            wanted = _for_invoice(session, body, form.get("invoice"))
            made = payments.record_payment(session, wanted, actor=principal.actor, now=page.now)
            return made.number, plain(made.amount), made.currency

        number, came, currency = attempt_once(page, principal, form, work, fields={"more_than_open": "amount"})
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    amount = page.formats.money(Decimal(came), currency)
    said = page.say(N_("%(number)s is recorded: %(amount)s."), number=number, amount=amount)
    target = form.get("invoice")
    return page.go(f"/invoices/{target}" if target else "/payments", said)


def _for_invoice(session: Session, body: PaymentIn, number: str | None) -> PaymentIn:
    """The payment for one invoice: it gets what is open of it, and what came too much stays as credit."""
    invoice = repository.lock_invoice(session, number) if number else None
    if invoice is None:
        return body
    share = min(body.amount, invoice.open if invoice.state in OPEN else ZERO)
    allocations: list[dict[str, Any]] = [{"invoice": invoice.number, "amount": share}] if share > 0 else []
    return PaymentIn.model_validate(body.model_dump() | {"currency": invoice.currency, "allocations": allocations})


@router.post("/payments/{number}/reverse")
def reverse(page: PageDep, principal: Writer, number: Number, form: FormDep) -> Response:
    """The money went back, with a reason."""
    reason = form.text("reason")[:200]
    if not reason or not reason.isprintable():
        return page.go("/payments", page.say(N_("Say why in a few words.")), kind="stop")

    def work(session: Session) -> str:
        payment = repository.payment(session, number)
        if payment is None:
            raise NotFound
        return payments.reverse_payment(session, payment, reason=reason, actor=principal.actor, now=page.now).number

    try:
        reversal = page.database.write(work)
    except Conflict as refusal:
        return page.go("/payments", refusal.detail, kind="stop")
    said = page.say(N_("%(number)s is reversed by %(reversal)s."), number=number, reversal=reversal)
    return page.go("/payments", said)


def _show(page: Page, form: Form, *, status: int = 200) -> Response:
    with page.database.read() as session:
        customers = customer_choices(session, blocked=True)
        owner = select(Customer.id).where(Customer.number == form.text("customer"))
        waiting = repository.newest_invoices(
            session, Invoice.customer_id.in_(owner), Invoice.state.in_(OPEN), limit=100
        )
        today = credit.today(session, page.now)
        rows = [invoice_row(invoice, today) for invoice in waiting]
    return show_in(
        MONEY,
        page,
        "money/payment.html",
        status=status,
        form=form,
        customers=customers,
        invoices=rows,
        currencies=[(code, code) for code in sorted(CURRENCIES)],
        today=page.formats.day_of(page.now),
    )
