"""Tables of stations and read points."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalog.models import WorkCenter
from server.db import Base, BigId, Json, UtcDateTime, Versioned


class Station(Versioned, Base):
    """A place where one work center's work is done."""

    __tablename__ = "station"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Lower case, in addresses: /station/cut. Its printed code OLS... holds the same letters in capitals.
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    area: Mapped[str | None] = mapped_column(String(80))
    work_center_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("work_center.id"), index=True)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    work_center: Mapped[WorkCenter] = relationship(lazy="raise")
    read_points: Mapped[list["ReadPoint"]] = relationship(back_populates="station", lazy="raise")


class ReadPoint(Versioned, Base):
    """The key a gateway gives a reader or antenna, and what a read there means."""

    __tablename__ = "read_point"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    station_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("station.id"), index=True)
    #: server.tracking.states.Context
    context: Mapped[str] = mapped_column(String(12))
    #: The same unit again within so many seconds is one passage (RFID gates).
    quiet_seconds: Mapped[int] = mapped_column(Integer, default=0)
    #: Read points of one group hear the same tags; within so many seconds a tag is at the loudest of them alone.
    overlap_group: Mapped[str | None] = mapped_column(String(40))
    overlap_seconds: Mapped[int] = mapped_column(Integer, default=5)
    #: What passes here may be compared with what is expected (server.erp.passages); so many seconds after its last
    #: read a passage is over, with 0 when somebody says so.
    checks_passages: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    check_seconds: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: Every unit passes here whose route leads through the station's work center, since then; who is seen further on
    #: and never was here was missed (server.tracking.missed).
    must_see: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    must_see_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    station: Mapped[Station] = relationship(back_populates="read_points", lazy="raise")


class GatePass(Base):
    """A unit at a gate that must see it: when it did first, or when the unit was seen further on without.

    A unit that is sent back passes again, so there is one row for each time.
    """

    __tablename__ = "gate_pass"
    read_point_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("read_point.id"), primary_key=True, autoincrement=False
    )
    unit_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("unit.id"), primary_key=True, autoincrement=False, index=True
    )
    #: How often the unit had been sent back by then.
    rework: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, default=0, server_default="0")
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The fact that says so, which a late read takes back.
    fact_id: Mapped[int | None] = mapped_column(BigInteger)


class StationState(Base):
    """What a station remembers between scans: who is there, the armed command, the open box, its last verdicts."""

    __tablename__ = "station_state"
    station_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("station.id"), primary_key=True, autoincrement=False)
    operator_badge: Mapped[str | None] = mapped_column(String(20))
    operator_name: Mapped[str | None] = mapped_column(String(120))
    operator_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    armed_command: Mapped[str | None] = mapped_column(String(12))
    armed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The reason, and the operation's code, that were shown after the command card.
    armed_reason: Mapped[str | None] = mapped_column(String(20))
    armed_operation: Mapped[str | None] = mapped_column(String(24))
    #: Everybody who works here: {badge, name, since}; who came last stands in the columns above.
    crew: Mapped[list[dict[str, str]] | None] = mapped_column(Json)
    open_handling_unit_id: Mapped[int | None] = mapped_column(BigInteger)
    #: The materials at hand and the location that was scanned last, as server.tracking.goods_rows reads them.
    stock: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: The last eight verdicts, newest first: {event_id, gateway, epoch, sequence, observed_at, code, status, action,
    #: subject, order, say, signal, reason, undo, undone}.
    verdicts: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
