"""What the customer answers: accept, once, which places the order; or decline."""

from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.quotes.capable import capable_to_promise
from server.crm.quotes.facts import QuoteFact, write_fact
from server.crm.quotes.lines import find_version
from server.crm.quotes.models import Quote, QuoteVersion
from server.crm.quotes.rules import QuoteAction, QuoteState, after, refuse_acceptance
from server.crm.quotes.schemas import AcceptBody
from server.crm.quotes.service import require, settle
from server.erp.orders.models import SalesOrder
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.errors import Refused
from server.http.fields import plain
from server.journal import facts
from server.messages import translate as _
from server.parties.service import become_customer


def accept_quote(session: Session, quote: Quote, body: AcceptBody, *, actor: str, here: Here) -> SalesOrder:
    """Take the customer's word and place the order from exactly that version; raises Refused and says why not.

    The caller holds the quote's row, so that of two who accept at once the second meets an accepted quote.
    """
    standing = settle(session, quote, here=here)
    found = refuse_acceptance(quote.number, standing, body.version)
    if found is not None:
        raise Refused(_told(quote, found.sentence), reason=found.reason, extra={"state": standing.word})
    version = find_version(quote, body.version)
    quote.state = after(standing.state, QuoteAction.ACCEPT).value
    quote.accepted_version, quote.accepted_at, quote.accepted_by = version.version, here.now, body.name
    quote.moved_at = here.now
    session.flush()
    detail = {"version": version.version, "total": plain(quote.total), "currency": quote.currency}
    write_fact(session, quote, QuoteFact.ACCEPTED, actor=actor, now=here.now, detail=detail)
    return _place_order(session, quote, version, actor=actor, here=here)


def decline_quote(session: Session, quote: Quote, *, reason: str, actor: str, here: Here) -> Quote:
    """Note that the customer does not want it, and why."""
    require(quote, settle(session, quote, here=here), QuoteAction.DECLINE)
    quote.state = after(QuoteState(quote.state), QuoteAction.DECLINE).value
    quote.declined_at, quote.closing_reason, quote.moved_at = here.now, reason, here.now
    session.flush()
    detail = {"version": quote.sent_version, "reason": reason}
    write_fact(session, quote, QuoteFact.DECLINED, actor=actor, now=here.now, detail=detail)
    return quote


def _told(quote: Quote, sentence: str) -> str:
    if quote.accepted_at is None:
        return sentence
    message = _("{quote} is accepted already: version {version}, signed by {name}. It cannot be accepted twice.")
    return message.format(quote=quote.number, version=quote.accepted_version, name=quote.accepted_by)


def _place_order(session: Session, quote: Quote, version: QuoteVersion, *, actor: str, here: Here) -> SalesOrder:
    order = create_order(session, order_body(session, quote, version, here=here), actor=actor, now=here.now)
    order.quote_number, order.quote_version = quote.number, version.version
    quote.order_id = order.id
    become_customer(session, quote.customer, order.number, actor=actor, now=here.now)
    quote.state = after(QuoteState(quote.state), QuoteAction.CONVERT).value
    session.flush()
    detail = {"quote": quote.number, "version": version.version, "waits_because": _confirm(session, order, actor, here)}
    placed = QuoteFact.ORDER_PLACED
    facts.write_about(session, placed, order.number, actor=actor, now=here.now, detail=detail, order_id=order.id)
    return order


def _confirm(session: Session, order: SalesOrder, actor: str, here: Here) -> str | None:
    """Promise the order; where that is refused the customer's word still stands, and the draft waits for a person."""
    try:
        confirm_order(session, order, actor=actor, now=here.now)
    except Refused as refusal:
        return refusal.detail
    return None


def order_body(session: Session, quote: Quote, version: QuoteVersion, *, here: Here) -> OrderIn:
    """The order that the version asks for, at its prices and discounts."""
    wishes = [line.wished_date for line in version.lines if line.wished_date is not None]
    estimate = capable_to_promise(session, quote, version, now=here.now) if wishes else None
    careful = estimate.late_at.astimezone(here.zone).date() if estimate else None
    return OrderIn(
        customer=quote.customer.number,
        customer_reference=quote.customer_reference,
        currency=quote.currency,
        # A wish is promised where we can hold it; otherwise confirming promises what we can.
        promise_date=max(wishes) if careful and max(wishes) >= careful else None,
        lines=[
            OrderLineIn(
                product=line.product.sku,
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount_percent=line.discount_percent,
                configuration=line.configuration,
            )
            for line in version.lines
        ],
    )
