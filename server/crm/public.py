"""What a product's own code says to whoever scans it: to its owner his order, to a stranger who made it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import AutoIdError, Gtin
from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.access import visible_orders
from server.erp.orders.models import SalesOrder
from server.erp.production.models import IN_USE, Identifier, Unit
from server.errors import NotFound


@dataclass(frozen=True, slots=True)
class ProductCode:
    """What may be said to anybody: the product, and nothing about whether this serial exists."""

    gtin: str
    serial: str
    product: str


def product_code(session: Session, gtin: str, serial: str) -> ProductCode:
    """The public side of a code; raises NotFound for a product that is not ours."""
    found = session.execute(select(Product.gtin, Product.name).where(Product.gtin == gtin14(gtin))).first()
    if found is None:
        raise NotFound
    return ProductCode(str(found[0]), serial, found[1])


def owned_unit(session: Session, principal: Principal, gtin: str, serial: str) -> tuple[str, str] | None:
    """The order's and the unit's number when this caller may see them, else None."""
    statement = (
        select(SalesOrder.number, Unit.number)
        .join(Unit, Unit.order_id == SalesOrder.id)
        .join(Identifier, Identifier.unit_id == Unit.id)
        .where(
            Identifier.value == f"01/{gtin14(gtin)}/21/{serial}",
            IN_USE,
            visible_orders(principal),
        )
    )
    row = session.execute(statement).first()
    return (row[0], row[1]) if row else None


def gtin14(text: str) -> str:
    """The GTIN with its leading zeros; raises NotFound for what is none."""
    try:
        return Gtin.parse(text).value
    except AutoIdError as error:
        raise NotFound from error
