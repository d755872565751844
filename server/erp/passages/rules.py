"""Expected against seen: what a passage is missing, and what passed that should not have. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Where the expected set comes from."""

    SHIPMENT = "shipment"
    HANDLING_UNIT = "handling_unit"
    #: What of the order is packed and still here.
    ORDER = "order"
    LIST = "list"


class Level(StrEnum):
    """What carries the tags that are to be read."""

    UNITS = "units"
    BOXES = "boxes"


class Role(StrEnum):
    """What a thing is to a check."""

    EXPECTED = "expected"
    UNEXPECTED = "unexpected"
    #: It belongs to what is expected and is not asked for: the box around its units, the units in their box.
    BESIDE = "beside"
    #: A tag that belongs to nothing of ours; it is shown, and spoils nothing.
    STRANGER = "stranger"


class Verdict(StrEnum):
    """How a passage stands."""

    WAITING = "waiting"
    COMPLETE = "complete"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    #: Some are missing and others passed in their place.
    DIFFERENT = "different"


class Thing(NamedTuple):
    """One thing of a check as the rules see it."""

    role: str
    code: str
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A check taken apart; every thing of it stands in exactly one of these."""

    seen: tuple[Thing, ...]
    missing: tuple[Thing, ...]
    unexpected: tuple[Thing, ...]
    strangers: tuple[Thing, ...]
    beside: tuple[Thing, ...]

    @property
    def expected(self) -> int:
        """How many are expected."""
        return len(self.seen) + len(self.missing)

    @property
    def verdict(self) -> Verdict:
        """How it stands now."""
        if not self.seen and not self.unexpected:
            return Verdict.WAITING
        if self.missing:
            return Verdict.DIFFERENT if self.unexpected else Verdict.MISSING
        return Verdict.UNEXPECTED if self.unexpected else Verdict.COMPLETE


def compare(things: Iterable[Thing]) -> Comparison:
    """The things of a check, told apart in their order."""
    found: dict[str, list[Thing]] = {name: [] for name in ("seen", "missing", "unexpected", "strangers", "beside")}
    for thing in things:
        found[_part(thing)].append(thing)
    return Comparison(**{name: tuple(part) for name, part in found.items()})


def _part(thing: Thing) -> str:
    if thing.role == Role.EXPECTED:
        return "missing" if thing.seen_at is None else "seen"
    return {Role.UNEXPECTED.value: "unexpected", Role.STRANGER.value: "strangers"}.get(thing.role, "beside")


def ended_at(last_read_at: datetime | None, seconds: int, now: datetime) -> datetime | None:
    """When the passage was over, if it was by `now`: so many seconds after its last read; 0: never by itself."""
    if last_read_at is None or seconds <= 0:
        return None
    over = last_read_at + timedelta(seconds=seconds)
    return over if now >= over else None
