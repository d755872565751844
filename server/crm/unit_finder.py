"""Finding the unit that a stray code may belong to: by number, code, order or customer."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.db.texts import holds
from server.erp.orders.models import SalesOrder
from server.erp.production.models import IN_USE, Identifier, Unit
from server.erp.production.resolve import identifier_values
from server.http.text import fold
from server.parties.models import Customer
from server.tracking.states import UnitKind, UnitState

MOST = 12
#: Units that still move come before those that have left.
_GONE = (UnitState.SHIPPED.value, UnitState.DELIVERED.value, UnitState.SCRAPPED.value)


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A unit to choose from."""

    number: str
    state: str
    product: str | None
    order: str | None
    customer: str | None


def find_units(session: Session, text: str) -> Sequence[UnitChoice]:
    """The units that the text may mean, those still in the house first; none for an empty text."""
    wanted = text.strip()[:80]
    if not wanted:
        return []
    coded = select(Identifier.unit_id).where(Identifier.value.in_(identifier_values(wanted)), IN_USE)
    # Each condition below has an index of its own, so that a large table is not read through.
    statement = (
        select(Unit.number, Unit.state, Product.name, SalesOrder.number, Customer.name)
        .outerjoin(Product, Product.id == Unit.product_id)
        .outerjoin(SalesOrder, SalesOrder.id == Unit.order_id)
        .outerjoin(Customer, Customer.id == SalesOrder.customer_id)
        .where(
            Unit.kind != UnitKind.CONTAINER.value,
            or_(
                Unit.number.in_([wanted.upper(), f"U-{wanted.upper()}"]),
                Unit.id.in_(coded),
                Unit.order_id.in_(_orders(session, wanted)),
            ),
        )
        .order_by(Unit.state.in_(_GONE), Unit.id)
        .limit(MOST)
    )
    return [UnitChoice(*row) for row in session.execute(statement)]


def _orders(session: Session, wanted: str) -> Select[int]:
    """The order of this number, and those of the customers that the text may mean."""
    return (
        select(SalesOrder.id)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(
            or_(
                SalesOrder.number == wanted.upper(),
                Customer.number == wanted.upper(),
                holds(session, Customer.search_name, fold(wanted)),
            )
        )
    )
