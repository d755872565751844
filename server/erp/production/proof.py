"""A status always points at the reads that prove it: a unit's facts with the events behind them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.erp.floor.models import Station
from server.erp.production.models import Unit
from server.journal.models import EventRecord, EventSource, Fact

#: A unit with more history than this shows its newest part.
LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact, where it happened, and the event that caused it."""

    fact: Fact
    station: str | None
    event: EventRecord | None
    source: EventSource | None

    def as_json(self, *, internal: bool) -> dict[str, Any]:
        """The fact for programs; for people outside of our house without names, codes and devices."""
        shown: dict[str, Any] = {
            "kind": self.fact.kind,
            "subject": self.fact.subject,
            "step": self.fact.step,
            "observed_at": self.fact.observed_at.isoformat(),
            "recorded_at": self.fact.recorded_at.isoformat(),
        }
        if not internal:
            return shown
        return shown | {
            "id": self.fact.id,
            "actor": self.fact.actor,
            "station": self.station,
            "reverses": self.fact.reverses_id,
            "detail": self.fact.detail,
            "event": self._event(),
        }

    def _event(self) -> dict[str, Any] | None:
        if self.event is None or self.source is None:
            return None
        return {
            "gateway": self.source.gateway,
            "epoch": self.source.epoch,
            "sequence": self.event.sequence,
            "status": self.event.status,
            "clock_suspect": self.event.clock_suspect,
            **self.event.payload,
        }


def evidence_of(session: Session, unit: Unit) -> list[Evidence]:
    """The facts about a unit, oldest first, and the fact that put it where it is; four queries."""
    about = [Fact.unit_id == unit.id]
    if unit.last_fact_id is not None:
        about.append(Fact.id == unit.last_fact_id)
    statement = select(Fact).where(or_(*about)).order_by(Fact.observed_at.desc(), Fact.id.desc()).limit(LIMIT)
    return evidence(session, list(reversed(session.scalars(statement).all())))


def evidence(session: Session, facts: Collection[Fact]) -> list[Evidence]:
    """The facts, each with its station and event; three queries whatever their number."""
    events = _by_id(session, EventRecord, {fact.event_id for fact in facts})
    sources = _by_id(session, EventSource, {event.source_id for event in events.values()})
    stations = _by_id(session, Station, {fact.station_id for fact in facts})
    found = []
    for fact in facts:
        event = events.get(fact.event_id or 0)
        station = stations.get(fact.station_id or 0)
        source = sources.get(event.source_id) if event else None
        found.append(Evidence(fact, station.key if station else None, event, source))
    return found


def _by_id(session: Session, model: Any, ids: Collection[int | None]) -> Mapping[int, Any]:
    wanted = [found for found in ids if found is not None]
    if not wanted:
        return {}
    return {row.id: row for row in session.scalars(select(model).where(model.id.in_(wanted)))}
