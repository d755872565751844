"""Where a run begins: what is the same for every unit of it, asked once (server/tracking/midrun.py). Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from server.tracking import words
from server.tracking.facts import FactKind
from server.tracking.places import is_fixed
from server.tracking.settle import fulfilment
from server.tracking.states import Action, OperationState, Signal, Status, UnitKind, UnitState
from server.tracking.table import UNITS, Act, Place
from server.tracking.verdicts import Fate, Translate, Verdict, Words, fate_of
from server.tracking.world import Operation, Order, ReadPoint, Station, Tally, Unit, World

_IN_PROCESS: Final = UnitState.IN_PROCESS.value
_QUEUED: Final = UnitState.QUEUED.value
_FINISHED: Final = UnitState.FINISHED.value
_RUNNING: Final = OperationState.RUNNING.value
_PENDING: Final = OperationState.PENDING.value
_SKIPPED: Final = OperationState.SKIPPED.value
_CONTAINER: Final = UnitKind.CONTAINER.value
_ACTS: Final = frozenset({Act.START, Act.COMPLETE})


#: The sentence of a passed scan is said already; nothing renders its words again.
PASSED: Final = Verdict(Status.APPLIED, Words(""), Signal.OK, undo=True)

_PASSED_FATE: Final = fate_of(PASSED)

#: From the sequence, the unit's number, the number again and a count to the text of the answer.
Answer = Callable[[tuple[int, str, str, int]], str]
#: Makes that of what was done, a sentence with marks for number and count, and the customer's alerts.
Answering = Callable[[Action, str, tuple[str, ...]], Answer]


def _answer_nothing(_told: tuple[int, str, str, int]) -> str:
    return ""


class Count:
    """The counts of an operation while units pass."""

    __slots__ = ("good", "room", "row", "started", "step")

    def __init__(self, row: Operation, room: int) -> None:
        self.row = row
        self.step = row.step
        self.started = row.started
        self.good = row.good
        #: When so many are good, the next piece is the last one.
        self.room = room


class Course:
    """An order while its units pass, with the stages of the one work order they belong to."""

    __slots__ = ("finished", "moved_at", "open", "order", "work_order_id")

    def __init__(self, order: Order, work_order_id: int, tally: Tally) -> None:
        self.order = order
        self.moved_at = order.moved_at
        self.work_order_id = work_order_id
        self.open = tally.open
        self.finished = tally.finished


@dataclass(slots=True, eq=False)
class Run:
    """Everything that is the same for each unit of a run; not a tuple, for its fields are read at every scan."""

    kind: FactKind
    action: Action
    counts: Count
    course: Course
    #: What one piece adds to the counts.
    starts: int
    ends: int
    #: Where the unit goes, and how the fact tells of it, as JSON text.
    state: str
    step: int | None
    left: str
    reached: str
    #: The fact's detail with its places for numbers (`detail_of`).
    detail: str = ""
    station_id: int = 0
    #: What is answered to each unit, but for its number.
    verdict: Verdict = PASSED
    fate: Fate = _PASSED_FATE
    answer: Answer = _answer_nothing
    #: Something has passed in it since the world was last up to date.
    moved: bool = False
    #: The operator at the station.
    badge: str | None = None
    #: Only units that this very station has begun.
    alone: bool = False
    #: Where the read point has a quiet time: a unit that it has just seen is no part of the run.
    quiet: ReadPoint | None = None


class Middle(NamedTuple):
    """An operation at no turn, and what comes after it."""

    operation: Operation
    #: When so many are good, the next piece is the last one.
    room: int
    following: Operation | None


def act_of(world: World, read_point: ReadPoint, station: Station, unit: Unit) -> Act | None:
    """What the table says, where no card is armed and the unit is in production."""
    context = world.contexts.get(station.id)
    armed = context is not None and context.armed_command is not None
    if armed or unit.kind == _CONTAINER or is_fixed(unit):
        return None
    rule = UNITS[read_point.context][Place.RUNNING if unit.state == _IN_PROCESS else Place.DUE]
    return rule.act if rule.act in _ACTS and rule.guarded else None


def middle_of(world: World, unit: Unit, station: Station) -> Middle | None:
    """The unit's operation here and the one after it, when neither is at a turn."""
    lost = 0
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
    return Middle(current, current.quantity - lost - 1, following)


