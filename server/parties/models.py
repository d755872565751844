"""Tables of the site, customers, their contacts and addresses."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, Json, Money, Quantity, UtcDateTime, Versioned


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
    #: What stands on invoices: our address, tax number and bank account.
    address: Mapped[str | None] = mapped_column(Text)
    tax_number: Mapped[str | None] = mapped_column(String(40))
    bank_account: Mapped[str | None] = mapped_column(String(200))
    #: The usual rate of value added tax.
    tax_percent: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    #: Whether customers see their balance and invoices on their pages.
    shows_balance: Mapped[bool] = mapped_column(Boolean, default=False)


class Customer(Versioned, Base):
    """A prospect or customer, entered once for CRM and ERP."""

    __tablename__ = "customer"
    __table_args__ = (Index("ix_customer_name", "name", "status", "number"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    #: The name folded for searching without case or accents.
    search_name: Mapped[str] = mapped_column(String(200), index=True)
    #: server.parties.states.CustomerKind
    kind: Mapped[str] = mapped_column(String(10), default="prospect", index=True)
    #: When the first signed order made a customer of the prospect.
    customer_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: server.parties.states.CustomerStatus
    status: Mapped[str] = mapped_column(String(10), default="active", index=True)
    blocked_reason: Mapped[str | None] = mapped_column(String(200))
    #: Where this number leads since the customer was merged into another.
    merged_into_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("customer.id"), index=True)
    language: Mapped[str] = mapped_column(String(10), default="en")
    #: The value-added tax number, in capitals without blanks.
    vat_number: Mapped[str | None] = mapped_column(String(20))
    segment: Mapped[str | None] = mapped_column(String(40), index=True)
    # --- terms ---
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    credit_limit: Mapped[Decimal | None] = mapped_column(Money)
    payment_terms_days: Mapped[int] = mapped_column(Integer, default=30)
    #: Who pays within so many days takes so much off.
    discount_days: Mapped[int | None] = mapped_column(Integer)
    discount_percent: Mapped[Decimal | None] = mapped_column(Quantity)
    # --- policies: what the floor obeys ---
    #: 1 is served first, 9 last.
    priority: Mapped[int] = mapped_column(Integer, default=5)
    packaging_rule: Mapped[str | None] = mapped_column(Text)
    #: server.parties.states.LabelTemplate
    label_template: Mapped[str] = mapped_column(String(20), default="standard")
    #: What people at stations must see with each of the customer's orders, a line each.
    alerts: Mapped[str | None] = mapped_column(Text)
    special_instructions: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    contacts: Mapped[list["Contact"]] = relationship(back_populates="customer", lazy="raise", order_by="Contact.id")
    addresses: Mapped[list["Address"]] = relationship(back_populates="customer", lazy="raise", order_by="Address.id")

    @property
    def is_active(self) -> bool:
        """Whether new orders are taken and confirmed."""
        return self.status == "active"


class Contact(Base):
    """A person at a customer."""

    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(60))
    #: What the person is there for: Purchasing, Goods in.
    role: Mapped[str | None] = mapped_column(String(80))
    #: The one to turn to first.
    preferred: Mapped[bool] = mapped_column(Boolean, default=False)
    #: When the person had all of himself erased; what is left says nothing about him.
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    customer: Mapped[Customer] = relationship(back_populates="contacts", lazy="raise")


class Address(Base):
    """A postal address of a customer, for delivery or for bills."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), index=True)
    #: delivery | billing
    kind: Mapped[str] = mapped_column(String(12))
    #: The one that is taken unless an order says otherwise.
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    lines: Mapped[str] = mapped_column(Text)
    city: Mapped[str] = mapped_column(String(120))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    #: ISO 3166-1 alpha-2
    country: Mapped[str] = mapped_column(String(2))
    customer: Mapped[Customer] = relationship(back_populates="addresses", lazy="raise")


class Consent(Base):
    """What a person allowed us to use his data for, until he withdraws it."""

    __tablename__ = "consent"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), index=True)
    contact_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contact.id"), index=True)
    #: server.parties.states.Purpose
    purpose: Mapped[str] = mapped_column(String(20))
    #: Where the consent came from: trade fair 2026, web form, telephone.
    source: Mapped[str] = mapped_column(String(80))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    given_by: Mapped[str] = mapped_column(String(120))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(120))


class MatchKey(Base):
    """A trait by which two records of one company find each other: name, VAT number, e-mail, phone, address."""

    __tablename__ = "customer_match_key"
    __table_args__ = (Index("ix_customer_match_key_kind_value", "kind", "value"),)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    value: Mapped[str] = mapped_column(String(120), primary_key=True)


class SuspectPair(Base):
    """Two customers that share telling traits; kept by `server.parties.suspicion` with the traits."""

    __tablename__ = "customer_suspect"
    __table_args__ = (Index("ix_customer_suspect_weight", text("weight DESC"), "low_id", "high_id"),)
    low_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), primary_key=True)
    high_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), primary_key=True, index=True)
    #: The sum of what the shared traits say when they were written.
    weight: Mapped[int] = mapped_column(Integer)


class DistinctPair(Base):
    """Two customers that look alike, and somebody said that they are not the same."""

    __tablename__ = "customer_distinct_pair"
    low_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), primary_key=True)
    high_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"), primary_key=True)
    said_by: Mapped[str] = mapped_column(String(120))
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)
