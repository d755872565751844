"""What we know of our own cost, for the margin that sales sees; the customer never does."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from server.crm.quotes.choices import Wish, choose
from server.crm.quotes.lines import amount_of, total_of
from server.crm.quotes.models import Quote, QuoteLine
from server.crm.quotes.pricing import Margin, together
from server.parties.repository import site

Margins = tuple[list[Margin | None], Margin | None]


def margins(session: Session, quote: Quote, lines: Sequence[QuoteLine], *, now: datetime) -> Margins:
    """The margin of each line over its standard cost as of now, and of all together.

    Costs are in the site's currency; in another one, or where a part has no cost, nobody knows the margin.
    """
    currency = site(session).currency
    if quote.currency != currency or not lines:
        return [None] * len(lines), None
    wishes = [Wish(line.product.sku, line.configuration, line.quantity) for line in lines]
    costs = [
        None if found.cost is None else found.cost * line.quantity
        for line, found in zip(lines, choose(session, wishes, currency=currency, now=now), strict=True)
    ]
    each = [
        None if cost is None else Margin.of(amount_of(line, currency), cost)
        for line, cost in zip(lines, costs, strict=True)
    ]
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(lines):
        return each, None
    return each, Margin.of(total_of(lines, currency), together(known))
