"""The table of reservations."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalog.models import Product
from server.db import Base, BigId, Json, Quantity, UtcDateTime, Versioned
from server.erp.orders.models import OrderLine, SalesOrder


class Reservation(Versioned, Base):
    """How much of a line comes out of stock; what is not reserved is made."""

    __tablename__ = "reservation"
    __table_args__ = (Index("ix_reservation_product_id_state", "product_id", "state"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales_order.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("order_line.id"), unique=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    #: server.erp.reservations.rules.ReservationState
    state: Mapped[str] = mapped_column(String(10))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str] = mapped_column(String(120))
    #: Where it was picked: [{"location", "lot", "quantity"}].
    picked: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    #: The work order that its units belong to, which has nothing left to make.
    work_order_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("work_order.id"))
    order: Mapped[SalesOrder] = relationship(lazy="raise")
    line: Mapped[OrderLine] = relationship(lazy="raise")
    product: Mapped[Product] = relationship(lazy="raise")
