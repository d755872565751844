"""When an order will probably leave: an honest estimate from the work left and the queue before it. Pure.

The rule, so that anybody can redo it by hand:

- Work orders are taken by priority, then promised date, then number; an order on hold takes no capacity.
- An operation's work is its set-up, unless it has begun, and its run time for every unit still to come.
- It begins when the work of everything before it in that row is done at its work center, shared among the center's
  active stations, and when the operation before it has handed over its first transfer batch.
- It cannot end before the operation before it has ended and the last unit has been worked on.
- Minutes count in the working hours of the site.
- Even odds (P50) is that end. Four in five (P80) takes a third more working time, and one hour at the least.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Self
from zoneinfo import ZoneInfo

#: The share of working time that P80 adds to P50, and the least it adds, in minutes.
LATE_SHARE = Decimal(1) / 3
LATE_LEAST = Decimal(60)
#: Beyond ten years an estimate says nothing any more.
HORIZON_DAYS = 3653
_RULE = (
    "Work left and queue before it, in working hours; "
    "the late end takes a third more working time, and one hour at the least."
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working hours of the site."""

    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, hours: Mapping[str, Any], time_zone: str) -> Self:
        """From the site's settings; raises ValueError when they are none."""
        start, end = time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"])
        days = frozenset(hours["days"])
        if not days or start >= end:
            raise ValueError(f"Failed to read working hours: expected days and a start before the end, got {hours}.")
        return cls(days, start, end, ZoneInfo(time_zone))

    def add(self, moment: datetime, minutes: Decimal) -> datetime | None:
        """The moment when so many working minutes have passed; None beyond the horizon."""
        return WorkingTime(self, moment).after(minutes)

    def shifts(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When the site opens and closes from this moment on, until the horizon."""
        day = moment.astimezone(self.zone).date()
        for _ in range(HORIZON_DAYS):
            if day.weekday() in self.days:
                # Both ends go through UTC, so that a day on which the clocks change has its true length.
                opens = max(datetime.combine(day, self.start, self.zone).astimezone(UTC), moment)
                closes = datetime.combine(day, self.end, self.zone).astimezone(UTC)
                if opens <= closes:
                    yield opens, closes
            day += timedelta(days=1)

    def in_words(self) -> dict[str, Any]:
        """The working hours for the parts of an estimate."""
        return {
            "days": sorted(self.days),
            "start": self.start.isoformat("minutes"),
            "end": self.end.isoformat("minutes"),
            "time_zone": self.zone.key,
        }


class WorkingTime:
    """The working time from one moment on; days are looked up once, however many ends are asked for."""

    def __init__(self, calendar: Calendar, moment: datetime) -> None:
        self._shifts = calendar.shifts(moment)
        self._opens: list[datetime] = []
        #: The working time that has passed when each of the days opens, and when it closes.
        self._before: list[timedelta] = []
        self._passed: list[timedelta] = []

    def after(self, minutes: Decimal) -> datetime | None:
        """The moment when so many working minutes have passed; None beyond the horizon."""
        if minutes >= HORIZON_DAYS * 1440:
            return None
        wanted = timedelta(seconds=float(minutes * 60))
        while not self._passed or self._passed[-1] < wanted:
            if not self._look_further():
                return None
        place = bisect_left(self._passed, wanted)
        return self._opens[place] + (wanted - self._before[place])

    def _look_further(self) -> bool:
        shift = next(self._shifts, None)
        if shift is None:
            return False
        before = self._passed[-1] if self._passed else timedelta(0)
        self._opens.append(shift[0])
        self._before.append(before)
        self._passed.append(before + (shift[1] - shift[0]))
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An operation that is not finished, or one that releasing an order would make."""

    order_id: int
    #: Work orders are worked on in this row; the same key marks one work order.
    rank: tuple[Any, ...]
    step: int
    name: str
    work_center_id: int
    work_center: str
    #: Units still to come.
    remaining: int
    begun: bool
    setup_minutes: Decimal
    run_minutes: Decimal
    transfer_quantity: int

    @property
    def setup(self) -> Decimal:
        """Set-up that is still to do, in minutes."""
        return Decimal(0) if self.begun else self.setup_minutes

    @property
    def minutes(self) -> Decimal:
        """All the work that is left here."""
        return self.setup + self.run_minutes * self.remaining


@dataclass(frozen=True, slots=True)
class Part:
    """What one operation adds to the estimate."""

    step: int
    name: str
    work_center: str
    remaining: int
    work_minutes: Decimal
    queue_minutes: Decimal

    def as_json(self) -> dict[str, Any]:
        """The part for programs."""
        return {
            "step": self.step,
            "name": self.name,
            "work_center": self.work_center,
            "units": self.remaining,
            "work_minutes": _rounded(self.work_minutes),
            "queue_minutes": _rounded(self.queue_minutes),
        }


@dataclass(frozen=True, slots=True)
class Estimate:
    """When the order will probably leave, and what that is worked out from."""

    at: datetime
    late_at: datetime
    computed_at: datetime
    working_minutes: Decimal
    parts: tuple[Part, ...]
    calendar: Calendar

    def as_json(self, *, internal: bool) -> dict[str, Any]:
        """The estimate; with what it is worked out from, such as the work of others before it, for our own people."""
        moments = {name: getattr(self, name).isoformat() for name in ("at", "late_at", "computed_at")}
        if not internal:
            return {"label": "estimate", **moments}
        return {
            "label": "estimate",
            **moments,
            "working_minutes": _rounded(self.working_minutes),
            "working_hours": self.calendar.in_words(),
            "rule": _RULE,
            "parts": [part.as_json() for part in self.parts],
        }


def estimate(
    works: Iterable[Work], wanted: Collection[int], *, stations: Mapping[int, int], calendar: Calendar, now: datetime
) -> dict[int, Estimate]:
    """Estimates of the wanted orders; `works` holds everything that takes capacity, of all orders."""
    load: dict[int, Decimal] = defaultdict(Decimal)
    ends: dict[int, Decimal] = dict.fromkeys(wanted, Decimal(0))
    parts: dict[int, list[Part]] = {order_id: [] for order_id in wanted}
    rows = sorted(works, key=lambda work: (work.rank, work.step))
    for _, group in groupby(rows, key=lambda work: work.rank):
        steps = list(group)
        order_id = steps[0].order_id
        if order_id in ends:
            end, found = _follow(steps, load, stations)
            ends[order_id] = max(ends[order_id], end)
            parts[order_id].extend(found)
        for work in steps:
            load[work.work_center_id] += work.minutes
    hours = WorkingTime(calendar, now)
    made = {
        order_id: _estimate(end, parts[order_id], hours, calendar=calendar, now=now) for order_id, end in ends.items()
    }
    return {order_id: found for order_id, found in made.items() if found is not None}


def _follow(
    steps: Sequence[Work], load: Mapping[int, Decimal], stations: Mapping[int, int]
) -> tuple[Decimal, list[Part]]:
    """The end of a work order in working minutes from now, and what each of its operations adds."""
    handed_over = end = Decimal(0)
    parts = []
    for work in steps:
        queue = load.get(work.work_center_id, Decimal(0)) / max(stations.get(work.work_center_id, 1), 1)
        begin = max(queue, handed_over)
        last_unit = work.run_minutes if work.remaining else Decimal(0)
        handed_over = begin + work.setup + work.run_minutes * min(work.transfer_quantity, work.remaining)
        end = max(begin + work.minutes, end + last_unit)
        parts.append(Part(work.step, work.name, work.work_center, work.remaining, work.minutes, queue))
    return end, parts


def _estimate(
    minutes: Decimal, parts: Sequence[Part], hours: WorkingTime, *, calendar: Calendar, now: datetime
) -> Estimate | None:
    at = hours.after(minutes)
    late = hours.after(minutes + max(minutes * LATE_SHARE, LATE_LEAST))
    if at is None or late is None:
        return None
    return Estimate(at, late, now, minutes, tuple(parts), calendar)


def _rounded(minutes: Decimal) -> int:
    return int(minutes.to_integral_value())
