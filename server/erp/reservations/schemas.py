"""What programs send and get about reservations."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field

from server.erp.reservations.models import Reservation
from server.http.fields import Shown, ShownDecimal, Strict


class ReserveBody(Strict):
    """How much of a line comes out of stock; 0 makes all of it."""

    line: Annotated[int, Field(ge=1, le=10_000)]
    quantity: Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6, allow_inf_nan=False)]


class ReservationOut(Shown):
    """How much of a line comes out of stock."""

    id: int
    order: str
    line: int
    product: str
    quantity: ShownDecimal
    #: What of the line is made.
    made: ShownDecimal
    state: str
    decided_by: str
    decided_at: datetime
    row_version: int

    @classmethod
    def of(cls, found: Reservation) -> Self:
        """The answer for a reservation whose order, line and product are loaded."""
        special = {"order", "line", "product", "made"}
        own = {field: getattr(found, field) for field in cls.model_fields if field not in special}
        made = found.line.quantity - found.quantity
        return cls(**own, order=found.order.number, line=found.line.position, product=found.product.sku, made=made)


class ReservationList(Shown):
    """A page of reservations."""

    items: list[ReservationOut]
    next: int | None