def stays(world: World, course: Course) -> bool:
    """Whether the order's fulfilment is the same with one more unit finished; it is with every further one, too."""
    own = world.tallies.get(course.work_order_id)
    if own is None or course.open < 2:
        return False
    work = [found for found in world.work_of(course.order.id) if found != course.work_order_id]
    others = [world.tallies.get(found) or Tally() for found in work]
    counted = own._replace(open=course.open - 1, finished=course.finished + 1)
    return fulfilment([*others, counted], begun=True) == course.order.fulfilment


def start_run(unit: Unit, counts: Count, course: Course) -> Run:
    """The run of units whose operation begins here."""
    step = counts.row.step
    left, reached = _path(unit, _IN_PROCESS, step)
    return Run(
        FactKind.OPERATION_STARTED, Action.OPERATION_STARTED, counts, course, 1, 0,
        _IN_PROCESS, step, left, reached,
    )  # fmt: skip


def end_run(unit: Unit, counts: Count, course: Course, following: Operation | None) -> Run:
    """The run of units whose operation is done here."""
    state, step = (_QUEUED, following.step) if following is not None else (_FINISHED, None)
    left, reached = _path(unit, state, step)
    starts = int(unit.state != _IN_PROCESS)
    return Run(
        FactKind.OPERATION_COMPLETED, Action.OPERATION_COMPLETED, counts, course, starts, 1,
        state, step, left, reached,
    )  # fmt: skip


def _path(unit: Unit, state: str, step: int | None) -> tuple[str, str]:
    return _told(unit.state, state, unit.step, step)


@lru_cache(maxsize=1024)
def _told(was_state: str, state: str, was_step: int | None, step: int | None) -> tuple[str, str]:
    """How a fact tells where a unit was and is, as JSON text."""
    left: dict[str, Any] = {}
    reached: dict[str, Any] = {}
    for name, was, now in (("state", was_state, state), ("step", was_step, step)):
        if was != now:
            left[name], reached[name] = was, now
    return json.dumps(left), json.dumps(reached)


def detail_of(run: Run, read_point: str) -> str:
    """The detail of each fact of the run as JSON text, for `%`: the counts before, unit, the counts after, unit.

    The counts are those that the run moves: pieces started, pieces good, or both in this order.
    """
    counts = ",".join(f'"{name}":%d' for name, moves in (("started", run.starts), ("good", run.ends)) if moves)
    point, operation = _for_percent(_quoted(read_point)), f'"operation:{run.counts.row.id}":{{{counts}}}'
    left, reached = _for_percent(run.left), _for_percent(run.reached)
    before, after = f'{{{operation},"unit:%d":{left}}}', f'{{{operation},"unit:%d":{reached}}}'
    return f'{{"read_point":{point},"before":{before},"after":{after}}}'


_quoted = lru_cache(maxsize=1024)(json.dumps)


def _for_percent(text: str) -> str:
    """The text as it must stand in a template for `%` to come out as it is."""
    return text.replace("%", "%%")


def sentence_of(run: Run, following: Operation | None, translate: Translate) -> str:
    """The sentence of the run, with marks where a unit's number and the count belong."""
    template = words.STARTED
    if run.ends:
        template = words.DONE_LAST if following is None else words.DONE_NEXT
    operation = run.counts.row
    return _sentence(translate, template, operation.name, operation.quantity, following and following.name)


@lru_cache(maxsize=1024)
def _sentence(translate: Translate, template: str, operation: str, total: int, following: str | None) -> str:
    values = {"operation": operation, "total": total, "next": following, "unit": UNIT, "count": COUNT}
    return translate(template).format_map(values)


#: Stand for unit and count until a scan comes; no name of an operation holds what is not printed.
UNIT: Final = "\x00unit\x00"
COUNT: Final = "\x00count\x00"
