"""Tables of handling units and shipments."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, UtcDateTime, Versioned
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit


class HandlingUnit(Versioned, Base):
    """A box or pallet with an SSCC: the container side of a tracked unit, whose row it shares by id."""

    __tablename__ = "handling_unit"
    __table_args__ = (Index("ix_handling_unit_order_id_state", "order_id", "state"),)
    id: Mapped[int] = mapped_column(BigInteger, ForeignKey("unit.id"), primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    sscc: Mapped[str] = mapped_column(String(18), unique=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales_order.id"))
    station_id: Mapped[int | None] = mapped_column(BigInteger)
    #: server.tracking.states.HandlingUnitState
    state: Mapped[str] = mapped_column(String(10))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    shipped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    shipment_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("shipment.id"), index=True)
    #: server.tracking.states.HandlingUnitKind
    kind: Mapped[str] = mapped_column(String(8), default="box", server_default="box")
    unit: Mapped[Unit] = relationship(lazy="raise")
    order: Mapped[SalesOrder] = relationship(lazy="raise")


class Shipment(Versioned, Base):
    """What leaves together for one customer's order."""

    __tablename__ = "shipment"
    __table_args__ = (
        Index("ix_shipment_to_invoice", "id", sqlite_where=text("to_invoice = 1"), postgresql_where=text("to_invoice")),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales_order.id"), index=True)
    #: server.tracking.states.ShipmentState
    state: Mapped[str] = mapped_column(String(10))
    carrier: Mapped[str | None] = mapped_column(String(80))
    tracking_reference: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    shipped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: No living invoice asks for it; kept by whoever makes invoices and takes them back.
    to_invoice: Mapped[bool] = mapped_column(Boolean, default=True)
    order: Mapped[SalesOrder] = relationship(lazy="raise")
