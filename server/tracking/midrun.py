"""Units in the middle of a run: the scan that nearly every scan is, judged in one go. Pure.

A run is one operation of one work order, met at one read point by units in one state. It is in its middle when the
operation is running and not at its last piece, and the next one is open: then one more piece started or done changes
the unit and the counts, and nothing that follows from them. What a batch asks of a run again and again is asked once.

The rules (`judge`) come to the same outcome by asking everything anew, some eight times as slowly. Whatever is not
plainly in the middle is theirs: before they look, `settle` brings the world up to date, and after they changed it,
`forget` drops the runs that they may have turned. That both agree is tested over whole days of scans.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from orderlight.events import EventKind
from server.tracking.changes import unseen
from server.tracking.crew import badges_of
from server.tracking.draft import ONE, later
from server.tracking.facts import NewFact
from server.tracking.places import has_just_seen
from server.tracking.refusals import blocked
from server.tracking.runs import (
    PASSED,
    Answering,
    Count,
    Course,
    Middle,
    Run,
    act_of,
    detail_of,
    end_run,
    middle_of,
    sentence_of,
    start_run,
    stays,
)
from server.tracking.states import Context as Meaning
from server.tracking.states import UnitState, WorkOrderState
from server.tracking.steps import Read
from server.tracking.table import Act
from server.tracking.verdicts import Translate, fate_of
from server.tracking.world import Context, Operation, Order, Rows, Station, Tally, Unit, World

_READS: Final = frozenset({EventKind.CODE_SCANNED.value, EventKind.TAG_ARRIVED.value, EventKind.TAG_MOVED.value})
_TOGGLE: Final = Meaning.TOGGLE.value
_BUSY: Final = UnitState.IN_PROCESS.value
_IN_PROGRESS: Final = WorkOrderState.IN_PROGRESS.value
#: Rows are made by place, several times faster than by name.
_new: Final = tuple.__new__

#: Work order, step and state of the unit, read point, and the station that the sender is bound to.
_Key = tuple[int | None, int | None, str, str | None, str | None]


#: What came of a scan in the middle of a run: the run, the text of the answer, and the fact. A run's verdict is one for
#: all, so it names no subject: that is the fact's. The world has the unit already, and the counts when it is settled.
Passed = tuple[Run, str, NewFact]


@dataclass(slots=True)
class _Made:
    """What hangs on one order."""

    keys: set[_Key] = field(default_factory=set)
    operations: set[int] = field(default_factory=set)
    works: set[int] = field(default_factory=set)


class Midruns:
    """The runs of one batch in its world, or of several: each begins with `enter`."""

    def __init__(self, translate: Translate, answering: Answering) -> None:
        self.translate = translate
        self._answering = answering
        self._runs: dict[_Key, Run | None] = {}
        self._counts: dict[int, Count] = {}
        self._courses: dict[int, Course] = {}
        #: What was made for each order, to be dropped with it; and the keys that have no run.
        self._made: dict[int, _Made] = {}
        self._closed: list[_Key] = []
        #: Runs in which something has passed since the world was last up to date.
        self._moved: list[Run] = []
        self.enter(World())

    def enter(self, world: World) -> None:
        """Go on in another world, in which everything that stood in the one before stands as that was left."""
        self._world = world
        self._units = world.changed[Unit]

    def pass_on(self, read: Read | None, event_id: int, fact_id: int) -> Passed | None:
        """Take the scan in when it is one in the middle of a run; else None, and the world stands as it stood."""
        if read is None:
            return None
        # Taken apart at once, as the unit is below: a field by its name costs as much as all of them together. A slice
        # is a plain tuple, which comes apart several times faster than a named one.
        _, sequence, kind, at, named, point, actor, is_person, _, station_key, _, _ = read[:]
        if kind not in _READS or named[0] != "unit":
            return None
        world, found = self._world, None
        for value in named[1]:
            found = world.identifiers.get(value)
            if found is not None:
                break
        unit = world.units.get(found) if found is not None else None
        if unit is None:
            return None
        work_order_id, _, state, step, held = unit[4:9]
        # Of a unit that was sent back the rules ask whether the read is from before that.
        if held or (world.sent_back and unit[0] in world.sent_back):
            return None
        key = (work_order_id, step, state, point, station_key)
        try:
            run = self._runs[key]
        except KeyError:
            run = self._runs[key] = self._begin(read, unit)
            self._note(key, run)
        if run is not None and run.alone and unit.last_station_id != run.station_id:
            return None
        if run is not None and run.quiet is not None and has_just_seen(run.quiet, unit, at):
            return None
        if run is None or run.counts.good >= run.counts.room or (run.step is None and run.course.open < 2):
            return None
        who = run.badge if run.badge is not None and not is_person else actor
        return self._pass(run, unit, (at, point, who, sequence, event_id, fact_id))

    def settle(self) -> None:
        """Bring the world up to date with what has passed."""
        for run in self._moved:
            run.moved = False
            self._settle(run.counts, run.course)
        self._moved.clear()

    def _settle(self, count: Count, course: Course) -> None:
        world, row = self._world, count.row
        if row.good != count.good or row.started != count.started:
            count.row = _new(Operation, (*row[:8], count.started, count.good, *row[10:]))
            world.operations[row.id] = count.row
            world.changed[Operation].add(row.id)
        order = world.orders[course.order.id]
        if course.moved_at is not None and later(order.moved_at, course.moved_at) is not order.moved_at:
            world.orders[order.id] = _new(Order, (*order[:8], course.moved_at))
            world.changed[Order].add(order.id)
        tally = world.tallies.get(course.work_order_id)
        if tally is not None and tally.open != course.open:
            world.tallies[course.work_order_id] = _new(Tally, (course.open, course.finished, *tally[2:]))

    def forget(self, rows: Rows) -> None:
        """Drop every run that these changed rows may have turned."""
        stations = rows.get(Context, {})
        orders = {row.order_id for kind, table in rows.items() if kind is not Context for row in table.values()
                  if kind is not Order and kind is not Operation}  # fmt: skip
        orders.update(rows.get(Order, ()))
        works = self._world.work_orders
        orders.update(works[row.work_order_id].order_id for row in rows.get(Operation, {}).values())
        for key in self._closed:
            del self._runs[key]
        self._closed.clear()
        for order_id in orders & self._made.keys():
            made = self._made.pop(order_id)
            for key in made.keys & self._runs.keys():
                del self._runs[key]
            for operation_id in made.operations:
                del self._counts[operation_id]
            for work_order_id in made.works:
                del self._courses[work_order_id]
        if stations:
            self._runs = {key: run for key, run in self._runs.items() if run is None or run.station_id not in stations}

    def _pass(self, run: Run, unit: Unit, told: tuple[datetime, str | None, str, int, int, int]) -> Passed:
        count, course = run.counts, run.course
        at, point, who, sequence, event_id, fact_id = told
        (
            unit_id, number, kind, order_id, work_order_id, position, _, _, held, hold_reason, rework, parent_id,
            station_id, last_point, last_at, _,
        ) = unit[:]  # fmt: skip
        if not run.moved:
            run.moved = True
            self._moved.append(run)
        started, good = count.started, count.good
        if not run.ends:
            said = count.started = started + 1
            detail = run.detail % (started, unit_id, said, unit_id)
        else:
            said = count.good = good + 1
            if run.starts:
                begun = count.started = started + 1
                detail = run.detail % (started, good, unit_id, begun, said, unit_id)
            else:
                detail = run.detail % (good, unit_id, said, unit_id)
            if run.step is None:
                course.open -= 1
                course.finished += 1
        if course.moved_at is None or at > course.moved_at:
            course.moved_at = at
        if last_at is None or at >= last_at:
            station_id, last_point, last_at = run.station_id, point, at
        # Else it is a read that comes late, which does not tell where the unit is.
        self._world.units[unit_id] = _new(Unit, (
            unit_id, number, kind, order_id, work_order_id, position, run.state, run.step, held, hold_reason, rework,
            parent_id, station_id, last_point, last_at, fact_id,
        ))  # fmt: skip
        self._units.add(unit_id)
        fact = _new(NewFact, (
            run.kind, number, who, at, order_id, work_order_id, unit_id, count.step, run.station_id, ONE,
            event_id, None, detail,
        ))  # fmt: skip
        return run, run.answer((sequence, number, number, said)), fact

    # --- where a run begins ---

    def _note(self, key: _Key, run: Run | None) -> None:
        if run is None:
            self._closed.append(key)
        else:
            self._made_of(run.course.order.id).keys.add(key)

    def _made_of(self, order_id: int) -> _Made:
        return self._made.setdefault(order_id, _Made())

    def _begin(self, read: Read, unit: Unit) -> Run | None:
        """The run that the unit is met in, when that is in its middle."""
        world = self._world
        read_point = world.read_points.get(read.read_point or "")
        work_order = world.work_orders.get(unit.work_order_id or 0)
        if read_point is None or work_order is None or work_order.state != _IN_PROGRESS:
            return None
        if read_point.overlap is not None:
            # Another read point may have heard the same tag better, which the rules find out.
            return None
        station = world.stations[read_point.station_id]
        if read.station_key is not None and read.station_key != station.key:
            return None
        act = act_of(world, read_point, station, unit)
        # Two stations of a work center do not end each other's work by a scan that might as well begin it.
        alone = read_point.context == _TOGGLE and unit.state == _BUSY
        middle = middle_of(world, unit, station) if act is not None else None
        if act is None or middle is None or blocked(world, unit) is not None:
            return None
        # Whatever a station has not seen yet stops the run, until a badge there ends it.
        if unseen(world, unit, station, None) is not None:
            return None
        run = self._run(act, unit, middle, station)
        if run is not None:
            run.alone, run.detail = alone, detail_of(run, read_point.key)
            run.quiet = read_point if read_point.quiet_seconds else None
        return run

    def _run(self, act: Act, unit: Unit, middle: Middle, station: Station) -> Run | None:
        operation, room, following = middle
        course = self._course(unit, operation.work_order_id)
        if course is None or (act is Act.COMPLETE and following is None and not stays(self._world, course)):
            return None
        counts = self._counts.setdefault(operation.id, Count(operation, room))
        self._made_of(course.order.id).operations.add(operation.id)
        run = start_run(unit, counts, course) if act is Act.START else end_run(unit, counts, course, following)
        context = self._world.contexts.get(station.id)
        if badges_of(context):
            # What several people do together is told by the rules.
            return None
        run.badge = f"operator:{context.operator_badge}" if context is not None and context.operator_badge else None
        run.station_id = station.id
        run.verdict = PASSED._replace(action=run.action, order_id=unit.order_id)
        run.fate = fate_of(run.verdict)
        sentence, alerts = sentence_of(run, following, self.translate), self._world.alerts.get(course.order.id, ())
        run.answer = self._answering(run.action, sentence, alerts)
        return run

    def _course(self, unit: Unit, work_order_id: int) -> Course | None:
        found = self._courses.get(work_order_id)
        order = self._world.orders.get(unit.order_id or 0)
        if found is None and order is not None:
            tally = self._world.tallies.get(work_order_id) or Tally()
            found = self._courses[work_order_id] = Course(order, work_order_id, tally)
            self._made_of(order.id).works.add(work_order_id)
        return found
