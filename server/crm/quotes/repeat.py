"""The same again: a new quote, or a draft order, from what was ordered or offered before, at today's terms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from server.catalog.repository import products_by_sku
from server.crm.here import Here
from server.crm.quotes.choices import Chosen, Wish, choose
from server.crm.quotes.difference import price
from server.crm.quotes.lines import in_force
from server.crm.quotes.models import Quote
from server.crm.quotes.schemas import QuoteIn, QuoteLineIn
from server.crm.quotes.service import create_quote
from server.erp.orders.models import SalesOrder
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import create_order
from server.errors import Refused
from server.messages import translate as _
from server.parties.repository import site


@dataclass(frozen=True, slots=True)
class Earlier:
    """A line as it was."""

    sku: str
    quantity: Decimal
    unit_price: Decimal | None
    configuration: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Repeated:
    """What was made, and what is not as it was."""

    number: str
    remarks: Sequence[str]


def repeat_order(session: Session, order: SalesOrder, *, into: str, actor: str, here: Here) -> Repeated:
    """A draft quote or a draft order with the lines of a wholly loaded order."""
    earlier = [Earlier(line.product.sku, line.quantity, line.unit_price, line.configuration) for line in order.lines]
    lines, remarks = recheck(session, earlier, currency=order.currency)
    _require_lines(lines, order.number)
    customer, reference = order.customer.number, order.customer_reference
    if into == "order":
        body = OrderIn(customer=customer, currency=order.currency, lines=[_order_line(line) for line in lines])
        return Repeated(create_order(session, body, actor=actor, now=here.now).number, remarks)
    note = _("As in {order}.").format(order=f"{order.number} ({reference})" if reference else order.number)
    offer = QuoteIn(customer=customer, currency=order.currency, note=note, lines=lines)
    return Repeated(create_quote(session, offer, actor=actor, here=here).number, remarks)


def repeat_quote(session: Session, quote: Quote, *, actor: str, here: Here) -> Repeated:
    """A draft quote with the lines of a wholly loaded quote's version in force."""
    version = in_force(quote)
    earlier = [Earlier(line.product.sku, line.quantity, line.unit_price, line.configuration) for line in version.lines]
    lines, remarks = recheck(session, earlier, currency=quote.currency)
    _require_lines(lines, quote.number)
    offer = QuoteIn(
        customer=quote.customer.number,
        customer_reference=quote.customer_reference,
        currency=quote.currency,
        note=version.note,
        lines=lines,
    )
    return Repeated(create_quote(session, offer, actor=actor, here=here).number, remarks)


def recheck(session: Session, earlier: Sequence[Earlier], *, currency: str) -> tuple[list[QuoteLineIn], list[str]]:
    """The lines at today's prices with options that are still offered, and a sentence for whatever changed."""
    products = products_by_sku(session, {line.sku for line in earlier})
    at_list_price = currency == site(session).currency
    kept = [line for line in earlier if products[line.sku].active and products[line.sku].orderable]
    remarks = [
        _("{product} is not made any more and was left out.").format(product=line.sku)
        for line in earlier
        if line not in kept
    ]
    chosen = choose(session, [Wish(line.sku, line.configuration, line.quantity) for line in kept])
    lines = [
        _line(line, _offered(session, line, found, remarks), remarks, at_list_price=at_list_price)
        for line, found in zip(kept, chosen, strict=True)
    ]
    return lines, remarks


def _offered(session: Session, line: Earlier, found: Chosen, remarks: list[str]) -> Chosen:
    """The choices as they are offered now; where they are not any more, those that stand for nothing said."""
    if found.refusal is None:
        return found
    remarks.append(found.refusal)
    return choose(session, [Wish(line.sku, {}, line.quantity)])[0]


def _line(line: Earlier, chosen: Chosen, remarks: list[str], *, at_list_price: bool) -> QuoteLineIn:
    if chosen.refusal is not None:
        raise Refused(chosen.refusal, reason="option")
    now = chosen.price if at_list_price and chosen.price is not None else line.unit_price
    if now is None:
        remarks.append(_("{product} has no price, so it is 0 until you give one.").format(product=line.sku))
        now = Decimal(0)
    elif line.unit_price is not None and now != line.unit_price:
        message = _("{product} costs {now} now; it was {then}.")
        remarks.append(message.format(product=line.sku, now=price(now), then=price(line.unit_price)))
    return QuoteLineIn(product=line.sku, quantity=line.quantity, unit_price=now, configuration=dict(chosen.choices))


def _require_lines(lines: Iterable[QuoteLineIn], number: str) -> None:
    if not list(lines):
        message = _("Nothing of {number} is made any more, so it cannot be repeated.")
        raise Refused(message.format(number=number), reason="nothing_to_repeat")


def _order_line(line: QuoteLineIn) -> OrderLineIn:
    return OrderLineIn(
        product=line.product, quantity=line.quantity, unit_price=line.unit_price, configuration=line.configuration
    )
