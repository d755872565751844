"""Units in the middle of a run: the scan that nearly every scan is, judged in one go. Pure.

A run is one operation of one work order, met at one read point by units in one state. It is in its middle when the
operation is running and not at its last piece, and the next one is open: then one more piece started or done changes
the unit and the counts, and nothing that follows from them. What a batch asks of a run again and again is asked once.

The rules (`judge`) come to the same outcome by asking everything anew, some eight times as slowly. Whatever is not
plainly in the middle is theirs: before they look, `settle` brings the world up to date, and after they changed it,
`forget` drops the runs that they may have turned. That both agree is tested over whole days of scans.
"""

from typing import Any, Final, NamedTuple

from orderlight.events import EventKind
from server.tracking import words
from server.tracking.draft import ONE, later
from server.tracking.facts import FactKind, NewFact
from server.tracking.places import is_fixed
from server.tracking.refusals import blocked
from server.tracking.settle import fulfilment
from server.tracking.states import Action, OperationState, Signal, Status, UnitKind, UnitState, WorkOrderState
from server.tracking.steps import Read
from server.tracking.table import UNITS, Act, Place
from server.tracking.verdicts import Translate, Verdict, Words
from server.tracking.world import Context, Operation, Order, ReadPoint, Rows, Station, Tally, Unit, World

_READS: Final = frozenset({EventKind.CODE_SCANNED.value, EventKind.TAG_ARRIVED.value, EventKind.TAG_MOVED.value})
_IN_PROCESS: Final = UnitState.IN_PROCESS.value
_QUEUED: Final = UnitState.QUEUED.value
_FINISHED: Final = UnitState.FINISHED.value
_RUNNING: Final = OperationState.RUNNING.value
_PENDING: Final = OperationState.PENDING.value
_SKIPPED: Final = OperationState.SKIPPED.value
_IN_PROGRESS: Final = WorkOrderState.IN_PROGRESS.value
_CONTAINER: Final = UnitKind.CONTAINER.value
_ACTS: Final = frozenset({Act.START, Act.COMPLETE})
#: Rows are made by place, several times faster than by name.
_new: Final = tuple.__new__

Columns = dict[str, Any]
#: Work order, step and state of the unit, read point, and the station that the sender is bound to.
_Key = tuple[int | None, int | None, str, str | None, str | None]


class Passed(NamedTuple):
    """What came of a scan in the middle of a run; the world has the unit already, and its counts when it is settled."""

    verdict: Verdict
    say: str
    station_id: int
    fact: NewFact


class _Count:
    """The counts of an operation while units pass."""

    __slots__ = ("good", "room", "row", "started")

    def __init__(self, row: Operation, room: int) -> None:
        self.row = row
        self.started = row.started
        self.good = row.good
        #: When so many are good, the next piece is the last one.
        self.room = room


class _Course:
    """An order while its units pass, with the stages of the one work order they belong to."""

    __slots__ = ("finished", "moved_at", "open", "order", "work_order_id")

    def __init__(self, order: Order, work_order_id: int, tally: Tally) -> None:
        self.order = order
        self.moved_at = order.moved_at
        self.work_order_id = work_order_id
        self.open = tally.open
        self.finished = tally.finished


class _Run(NamedTuple):
    """Everything that is the same for each unit of a run."""

    kind: FactKind
    action: Action
    counts: _Count
    course: _Course
    station_id: int
    #: What one piece adds to the counts.
    starts: int
    ends: int
    #: Where the unit goes, and how the fact tells of it.
    state: str
    step: int | None
    left: Columns
    reached: Columns
    counted: str
    #: The sentence with its places for unit and count.
    sentence: str
    #: The operator at the station.
    badge: str | None


