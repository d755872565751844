"""Minutes of work from the times of facts. Pure.

The rule: an operation of a work order takes the time in which at least one of its units was between its start and
its end there, without pauses, inside the working hours of the site. A unit whose start or end nobody told takes the
standard run time; set-up always takes its standard time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from server.erp.orders.prediction import Calendar

#: What lies open longer was forgotten, not worked on.
MAX_DAYS = 400
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Told:
    """A fact about a unit at an operation: started, paused, resumed or completed."""

    kind: str
    unit_id: int
    at: datetime


@dataclass(slots=True)
class _Clock:
    """What one operation has shown so far."""

    started: dict[int, datetime] = field(default_factory=dict)
    spans: dict[int, Span] = field(default_factory=dict)
    paused_at: datetime | None = None
    pauses: list[Span] = field(default_factory=list)


def measured(told: Iterable[Told]) -> tuple[frozenset[int], list[Span]]:
    """Which units of an operation have both ends, and when at least one of them was worked on."""
    clock = _Clock()
    for fact in sorted(told, key=lambda fact: fact.at):
        _hear(clock, fact)
    return frozenset(clock.spans), without(union(clock.spans.values()), clock.pauses)


def _hear(clock: _Clock, fact: Told) -> None:
    if clock.paused_at is not None and fact.kind != "operation_paused":
        # Whatever is done next ends the pause.
        clock.pauses.append((clock.paused_at, fact.at))
        clock.paused_at = None
    if fact.kind == "operation_started":
        clock.started[fact.unit_id] = fact.at
    elif fact.kind == "operation_paused" and clock.paused_at is None:
        clock.paused_at = fact.at
    elif fact.kind == "operation_completed" and fact.unit_id in clock.started:
        clock.spans[fact.unit_id] = (clock.started.pop(fact.unit_id), fact.at)


def union(spans: Iterable[Span]) -> list[Span]:
    """The spans with what overlaps counted once, in order of time."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def without(spans: Sequence[Span], holes: Iterable[Span]) -> list[Span]:
    """The spans without the holes."""
    left = list(spans)
    for begin, finish in holes:
        left = [
            part
            for start, end in left
            for part in ((start, min(end, begin)), (max(start, finish), end))
            if part[0] < part[1]
        ]
    return left


def working_minutes(spans: Iterable[Span], calendar: Calendar) -> Decimal:
    """How many minutes of the spans lie inside the working hours."""
    seconds = sum((_working(start, end, calendar) for start, end in spans), timedelta(0)).total_seconds()
    return (Decimal(seconds) / 60).quantize(Decimal("0.01"))


def _working(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    day, total = start.astimezone(calendar.zone).date(), timedelta(0)
    for _ in range(MAX_DAYS):
        opens = datetime.combine(day, calendar.start, calendar.zone).astimezone(UTC)
        if opens >= end:
            break
        closes = datetime.combine(day, calendar.end, calendar.zone).astimezone(UTC)
        if day.weekday() in calendar.days:
            total += max(min(end, closes) - max(start, opens), timedelta(0))
        day += timedelta(days=1)
    return total
