"""Tables of work orders, operations, units and identifiers."""

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
    String,
    UniqueConstraint,
    func,
    literal,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalog.models import Product, WorkCenter
from server.db import Base, BigId, Json, Quantity, UtcDateTime, Versioned
from server.erp.orders.models import OrderLine, SalesOrder

# The words of partial indexes. A query has to say them as they stand, for SQLite knows an index by no others.
_GOING_ON = "state IN ('ready', 'running', 'paused')"
_MADE_HERE = "state IN ('finished', 'in_stock', 'packed') AND order_id IS NOT NULL AND work_order_id IS NOT NULL"


class WorkOrder(Versioned, Base):
    """The making of one order line, or of pieces for stock, with a snapshot of how, taken at release."""

    __tablename__ = "work_order"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    #: None where pieces are made for stock.
    order_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sales_order.id"), index=True)
    order_line_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("order_line.id"))
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    #: server.tracking.states.WorkOrderState
    state: Mapped[str] = mapped_column(String(12), index=True)
    #: {"sku", "name", "revision", "bom": [...], "routing": [...], "configuration": {...}, "packaging": "..."}
    snapshot: Mapped[dict[str, Any]] = mapped_column(Json)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    order: Mapped[SalesOrder | None] = relationship(lazy="raise")
    order_line: Mapped[OrderLine | None] = relationship(lazy="raise")
    product: Mapped[Product] = relationship(lazy="raise")
    operations: Mapped[list["Operation"]] = relationship(
        back_populates="work_order", lazy="raise", order_by="Operation.step"
    )


class Operation(Base):
    """One step of a work order, with the pieces counted by scans."""

    __tablename__ = "operation"
    __table_args__ = (
        UniqueConstraint("work_order_id", "step"),
        Index("ix_operation_work_center_id_state", "work_center_id", "state"),
        Index(
            "ix_operation_going_on",
            "work_center_id",
            "work_order_id",
            sqlite_where=text(_GOING_ON),
            postgresql_where=text(_GOING_ON),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    work_order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("work_order.id"))
    step: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(80))
    work_center_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("work_center.id"))
    #: server.tracking.states.OperationState
    state: Mapped[str] = mapped_column(String(12))
    setup_minutes: Mapped[Decimal] = mapped_column(Quantity)
    run_minutes: Mapped[Decimal] = mapped_column(Quantity)
    transfer_quantity: Mapped[int] = mapped_column(Integer)
    quantity: Mapped[int] = mapped_column(Integer)
    #: Units that have been started here, are good, are scrapped here.
    started: Mapped[int] = mapped_column(Integer, default=0)
    good: Mapped[int] = mapped_column(Integer, default=0)
    scrap: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    work_order: Mapped[WorkOrder] = relationship(back_populates="operations", lazy="raise")
    work_center: Mapped[WorkCenter] = relationship(lazy="raise")


class Unit(Base):
    """One tracked thing: a serial, a lot or a container. Belongs to exactly one order line, so to one customer."""

    __tablename__ = "unit"
    __table_args__ = (
        Index("ix_unit_order_id_id", "order_id", "id"),
        Index("ix_unit_work_order_id_state", "work_order_id", "state"),
        Index("ix_unit_held", "product_id", sqlite_where=text("held IS 1"), postgresql_where=text("held IS true")),
        # SQLite would write it with every scan that ends a unit's work, and finds them by the work of open orders.
        Index("ix_unit_made_here", "order_id", "state", postgresql_where=text(_MADE_HERE)).ddl_if(dialect="postgresql"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    #: server.tracking.states.UnitKind
    kind: Mapped[str] = mapped_column(String(10))
    #: Pieces of a lot; a serial is one, and says nothing.
    quantity: Mapped[Decimal | None] = mapped_column(Quantity)
    product_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("product.id"))
    order_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sales_order.id"))
    order_line_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("order_line.id"))
    work_order_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("work_order.id"))
    #: Its place in the work order: 4 of 20.
    position: Mapped[int] = mapped_column(Integer, default=1)
    #: server.tracking.states.UnitState
    state: Mapped[str] = mapped_column(String(12))
    #: The operation it waits for or is in; None once finished.
    step: Mapped[int | None] = mapped_column(Integer)
    held: Mapped[bool] = mapped_column(Boolean, default=False)
    hold_reason: Mapped[str | None] = mapped_column(String(200))
    #: How often it was sent back to an earlier step.
    rework: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: The container it is packed in.
    parent_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    last_station_id: Mapped[int | None] = mapped_column(BigInteger)
    last_read_point: Mapped[str | None] = mapped_column(String(80))
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The fact that put it into its present state: the proof behind the status.
    last_fact_id: Mapped[int | None] = mapped_column(BigInteger)


class Identifier(Base):
    """What a unit answers to: `01/<gtin14>/21/<serial>`, `00/<sscc>`, `epc:<HEX>`, `ol:U...`; one active each."""

    __tablename__ = "identifier"
    __table_args__ = (
        Index(
            "uq_identifier_value_active",
            "value",
            unique=True,
            sqlite_where=text("active"),
            postgresql_where=text("active"),
        ),
        Index("ix_identifier_unit_id", "unit_id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: sgtin | sscc | epc | own
    scheme: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(160))
    unit_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("unit.id"))
    active: Mapped[bool] = mapped_column(Boolean, default=True)


#: How many pieces units are.
PIECES: ColumnElement[Decimal] = func.coalesce(Unit.quantity, literal(Decimal(1), Quantity()), type_=Quantity())

#: That an operation can go on.
GOING_ON: ColumnElement[bool] = literal_column(f"operation.{_GOING_ON}")
#: That a unit is made for an order and has not left: it waits for packing or shipping.
MADE_HERE: ColumnElement[bool] = literal_column(
    "unit.state IN ('finished', 'in_stock', 'packed') AND unit.order_id IS NOT NULL AND unit.work_order_id IS NOT NULL"
)
#: That an identifier is in use, in the very words of its partial index, for SQLite knows the index by no others.
IN_USE: ColumnElement[bool] = literal_column("identifier.active")
