"""Whether an order keeps its promise, in one word. Pure.

>>> from datetime import UTC, timedelta
>>> now = datetime(2026, 11, 22, 9, tzinfo=UTC)
>>> due = datetime(2026, 11, 28, tzinfo=UTC)
>>> judge(Standing("processing", due_at=due, predicted_at=now, predicted_late_at=now), now)
<Risk.ON_TIME: 'on_time'>
>>> judge(Standing("processing", due_at=now - timedelta(hours=1)), now)
<Risk.LATE: 'late'>
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from server.tracking.states import Fulfilment, OrderLifecycle

#: An order in one of these still has something to do.
OPEN = (
    OrderLifecycle.DRAFT,
    OrderLifecycle.CREDIT_HOLD,
    OrderLifecycle.CONFIRMED,
    OrderLifecycle.PROCESSING,
)
LAST_DAY = date(2999, 1, 1)


class Risk(StrEnum):
    """How an order stands against its promise; declared from loud to calm."""

    BLOCKED = "blocked"
    LATE = "late"
    AT_RISK = "at_risk"
    ON_TIME = "on_time"
    WAITING = "waiting"
    NO_PROMISE = "no_promise"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


_OVER = {OrderLifecycle.CANCELLED.value: Risk.CANCELLED, OrderLifecycle.DONE.value: Risk.DELIVERED}
#: What has left the house keeps or misses no promise any more.
GONE = {Fulfilment.DELIVERED.value: Risk.DELIVERED, Fulfilment.SHIPPED.value: Risk.SHIPPED}
_CREDIT_HOLD, _PROCESSING = OrderLifecycle.CREDIT_HOLD.value, OrderLifecycle.PROCESSING.value


class Standing(NamedTuple):
    """What the judgement looks at. `due_at` is the end of the promised day at the site."""

    lifecycle: str
    fulfilment: str = Fulfilment.NOT_STARTED
    on_hold: bool = False
    due_at: datetime | None = None
    predicted_at: datetime | None = None
    predicted_late_at: datetime | None = None


def judge(order: Standing, now: datetime) -> Risk:
    """One word: an order is late when its day is over or is expected to be, at risk when the late estimate misses."""
    if order.lifecycle in _OVER:
        return _OVER[order.lifecycle]
    if order.fulfilment in GONE:
        return GONE[order.fulfilment]
    if order.on_hold or order.lifecycle == _CREDIT_HOLD:
        return Risk.BLOCKED
    if order.due_at is None:
        return Risk.NO_PROMISE
    if now >= order.due_at or (order.predicted_at is not None and order.predicted_at >= order.due_at):
        return Risk.LATE
    if order.predicted_late_at is not None and order.predicted_late_at >= order.due_at:
        return Risk.AT_RISK
    return Risk.ON_TIME if order.lifecycle == _PROCESSING else Risk.WAITING


def due_at(promise: date | None, zone: ZoneInfo) -> datetime | None:
    """When a promised day is over at the site: a promise that is a date falls due at its end."""
    if promise is None:
        return None
    # A promise in the year 9999 is a slip of the pen; its end must still be a date that can be reckoned with.
    return datetime.combine(min(promise, LAST_DAY) + timedelta(days=1), time(), zone)
