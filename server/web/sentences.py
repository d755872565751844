"""Sentences about an order that a customer understands: where it is, and whether the promise holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from server.crm.milestones import Milestone, current
from server.crm.risk import Risk
from server.messages import N_
from server.tracking.states import Fulfilment, OrderLifecycle
from server.web.i18n import Formats, translations

#: Nothing moved for so long: then saying so is more honest than a bar that stands still.
QUIET = timedelta(hours=4)

_SIGNALS = {
    Risk.ON_TIME: ("ok", "check"),
    Risk.AT_RISK: ("warn", "triangle-alert"),
    Risk.LATE: ("stop", "clock"),
    Risk.BLOCKED: ("stop", "pause"),
    Risk.WAITING: ("info", "hourglass"),
    Risk.NO_PROMISE: ("quiet", "calendar-days"),
    Risk.SHIPPED: ("ok", "truck"),
    Risk.DELIVERED: ("ok", "package-check"),
    Risk.CANCELLED: ("quiet", "x"),
}


#: Nothing is expected of these any more.
_OVER = (Risk.SHIPPED, Risk.DELIVERED, Risk.CANCELLED)


@dataclass(frozen=True, slots=True)
class Say:
    """A translator that fills in values."""

    language: str

    def __call__(self, message: str, **values: object) -> str:
        text = translations(self.language).gettext(message)
        return text % values if values else text


class Told(Protocol):
    """What a sentence about an order asks for: the page of an order has it, and so has its card."""

    @property
    def lifecycle(self) -> str: ...
    @property
    def fulfilment(self) -> str: ...
    @property
    def on_hold(self) -> bool: ...
    @property
    def hold_reason(self) -> str | None: ...
    @property
    def risk(self) -> Risk: ...
    @property
    def promise(self) -> date | None: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def predicted_at(self) -> datetime | None: ...
    @property
    def moved_at(self) -> datetime | None: ...
    @property
    def moved_where(self) -> str | None: ...
    @property
    def milestones(self) -> Sequence[Milestone]: ...


@dataclass(frozen=True, slots=True)
class Status:
    """The lamp of the page and the sentence beside it."""

    signal: str
    icon: str
    sentence: str
    #: A second, quieter line: the hold's reason, or that nothing has moved for a while.
    remark: str | None = None


def status(order: Told, formats: Formats, *, for_customer: bool) -> Status:
    """The order in one sentence; a customer is never told why work stands still, only that it does."""
    say = Say(formats.language)
    signal, icon = _SIGNALS[order.risk]
    sentence = _sentence(order, formats, say, for_customer=for_customer)
    return Status(signal, icon, sentence, _remark(order, formats, say, for_customer=for_customer))


def _sentence(order: Told, formats: Formats, say: Say, *, for_customer: bool) -> str:
    if order.risk == Risk.CANCELLED:
        return say(N_("This order was cancelled."))
    if order.lifecycle == OrderLifecycle.DRAFT:
        return say(N_("This order is being prepared. Nothing is promised yet."))
    if order.lifecycle == OrderLifecycle.CREDIT_HOLD:
        if for_customer:
            return say(N_("We have your order and are checking it."))
        return say(N_("This order waits for credit. Finance or a manager can release it."))
    if order.fulfilment == Fulfilment.DELIVERED:
        return say(N_("All %(total)s have arrived."), total=order.milestones[-1].total)
    done = _progress(order.milestones, say)
    if order.risk in (Risk.SHIPPED, Risk.DELIVERED):
        return f"{done}."
    if order.on_hold:
        return say(N_("%(done)s; work stands still at present."), done=done)
    return say(N_("%(done)s; %(promise)s."), done=done, promise=_promise(order, formats, say))


def _progress(found: Sequence[Milestone], say: Say) -> str:
    steps = [step for step in found if step.kind != "confirmed"]
    shipped, packed = steps[-1], steps[-2]
    if shipped.state == "done":
        return say(N_("All %(total)s have left our house"), total=shipped.total)
    if shipped.done:
        return say(N_("%(done)s of %(total)s have left our house"), done=shipped.done, total=shipped.total)
    if packed.done:
        return say(N_("%(done)s of %(total)s are packed"), done=packed.done, total=packed.total)
    operations = [step for step in steps if step.kind == "operation"]
    if not operations and packed.total:
        return say(N_("All %(total)s are taken from stock and wait for packing"), total=packed.total)
    return _on_the_floor(operations, say)


def _on_the_floor(operations: list[Milestone], say: Say) -> str:
    if not operations or all(step.state == "todo" for step in operations):
        return say(N_("Work has not begun yet"))
    if all(step.state == "done" for step in operations):
        return say(N_("All %(total)s are made and wait for packing"), total=operations[-1].total)
    furthest = current(operations)
    first = next((step for step in operations if step.state != "done"), operations[-1])
    if furthest is None:
        before = operations[operations.index(first) - 1]
        return say(N_("All %(total)s are through %(step)s"), total=before.total, step=before.name)
    if furthest is first:
        return say(
            N_("%(done)s of %(total)s are through %(step)s"), done=first.done, total=first.total, step=first.name
        )
    return say(
        N_("%(done)s of %(total)s are through %(step)s, %(next)s has begun"),
        done=first.done,
        total=first.total,
        step=first.name,
        next=furthest.name,
    )


def _promise(order: Told, formats: Formats, say: Say) -> str:
    if order.promise is None or order.due_at is None:
        return say(N_("no date is promised yet"))
    promised = formats.long_day(order.promise)
    if order.risk == Risk.LATE and order.predicted_at is not None:
        expected = formats.long_day(formats.day_of(order.predicted_at))
        if expected != promised:
            return say(N_("expected %(expected)s instead of %(promised)s"), expected=expected, promised=promised)
    if order.risk == Risk.LATE:
        return say(N_("it was promised for %(promised)s and is late"), promised=promised)
    if order.risk == Risk.AT_RISK:
        return say(N_("%(promised)s is tight"), promised=promised)
    if order.risk == Risk.WAITING:
        return say(N_("promised for %(promised)s"), promised=promised)
    return say(N_("on time for %(promised)s"), promised=promised)


def _remark(order: Told, formats: Formats, say: Say, *, for_customer: bool) -> str | None:
    if order.on_hold and not for_customer:
        return say(N_("On hold: %(reason)s"), reason=order.hold_reason or say(N_("no reason was given")))
    moving = order.lifecycle == OrderLifecycle.PROCESSING and order.risk not in _OVER
    if not moving or order.moved_at is None:
        return None
    still = formats.now - order.moved_at
    if still < QUIET:
        return None
    if order.moved_where and not for_customer:
        return say(
            N_("Nothing has moved for %(span)s; last seen at %(station)s."),
            span=formats.span(still),
            station=order.moved_where,
        )
    return say(N_("Nothing has moved for %(span)s."), span=formats.span(still))
