"""Which units the gates of this house saw and missed, for batches of a house that has gates every unit has to pass.

Nothing is asked in any other house. A read that was refused was a read: the unit was there. Where more than the gate's
own step was still to be done, it tells nothing of the gate (server.tracking.missed). Who is sent back passes again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.floor import repository
from server.erp.floor.models import GatePass
from server.ingest.fold import Folded, Judged
from server.ingest.save import Before
from server.journal import facts as journal
from server.tracking.facts import FactKind, NewFact
from server.tracking.interpret import find_unit
from server.tracking.missed import Gate, SentBack, Sight, gates_missed, may_have_stayed, rework_at
from server.tracking.overlap import READS
from server.tracking.places import current_operation, is_fixed, route
from server.tracking.states import Action, OperationState
from server.tracking.steps import Read
from server.tracking.world import ReadPoint as Point
from server.tracking.world import Unit, World

ACTOR = "system"


class _Seen(NamedTuple):
    """A unit that was read: where, and by which event."""

    unit: Unit
    read_point: str
    station_id: int
    sight: Sight
    event_id: int
    #: The step that the unit waited for when it was read; None where all were done.
    due: int | None
    #: How often it had been sent back when that was told, and how often when it was read.
    told_rework: int
    rework: int

    def passing(self, gate: Gate) -> tuple[int, int, int]:
        """The key of this pass of the unit at the gate."""
        return gate.id, self.unit.id, self.rework


def note_gates(session: Session, folded: Folded, was: Before, first_event: int, *, now: datetime) -> None:
    """Note what the gates saw in this saved batch, and infer what they missed; the edge commits."""
    if not any(point.has_gates for point in folded.world.read_points.values()):
        return
    seen = list(_seen(folded, was, first_event))
    if seen:
        _Book(session, folded.world, was, now).take(seen)


def _seen(folded: Folded, was: Before, first_event: int) -> Iterator[_Seen]:
    world, units = folded.world, dict(was.units)
    for number, judged in enumerate(folded.judged):
        found = _unit_read(judged, world)
        if found is not None:
            unit, point, read = found
            sight = Sight(world.stations[point.station_id].work_center_id, point.context, read.observed_at)
            stood = units.get(unit.id, unit)
            due, rework = _due(world, stood), stood.rework
            yield _Seen(unit, point.key, point.station_id, sight, first_event + number, due, rework, rework)
        for fact in folded.facts[judged.first_fact : judged.first_fact + judged.facts]:
            _move(units, fact)


def _unit_read(judged: Judged, world: World) -> tuple[Unit, Point, Read] | None:
    """The unit that was read there, and where, if one was."""
    read = judged.item.read
    point = world.read_points.get(read.read_point or "") if read is not None else None
    if read is None or point is None:
        return None
    if read.kind not in READS or read.named.kind != "unit" or judged.verdict.action is Action.UNIT_OVERHEARD:
        return None
    unit = find_unit(read, world)
    return (unit, point, read) if unit is not None and unit.work_order_id is not None else None


def _due(world: World, unit: Unit) -> int | None:
    current = None if is_fixed(unit) else current_operation(world, unit)
    return current.step if current is not None else None


def _move(units: dict[int, Unit], fact: NewFact) -> None:
    """Let the unit stand where the fact puts it, so that the next read in the batch finds it there."""
    unit = units.get(fact.unit_id or 0)
    after = fact.told.get("after", {}).get(f"unit:{fact.unit_id}", {}) if unit is not None else {}
    if unit is not None and after:
        units[unit.id] = unit._replace(**{name: after[name] for name in ("state", "step", "rework") if name in after})


def _row(gate: Gate, each: _Seen, **what: Any) -> GatePass:
    return GatePass(read_point_id=gate.id, unit_id=each.unit.id, rework=each.rework, **what)


class _Book:
    """What is written down for one batch."""

    def __init__(self, session: Session, world: World, was: Before, now: datetime) -> None:
        self._session, self._world, self._now = session, world, now
        self._centers = repository.work_centers(session)
        self._gates = {
            point.key: Gate(
                point.id, point.key, point.station_id, self._centers[point.station_id], point.must_see_since
            )
            for point in repository.gates(session)
        }
        self._last = {unit.id: self._sight_of(unit) for unit in was.units.values()}
        self._back: Mapping[int, Mapping[int, SentBack]] = {}

    def _sight_of(self, unit: Unit) -> Sight | None:
        """Where the unit was before this batch; what the read point there meant does not count any more."""
        if unit.last_station_id is None or unit.last_seen_at is None:
            return None
        return Sight(self._centers[unit.last_station_id], "", unit.last_seen_at)

    def take(self, seen: Sequence[_Seen]) -> None:
        """Each read in turn."""
        known = dict(repository.gate_passes(self._session, {each.unit.id for each in seen}))
        reworked = {each.unit.id for each in seen if each.told_rework}
        self._back = repository.sent_back(self._session, reworked) if reworked else {}
        dated = [self._dated(each) for each in seen]
        by_gates = {each.passing(self._gates[each.read_point]) for each in dated if each.read_point in self._gates}
        for each in dated:
            if (gate := self._gates.get(each.read_point)) is not None:
                self._saw(known, gate, each)
            for missed in self._missed(each):
                key = each.passing(missed)
                if key not in known and key not in by_gates:
                    known[key] = self._infer(missed, each)
            if each.rework == each.told_rework:
                self._last[each.unit.id] = each.sight

    def _dated(self, each: _Seen) -> _Seen:
        back = self._back.get(each.unit.id, {})
        return each._replace(rework=rework_at(back, each.told_rework, each.sight.at))

    def _missed(self, each: _Seen) -> Sequence[Gate]:
        if each.rework < each.told_rework:
            # It came late, and where the unit had been before it is not known any more.
            return ()
        before = self._last.get(each.unit.id)
        back = self._back.get(each.unit.id, {}).get(each.rework)
        if back is not None:
            if may_have_stayed(before, each.sight):
                return ()
            before = back.start
        steps = route(self._world, each.unit)
        way = [(step.step, step.work_center_id) for step in steps if step.state != OperationState.SKIPPED]
        return gates_missed(way, self._gates.values(), before, each.sight, due=each.due)

    def _saw(self, known: dict[tuple[int, int, int], GatePass], gate: Gate, each: _Seen) -> None:
        key = each.passing(gate)
        if key not in known:
            known[key] = _row(gate, each, seen_at=each.sight.at)
            self._session.add(known[key])
        elif known[key].seen_at is None:
            # The read came late, as from a gateway that was cut off: nothing was missed.
            known[key].seen_at = each.sight.at
            detail = {"reverses": FactKind.READ_MISSED.value}
            self._write(FactKind.REVERSED, gate, each, detail, reverses_id=known[key].fact_id)

    def _infer(self, gate: Gate, each: _Seen) -> GatePass:
        again = {"rework": each.rework} if each.rework else {}
        detail = {"missed": gate.key, "seen_at": each.read_point, **again}
        number = self._write(FactKind.READ_MISSED, gate, each, detail)
        row = _row(gate, each, missed_at=each.sight.at, fact_id=number)
        self._session.add(row)
        return row

    def _write(
        self, kind: FactKind, gate: Gate, each: _Seen, detail: dict[str, Any], reverses_id: int | None = None
    ) -> int:
        unit = each.unit
        fact = NewFact(
            kind, unit.number, ACTOR, each.sight.at, order_id=unit.order_id, work_order_id=unit.work_order_id,
            unit_id=unit.id, station_id=gate.station_id, event_id=each.event_id, reverses_id=reverses_id,
            detail=detail,
        )  # fmt: skip
        order = self._world.orders.get(unit.order_id or 0)
        if order is not None:
            touch(self._session, f"order:{order.number}")
        return journal.write(self._session, [fact], recorded_at=self._now)[0]
