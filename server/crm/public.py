"""What a product's own code says to whoever scans it: to its owner his unit, to a stranger nothing."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import AutoIdError, Gtin
from server.auth.principal import Principal
from server.crm.access import visible_orders
from server.erp.orders.models import SalesOrder
from server.erp.production.models import IN_USE, Identifier, Unit
from server.errors import NotFound


def checked_code(gtin: str, serial: str) -> str:
    """The identifier that the code carries; raises NotFound for what is no GTIN. Asks nobody whether it exists."""
    try:
        return f"01/{Gtin.parse(gtin).value}/21/{serial}"
    except AutoIdError as error:
        raise NotFound from error


def owned_unit(session: Session, principal: Principal, value: str) -> tuple[str, str] | None:
    """The order's and the unit's number when this caller may see them, else None."""
    statement = (
        select(SalesOrder.number, Unit.number)
        .join(Unit, Unit.order_id == SalesOrder.id)
        .join(Identifier, Identifier.unit_id == Unit.id)
        .where(
            Identifier.value == value,
            IN_USE,
            visible_orders(principal),
        )
    )
    row = session.execute(statement).first()
    return (row[0], row[1]) if row else None
