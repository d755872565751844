"""Lines of quotes: from what was sent, copied into the next version, and as the rules compare them."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.crm.quotes import pricing
from server.crm.quotes.choices import Chosen, Wish, choose
from server.crm.quotes.difference import Terms
from server.crm.quotes.models import Quote, QuoteLine, QuoteVersion
from server.crm.quotes.schemas import QuoteLineIn
from server.erp.orders.lines import products_of_lines
from server.erp.orders.planning import quantity_problem
from server.erp.orders.pricing import Priced, line_net
from server.errors import FieldError, Invalid, NotFound
from server.messages import translate as _
from server.parties.repository import site


def make_lines(session: Session, bodies: Sequence[QuoteLineIn], currency: str) -> list[QuoteLine]:
    """New lines; raises Invalid for unknown products, options nobody offers, and prices that nobody knows."""
    products = products_of_lines(session, [body.product for body in bodies])
    chosen = choose(session, [Wish(body.product, body.configuration, body.quantity) for body in bodies])
    at_list_price = currency == site(session).currency
    lines = [
        _line(place, body, products[body.product], found, at_list_price=at_list_price)
        for place, (body, found) in enumerate(zip(bodies, chosen, strict=True), 1)
    ]
    errors = [error for place, found in enumerate(chosen) for error in _mistakes(place, lines[place], found, currency)]
    if errors:
        raise Invalid(errors=errors)
    check_total(lines, currency)
    return lines


def _mistakes(place: int, line: QuoteLine, chosen: Chosen, currency: str) -> Iterator[FieldError]:
    problem = quantity_problem(line.product, line.quantity)
    if problem is not None:
        yield FieldError(f"lines.{place}.quantity", problem, "quantity")
    if chosen.refusal is not None:
        yield FieldError(f"lines.{place}.configuration", chosen.refusal, "option")
    elif line.unit_price is None:
        message = _("{product} has no list price in {currency}. Give a price.")
        told = message.format(product=line.product.sku, currency=currency)
        yield FieldError(f"lines.{place}.unit_price", told, "no_price")


def _line(position: int, body: QuoteLineIn, product: Product, chosen: Chosen, *, at_list_price: bool) -> QuoteLine:
    price = body.unit_price
    if price is None and at_list_price:
        price = chosen.price
    return QuoteLine(
        position=position,
        product=product,
        quantity=body.quantity,
        unit_price=price,
        discount_percent=body.discount_percent,
        configuration=dict(chosen.choices),
        chosen=dict(chosen.named),
        wished_date=body.wished_date,
        note=body.note,
    )


def check_total(lines: Sequence[QuoteLine], currency: str) -> None:
    """Raise Invalid when the lines amount to more than an order could hold."""
    total = total_of(lines, currency)
    if total >= pricing.MOST:
        message = _("These lines amount to {total}, expected less than {most}. Look at quantities and prices.")
        raise Invalid(errors=[FieldError("lines", message.format(total=total, most=pricing.MOST), "too_large")])


def copy_lines(lines: Iterable[QuoteLine]) -> list[QuoteLine]:
    """The same lines for another version."""
    return [
        QuoteLine(
            position=line.position,
            product=line.product,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount_percent=line.discount_percent,
            configuration=dict(line.configuration),
            chosen=dict(line.chosen),
            wished_date=line.wished_date,
            note=line.note,
        )
        for line in lines
    ]


def amount_of(line: QuoteLine, currency: str) -> Decimal:
    """What the line costs before tax, to the coin, as the line of the order will."""
    return line_net(Priced(line.quantity, line.unit_price, line.discount_percent, Decimal(0)), currency)


def total_of(lines: Iterable[QuoteLine], currency: str) -> Decimal:
    """What the lines cost together before tax."""
    return pricing.together(amount_of(line, currency) for line in lines)


def terms_of(version: QuoteVersion) -> list[Terms]:
    """The lines as the rules compare them."""
    return [terms_of_line(line) for line in version.lines]


def terms_of_line(line: QuoteLine) -> Terms:
    """One line as the rules compare it."""
    return Terms(
        line.product.sku,
        line.product.name,
        line.chosen,
        line.quantity,
        line.unit_price,
        line.discount_percent,
        line.wished_date,
        line.note,
    )


def find_version(quote: Quote, version: int | None) -> QuoteVersion:
    """The version of a wholly loaded quote; raises NotFound."""
    for found in quote.versions:
        if found.version == version:
            return found
    raise NotFound


def in_force(quote: Quote) -> QuoteVersion:
    """The version that counts: the one that was sent last, else the draft."""
    return find_version(quote, quote.sent_version or quote.draft_version)
