"""Tables of products, their revisions, bills of material and routings."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalog.design import Kind
from server.db import Base, BigId, Json, Money, Quantity, UtcDateTime, Versioned


class WorkCenter(Versioned, Base):
    """A kind of work that one or more stations do: Cut, Weld, Paint."""

    __tablename__ = "work_center"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    #: The order in which boards and lists show it.
    position: Mapped[int] = mapped_column(Integer, default=0)
    #: What an hour of work there costs, in the currency of the site.
    hourly_rate: Mapped[Decimal | None] = mapped_column(Money)


class Product(Versioned, Base):
    """A thing we make or buy. `sku` is our number, `gtin` the world's.

    Bill of material, routing and options are those of the current revision; `product_revision` has them all.
    """

    __tablename__ = "product"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sku: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    search_name: Mapped[str] = mapped_column(String(260), index=True)
    #: GTIN-14 with leading zeros, or None.
    gtin: Mapped[str | None] = mapped_column(String(14), unique=True)
    #: The name of the current revision.
    revision: Mapped[str] = mapped_column(String(20), default="A")
    #: Unit of measure (UN/ECE Recommendation 20): C62 is a piece, KGM a kilogram, MTR a metre.
    uom: Mapped[str] = mapped_column(String(10), default="C62")
    #: serial | lot | none
    tracking: Mapped[str] = mapped_column(String(10), default="serial")
    #: server.catalog.design.Kind
    kind: Mapped[str] = mapped_column(String(10), default=Kind.MADE.value)
    #: Set-up time is spread over so many pieces in the standard cost.
    lot_size: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(1))
    standard_cost: Mapped[Decimal | None] = mapped_column(Money)
    list_price: Mapped[Decimal | None] = mapped_column(Money)
    packaging: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: server.catalog.option_schemas: groups of choices, and the rules between choices.
    options: Mapped[list[Any]] = mapped_column(Json, default=list)
    option_rules: Mapped[list[Any]] = mapped_column(Json, default=list)
    bom: Mapped[list["BomLine"]] = relationship(
        back_populates="product",
        lazy="raise",
        order_by="BomLine.position",
        # What only a choice takes is no part of every piece.
        primaryjoin="and_(Product.id == foreign(BomLine.product_id), BomLine.choice.is_(None))",
        cascade="all, delete-orphan",
    )
    routing: Mapped[list["RoutingOperation"]] = relationship(
        back_populates="product", lazy="raise", order_by="RoutingOperation.step", cascade="all, delete-orphan"
    )

    @hybrid_property
    def made(self) -> bool:
        """Whether we make it by a routing."""
        return self.kind == Kind.MADE

    @made.inplace.expression
    @classmethod
    def _made(cls) -> ColumnElement[bool]:
        return cls.kind == Kind.MADE.value

    @hybrid_property
    def orderable(self) -> bool:
        """Whether a line of a quote or an order can name it: a phantom is only a part of others."""
        return self.kind != Kind.PHANTOM

    @orderable.inplace.expression
    @classmethod
    def _orderable(cls) -> ColumnElement[bool]:
        return cls.kind != Kind.PHANTOM.value


class BomLine(Base):
    """How much of a component one unit of the product takes."""

    __tablename__ = "bom_line"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    component_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"), index=True)
    #: In the component's unit of measure.
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    #: What is lost on the way, on top of the quantity.
    scrap_percent: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    #: The choice that alone takes it, as "Colour Blue"; None for what every piece takes.
    choice: Mapped[str | None] = mapped_column(String(130))
    product: Mapped[Product] = relationship(
        back_populates="bom", lazy="raise", primaryjoin="Product.id == foreign(BomLine.product_id)"
    )
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


class ProductRevision(Versioned, Base):
    """One revision of a product: draft, then released as the current one, then obsolete."""

    __tablename__ = "product_revision"
    __table_args__ = (UniqueConstraint("product_id", "name"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    name: Mapped[str] = mapped_column(String(20))
    #: server.catalog.revisions.RevisionState
    state: Mapped[str] = mapped_column(String(10))
    #: {"bom": [...], "routing": [...], "options": [...], "option_rules": [...]}, each as programs send it.
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    #: Why there is this revision.
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[str | None] = mapped_column(String(120))
    product: Mapped[Product] = relationship(lazy="raise")


class PackagingSpec(Versioned, Base):
    """How a product is packed, for one customer or for all: one version, draft, then released, then obsolete."""

    __tablename__ = "packaging_spec"
    __table_args__ = (
        UniqueConstraint("number", "version"),
        Index("ix_packaging_spec_product_id_customer_id", "product_id", "customer_id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: The same for all versions: PK-1000.
    number: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    #: A row of `customer`; None for whoever has no specification of his own. Parties stand beside, so no foreign key.
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    #: server.catalog.revisions.RevisionState
    state: Mapped[str] = mapped_column(String(10))
    box: Mapped[str] = mapped_column(String(200))
    per_box: Mapped[int] = mapped_column(Integer)
    inner_material: Mapped[str | None] = mapped_column(String(200))
    label_text: Mapped[str | None] = mapped_column(Text)
    label_template: Mapped[str | None] = mapped_column(String(40))
    notes: Mapped[str | None] = mapped_column(Text)
    #: The hash of a `packaging_picture`.
    picture: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[str | None] = mapped_column(String(120))
    product: Mapped[Product] = relationship(lazy="raise")


class PackagingPicture(Base):
    """A picture of how something is packed. It never changes, so whoever has it may keep it."""

    __tablename__ = "packaging_picture"
    #: SHA-256 over `content`, in hex.
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: image/png or image/jpeg, by its own bytes.
    kind: Mapped[str] = mapped_column(String(20))
    #: In pixels, as it is seen.
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    #: In bytes.
    size: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
