"""Tables of CRM: private links to one order without a login, and what was said with a customer."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, BigId, UtcDateTime


class CustomerLink(Base):
    """A private link to one order: 90 days or until revoked; only its hash is stored."""

    __tablename__ = "customer_link"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales_order.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CustomerVisit(Base):
    """A browser that came in by a link: its cookie opens that link's order and nothing else."""

    __tablename__ = "customer_visit"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    link_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer_link.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Interaction(Base):
    """What was said with a customer or is worth knowing of him, written down by one of our people."""

    __tablename__ = "interaction"
    __table_args__ = (Index("ix_interaction_customer_id_at", "customer_id", "at", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"))
    #: The person it was said with or is about.
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contact.id"), index=True)
    #: server.crm.interactions.Kind
    kind: Mapped[str] = mapped_column(String(10))
    #: in | out; None for a note
    direction: Mapped[str | None] = mapped_column(String(3))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[str] = mapped_column(String(120))
