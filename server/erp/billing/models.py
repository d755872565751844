"""Tables of invoices and payments. Payments and allocations are only ever added."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, Money, Quantity, UtcDateTime, Versioned
from server.parties.models import Customer


class Invoice(Versioned, Base):
    """What a customer is asked to pay for what was shipped."""

    __tablename__ = "invoice"
    __table_args__ = (
        Index("ix_invoice_customer_id_state", "customer_id", "state"),
        Index("ix_invoice_state_due_on", "state", "due_on"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"))
    #: server.erp.billing.states.InvoiceState
    state: Mapped[str] = mapped_column(String(16))
    currency: Mapped[str] = mapped_column(String(3))
    net: Mapped[Decimal] = mapped_column(Money)
    tax: Mapped[Decimal] = mapped_column(Money)
    gross: Mapped[Decimal] = mapped_column(Money)
    #: What payments have brought so far: the sum of the allocations.
    paid: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    #: Days of the site's calendar; None while it is a draft.
    issued_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str | None] = mapped_column(Text)
    #: Both addresses as they were when it was issued.
    seller: Mapped[str | None] = mapped_column(Text)
    buyer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_reason: Mapped[str | None] = mapped_column(String(200))
    #: The number under which an issued invoice was taken back.
    credit_note: Mapped[str | None] = mapped_column(String(40), unique=True)
    customer: Mapped[Customer] = relationship(lazy="raise")
    lines: Mapped[list["InvoiceLine"]] = relationship(
        back_populates="invoice", lazy="raise", order_by="InvoiceLine.position", cascade="all, delete-orphan"
    )

    @property
    def open(self) -> Decimal:
        """What is still to be paid."""
        return self.gross - self.paid


class ExchangeRate(Base):
    """One unit of `base`, the site's currency, was worth so many of another on a day; rows are only added."""

    __tablename__ = "exchange_rate"
    __table_args__ = (Index("ix_exchange_rate_base_currency_as_of_id", "base", "currency", "as_of", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    base: Mapped[str] = mapped_column(String(3))
    value: Mapped[Decimal] = mapped_column(Quantity)
    as_of: Mapped[date] = mapped_column(Date)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_by: Mapped[str] = mapped_column(String(120))


class InvoiceLine(Base):
    """So much of an order line, as it left with one shipment."""

    __tablename__ = "invoice_line"
    __table_args__ = (UniqueConstraint("invoice_id", "position"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("invoice.id"))
    position: Mapped[int] = mapped_column(Integer)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales_order.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("order_line.id"), index=True)
    shipment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shipment.id"))
    sku: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    uom: Mapped[str] = mapped_column(String(10))
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    unit_price: Mapped[Decimal | None] = mapped_column(Money)
    discount_percent: Mapped[Decimal] = mapped_column(Quantity)
    tax_percent: Mapped[Decimal] = mapped_column(Quantity)
    net: Mapped[Decimal] = mapped_column(Money)
    invoice: Mapped[Invoice] = relationship(back_populates="lines", lazy="raise")


class InvoiceShipment(Base):
    """Which shipment an invoice asks for; one living invoice each, a cancelled one frees it."""

    __tablename__ = "invoice_shipment"
    __table_args__ = (
        Index(
            "uq_invoice_shipment_active",
            "shipment_id",
            unique=True,
            sqlite_where=text("active"),
            postgresql_where=text("active"),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("invoice.id"), index=True)
    shipment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shipment.id"))
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class Payment(Base):
    """Money that came from a customer, or went back to him: a reversal is a row of its own with the amount negative."""

    __tablename__ = "payment"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[Decimal] = mapped_column(Money)
    received_on: Mapped[date] = mapped_column(Date)
    reference: Mapped[str | None] = mapped_column(String(80))
    reverses_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("payment.id"), unique=True)
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    customer: Mapped[Customer] = relationship(lazy="raise")


class PaymentAllocation(Base):
    """How much of a payment an invoice got; what is taken back is a row with the amount negative."""

    __tablename__ = "payment_allocation"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    payment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payment.id"), index=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("invoice.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(Money)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
