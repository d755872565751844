"""When we could deliver what is quoted: the estimate of the order page, for an order that is not there yet."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.catalog.repository import products_by_sku
from server.crm.quotes.models import Quote, QuoteVersion
from server.erp.orders import estimates
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.planning import problems
from server.erp.orders.prediction import Estimate
from server.erp.reservations.service import foreseen


def order_to_be(session: Session, quote: Quote, version: QuoteVersion) -> SalesOrder:
    """The order that accepting the version would place, with all that making it takes; it is never stored."""
    products = products_by_sku(session, {line.product.sku for line in version.lines})
    lines = [
        OrderLine(
            # Estimates tell lines apart by their ids, which a line that is never stored must be given.
            id=line.position,
            position=line.position,
            product=products[line.product.sku],
            quantity=line.quantity,
            configuration=dict(line.configuration),
        )
        for line in version.lines
    ]
    return SalesOrder(id=0, number=quote.number, priority=quote.customer.priority, promise_date=None, lines=lines)


def capable_to_promise(session: Session, quote: Quote, version: QuoteVersion, *, now: datetime) -> Estimate | None:
    """When it would leave if it were ordered now; None where it cannot be made, or not within ten years."""
    order = order_to_be(session, quote, version)
    stocked = foreseen(session, order.lines)
    if problems(order.lines, stocked):
        return None
    return estimates.compute_for_draft(session, order, now=now, stocked=stocked)


def why_not_makeable(session: Session, quote: Quote, version: QuoteVersion) -> list[str]:
    """Why the version cannot be made, each in a sentence; empty when it can."""
    lines = order_to_be(session, quote, version).lines
    return problems(lines, foreseen(session, lines))
