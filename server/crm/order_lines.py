"""The lines of an order as its page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.crm.order_rows import LINES
from server.erp.orders.configured import options_in_words
from server.erp.reservations.rules import ReservationState


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the order."""

    position: int
    sku: str
    name: str
    quantity: Decimal
    uom: str
    configuration: Mapping[str, Any]
    packaging: str | None
    #: The configuration in words.
    chosen: str | None
    #: What of it comes out of stock; None where nobody has decided.
    reserved: Decimal | None = None


def lines_of(session: Session | Connection, order_id: int) -> list[Line]:
    """The lines in their order; one query."""
    return [
        Line(
            row.position,
            row.sku,
            row.name,
            row.quantity,
            row.uom,
            row.configuration or {},
            row.packaging,
            options_in_words(row.configuration or {}, row.configuration_summary),
            row.reserved if row.reservation != ReservationState.FREED else None,
        )
        for row in LINES.all(session, order=order_id)
    ]
