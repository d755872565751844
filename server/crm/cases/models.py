"""Tables of cases and of what both sides say about them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, UtcDateTime, Versioned
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.parties.models import Customer


class Case(Versioned, Base):
    """What one customer complains of; it may be about an order, or a unit of it."""

    __tablename__ = "case_file"
    __table_args__ = (Index("ix_case_file_customer_id_id", "customer_id", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customer.id"))
    order_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sales_order.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("unit.id"), index=True)
    subject: Mapped[str] = mapped_column(String(120))
    #: server.crm.cases.rules.CaseState
    state: Mapped[str] = mapped_column(String(18), index=True)
    #: server.crm.cases.rules.CasePriority
    priority: Mapped[str] = mapped_column(String(8))
    #: The login of whoever takes care of it.
    assigned_to: Mapped[str | None] = mapped_column(String(80), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    #: The last time that either side did something.
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    customer: Mapped[Customer] = relationship(lazy="raise")
    order: Mapped[SalesOrder | None] = relationship(lazy="raise")
    unit: Mapped[Unit | None] = relationship(lazy="raise")


class CaseMessage(Base):
    """What one side said; it never changes."""

    __tablename__ = "case_message"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("case_file.id"), index=True)
    #: customer | service
    side: Mapped[str] = mapped_column(String(8))
    author: Mapped[str] = mapped_column(String(120))
    actor: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
