"""The doors to invoices, payments and credit."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.billing import credit, payments, profit, repository, service
from server.erp.billing.access import note_credit_views, require_reader, visible_invoices
from server.erp.billing.models import Invoice, Payment
from server.erp.billing.schemas import (
    CreditOut,
    InvoiceIn,
    InvoiceList,
    InvoiceOut,
    InvoicePatch,
    PaymentIn,
    PaymentList,
    PaymentOut,
    ReasonBody,
)
from server.erp.billing.states import InvoiceState
from server.erp.orders.access import visible_orders
from server.erp.orders.repository import order as find_order
from server.errors import NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.outside import listed
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.http.versions import guard
from server.parties.repository import customer as find_customer
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1")

OrdersRead = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
CreditRead = Annotated[Principal, Depends(require(Permission.CREDIT_READ))]
InvoicesRead = Annotated[Principal, Depends(require(Permission.INVOICES_READ))]
InvoicesWrite = Annotated[Principal, Depends(require(Permission.INVOICES_WRITE))]
ProfitRead = Annotated[Principal, Depends(require(Permission.PROFIT_READ))]


# --- invoices ---


@router.get("/invoices", response_model=InvoiceList)
def list_invoices(
    database: DatabaseDep,
    principal: OrdersRead,
    state: InvoiceState | None = None,
    customer: Text = None,
    order: Text = None,
    overdue: bool | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """The invoices that the caller may know of, by age."""
    require_reader(principal)
    with database.read() as session:
        today = credit.today(session, utc_now())
        wanted = repository.InvoiceFilter(
            state=state.value if state else None, customer=customer, order=order, overdue=overdue, today=today
        )
        visible = visible_invoices(session, principal)
        page = repository.invoices(session, wanted, visible=visible, after=after, limit=limit)
        items = _answers(session, page.items)
    return listed(InvoiceList, items, more=page.more)


@router.get("/invoices/{number}", response_model=InvoiceOut)
def get_invoice(database: DatabaseDep, principal: OrdersRead, number: Number) -> JSONResponse:
    """One invoice with its lines."""
    require_reader(principal)
    with database.read() as session:
        invoice = repository.invoice(session, number, visible=visible_invoices(session, principal))
        if invoice is None:
            raise NotFound
        return shown(_bodies(session, [invoice])[0])


@router.post("/invoices", status_code=201, response_model=InvoiceOut)
def post_invoice(door: DoorDep, principal: InvoicesWrite, body: InvoiceIn) -> JSONResponse:
    """A draft for what left with one or more shipments."""

    def make(session: Session) -> Answer:
        invoice = service.create_invoice(session, body, actor=principal.actor, now=door.now)
        return Answer(201, _bodies(session, [invoice])[0])

    return door.post(principal, body, make)


@router.patch("/invoices/{number}", response_model=InvoiceOut)
def patch_invoice(door: DoorDep, principal: InvoicesWrite, number: Number, body: InvoicePatch) -> JSONResponse:
    """Change the note or the prices of a draft; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        invoice = _locked(session, number)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = _bodies(session, [invoice])[0]
        guard(number, expected=expected, got=invoice.row_version, wanted=wanted, stored=stored)
        service.change_invoice(session, invoice, body, actor=principal.actor, now=door.now)
        return Answer(200, _bodies(session, [invoice])[0])

    return door.change(make)


