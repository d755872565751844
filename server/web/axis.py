"""The time axis of an order as numbers: where now, the promise and the estimate stand, in percent of its width."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from server.crm.customer_view import CustomerOrder
from server.crm.order_page import OrderPage
from server.crm.risk import Risk
from server.erp.orders.prediction import Estimate, Part
from server.web.i18n import Formats

#: Further to the right the name of a day would leave the picture.
_ROOM_FOR_A_DAY: Final = 91.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the axis with its words; `anchor` keeps the words inside the picture."""

    at: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Everything the template draws."""

    now: Mark
    promise: Mark | None
    likely: Mark | None
    late: Mark | None
    #: Where each shown day begins.
    days: tuple[Mark, ...]

    @property
    def band(self) -> float:
        """The width of the band between the likely and the late estimate."""
        return max(1.0, self.late.at - self.likely.at) if self.likely and self.late else 0.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """The axis and the words beside it: all that the picture hangs on, so that an equal one need not be drawn again."""

    axis: Axis
    promise: date | None
    predicted_at: datetime | None
    predicted_late_at: datetime | None
    computed_at: datetime | None
    #: How long until the promise falls due, or since; empty where that says nothing any more.
    left: str
    is_overdue: bool
    risk: Risk
    #: What the estimate is worked out from, for our own people.
    parts: tuple[Part, ...]
    for_customer: bool


def outlook(
    order: OrderPage | CustomerOrder, axis: Axis | None, estimate: Estimate | None, formats: Formats
) -> Outlook | None:
    """What `partials/order_axis.html` draws; `order` is what its reader may know of it."""
    if axis is None:
        return None
    is_running = order.due_at is not None and order.risk not in (Risk.SHIPPED, Risk.DELIVERED, Risk.CANCELLED)
    for_customer = isinstance(order, CustomerOrder)
    return Outlook(
        axis=axis,
        promise=order.promise,
        predicted_at=order.predicted_at,
        predicted_late_at=order.predicted_late_at,
        computed_at=estimate.computed_at if estimate else None,
        left=formats.until(order.due_at) if order.due_at and is_running else "",
        is_overdue=order.due_at is not None and order.due_at <= formats.now,
        risk=order.risk,
        parts=estimate.parts if estimate and not for_customer else (),
        for_customer=for_customer,
    )


def time_axis(order: OrderPage, formats: Formats) -> Axis | None:
    """The axis of a running order, as of this minute; None where there is nothing to compare."""
    if order.predicted_at is None and order.promise is None:
        return None
    now = formats.now.replace(second=0, microsecond=0)
    begin = order.released_at or order.confirmed_at or order.created_at
    promise = order.promise if order.due_at else None
    return _axis(
        begin, (promise, order.due_at), (order.predicted_at, order.predicted_late_at), replace(formats, now=now)
    )


@lru_cache(maxsize=4096)
def _axis(
    begin: datetime,
    promised: tuple[date | None, datetime | None],
    predicted: tuple[datetime | None, datetime | None],
    formats: Formats,
) -> Axis:
    """Kept, for of all that a live page shows the axis alone stays the same from scan to scan."""
    (promise, due_at), (likely, late) = promised, predicted
    begin = min(begin, formats.now)
    end = max([formats.now, *[moment for moment in (due_at, likely, late) if moment]])
    room = (end - begin) * 0.06 or timedelta(hours=1)
    scale = _Scale(begin - room / 4, end + room, formats)
    return Axis(
        now=scale.mark(formats.now, formats.clock(formats.now)),
        promise=scale.mark(due_at, formats.day(promise)) if promise and due_at else None,
        likely=scale.mark(likely, formats.short_moment(likely)) if likely else None,
        late=scale.mark(late, formats.short_moment(late)) if late else None,
        days=scale.days(),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    begin: datetime
    end: datetime
    formats: Formats

    def mark(self, moment: datetime, text: str) -> Mark:
        share = 100 * ((moment - self.begin) / (self.end - self.begin))
        at = round(min(100.0, max(0.0, share)), 2)
        return Mark(at, text, "start" if at < 18 else "end" if at > 82 else "middle")

    def days(self) -> tuple[Mark, ...]:
        """Day marks, at most nine of them; each name begins at its mark, so that no two of them meet."""
        first = self.formats.day_of(self.begin) + timedelta(days=1)
        count = max(0, (self.formats.day_of(self.end) - first).days + 1)
        every = max(1, -(-count // 9))
        found = [first + timedelta(days=offset) for offset in range(0, count, every)]
        return tuple(self._day(day) for day in found)

    def _day(self, day: date) -> Mark:
        mark = self.mark(self.formats.end_of(day - timedelta(days=1)), self.formats.day(day))
        return replace(mark, anchor="start", text=mark.text if mark.at <= _ROOM_FOR_A_DAY else "")
