"""Tables of stock: locations, moves that are only ever added, and balances that follow from them."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalog.models import Product
from server.db import Base, BigId, Quantity, UtcDateTime, Versioned

#: Lots have at most 20 characters (GS1 General Specifications 3.4.1); goods without one have an empty one.
LOT = String(20)


class StockLocation(Versioned, Base):
    """A place where goods lie. Its printed code OLL... holds the key in capitals, without its dashes."""

    __tablename__ = "stock_location"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))


class StockItem(Versioned, Base):
    """A product that is counted: from its first move on, production books what it takes of it."""

    __tablename__ = "stock_item"
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"), primary_key=True, autoincrement=False)
    #: Less than this is low; None says nothing.
    reorder_level: Mapped[Decimal | None] = mapped_column(Quantity)


class StockMove(Base):
    """One move of goods; a mistake is put right by another move."""

    __tablename__ = "stock_move"
    __table_args__ = (
        Index("ix_stock_move_product_id_id", "product_id", "id"),
        Index("ix_stock_move_product_id_lot_id", "product_id", "lot", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    lot: Mapped[str] = mapped_column(LOT, default="", server_default="")
    #: None where the goods come from outside, or were found by a count.
    from_location_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("stock_location.id"))
    #: None where the goods leave, or were missed by a count.
    to_location_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("stock_location.id"))
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    uom: Mapped[str] = mapped_column(String(10))
    #: server.erp.stock.rules.MoveKind
    kind: Mapped[str] = mapped_column(String(10))
    #: Why, in words.
    cause: Mapped[str | None] = mapped_column(String(200))
    #: The supplier's delivery note.
    reference: Mapped[str | None] = mapped_column(String(80))
    actor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: What took the goods, and where.
    work_order_id: Mapped[int | None] = mapped_column(BigInteger)
    unit_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    station_id: Mapped[int | None] = mapped_column(BigInteger)
    #: The fact behind the move, which leads to the read that proves it.
    fact_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    #: The move that this one takes back.
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    product: Mapped[Product] = relationship(lazy="raise")
    source: Mapped[StockLocation | None] = relationship(lazy="raise", foreign_keys=[from_location_id])
    target: Mapped[StockLocation | None] = relationship(lazy="raise", foreign_keys=[to_location_id])


class StockBalance(Base):
    """How much of a lot of a product lies at a location: the sum of its moves."""

    __tablename__ = "stock_balance"
    __table_args__ = (
        Index("uq_stock_balance_product_id_location_id_lot", "product_id", "location_id", "lot", unique=True),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stock_location.id"), index=True)
    lot: Mapped[str] = mapped_column(LOT, default="", server_default="")
    #: Below zero where production took more than was known to lie there: somebody must count.
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    product: Mapped[Product] = relationship(lazy="raise")
    location: Mapped[StockLocation] = relationship(lazy="raise")
