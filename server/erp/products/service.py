"""Products as the house uses them: costs in the site's currency, where they are used, who is packed for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server.catalog.book import Costing
from server.catalog.models import Product
from server.erp.products import repository
from server.errors import FieldError, Invalid
from server.messages import translate as _
from server.parties.models import Customer
from server.parties.repository import customer, site


@dataclass(frozen=True, slots=True)
class Uses:
    """Where a product is used."""

    boms: Sequence[repository.BomUse]
    #: Direct and indirect, nearest first.
    takers: Sequence[repository.Taker]
    orders: Sequence[repository.OrderUse]
    work_orders: Sequence[repository.WorkOrderUse]


def where_used(session: Session, product: Product, visible: ColumnElement[bool]) -> Uses:
    """Every bill of material above the product, and the visible open orders and work orders; four queries."""
    takers = repository.takers(session, product.id)
    return Uses(
        boms=repository.bom_uses(session, product.id),
        takers=takers,
        orders=repository.open_orders(session, [product.id, *(taker.id for taker in takers)], visible),
        work_orders=repository.open_work_orders(session, product.sku, product.id, visible),
    )


def costing(session: Session, now: datetime) -> Costing:
    """Costs as they are told here: in the site's currency, as of now."""
    return Costing(site(session).currency, now)


def customer_id_of(session: Session, number: str | None) -> int | None:
    """The row of the customer; raises Invalid when there is none of this number."""
    if number is None:
        return None
    found = customer(session, number)
    if found is None:
        message = _("There is no customer {number}. Create it first.").format(number=number)
        raise Invalid(errors=[FieldError("customer", message, "unknown")])
    return found.id


def customers_by_id(session: Session, ids: Collection[int | None]) -> Mapping[int | None, tuple[str, str]]:
    """Number and name of the customers, in one query."""
    wanted = [found for found in ids if found is not None]
    if not wanted:
        return {}
    rows = session.execute(select(Customer.id, Customer.number, Customer.name).where(Customer.id.in_(wanted)))
    return {row[0]: (row[1], row[2]) for row in rows}
