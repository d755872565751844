"""Tables of products, bills of material and routings."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, Money, Quantity, UtcDateTime, Versioned


class WorkCenter(Versioned, Base):
    """A kind of work that one or more stations do: Cut, Weld, Paint."""

    __tablename__ = "work_center"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    #: The order in which boards and lists show it.
    position: Mapped[int] = mapped_column(Integer, default=0)


class Product(Versioned, Base):
    """A thing we make or buy. `sku` is our number, `gtin` the world's."""

    __tablename__ = "product"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sku: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    search_name: Mapped[str] = mapped_column(String(260), index=True)
    #: GTIN-14 with leading zeros, or None.
    gtin: Mapped[str | None] = mapped_column(String(14), unique=True)
    revision: Mapped[str] = mapped_column(String(20), default="A")
    #: Unit of measure (UN/ECE Recommendation 20): C62 is a piece, KGM a kilogram, MTR a metre.
    uom: Mapped[str] = mapped_column(String(10), default="C62")
    #: serial | lot | none
    tracking: Mapped[str] = mapped_column(String(10), default="serial")
    #: True for what we make by a routing; False for material we buy.
    made: Mapped[bool] = mapped_column(Boolean, default=True)
    standard_cost: Mapped[Decimal | None] = mapped_column(Money)
    list_price: Mapped[Decimal | None] = mapped_column(Money)
    packaging: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    bom: Mapped[list["BomLine"]] = relationship(
        back_populates="product",
        lazy="raise",
        order_by="BomLine.position",
        foreign_keys="BomLine.product_id",
        cascade="all, delete-orphan",
    )
    routing: Mapped[list["RoutingOperation"]] = relationship(
        back_populates="product", lazy="raise", order_by="RoutingOperation.step", cascade="all, delete-orphan"
    )


class BomLine(Base):
    """How much of a component one unit of the product takes."""

    __tablename__ = "bom_line"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    component_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"), index=True)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    product: Mapped[Product] = relationship(back_populates="bom", lazy="raise", foreign_keys=[product_id])
    component: Mapped[Product] = relationship(lazy="raise", foreign_keys=[component_id])


class RoutingOperation(Base):
    """One step of making the product, at a work center."""

    __tablename__ = "routing_operation"
    __table_args__ = (UniqueConstraint("product_id", "step"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    #: 10, 20, 30...: room to insert.
    step: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(80))
    work_center_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("work_center.id"), index=True)
    setup_minutes: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    run_minutes: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    #: So many good pieces make the next operation ready.
    transfer_quantity: Mapped[int] = mapped_column(Integer, default=1)
    instructions: Mapped[str | None] = mapped_column(Text)
    product: Mapped[Product] = relationship(back_populates="routing", lazy="raise")
    work_center: Mapped[WorkCenter] = relationship(lazy="raise")
