"""What happens to invoices. Services flush, write facts and note topics; the edge commits.

Whoever changes what a customer owes locks the customer first, so that no two writers wait for each other.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from server.erp.billing import deliveries, repository
from server.erp.billing.addresses import buyer_address, seller_address
from server.erp.billing.credit import today
from server.erp.billing.mirror import mirror_orders, note_change
from server.erp.billing.models import Invoice, InvoiceLine, InvoiceShipment, PaymentAllocation
from server.erp.billing.rules import ZERO, due, state_of
from server.erp.billing.schemas import InvoiceIn, InvoicePatch
from server.erp.billing.states import ISSUED, InvoiceState, MoneyFact
from server.erp.logistics.models import Shipment
from server.erp.orders.models import OrderLine
from server.erp.orders.pricing import bounded_totals, line_net
from server.errors import FieldError, Invalid, Refused
from server.http.numbers import fresh
from server.journal.audit import changes, write_audit
from server.messages import N_
from server.messages import translate as _
from server.tracking.states import ShipmentState

_LEFT = (ShipmentState.SHIPPED, ShipmentState.DELIVERED)
_BECAUSE = {
    InvoiceState.DRAFT.value: N_("it is a draft"),
    InvoiceState.ISSUED.value: N_("it is issued"),
    InvoiceState.PARTIALLY_PAID.value: N_("it is partly paid"),
    InvoiceState.PAID.value: N_("it is paid"),
    InvoiceState.CANCELLED.value: N_("it is cancelled"),
}


def create_invoice(session: Session, body: InvoiceIn, *, actor: str, now: datetime) -> Invoice:
    """A draft of what left with the shipments; raises Invalid or Refused, and says which shipment it is about."""
    shipments = _shipments(session, body.shipments)
    customer = repository.lock_customer(session, shipments[0].order.customer_id)
    _require_uninvoiced(session, shipments)
    order = shipments[0].order
    lines = _lines(session, shipments)
    found = bounded_totals(lines, order.currency)
    invoice = Invoice(
        number=fresh(session, "INV", Invoice.number),
        customer=customer,
        state=InvoiceState.DRAFT.value,
        currency=order.currency,
        net=found.net,
        tax=found.tax,
        gross=found.gross,
        note=body.note,
        created_at=now,
        created_by=actor,
        lines=lines,
    )
    session.add(invoice)
    session.flush()
    session.add_all(InvoiceShipment(invoice_id=invoice.id, shipment_id=shipment.id) for shipment in shipments)
    _mark(session, [shipment.id for shipment in shipments], to_invoice=False)
    session.flush()
    note_change(session, invoice)
    numbers = [shipment.number for shipment in shipments]
    write_audit(
        session, at=now, actor=actor, action="invoice_created", subject=invoice.number, detail={"shipments": numbers}
    )
    return invoice


def change_invoice(session: Session, invoice: Invoice, patch: InvoicePatch, *, actor: str, now: datetime) -> Invoice:
    """Change the note or the prices of a locked draft."""
    _require(invoice, InvoiceState.DRAFT, to=_("changed"))
    before = _plain(invoice)
    by_position = {line.position: line for line in invoice.lines}
    unknown = [
        FieldError(f"lines.{place}.position", _("{number} has no line {position}.").format(
            number=invoice.number, position=change.position), "unknown")
        for place, change in enumerate(patch.lines or ())
        if change.position not in by_position
    ]  # fmt: skip
    if unknown:
        raise Invalid(errors=unknown)
    for change in patch.lines or ():
        line = by_position[change.position]
        for field, value in change.prices().items():
            setattr(line, field, value)
        line.net = line_net(line, invoice.currency)
    if "note" in patch.changed():
        invoice.note = patch.note
    found = bounded_totals(invoice.lines, invoice.currency)
    invoice.net, invoice.tax, invoice.gross = found.net, found.tax, found.gross
    session.flush()
    detail = changes(before, _plain(invoice))
    if detail["after"]:
        write_audit(session, at=now, actor=actor, action="invoice_changed", subject=invoice.number, detail=detail)
        note_change(session, invoice)
    return invoice


def issue_invoice(session: Session, invoice: Invoice, *, actor: str, now: datetime) -> Invoice:
    """Ask the customer to pay: dates, amounts and addresses of a locked draft are frozen from here on."""
    _require(invoice, InvoiceState.DRAFT, to=_("issued"))
    unpriced = [str(line.position) for line in invoice.lines if line.unit_price is None]
    if unpriced:
        raise Refused(
            _("{number} cannot be issued: line {lines} has no price.").format(
                number=invoice.number, lines=", ".join(unpriced)
            ),
            reason="no_price",
        )
    invoice.state = state_of(invoice.gross, invoice.paid).value
    invoice.issued_at, invoice.issued_on = now, today(session, now)
    invoice.due_on = due(invoice.issued_on, invoice.customer.payment_terms_days)
    invoice.seller, invoice.buyer = seller_address(session), buyer_address(invoice.customer)
    session.flush()
    mirror_orders(session, invoice, MoneyFact.INVOICE_ISSUED, actor=actor, now=now)
    return invoice


def cancel_invoice(session: Session, invoice: Invoice, *, reason: str, actor: str, now: datetime) -> Invoice:
    """Take a locked invoice back: its shipments can be invoiced again, and what was paid becomes credit.

    An issued one gets a credit note, whose number the customer is told.
    """
    if invoice.state == InvoiceState.CANCELLED:
        raise Refused(_("{number} is cancelled already.").format(number=invoice.number), reason="is_cancelled")
    if invoice.state in ISSUED:
        invoice.credit_note = fresh(session, "CN", Invoice.credit_note)  # type: ignore[arg-type]
        _give_back(session, invoice, actor=actor, now=now)
    invoice.state = InvoiceState.CANCELLED.value
    invoice.cancelled_at, invoice.cancel_reason = now, reason
    freed = select(InvoiceShipment.shipment_id).where(InvoiceShipment.invoice_id == invoice.id)
    _mark(session, freed, to_invoice=True)
    session.execute(
        update(InvoiceShipment)
        .where(InvoiceShipment.invoice_id == invoice.id)
        .values(active=False)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    mirror_orders(session, invoice, MoneyFact.INVOICE_CANCELLED, actor=actor, now=now, reason=reason)
    return invoice


def _mark(session: Session, shipment_ids: Collection[int] | Select[int], *, to_invoice: bool) -> None:
    # The row version stays: nobody who edits the shipment has to look at it again.
    session.execute(
        update(Shipment)
        .where(Shipment.id.in_(shipment_ids))
        .values(to_invoice=to_invoice, row_version=Shipment.row_version)
        .execution_options(synchronize_session=False)
    )


def _give_back(session: Session, invoice: Invoice, *, actor: str, now: datetime) -> None:
    """What payments brought for the invoice is the customer's credit again."""
    session.add_all(
        PaymentAllocation(
            payment_id=payment_id, invoice_id=invoice.id, amount=-amount, created_at=now, created_by=actor
        )
        for payment_id, amount in repository.received(session, invoice.id).items()
    )
    invoice.paid = ZERO


