"""What happens to payments: recorded with their invoices, taken back by a row of their own, credit put to use."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import touch
from server.erp.billing import owed, repository
from server.erp.billing.credit import today
from server.erp.billing.mirror import refresh_orders
from server.erp.billing.models import Invoice, InvoiceLine, Payment, PaymentAllocation
from server.erp.billing.rules import ZERO, allocate, money, state_of
from server.erp.billing.schemas import AllocationBody, PaymentIn
from server.erp.billing.states import OPEN, MoneyFact
from server.erp.orders.pricing import coin
from server.errors import FieldError, Invalid, Refused
from server.http.numbers import fresh
from server.journal.facts import OfficeFact, write_office
from server.messages import in_words
from server.messages import translate as _
from server.parties.models import Customer
from server.parties.repository import customer as find_customer

Share = tuple[Invoice, Decimal]


def record_payment(session: Session, body: PaymentIn, *, actor: str, now: datetime) -> Payment:
    """Money came: for the invoices named, or for the most urgent ones; what no invoice takes stays as credit.

    Raises Invalid for a wrong customer, currency, amount or day, Refused when an invoice would get more than is open.
    """
    named = find_customer(session, body.customer)
    if named is None:
        message = _("There is no customer {number}.").format(number=body.customer)
        raise Invalid(errors=[FieldError("customer", message, "unknown")])
    customer = repository.lock_customer(session, named.id)
    currency = body.currency or customer.currency
    day = body.received_on or today(session, now)
    _check(session, body, currency, now)
    shares = _shares(session, body, customer, currency)
    if currency != customer.currency and not shares:
        message = _("{customer} is asked for nothing in {currency}.").format(
            customer=customer.number, currency=currency
        )
        raise Invalid(errors=[FieldError("currency", message, "wrong_currency")])
    payment = Payment(
        number=fresh(session, "PAY", Payment.number),
        customer=customer,
        currency=currency,
        amount=body.amount,
        received_on=day,
        reference=body.reference,
        created_at=now,
        created_by=actor,
    )
    session.add(payment)
    session.flush()
    _book(session, payment, shares, actor=actor, now=now)
    _tell(session, payment, MoneyFact.PAYMENT_RECORDED, shares, by=(actor, now))
    return payment


def reverse_payment(session: Session, payment: Payment, *, reason: str, actor: str, now: datetime) -> Payment:
    """The money went back: a new row with the amount negative, and its invoices are open again. Returns that row."""
    customer = repository.lock_customer(session, payment.customer_id)
    if payment.reverses_id is not None:
        raise Refused(_("{number} is a reversal itself.").format(number=payment.number), reason="is_reversal")
    known = repository.reversals(session, [payment.id]).get(payment.id)
    if known is not None:
        raise Refused(
            _("{number} is reversed already, by {reversal}.").format(number=payment.number, reversal=known),
            reason="already_reversed",
        )
    reversal = Payment(
        number=fresh(session, "PAY", Payment.number),
        customer=customer,
        currency=payment.currency,
        amount=-payment.amount,
        received_on=today(session, now),
        reference=payment.reference,
        reverses_id=payment.id,
        reason=reason,
        created_at=now,
        created_by=actor,
    )
    session.add(reversal)
    session.flush()
    had = repository.allocations(session, [payment.id]).get(payment.id, {})
    invoices = _locked(session, Invoice.number.in_(had))
    shares = [(invoice, -had[invoice.number]) for invoice in invoices]
    _book(session, reversal, shares, actor=actor, now=now)
    _tell(session, reversal, MoneyFact.PAYMENT_REVERSED, shares, by=(actor, now), reason=reason)
    return reversal


def use_credit(session: Session, invoice: Invoice, *, actor: str, now: datetime) -> Decimal:
    """Pay a locked invoice from what the customer has paid too much; returns how much that was."""
    if invoice.state not in OPEN:
        raise Refused(_("{number} has nothing to pay.").format(number=invoice.number), reason=f"is_{invoice.state}")
    spare = owed.unallocated(session, invoice.customer_id, invoice.currency)
    used = ZERO
    for (payment_id, left), share in zip(spare, _spread(invoice.open, spare), strict=True):
        payment = session.get(Payment, payment_id) if share > 0 and left else None
        if payment is not None:
            _book(session, payment, [(invoice, share)], actor=actor, now=now)
            used += share
    if not used:
        raise Refused(
            _("{customer} has no credit in {currency}.").format(
                customer=invoice.customer.number, currency=invoice.currency
            ),
            reason="no_credit",
        )
    touch(session, f"customer:{invoice.customer.number}")
    return used


def _spread(amount: Decimal, spare: Iterable[tuple[int, Decimal]]) -> list[Decimal]:
    return allocate(amount, [left for _payment, left in spare])


def _check(session: Session, body: PaymentIn, currency: str, now: datetime) -> None:
    errors = []
    if body.amount % coin(currency):
        message = _("{amount} is no whole number of the smallest coin of {currency}, {coin}.").format(
            amount=body.amount, currency=currency, coin=coin(currency)
        )
        errors.append(FieldError("amount", message, "not_in_coins"))
    if body.received_on is not None and body.received_on > today(session, now):
        message = _("The money cannot have come on {day}, which is still to be.").format(day=in_words(body.received_on))
        errors.append(FieldError("received_on", message, "in_future"))
    total = sum((wanted.amount for wanted in body.allocations or ()), ZERO)
    if total > body.amount:
        message = _("The invoices are to get {total}, and {amount} came.").format(total=total, amount=body.amount)
        errors.append(FieldError("allocations", message, "too_much"))
    if errors:
        raise Invalid(errors=errors)


def _shares(session: Session, body: PaymentIn, customer: Customer, currency: str) -> list[Share]:
    if body.allocations is None:
        invoices = repository.open_invoices(session, customer.id, currency)
        shares = allocate(body.amount, [invoice.open for invoice in invoices])
        return [(invoice, share) for invoice, share in zip(invoices, shares, strict=True) if share > 0]
    wanted: dict[str, Decimal] = {}
    for allocation in body.allocations:
        wanted[allocation.invoice] = wanted.get(allocation.invoice, ZERO) + allocation.amount
    found = {invoice.number: invoice for invoice in _locked(session, Invoice.number.in_(wanted))}
    errors = [
        FieldError(f"allocations.{place}.invoice", sentence, "unknown")
        for place, allocation in enumerate(body.allocations)
        if (sentence := _mismatch(allocation, found.get(allocation.invoice), customer, currency)) is not None
    ]
    if errors:
        raise Invalid(errors=errors)
    for number, amount in wanted.items():
        _require_room(found[number], amount)
    return [(found[number], amount) for number, amount in wanted.items()]


def _mismatch(wanted: AllocationBody, invoice: Invoice | None, customer: Customer, currency: str) -> str | None:
    if invoice is None or invoice.customer_id != customer.id:
        return _("{customer} has no invoice {number}.").format(customer=customer.number, number=wanted.invoice)
    if invoice.currency != currency:
        return _("{number} is in {wanted}, and the payment in {currency}.").format(
            number=invoice.number, wanted=invoice.currency, currency=currency
        )
    if wanted.amount % coin(currency):
        return _("{amount} is no whole number of the smallest coin of {currency}, {coin}.").format(
            amount=wanted.amount, currency=currency, coin=coin(currency)
        )
    return None


def _require_room(invoice: Invoice, amount: Decimal) -> None:
    still_open = invoice.open if invoice.state in OPEN else ZERO
    if amount > still_open:
        raise Refused(
            _("{number} cannot get {amount}: only {open} {currency} are open.").format(
                number=invoice.number,
                amount=money(amount, invoice.currency),
                open=money(still_open, invoice.currency),
                currency=invoice.currency,
            ),
            reason="more_than_open",
        )


def _locked(session: Session, condition: object) -> Sequence[Invoice]:
    statement = select(Invoice).where(condition).order_by(Invoice.id)  # type: ignore[arg-type]
    locked = statement.with_for_update(of=Invoice).execution_options(populate_existing=True)
    return session.scalars(locked).all()


def _book(session: Session, payment: Payment, shares: Sequence[Share], *, actor: str, now: datetime) -> None:
    """Give the invoices their shares, and bring their orders up to date."""
    for invoice, amount in shares:
        session.add(
            PaymentAllocation(
                payment_id=payment.id, invoice_id=invoice.id, amount=amount, created_at=now, created_by=actor
            )
        )
        invoice.paid += amount
        invoice.state = state_of(invoice.gross, invoice.paid).value
    session.flush()
    ids = [invoice.id for invoice, _amount in shares]
    orders = select(InvoiceLine.order_id).where(InvoiceLine.invoice_id.in_(ids))
    refresh_orders(session, set(session.scalars(orders)))


def _tell(
    session: Session,
    payment: Payment,
    kind: MoneyFact,
    shares: Sequence[Share],
    *,
    by: tuple[str, datetime],
    reason: str | None = None,
) -> None:
    actor, now = by
    detail: dict[str, object] = {"invoices": [invoice.number for invoice, _amount in shares]}
    if reason:
        detail["reason"] = reason
    write_office(session, [OfficeFact(kind=kind, subject=payment.number, actor=actor, at=now, detail=detail)])
    touch(session, f"customer:{payment.customer.number}", "orders")
