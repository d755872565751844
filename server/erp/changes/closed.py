"""Why nothing of an order or a work order can be changed by request any more."""

from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from server.erp.changes import rules
from server.erp.changes.repository import unit_states
from server.erp.orders.lifecycle import because
from server.erp.orders.models import SalesOrder
from server.erp.production.models import WorkOrder
from server.errors import Refused
from server.messages import translate as _
from server.tracking.states import Effectivity, OrderLifecycle


def why_closed(session: Session, work: Sequence[WorkOrder], fields: Collection[str]) -> str | None:
    """The sentence, or None when a change of one of these fields would still meet a unit of one work order."""
    refusals = []
    for each in work:
        # What is asked for by an order's number belongs to that order.
        assert each.order is not None
        try:
            require_open(each.order, each)
            require_in_time(session, [each], fields, Effectivity.IMMEDIATE.value)
        except Refused as refusal:
            refusals.append(refusal.detail)
    return refusals[0] if refusals and len(refusals) == len(work) else None


def require_open(order: SalesOrder, work_order: WorkOrder) -> None:
    """Raises Refused when nothing of the order or the work order can change any more, or nothing has begun."""
    if order.lifecycle not in rules.OPEN_ORDERS:
        over = order.lifecycle in (OrderLifecycle.DONE, OrderLifecycle.CANCELLED)
        message = (
            _("Nothing of {order} can be changed any more: {because}.")
            if over
            else _("{order} is not released yet. Change the order itself.")
        )
        told = message.format(order=order.number, because=because(OrderLifecycle(order.lifecycle)))
        raise Refused(told, reason="order_not_open")
    if work_order.state not in rules.OPEN_WORK:
        message = _("{work_order} is {state}: nothing of it can be changed any more.")
        raise Refused(message.format(work_order=work_order.number, state=work_order.state), reason="work_not_open")


def require_in_time(session: Session, works: Sequence[WorkOrder], wanted: Collection[str], effectivity: str) -> None:
    """Raises Refused when the change would meet no unit any more: nobody would see it, and it would count as seen."""
    late = rules.too_late(unit_states(session, [each.id for each in works]), wanted, effectivity)
    if late is not None:
        raise Refused(_(rules.TOO_LATE[late]).format(number=works[0].number), reason=late.value)
