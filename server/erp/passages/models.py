"""Tables of passage checks: a set of things expected at a gate, and what was seen there."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, UtcDateTime
from server.erp.floor.models import ReadPoint

_OPEN = text("closed_at IS NULL")


class PassageCheck(Base):
    """One comparison at one read point, from its opening to the end of the passage; one is open at a time."""

    __tablename__ = "passage_check"
    __table_args__ = (
        Index("uq_passage_check_open", "read_point_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_passage_check_read_point_id_id", "read_point_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    read_point_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("read_point.id"))
    #: server.erp.passages.rules.Kind
    kind: Mapped[str] = mapped_column(String(14))
    #: The number of what is expected; of a list, how it is called.
    subject: Mapped[str] = mapped_column(String(80))
    #: server.erp.passages.rules.Level
    level: Mapped[str] = mapped_column(String(6))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by: Mapped[str] = mapped_column(String(120))
    last_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Who closed it; `passage` where its time had run out.
    closed_by: Mapped[str | None] = mapped_column(String(120))
    read_point: Mapped[ReadPoint] = relationship(lazy="raise")
    items: Mapped[list["PassageItem"]] = relationship(lazy="raise", order_by="PassageItem.id")


class PassageItem(Base):
    """One thing of a check: expected, or seen though nobody expected it. `event_id` is the first read of it."""

    __tablename__ = "passage_item"
    __table_args__ = (UniqueConstraint("check_id", "code", name="uq_passage_item_check_id_code"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    check_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("passage_check.id"))
    #: server.erp.passages.rules.Role
    role: Mapped[str] = mapped_column(String(10))
    #: None of a tag that nobody knows.
    unit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("unit.id"))
    #: The number of the unit or box, or the tag that nobody knows.
    code: Mapped[str] = mapped_column(String(130))
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    event_id: Mapped[int | None] = mapped_column(BigInteger)
