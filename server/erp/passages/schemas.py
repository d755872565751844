"""What programs send and get about passage checks."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, model_validator

from server.erp.passages.models import PassageCheck
from server.erp.passages.rules import Comparison, Kind, Level, Thing, compare, ended_at
from server.http.fields import Shown, Strict
from server.messages import translate as _

#: A lorry holds no more, and a person wants to read the list.
MOST_LISTED = 1_000
#: Who closed a check whose time had run out.
BY_TIME: Final = "passage"
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class PassageCheckIn(Strict):
    """What shall pass: all of a shipment, a box or pallet, or an order, or the units and boxes of a list."""

    kind: Kind
    #: The number; of a list, how it is called.
    subject: Reference
    level: Level = Level.UNITS
    #: Numbers or codes of units and boxes, for a list.
    items: Annotated[list[Reference], Field(max_length=MOST_LISTED)] = []

    @model_validator(mode="after")
    def _list_has_items(self) -> Self:
        if (self.kind is Kind.LIST) is not bool(self.items):
            raise ValueError(_("A list needs its units and boxes, and nothing else has them."))
        return self


class ThingOut(Shown):
    """One thing of a check."""

    code: str
    seen_at: datetime | None

    @classmethod
    def of(cls, thing: Thing) -> Self:
        """As programs see it."""
        return cls(code=thing.code, seen_at=thing.seen_at)


class PassageCheckOut(Shown):
    """A check with its verdict in a word and in words."""

    id: int
    read_point: str
    station: str
    kind: str
    subject: str
    level: str
    verdict: str
    say: str
    expected: int
    seen: list[ThingOut]
    missing: list[ThingOut]
    unexpected: list[ThingOut]
    strangers: list[ThingOut]
    opened_at: datetime
    opened_by: str
    last_read_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None

    @classmethod
    def of(cls, check: PassageCheck, say: str, now: datetime) -> Self:
        """The answer for a check that is wholly loaded."""
        found, end = comparison_of(check), end_of(check, now)
        values: dict[str, Any] = {name: getattr(check, name) for name in _OWN}
        values |= {name: list(map(ThingOut.of, getattr(found, name))) for name in _PARTS}
        values |= {"closed_at": end, "closed_by": check.closed_by or (BY_TIME if end is not None else None)}
        values |= {"read_point": check.read_point.key, "station": check.read_point.station.key}
        return cls(**values, verdict=found.verdict.value, say=say, expected=found.expected)


_PARTS = ("seen", "missing", "unexpected", "strangers")
_OWN = ("id", "kind", "subject", "level", "opened_at", "opened_by", "last_read_at")


class PassageCheckList(Shown):
    """A page of checks, newest first."""

    items: list[PassageCheckOut]
    next: int | None


def comparison_of(check: PassageCheck) -> Comparison:
    """The check taken apart; its things are loaded."""
    return compare(Thing(item.role, item.code, item.seen_at) for item in check.items)


def end_of(check: PassageCheck, now: datetime) -> datetime | None:
    """When it was closed, or its passage was over; None while it goes on."""
    return check.closed_at or ended_at(check.last_read_at, check.read_point.check_seconds, now)


def quiet_left(check: PassageCheck, now: datetime) -> timedelta | None:
    """After how much quiet it will be over; None where it is over, or does not end by itself."""
    seconds = check.read_point.check_seconds
    if end_of(check, now) is not None or check.last_read_at is None or seconds <= 0:
        return None
    return check.last_read_at + timedelta(seconds=seconds) - now