def _require(invoice: Invoice, state: InvoiceState, *, to: str) -> None:
    if invoice.state != state:
        raise Refused(
            _("{number} cannot be {to}: {because}.").format(
                number=invoice.number, to=to, because=_(_BECAUSE[invoice.state])
            ),
            reason=f"is_{invoice.state}",
        )


# --- what an invoice is made from ---


def _shipments(session: Session, numbers: Sequence[str]) -> list[Shipment]:
    """The shipments of one customer and currency that have left, in the given order."""
    known = deliveries.shipments_by_number(session, numbers)
    errors = [
        FieldError(f"shipments.{place}", _("There is no shipment {number}. Check it.").format(number=number), "unknown")
        for place, number in enumerate(numbers)
        if number not in known
    ]
    if errors:
        raise Invalid(errors=errors)
    found = [known[number] for number in dict.fromkeys(numbers)]
    _require_alike(found)
    for shipment in found:
        if shipment.state not in _LEFT:
            raise Refused(
                _("{shipment} cannot be invoiced: it is {state}, and only what has left is invoiced.").format(
                    shipment=shipment.number, state=shipment.state
                ),
                reason="not_shipped",
            )
    return found


def _require_alike(shipments: Sequence[Shipment]) -> None:
    first = shipments[0].order
    errors = [
        FieldError(
            f"shipments.{place}",
            _("{shipment} goes to {customer} in {currency}; one invoice is for one customer and currency.").format(
                shipment=shipment.number, customer=shipment.order.customer.number, currency=shipment.order.currency
            ),
            "mixed",
        )
        for place, shipment in enumerate(shipments)
        if (shipment.order.customer_id, shipment.order.currency) != (first.customer_id, first.currency)
    ]
    if errors:
        raise Invalid(errors=errors)


def _require_uninvoiced(session: Session, shipments: Sequence[Shipment]) -> None:
    taken = deliveries.invoiced_shipments(session, [shipment.id for shipment in shipments])
    for shipment in shipments:
        if shipment.id in taken:
            raise Refused(
                _("{shipment} is invoiced already, by {invoice}. Cancel that one first.").format(
                    shipment=shipment.number, invoice=taken[shipment.id]
                ),
                reason="already_invoiced",
                extra={"invoice": taken[shipment.id]},
            )


def _lines(session: Session, shipments: Sequence[Shipment]) -> list[InvoiceLine]:
    quantities = deliveries.shipped_quantities(session, [shipment.id for shipment in shipments])
    lines: list[InvoiceLine] = []
    for shipment in shipments:
        left = quantities.get(shipment.id, {})
        if not left:
            raise Refused(
                _("{shipment} cannot be invoiced: nothing lies in its boxes.").format(shipment=shipment.number),
                reason="nothing_shipped",
            )
        for line in shipment.order.lines:
            if line.id in left:
                lines.append(_line(len(lines) + 1, shipment, line, left[line.id]))
    return lines


def _line(position: int, shipment: Shipment, line: OrderLine, quantity: Decimal) -> InvoiceLine:
    made = InvoiceLine(
        position=position,
        order_id=line.order_id,
        order_line_id=line.id,
        shipment_id=shipment.id,
        sku=line.product.sku,
        name=line.product.name,
        uom=line.product.uom,
        quantity=quantity,
        unit_price=line.unit_price,
        discount_percent=line.discount_percent,
        tax_percent=line.tax_percent,
    )
    made.net = line_net(made, shipment.order.currency)
    return made


def _plain(invoice: Invoice) -> dict[str, Any]:
    priced = [
        {"position": line.position, "unit_price": str(line.unit_price), "discount_percent": str(line.discount_percent),
         "tax_percent": str(line.tax_percent)}
        for line in invoice.lines
    ]  # fmt: skip
    return {"note": invoice.note, "lines": priced}
