"""Reads that a gate missed: a unit is seen beyond a gate that it had to pass, and the gate never told of it. Pure.

Nothing is known of the moment at which it passed, so an inferred read moves nothing and proves nothing.
"""

from collections.abc import Collection, Sequence
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

    work_center_id: int
    context: str
    at: datetime


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
    step = _step(route, sight.work_center_id)
    return _BEYOND if step is None and sight.context in _AFTER else step


def _step(route: Route, work_center_id: int) -> int | None:
    """The first step at the work center: who comes there twice has surely passed once."""
    return min((step for step, center in route if center == work_center_id), default=None)
