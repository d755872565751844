"""Tables of change requests, the stations that must have seen them, and units to be packed anew."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base, BigId, Json, UtcDateTime, Versioned
from server.erp.floor.models import Station
from server.erp.logistics.models import HandlingUnit
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder

_WAITING = text("acknowledged_at IS NULL")
_TO_DO = text("state = 'open'")


class ChangeRequest(Versioned, Base):
    """What shall be different about a work order that is released already."""

    __tablename__ = "change_request"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales_order.id"), index=True)
    work_order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("work_order.id"), index=True)
    #: Ids of the work orders that make anew what was lost of this one; the change holds for them too.
    carried_to: Mapped[list[int]] = mapped_column(Json, default=list, server_default="[]")
    #: server.tracking.states.ChangeState
    state: Mapped[str] = mapped_column(String(12), index=True)
    #: server.tracking.states.Effectivity
    effectivity: Mapped[str] = mapped_column(String(12))
    #: Who wants it: customer, sales or engineering.
    origin: Mapped[str] = mapped_column(String(12))
    #: Field -> what it shall be; the fields are those of server.tracking.changes.FIELDS.
    wanted: Mapped[dict[str, Any]] = mapped_column(Json)
    #: [{"field", "before", "after"}] against the snapshot; it stands still once the change is decided.
    difference: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(120))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(120))
    #: Why it was rejected.
    decision_reason: Mapped[str | None] = mapped_column(String(200))
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The version of the work order's snapshot that holds it first.
    snapshot_version: Mapped[int | None] = mapped_column(Integer)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    order: Mapped[SalesOrder] = relationship(lazy="raise")
    work_order: Mapped[WorkOrder] = relationship(lazy="raise")

    @property
    def works(self) -> list[int]:
        """Ids of every work order that the change is about, its own first."""
        return [self.work_order_id, *self.carried_to]

    acknowledgements: Mapped[list["ChangeAcknowledgement"]] = relationship(
        back_populates="change", lazy="raise", order_by="ChangeAcknowledgement.id"
    )


class ChangeAcknowledgement(Base):
    """A station that must have seen a change, and who there has."""

    __tablename__ = "change_acknowledgement"
    __table_args__ = (
        UniqueConstraint("change_id", "station_id"),
        Index("ix_change_acknowledgement_waiting", "station_id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    change_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("change_request.id"))
    station_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("station.id"))
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    badge: Mapped[str | None] = mapped_column(String(20))
    name: Mapped[str | None] = mapped_column(String(120))
    change: Mapped[ChangeRequest] = relationship(back_populates="acknowledgements", lazy="raise")
    station: Mapped[Station] = relationship(lazy="raise")


class RepackTask(Base):
    """A unit that was packed before a change counted, and is to be packed anew."""

    __tablename__ = "repack_task"
    __table_args__ = (
        UniqueConstraint("change_id", "unit_id"),
        Index("ix_repack_task_open", "id", sqlite_where=_TO_DO, postgresql_where=_TO_DO),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    change_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("change_request.id"))
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sales_order.id"), index=True)
    unit_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("unit.id"), index=True)
    #: The box that it lay in when the change was approved.
    handling_unit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("handling_unit.id"))
    #: server.tracking.states.RepackState
    state: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[str | None] = mapped_column(String(120))
    #: Why a person closed it without a scan.
    done_reason: Mapped[str | None] = mapped_column(String(200))
    change: Mapped[ChangeRequest] = relationship(lazy="raise")
    unit: Mapped[Unit] = relationship(lazy="raise")
    handling_unit: Mapped[HandlingUnit | None] = relationship(lazy="raise")
