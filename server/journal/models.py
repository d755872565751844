"""Tables of the journal. Events and facts are only ever added; corrections are new facts that name the old."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, BigId, Json, Quantity, UtcDateTime

#: What is told of a customer: facts about his orders as a whole, and about records such as himself. Scans are in
#: neither. They are written so that no planner takes the index of units for them.
_WHOLE_ORDER = text("coalesce(unit_id, 0) = 0")
_RECORD = text("coalesce(unit_id, order_id, station_id, 0) = 0")


class EventSource(Base):
    """One life of one gateway: the pair (gateway, epoch) as a small number."""

    __tablename__ = "event_source"
    __table_args__ = (Index("uq_event_source_gateway_epoch", "gateway", "epoch", unique=True),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(80))
    epoch: Mapped[str] = mapped_column(String(16))
    #: Every sequence up to this one has been recorded; it is what the gateway may call committed.
    contiguous_sequence: Mapped[int] = mapped_column(BigInteger, default=0)
    #: The highest sequence seen; above contiguous_sequence means a gap.
    max_sequence: Mapped[int] = mapped_column(BigInteger, default=0)
    #: What its gateway_started event said: the life before it, and how far that one had come.
    previous_epoch: Mapped[str | None] = mapped_column(String(16))
    previous_last_sequence: Mapped[int | None] = mapped_column(BigInteger)
    #: The gateway's clock at the first event of this life.
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EventIdentity(Base):
    """The uniqueness of an event, in a table of its own so that `event` can be partitioned by day."""

    __tablename__ = "event_identity"
    source_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    recorded_on: Mapped[date] = mapped_column(Date)
    event_id: Mapped[int] = mapped_column(BigInteger)
    #: The first answer, repeated word for word to a duplicate.
    answer: Mapped[dict[str, Any]] = mapped_column(Json)


class EventRecord(Base):
    """An event as a gateway told it, with the verdict it got."""

    __tablename__ = "event"
    # On SQLite the number is the place of the row itself, so that there is no second tree to keep.
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(24))
    station_id: Mapped[int | None] = mapped_column(BigInteger)
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    clock_suspect: Mapped[bool] = mapped_column(Boolean, default=False)
    status: Mapped[str] = mapped_column(String(12))
    action: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(40))
    #: The whole event as it came (docs/reference/events.md), raw bytes included.
    payload: Mapped[dict[str, Any]] = mapped_column(Json)


class Fact(Base):
    """One resolved change, written in the transaction that makes it true; projections fold facts by id."""

    __tablename__ = "fact"
    __table_args__ = (
        Index("ix_fact_unit_id", "unit_id"),
        Index("ix_fact_order_id_id", "order_id", "id"),
        Index("ix_fact_whole_order", "order_id", "id", sqlite_where=_WHOLE_ORDER, postgresql_where=_WHOLE_ORDER),
        Index("ix_fact_record", "subject", "id", sqlite_where=_RECORD, postgresql_where=_RECORD),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    #: A sales order, work order, unit, handling unit, shipment... as its people-facing number.
    subject: Mapped[str] = mapped_column(String(80))
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    work_order_id: Mapped[int | None] = mapped_column(BigInteger)
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    step: Mapped[int | None] = mapped_column(Integer)
    station_id: Mapped[int | None] = mapped_column(BigInteger)
    quantity: Mapped[Decimal | None] = mapped_column(Quantity)
    #: `operator:B17`, `user:anna`, `gateway:gw-hall-1`, `system`.
    actor: Mapped[str] = mapped_column(String(120))
    #: The event that caused the fact; None for a change made on a screen or by a program.
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: What the fact changed: {"before": {...}, "after": {...}} and whatever else proves it.
    detail: Mapped[dict[str, Any]] = mapped_column(Json)


class Quarantine(Base):
    """An event a person can repair; it stays here, raw, until it is resolved and replayed or discarded."""

    __tablename__ = "quarantine"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    reason: Mapped[str] = mapped_column(String(40))
    say: Mapped[str] = mapped_column(Text)
    read_point: Mapped[str | None] = mapped_column(String(80))
    code: Mapped[str | None] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    #: open | resolved | discarded
    state: Mapped[str] = mapped_column(String(12), default="open", index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decision: Mapped[dict[str, Any] | None] = mapped_column(Json)


class UnknownTag(Base):
    """A tag nobody knows, counted where it passed; stray tags are weather, not work for a person."""

    __tablename__ = "unknown_tag"
    read_point: Mapped[str] = mapped_column(String(80), primary_key=True)
    epc: Mapped[str] = mapped_column(String(128), primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int] = mapped_column(Integer)


class Gateway(Base):
    """A gateway the server was told of, and how it is."""

    __tablename__ = "gateway"
    __table_args__ = (Index("ix_gateway_enrol_hash", "enrol_hash", unique=True),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    #: Rises with what a person changes; heartbeats leave it alone.
    row_version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_event_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The last heartbeat as it came: version, backlog, oldest_age_seconds, devices, set_aside.
    health: Mapped[dict[str, Any] | None] = mapped_column(Json)
    clock_offset_seconds: Mapped[float | None]
    #: The one-time code by which it may bring a key, and the prefix of the key that it brought.
    enrol_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    enrol_prefix: Mapped[str | None] = mapped_column(String(12))
    enrol_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_FAILED = text("action = 'sign_in_failed'")


class Audit(Base):
    """Who looked at or changed what beside production facts: logins, keys, users, settings, exports."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at"),
        Index("ix_audit_failed_sign_ins", "at", sqlite_where=_FAILED, postgresql_where=_FAILED),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)
    request_id: Mapped[str | None] = mapped_column(String(40))


class IdempotencyKey(Base):
    """The answer to a POST that carried an Idempotency-Key, kept for a day and given again to a retry."""

    __tablename__ = "idempotency_key"
    principal: Mapped[str] = mapped_column(String(120), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


#: The same for queries, word for word.
ABOUT_WHOLE_ORDERS = text("coalesce(fact.unit_id, 0) = 0")
ABOUT_RECORDS = text("coalesce(fact.unit_id, fact.order_id, fact.station_id, 0) = 0")

__all__ = [
    "ABOUT_RECORDS",
    "ABOUT_WHOLE_ORDERS",
    "Audit",
    "EventIdentity",
    "EventRecord",
    "EventSource",
    "Fact",
    "Gateway",
    "IdempotencyKey",
    "Quarantine",
    "UnknownTag",
]