@router.post("/invoices/{number}/issue", response_model=InvoiceOut)
def issue(door: DoorDep, principal: InvoicesWrite, number: Number) -> JSONResponse:
    """Ask the customer to pay: from here on nothing about it changes but what is paid."""

    def act(session: Session, invoice: Invoice) -> None:
        service.issue_invoice(session, invoice, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


@router.post("/invoices/{number}/cancel", response_model=InvoiceOut)
def cancel(door: DoorDep, principal: InvoicesWrite, number: Number, body: ReasonBody) -> JSONResponse:
    """Take it back, with a reason; an issued one gets a credit note, and its shipments can be invoiced again."""

    def act(session: Session, invoice: Invoice) -> None:
        service.cancel_invoice(session, invoice, reason=body.reason, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act, body)


@router.post("/invoices/{number}/use-credit", response_model=InvoiceOut)
def use_credit(door: DoorDep, principal: InvoicesWrite, number: Number) -> JSONResponse:
    """Pay it from what the customer has paid too much."""

    def act(session: Session, invoice: Invoice) -> None:
        payments.use_credit(session, invoice, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


def _act(
    door: Door,
    principal: Principal,
    number: str,
    act: Callable[[Session, Invoice], None],
    body: ReasonBody | None = None,
) -> JSONResponse:
    def make(session: Session) -> Answer:
        invoice = _locked(session, number)
        door.check_if_given(number, invoice.row_version, lambda: _bodies(session, [invoice])[0])
        act(session, invoice)
        return Answer(200, _bodies(session, [invoice])[0])

    return door.post(principal, body, make)


def _locked(session: Session, number: str) -> Invoice:
    invoice = repository.lock_invoice(session, number)
    if invoice is None:
        raise NotFound
    return invoice


def _bodies(session: Session, invoices: Sequence[Invoice]) -> list[dict[str, Any]]:
    return [answer.model_dump(mode="json") for answer in _answers(session, invoices)]


def _answers(session: Session, invoices: Sequence[Invoice]) -> list[InvoiceOut]:
    ids = [invoice.id for invoice in invoices]
    orders, shipments = repository.order_numbers(session, ids), repository.shipments_of(session, ids)
    today = credit.today(session, utc_now())
    return [
        InvoiceOut.of(invoice, list(orders.get(invoice.id, {}).values()), shipments.get(invoice.id, []), today=today)
        for invoice in invoices
    ]


# --- payments ---


@router.get("/payments", response_model=PaymentList)
def list_payments(
    database: DatabaseDep,
    _principal: InvoicesRead,
    customer: Text = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """Payments and their reversals, by age."""
    with database.read() as session:
        page = repository.payments(session, customer=customer, after=after, limit=limit)
        items = _payment_bodies(session, page.items)
    return JSONResponse(as_json(items, more=page.more))


@router.get("/payments/{number}", response_model=PaymentOut)
def get_payment(database: DatabaseDep, _principal: InvoicesRead, number: Number) -> JSONResponse:
    """One payment with the invoices that have it."""
    with database.read() as session:
        return shown(_payment_bodies(session, [_payment(session, number)])[0])


@router.post("/payments", status_code=201, response_model=PaymentOut)
def post_payment(door: DoorDep, principal: InvoicesWrite, body: PaymentIn) -> JSONResponse:
    """Money came."""

    def make(session: Session) -> Answer:
        payment = payments.record_payment(session, body, actor=principal.actor, now=door.now)
        return Answer(201, _payment_bodies(session, [payment])[0])

    return door.post(principal, body, make)


@router.post("/payments/{number}/reverse", response_model=PaymentOut)
def reverse(door: DoorDep, principal: InvoicesWrite, number: Number, body: ReasonBody) -> JSONResponse:
    """The money went back, with a reason; the answer is the reversal."""

    def make(session: Session) -> Answer:
        payment = _payment(session, number)
        reversal = payments.reverse_payment(session, payment, reason=body.reason, actor=principal.actor, now=door.now)
        return Answer(200, _payment_bodies(session, [reversal])[0])

    return door.post(principal, body, make)


def _payment(session: Session, number: str) -> Payment:
    payment = repository.payment(session, number)
    if payment is None:
        raise NotFound
    return payment


def _payment_bodies(session: Session, found: Sequence[Payment]) -> list[dict[str, Any]]:
    ids = [payment.id for payment in found]
    shares, reversals = repository.allocations(session, ids), repository.reversals(session, ids)
    originals = repository.numbers_of(session, [payment.reverses_id for payment in found if payment.reverses_id])
    return [
        PaymentOut.of(
            payment,
            {
                "allocations": shares.get(payment.id, {}),
                "reverses": originals.get(payment.reverses_id or 0),
                "reversed_by": reversals.get(payment.id),
            },
        ).model_dump(mode="json")
        for payment in found
    ]


# --- credit and profit ---


@router.get("/customers/{number}/credit", response_model=CreditOut)
def get_credit(database: DatabaseDep, principal: CreditRead, number: Number) -> JSONResponse:
    """What the customer owes, may owe and has paid, now; every view stands in the audit."""
    now = utc_now()
    with database.read() as session:
        customer = find_customer(session, number)
        if customer is None:
            raise NotFound
        body = CreditOut.of(credit.credit_of(session, customer, now=now)).model_dump(mode="json")
    note_credit_views(database, principal, [customer.number], now=now)
    return shown(body)


@router.get("/orders/{number}/profit")
def get_profit(database: DatabaseDep, principal: ProfitRead, number: Number) -> JSONResponse:
    """What the order really earns, each figure with its source and how old it is."""
    with database.read() as session:
        order = find_order(session, number, visible=visible_orders(principal))
        if order is None:
            raise NotFound
        return shown(profit.profit_of(session, order, now=utc_now()).as_json())