class Midruns:
    """The runs of one batch in its world."""

    def __init__(self, world: World, translate: Translate) -> None:
        self._world = world
        self._translate = translate
        self._runs: dict[_Key, _Run | None] = {}
        self._counts: dict[int, _Count] = {}
        self._courses: dict[int, _Course] = {}

    def pass_on(self, read: Read, event_id: int, fact_id: int) -> Passed | None:
        """Take the scan in when it is one in the middle of a run; else None, and the world stands as it stood."""
        if read.kind not in _READS or read.named.kind != "unit":
            return None
        unit = self._unit(read)
        if unit is None or unit.held:
            return None
        key = (unit.work_order_id, unit.step, unit.state, read.read_point, read.station_key)
        try:
            run = self._runs[key]
        except KeyError:
            run = self._runs[key] = self._begin(read, unit)
        if run is None or run.counts.good >= run.counts.room or (run.step is None and run.course.open < 2):
            return None
        return self._pass(run, read, unit, (event_id, fact_id))

    def settle(self) -> None:
        """Bring the world up to date with what has passed."""
        world = self._world
        for count in self._counts.values():
            row = count.row
            if row.good != count.good or row.started != count.started:
                count.row = _new(Operation, (*row[:8], count.started, count.good, *row[10:]))
                world.operations[row.id] = count.row
                world.changed[Operation].add(row.id)
        for course in self._courses.values():
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
        self._runs = {
            key: run
            for key, run in self._runs.items()
            if run is not None and run.course.order.id not in orders and run.station_id not in stations
        }
        self._counts = {
            found: count
            for found, count in self._counts.items()
            if works[count.row.work_order_id].order_id not in orders
        }
        self._courses = {found: course for found, course in self._courses.items() if course.order.id not in orders}

    def _unit(self, read: Read) -> Unit | None:
        world = self._world
        for value in read.named.values:
            found = world.identifiers.get(value)
            if found is not None:
                return world.units.get(found)
        return None

    def _pass(self, run: _Run, read: Read, unit: Unit, numbers: tuple[int, int]) -> Passed:
        count, course, at, world = run.counts, run.course, read.observed_at, self._world
        was: Columns = {}
        now: Columns = {}
        if run.starts:
            was["started"] = count.started
            count.started = now["started"] = count.started + 1
        if run.ends:
            was["good"] = count.good
            count.good = now["good"] = count.good + 1
            if run.step is None:
                course.open -= 1
                course.finished += 1
        if course.moved_at is None or at > course.moved_at:
            course.moved_at = at
        # A read that comes late does not tell where the unit is.
        late = unit.last_seen_at is not None and at < unit.last_seen_at
        seen = unit[11:14] if late else (run.station_id, read.read_point, at)
        world.units[unit.id] = _new(Unit, (*unit[:6], run.state, run.step, *unit[8:11], *seen, numbers[1]))
        world.changed[Unit].add(unit.id)
        named, counted = f"unit:{unit.id}", run.counted
        fact = _new(NewFact, (
            run.kind, unit.number, run.badge if run.badge is not None and not read.actor_is_person else read.actor, at,
            unit.order_id, unit.work_order_id, unit.id, count.row.step, run.station_id, ONE, numbers[0], None,
            {
                "read_point": read.read_point,
                "before": {counted: was, named: run.left},
                "after": {counted: now, named: run.reached},
            },
        ))  # fmt: skip
        say = run.sentence.format(unit=unit.number, count=count.good if run.ends else count.started)
        said = (Status.APPLIED, _SAID, Signal.OK, run.action, unit.number, None, True, unit.order_id)
        return _new(Passed, (_new(Verdict, said), say, run.station_id, fact))

    # --- where a run begins ---

    def _begin(self, read: Read, unit: Unit) -> _Run | None:
        """The run that the unit is met in, when that is in its middle."""
        world = self._world
        read_point = world.read_points.get(read.read_point or "")
        work_order = world.work_orders.get(unit.work_order_id or 0)
        order = world.orders.get(unit.order_id or 0)
        if read_point is None or work_order is None or order is None or work_order.state != _IN_PROGRESS:
            return None
        station = world.stations[read_point.station_id]
        act = self._act(read, read_point, station, unit)
        found = self._middle(unit, station, read.station_key) if act is not None else None
        if act is None or found is None or blocked(world, unit) is not None:
            return None
        course = self._courses.get(work_order.id) or self._course(order, work_order.id)
        if act is Act.COMPLETE and found[1] is None and not self._stays(course):
            return None
        self._courses[work_order.id] = course
        count = self._counts.setdefault(found[0].row.id, found[0])
        context = world.contexts.get(station.id)
        badge = context.operator_badge if context is not None else None
        return self._run(act, unit, (count, course, found[1]), station, badge)

    def _act(self, read: Read, read_point: ReadPoint, station: Station, unit: Unit) -> Act | None:
        """What the table says, where no card is armed, no quiet time holds and the unit is in production."""
        context = self._world.contexts.get(station.id)
        armed = context is not None and context.armed_command is not None
        if armed or read_point.quiet_seconds or unit.kind == _CONTAINER or is_fixed(unit):
            return None
        rule = UNITS[read_point.context][Place.RUNNING if unit.state == _IN_PROCESS else Place.DUE]
        return rule.act if rule.act in _ACTS and rule.guarded else None

    def _middle(self, unit: Unit, station: Station, bound_to: str | None) -> tuple[_Count, Operation | None] | None:
        """The counts of the unit's operation here and the one after it, when neither is at a turn."""
        if bound_to is not None and bound_to != station.key:
            return None
        world, lost = self._world, 0
        current: Operation | None = None
        following: Operation | None = None
        for operation in (world.operations[found] for found in world.routes.get(unit.work_order_id or 0, ())):
            if current is None:
                lost += operation.scrap
                if unit.step is None or operation.step == unit.step:
                    current = operation
            elif operation.state != _SKIPPED:
                following = operation
                break
        if current is None or current.work_center_id != station.work_center_id or current.started_at is None:
            return None
        if current.state != _RUNNING or (following is not None and following.state == _PENDING):
            return None
        return self._counts.get(current.id) or _Count(current, current.quantity - lost - 1), following

    def _course(self, order: Order, work_order_id: int) -> _Course:
        return _Course(order, work_order_id, self._world.tallies.get(work_order_id) or Tally())

    def _stays(self, course: _Course) -> bool:
        """Whether the order's fulfilment is the same with one more unit finished; it is with every further one, too."""
        world = self._world
        if course.open < 2 or course.work_order_id not in world.tallies:
            return False
        others = [world.tallies.get(found) or Tally() for found in world.work_of(course.order.id)
                  if found != course.work_order_id]  # fmt: skip
        own = world.tallies[course.work_order_id]
        counted = own._replace(open=course.open - 1, finished=course.finished + 1)
        return fulfilment([*others, counted], begun=True) == course.order.fulfilment

    def _run(
        self, act: Act, unit: Unit, found: tuple[_Count, _Course, Operation | None], station: Station, badge: str | None
    ) -> _Run:
        count, course, following = found
        ends = act is Act.COMPLETE
        state, step = _IN_PROCESS, following.step if following is not None else None
        if ends:
            state = _QUEUED if following is not None else _FINISHED
        else:
            step = count.row.step
        left: Columns = {} if unit.state == state else {"state": unit.state}
        reached: Columns = {} if unit.state == state else {"state": state}
        if unit.step != step:
            left["step"], reached["step"] = unit.step, step
        return _Run(
            kind=FactKind.OPERATION_COMPLETED if ends else FactKind.OPERATION_STARTED,
            action=Action.OPERATION_COMPLETED if ends else Action.OPERATION_STARTED,
            counts=count,
            course=course,
            station_id=station.id,
            starts=int(unit.state != _IN_PROCESS),
            ends=int(ends),
            state=state,
            step=step,
            left=left,
            reached=reached,
            counted=f"operation:{count.row.id}",
            sentence=self._sentence(act, count.row, following),
            badge=f"operator:{badge}" if badge is not None else None,
        )

    def _sentence(self, act: Act, operation: Operation, following: Operation | None) -> str:
        template = words.STARTED
        if act is Act.COMPLETE:
            template = words.DONE_LAST if following is None else words.DONE_NEXT
        values = {
            "operation": _literal(operation.name),
            "total": operation.quantity,
            "next": _literal(following.name) if following is not None else None,
            "unit": "{unit}",
            "count": "{count}",
        }
        return self._translate(template).format_map(values)


#: The sentence of a passed scan is said already; nothing renders its words again.
_SAID: Final = Words("")


def _literal(text: str) -> str:
    """The text as it must stand in a template to come out as it is."""
    return text.replace("{", "{{").replace("}", "}}")
