"""Tables of quotes: versions with lines, messages, and private links."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalog.models import Product
from server.db import Base, BigId, Json, Money, Quantity, UtcDateTime, Versioned
from server.parties.models import Customer


class Quote(Versioned, Base):
    """What we offer one customer. Its state is stored; that it has expired is judged by the clock at every reading."""

    __tablename__ = "quote"
    __table_args__ = (Index("ix_quote_customer_id_id", "customer_id", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"))
    customer_reference: Mapped[str | None] = mapped_column(String(80))
    #: server.crm.quotes.rules.QuoteState
    state: Mapped[str] = mapped_column(String(12), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    #: The login of the sales representative.
    owner: Mapped[str | None] = mapped_column(String(80), index=True)
    #: How likely an order is, in percent.
    probability: Mapped[int] = mapped_column(Integer, default=50)
    #: The last day on which the version in force can be accepted, at the site.
    valid_until: Mapped[date] = mapped_column(Date)
    #: The version that the customer has before him; None until one is sent.
    sent_version: Mapped[int | None] = mapped_column(Integer)
    #: The version that is being written; None while nothing is.
    draft_version: Mapped[int | None] = mapped_column(Integer)
    #: What the version in force amounts to: the one that was sent, else the draft.
    total: Mapped[Decimal] = mapped_column(Money)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    #: The last time that either side wrote, sent or answered.
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    accepted_version: Mapped[int | None] = mapped_column(Integer)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The name that was signed with.
    accepted_by: Mapped[str | None] = mapped_column(String(120))
    #: The order that the acceptance placed.
    order_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sales_order.id"), unique=True)
    declined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Why the customer declined, or why we withdrew.
    closing_reason: Mapped[str | None] = mapped_column(String(200))
    customer: Mapped[Customer] = relationship(lazy="raise")
    versions: Mapped[list["QuoteVersion"]] = relationship(
        back_populates="quote", lazy="raise", order_by="QuoteVersion.version"
    )


class QuoteVersion(Base):
    """One wording of the offer; once it is sent it never changes."""

    __tablename__ = "quote_version"
    __table_args__ = (UniqueConstraint("quote_id", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    quote_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("quote.id"))
    version: Mapped[int] = mapped_column(Integer)
    valid_until: Mapped[date] = mapped_column(Date)
    #: What stands above the lines.
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_by: Mapped[str | None] = mapped_column(String(120))
    quote: Mapped[Quote] = relationship(back_populates="versions", lazy="raise")
    lines: Mapped[list["QuoteLine"]] = relationship(
        back_populates="version", lazy="raise", order_by="QuoteLine.position", cascade="all, delete-orphan"
    )


class QuoteLine(Base):
    """One product of a version, as it is chosen and priced."""

    __tablename__ = "quote_line"
    __table_args__ = (UniqueConstraint("version_id", "position"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("quote_version.id"))
    position: Mapped[int] = mapped_column(Integer)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"), index=True)
    #: Chosen options by key, as orders keep them: {"colour": "signal-red"}.
    configuration: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    #: The same as the catalog worded it when the line was written: {"Colour": "Signal red"}.
    chosen: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    unit_price: Mapped[Decimal] = mapped_column(Money)
    #: Taken off the unit price.
    discount_percent: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    #: When the customer wishes to have it.
    wished_date: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str | None] = mapped_column(Text)
    version: Mapped[QuoteVersion] = relationship(back_populates="lines", lazy="raise")
    product: Mapped[Product] = relationship(lazy="raise")


class QuoteMessage(Base):
    """What one side said, about the version that lay before both."""

    __tablename__ = "quote_message"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    quote_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("quote.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    #: sales | customer
    side: Mapped[str] = mapped_column(String(8))
    author: Mapped[str] = mapped_column(String(120))
    actor: Mapped[str] = mapped_column(String(120))
    body: Mapped[str | None] = mapped_column(Text)
    #: What the customer would change: [{"position": 1, "quantity": "25", "configuration": {"colour": "red"}}].
    proposal: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    #: The version into which sales took the proposal over.
    taken_into: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QuoteLink(Base):
    """A private link to one quote: until it is revoked, or for 90 days; only its hash is stored."""

    __tablename__ = "quote_link"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    quote_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("quote.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class QuoteVisit(Base):
    """A browser that came in by a link: its cookie opens that link's quote and what was ordered by it."""

    __tablename__ = "quote_visit"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    link_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("quote_link.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
