"""The tables of printers and their jobs."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, Quantity, UtcDateTime, Versioned


class Printer(Versioned, Base):
    """A label printer that understands ZPL, reached over TCP."""

    __tablename__ = "printer"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    host: Mapped[str] = mapped_column(String(120))
    port: Mapped[int] = mapped_column(Integer, default=9100)
    dpi: Mapped[int] = mapped_column(Integer, default=203)
    #: The labels that are in it.
    width_mm: Mapped[Decimal] = mapped_column(Quantity)
    height_mm: Mapped[Decimal] = mapped_column(Quantity)
    #: Whether it answers ~HS; one that does not cannot tell that its paper is out.
    asks_status: Mapped[bool] = mapped_column(Boolean, default=True)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class PrintJob(Base):
    """One label, so that what is not known is not known of one label alone."""

    __tablename__ = "print_job"
    #: Few jobs are open, and many are done.
    __table_args__ = (Index(None, "state", "printer_id", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    printer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("printer.id"))
    #: server.labels.wanted.LabelKind, and what was asked for.
    kind: Mapped[str] = mapped_column(String(12))
    reference: Mapped[str] = mapped_column(String(160))
    title: Mapped[str] = mapped_column(String(200))
    copies: Mapped[int] = mapped_column(Integer, default=1)
    #: ZPL, as it is sent; a reprint sends the same.
    payload: Mapped[str] = mapped_column(Text)
    #: server.labels.queue.states.JobState
    state: Mapped[str] = mapped_column(String(10))
    #: server.labels.queue.states.Trouble: why it waits, failed, or is not known.
    trouble: Mapped[str | None] = mapped_column(String(12))
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Written before the first byte of the label leaves; from then on nobody may send it again unasked.
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Until then the job is in somebody's hands.
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    reprint_of: Mapped[int | None] = mapped_column(BigInteger)
    printer: Mapped[Printer] = relationship(lazy="raise")
