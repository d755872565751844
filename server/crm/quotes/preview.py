"""What would come of a quote that is being written: amounts, margin and a date, without storing anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from server.crm.quotes import costs
from server.crm.quotes.capable import capable_to_promise, why_not_makeable
from server.crm.quotes.lines import amount_of, make_lines, total_of
from server.crm.quotes.models import Quote, QuoteVersion
from server.crm.quotes.pricing import Margin
from server.crm.quotes.schemas import QuoteIn
from server.erp.orders.lines import find_customer
from server.erp.orders.prediction import Estimate


@dataclass(frozen=True, slots=True)
class Preview:
    """The figures, with the moment they were worked out at."""

    currency: str
    amounts: Sequence[Decimal]
    margins: Sequence[Margin | None]
    total: Decimal
    margin: Margin | None
    estimate: Estimate | None
    problems: Sequence[str]
    as_of: datetime


def preview(session: Session, body: QuoteIn, *, now: datetime) -> Preview:
    """The figures of a quote that is not there yet; raises Invalid as making it would."""
    customer = find_customer(session, body.customer)
    currency = body.currency or customer.currency
    lines = make_lines(session, body.lines, currency)
    # Neither of these is ever added to the session: they only carry the lines.
    quote = Quote(number="", customer=customer, currency=currency)
    version = QuoteVersion(version=1, lines=lines)
    each, whole = costs.margins(session, quote, lines, now=now)
    return Preview(
        currency,
        [amount_of(line, currency) for line in lines],
        each,
        total_of(lines, currency),
        whole,
        capable_to_promise(session, quote, version, now=now),
        why_not_makeable(session, quote, version),
        now,
    )
