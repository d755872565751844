"""Tables of sales orders."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalog.models import Product
from server.db import Base, BigId, Json, Money, Quantity, UtcDateTime, Versioned
from server.parties.models import Customer


class SalesOrder(Versioned, Base):
    """What a customer ordered. Lifecycle is stored, fulfilment derived, billing mirrored; holds stand beside."""

    __tablename__ = "sales_order"
    __table_args__ = (
        Index("ix_sales_order_customer_id_id", "customer_id", "id"),
        Index("ix_sales_order_customer_id_lifecycle", "customer_id", "lifecycle"),
        # What customers will still owe: few of all the orders they ever gave.
        Index(
            "ix_sales_order_uninvoiced",
            "customer_id",
            sqlite_where=text("uninvoiced_gross > 0"),
            postgresql_where=text("uninvoiced_gross > 0"),
        ),
        # How every open order stands, and which comes first, without reading the orders (server.crm.open_orders).
        Index(
            "ix_sales_order_standing",
            "lifecycle",
            "promise_date",
            "priority",
            "id",
            "fulfilment",
            "on_hold",
            "predicted_day",
            "predicted_late_day",
            "created_by",
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"))
    customer_reference: Mapped[str | None] = mapped_column(String(80))
    #: server.tracking.states.OrderLifecycle
    lifecycle: Mapped[str] = mapped_column(String(12), index=True)
    #: The quote whose acceptance placed the order, and which of its versions; a quote places one order.
    quote_number: Mapped[str | None] = mapped_column(String(40), unique=True, index=True)
    quote_version: Mapped[int | None] = mapped_column(Integer)
    #: server.tracking.states.Fulfilment, folded from the units
    fulfilment: Mapped[str] = mapped_column(String(20), default="not_started")
    #: none | partial | invoiced | paid, mirrored from the invoices; overdue is derived from the clock when it is shown.
    billing: Mapped[str] = mapped_column(String(12), default="none")
    on_hold: Mapped[bool] = mapped_column(Boolean, default=False)
    hold_reason: Mapped[str | None] = mapped_column(Text)
    #: 1 first, 9 last; taken from the customer when the order is made.
    priority: Mapped[int] = mapped_column(Integer, default=5)
    currency: Mapped[str] = mapped_column(String(3))
    #: What the lines add up to by `server.erp.orders.pricing`.
    total_net: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    total_tax: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    total_gross: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    #: The part of the total that no issued invoice asks for yet.
    uninvoiced_gross: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    #: What was promised; frozen at confirmation.
    promise_date: Mapped[date | None] = mapped_column(Date, index=True)
    #: When we expect it to leave; moves with the work.
    predicted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    predicted_late_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The same as days at the site, which a promised day is compared with.
    predicted_day: Mapped[date | None] = mapped_column(Date)
    predicted_late_day: Mapped[date | None] = mapped_column(Date)
    #: When the estimate was worked out; pages work them out again once they are a minute old.
    estimated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    special_instructions: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The last time a read moved a unit of this order.
    moved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    customer: Mapped[Customer] = relationship(lazy="raise")
    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order", lazy="raise", order_by="OrderLine.position", cascade="all, delete-orphan"
    )


class OrderLine(Base):
    """One product and quantity of an order."""

    __tablename__ = "order_line"
    __table_args__ = (UniqueConstraint("order_id", "position"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales_order.id"))
    position: Mapped[int] = mapped_column(Integer)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"), index=True)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    #: In the order's currency; None where nobody has set a price.
    unit_price: Mapped[Decimal | None] = mapped_column(Money)
    discount_percent: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    tax_percent: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    #: Chosen options, by key: {"colour": "signal-red"}.
    configuration: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    #: The same for people: "Signal red, 56 cm".
    configuration_summary: Mapped[str | None] = mapped_column(String(400))
    packaging: Mapped[str | None] = mapped_column(Text)
    order: Mapped[SalesOrder] = relationship(back_populates="lines", lazy="raise")
    product: Mapped[Product] = relationship(lazy="raise")
