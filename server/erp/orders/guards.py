"""Refusals of what an order does not allow, each in a whole sentence."""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy.orm import Session

from server.catalog.configuration import Configured
from server.erp.orders.configured import configured_lines
from server.erp.orders.lifecycle import Action, refusal
from server.erp.orders.models import SalesOrder
from server.erp.orders.planning import is_bought, problems
from server.erp.reservations.repository import reserved_of
from server.erp.reservations.service import foreseen
from server.errors import Refused
from server.messages import N_
from server.messages import translate as _
from server.tracking.states import OrderLifecycle

_CANNOT: Mapping[Action, str] = {
    Action.CHANGE: N_("{order} cannot be changed: {because}."),
    Action.CONFIRM: N_("{order} cannot be confirmed: {because}."),
    Action.RELEASE_CREDIT: N_("{order} cannot be released from credit hold: {because}."),
    Action.REVISE: N_("{order} cannot be made a draft again: {because}."),
    Action.RELEASE: N_("{order} cannot be released: {because}."),
    Action.HOLD: N_("{order} cannot be put on hold: {because}."),
    Action.RESUME: N_("{order} cannot be resumed: {because}."),
    Action.CANCEL: N_("{order} cannot be cancelled: {because}."),
    Action.COMPLETE: N_("{order} cannot be completed: {because}."),
}


def require(order: SalesOrder, action: Action) -> None:
    """Raise Refused, in words, unless the action may begin in the order's present state."""
    because = refusal(OrderLifecycle(order.lifecycle), action)
    if because is not None:
        raise Refused(
            _(_CANNOT[action]).format(order=order.number, because=because),
            reason=f"not_in_{order.lifecycle}",
            extra={"lifecycle": order.lifecycle},
        )


def require_makeable(session: Session, order: SalesOrder, action: Action) -> Mapping[int, Configured]:
    """What each line of a wholly loaded order takes and how it is made, by the line's id.

    Raises Refused with every reason why the order cannot be made.
    """
    configured, unconfigured = configured_lines(session, order.lines)
    found = problems(order.lines, _stocked(session, order, action)) + unconfigured
    if found:
        raise Refused(
            _(_CANNOT[action]).format(order=order.number, because=" ".join(found).removesuffix(".")),
            reason="not_makeable",
            extra={"problems": found},
        )
    return configured


def _stocked(session: Session, order: SalesOrder, action: Action) -> Mapping[int, Decimal]:
    """What stock has of each line: before the confirmation what it would reserve, at the release what it did."""
    if action is Action.RELEASE:
        return reserved_of(session, [order.id])
    return foreseen(session, order.lines) if any(is_bought(line.product) for line in order.lines) else {}
