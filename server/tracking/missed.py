"""Reads that a gate missed: a unit is seen beyond a gate that it had to pass, and the gate never told of it. Pure.

Nothing is known of the moment at which it passed, so an inferred read moves nothing and proves nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from server.tracking.states import Context

#: Where a unit is beyond its whole route.
_AFTER: Final = frozenset({Context.PACK.value, Context.SHIP.value, Context.DELIVER.value})
_BEYOND: Final = 1 << 30


class Gate(NamedTuple):
    """A read point that every unit has to pass whose route leads through its work center."""

    id: int
    key: str
    station_id: int
    work_center_id: int
    #: Since when that is so.
    since: datetime | None


class Sight(NamedTuple):
    """Where a unit was seen, by work center and by what the read point means; when."""

    work_center_id: int | None
    context: str
    at: datetime
    #: The step at which it stands there, where that is known better than by the work center.
    step: int | None = None


class SentBack(NamedTuple):
    """A unit was sent back to a step that it had done; from then on it passes the gates from there a further time."""

    step: int
    at: datetime

    @property
    def start(self) -> Sight:
        """Where that way begins, wherever the unit was when this was said."""
        return Sight(None, "", self.at, self.step)


def rework_at(back: Mapping[int, SentBack], count: int, at: datetime) -> int:
    """How often a unit had been sent back at that moment, of the `count` times that are known when it is told.

    A read that comes late, as from a gateway that was cut off, belongs to the way on which the unit was then.
    """
    while count in back and at < back[count].at:
        count -= 1
    return count


def may_have_stayed(before: Sight | None, here: Sight) -> bool:
    """Whether a unit that was sent back may stand where it stood when that was said, and has not gone its way yet."""
    return before is not None and before.work_center_id == here.work_center_id


#: A unit's route: step and work center of each operation.
Route = Sequence[tuple[int, int]]


def gates_missed(
    route: Route, gates: Collection[Gate], before: Sight | None, here: Sight, *, due: int | None = None
) -> list[Gate]:
    """The gates between where it was seen before and where it is seen now; None before: it was seen nowhere yet.

    A unit that was seen last before a gate was made one may have passed it then, and is given the benefit of the doubt.
    `due` is the step that it waits for, None where all are done. Behind a step that is open though no gate is there,
    nothing is counted as missed: the unit did not go its way, or another label than its own was read.
    """
    reached = _place(route, here)
    if reached is None:
        return []
    left = _place(route, before) if before is not None else None
    closed = _not_gone(route, {gate.work_center_id for gate in gates}, due)
    return [
        gate
        for gate in gates
        if gate.work_center_id != here.work_center_id
        and (step := _step(route, gate.work_center_id)) is not None
        and (left if left is not None else 0) <= step < min(reached, closed)
        and (before is None or gate.since is None or before.at >= gate.since)
    ]


def _not_gone(route: Route, centers: Collection[int], due: int | None) -> int:
    """The first step that is open and has no gate; from there on nobody knows that the unit went its way."""
    open_steps = (step for step, center in route if due is not None and step >= due and center not in centers)
    return min(open_steps, default=_BEYOND)


def _place(route: Route, sight: Sight) -> int | None:
    """How far along its route a unit is; None where that cannot be told."""
    step = sight.step if sight.step is not None else _step(route, sight.work_center_id)
    return _BEYOND if step is None and sight.context in _AFTER else step


def _step(route: Route, work_center_id: int | None) -> int | None:
    """The first step at the work center: who comes there twice has surely passed once."""
    return min((step for step, center in route if center == work_center_id), default=None)
