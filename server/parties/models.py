"""Tables of the site, customers, their contacts and addresses."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, Json, Money, UtcDateTime, Versioned


class Site(Versioned, Base):
    """Our own factory: its name, zone, working hours and company prefix. One row."""

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    time_zone: Mapped[str] = mapped_column(String(60), default="UTC")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    language: Mapped[str] = mapped_column(String(10), default="en")
    #: {"days": [0, 1, 2, 3, 4], "start": "06:00", "end": "22:00"}; Monday is 0, times in the site's zone.
    working_hours: Mapped[dict[str, Any]] = mapped_column(Json)
    #: Our GS1 company prefix; SSCC and EPC numbers are made under it.
    gs1_company_prefix: Mapped[str] = mapped_column(String(12), default="0000000")


class Customer(Versioned, Base):
    """A customer, entered once for CRM and ERP."""

    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    #: The name folded for searching without case or accents.
    search_name: Mapped[str] = mapped_column(String(200), index=True)
    language: Mapped[str] = mapped_column(String(10), default="en")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    credit_limit: Mapped[Decimal | None] = mapped_column(Money)
    payment_terms_days: Mapped[int] = mapped_column(Integer, default=30)
    segment: Mapped[str | None] = mapped_column(String(40))
    #: 1 is served first, 9 last.
    priority: Mapped[int] = mapped_column(Integer, default=5)
    special_instructions: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    contacts: Mapped[list["Contact"]] = relationship(back_populates="customer", lazy="raise", order_by="Contact.id")
    addresses: Mapped[list["Address"]] = relationship(back_populates="customer", lazy="raise", order_by="Address.id")


class Contact(Base):
    """A person at a customer."""

    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(60))
    function: Mapped[str | None] = mapped_column(String(80))
    customer: Mapped[Customer] = relationship(back_populates="contacts", lazy="raise")


class Address(Base):
    """A postal address of a customer, for delivery or for invoices."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), index=True)
    #: delivery | invoice
    kind: Mapped[str] = mapped_column(String(12))
    lines: Mapped[str] = mapped_column(Text)
    city: Mapped[str] = mapped_column(String(120))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    #: ISO 3166-1 alpha-2
    country: Mapped[str] = mapped_column(String(2))
    customer: Mapped[Customer] = relationship(back_populates="addresses", lazy="raise")
