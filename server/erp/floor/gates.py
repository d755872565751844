"""How well the gates see that must see every unit."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from server.erp.floor.models import GatePass, ReadPoint, Station
from server.journal.models import EventRecord, Fact


class GateFigures(NamedTuple):
    """One gate: passes of units that it saw, those that it missed, and the last miss."""

    key: str
    name: str
    station: str
    since: datetime | None
    seen: int
    missed: int
    last_missed_at: datetime | None

    @property
    def percent(self) -> float:
        """The share that was missed."""
        whole = self.seen + self.missed
        return round(100 * self.missed / whole, 1) if whole else 0.0


def gate_figures(session: Session) -> Sequence[GateFigures]:
    """Every gate in use that must see all units, the worst first; one query."""
    is_missed = and_(GatePass.missed_at.is_not(None), GatePass.seen_at.is_(None))
    seen = func.count(GatePass.seen_at)
    missed = func.coalesce(func.sum(case((is_missed, 1), else_=0)), 0)
    last = func.max(case((is_missed, GatePass.missed_at)))
    statement = (
        select(ReadPoint.key, ReadPoint.name, Station.name, ReadPoint.must_see_since, seen, missed, last)
        .join(Station, Station.id == ReadPoint.station_id)
        .outerjoin(GatePass, GatePass.read_point_id == ReadPoint.id)
        .where(ReadPoint.must_see.is_(True), ReadPoint.active.is_(True))
        .group_by(ReadPoint.id, Station.id)
    )
    found = [GateFigures._make(row) for row in session.execute(statement)]
    return sorted(found, key=lambda gate: (-gate.percent, gate.key))


class MissedUnit(NamedTuple):
    """One unit that a gate missed, and the read that tells so."""

    unit: str
    gate: str
    missed_at: datetime
    #: The read point where it was seen further on, and why that read was refused; None where it was not.
    seen_at: str
    reason: str | None


def missed_units(session: Session, limit: int) -> Sequence[MissedUnit]:
    """The units that were missed last, the newest first; one query."""
    statement = (
        select(Fact.subject, ReadPoint.name, GatePass.missed_at, Fact.detail, EventRecord.reason)
        .join(Fact, Fact.id == GatePass.fact_id)
        .join(ReadPoint, ReadPoint.id == GatePass.read_point_id)
        .outerjoin(EventRecord, EventRecord.id == Fact.event_id)
        .where(GatePass.seen_at.is_(None), ReadPoint.must_see.is_(True), ReadPoint.active.is_(True))
        .order_by(GatePass.fact_id.desc())
        .limit(limit)
    )
    return [
        MissedUnit(unit, gate, at, str(detail.get("seen_at", "")), reason)
        for unit, gate, at, detail, reason in session.execute(statement)
    ]
