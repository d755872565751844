"""What happens to sales orders. Services flush, write facts and note topics; the edge commits."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.db import touch
from server.erp.floor.repository import station_keys
from server.erp.orders import repository
from server.erp.orders.confirmation import confirm_order, release_credit, revise_order
from server.erp.orders.estimates import forget
from server.erp.orders.guards import require
from server.erp.orders.lifecycle import Action
from server.erp.orders.lines import find_customer, make_lines
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.pricing import price_order
from server.erp.orders.record import moved, reestimate, write_fact
from server.erp.orders.schemas import OrderIn, OrderPatch
from server.erp.production import repository as production
from server.erp.reservations.service import free_order
from server.errors import Refused
from server.http.fields import plain
from server.http.numbers import fresh
from server.messages import translate as _
from server.tracking.facts import FactKind
from server.tracking.states import OrderLifecycle, UnitState, WorkOrderState

__all__ = [
    "cancel_order",
    "change_order",
    "complete_order",
    "confirm_order",
    "create_order",
    "hold_order",
    "moved",
    "plain_order",
    "reestimate",
    "release_credit",
    "resume_order",
    "revise_order",
    "write_fact",
]

_OUT_OF_THE_HOUSE = (UnitState.SHIPPED, UnitState.DELIVERED)


def create_order(
    session: Session, body: OrderIn, *, actor: str, now: datetime, number: str | None = None
) -> SalesOrder:
    """A draft; raises Invalid for an unknown customer or products."""
    customer = find_customer(session, body.customer)
    lines = make_lines(session, body.lines, customer)
    order = SalesOrder(
        number=number or fresh(session, "SO", SalesOrder.number),
        customer=customer,
        customer_reference=body.customer_reference,
        lifecycle=OrderLifecycle.DRAFT.value,
        priority=body.priority or customer.priority,
        currency=body.currency or customer.currency,
        promise_date=body.promise_date,
        special_instructions=body.special_instructions or customer.special_instructions,
        created_at=now,
        created_by=actor,
        lines=lines,
    )
    price_order(order)
    session.add(order)
    session.flush()
    write_fact(session, order, FactKind.ORDER_CREATED, actor=actor, now=now, detail={"after": plain_order(order)})
    return order


def change_order(session: Session, order: SalesOrder, patch: OrderPatch, *, actor: str, now: datetime) -> SalesOrder:
    """Change what the patch names; raises Refused for more than the priority once the order is no draft."""
    changed = patch.changed()
    if set(changed) != {"priority"} or order.lifecycle in (OrderLifecycle.DONE, OrderLifecycle.CANCELLED):
        require(order, Action.CHANGE)
    before = plain_order(order)
    lines = None if patch.lines is None else make_lines(session, patch.lines, order.customer)
    if lines is not None:
        # The old lines go first: a new line 1 could not stand beside the old one.
        order.lines.clear()
        session.flush()
    for field, value in changed.items():
        setattr(order, field, lines if field == "lines" else value)
    if lines is not None:
        price_order(order)
    _mark_changed(order)
    session.flush()
    detail = _difference(before, plain_order(order))
    if detail["after"]:
        write_fact(session, order, FactKind.ORDER_CHANGED, actor=actor, now=now, detail=detail)
    return order


def hold_order(session: Session, order: SalesOrder, *, reason: str, actor: str, now: datetime) -> SalesOrder:
    """Stop all work on the order: stations refuse its units until it is resumed."""
    require(order, Action.HOLD)
    if order.on_hold:
        raise Refused(
            _("{order} is on hold already: {hold_reason}").format(order=order.number, hold_reason=order.hold_reason),
            reason="already_on_hold",
        )
    order.on_hold, order.hold_reason = True, reason
    session.flush()
    detail = moved(order, {"on_hold": False, "hold_reason": None}, {"on_hold": True, "hold_reason": reason})
    write_fact(session, order, FactKind.ORDER_HELD, actor=actor, now=now, detail=detail)
    _touch_stations(session, order)
    reestimate(session, order, now=now)
    return order


def resume_order(session: Session, order: SalesOrder, *, actor: str, now: datetime) -> SalesOrder:
    """Let the work on a held order go on."""
    require(order, Action.RESUME)
    if not order.on_hold:
        raise Refused(_("{order} is not on hold.").format(order=order.number), reason="not_on_hold")
    before = {"on_hold": True, "hold_reason": order.hold_reason}
    detail = moved(order, before, {"on_hold": False, "hold_reason": None})
    order.on_hold, order.hold_reason = False, None
    session.flush()
    write_fact(session, order, FactKind.ORDER_RESUMED, actor=actor, now=now, detail=detail)
    _touch_stations(session, order)
    reestimate(session, order, now=now)
    return order


def cancel_order(
    session: Session, order: SalesOrder, *, reason: str, by_manager: bool, actor: str, now: datetime
) -> SalesOrder:
    """Call the order off; once in production only a manager may, and nothing may have left the house."""
    require(order, Action.CANCEL)
    if order.lifecycle == OrderLifecycle.PROCESSING:
        _require_manager_and_nothing_shipped(session, order, by_manager=by_manager)
    _touch_stations(session, order)
    detail = moved(order, {"lifecycle": order.lifecycle}, {"lifecycle": OrderLifecycle.CANCELLED.value})
    _stop_work(session, order, detail)
    free_order(session, order, actor=actor, now=now)
    detail["reason"] = reason
    order.lifecycle = OrderLifecycle.CANCELLED.value
    forget(order)
    session.flush()
    write_fact(session, order, FactKind.ORDER_CANCELLED, actor=actor, now=now, detail=detail)
    return order


def complete_order(session: Session, order: SalesOrder, *, actor: str, now: datetime) -> SalesOrder:
    """Everything has arrived at the customer."""
    require(order, Action.COMPLETE)
    detail = moved(order, {"lifecycle": order.lifecycle}, {"lifecycle": OrderLifecycle.DONE.value})
    order.lifecycle = OrderLifecycle.DONE.value
    forget(order)
    session.flush()
    write_fact(session, order, FactKind.ORDER_COMPLETED, actor=actor, now=now, detail=detail)
    return order


# --- what the steps above share ---


def plain_order(order: SalesOrder) -> dict[str, Any]:
    """What a person can change about an order, as a fact keeps it; lines and products are loaded."""
    return {
        "customer": order.customer.number,
        "customer_reference": order.customer_reference,
        "promise_date": _iso(order.promise_date),
        "priority": order.priority,
        "special_instructions": order.special_instructions,
        "lines": [_plain_line(line) for line in order.lines],
    }


def _plain_line(line: OrderLine) -> dict[str, Any]:
    return {
        "product": line.product.sku,
        "quantity": plain(line.quantity),
        "unit_price": None if line.unit_price is None else plain(line.unit_price),
        "discount_percent": plain(line.discount_percent),
        "tax_percent": plain(line.tax_percent),
        "configuration": line.configuration,
        "packaging": line.packaging,
    }


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    differing = [field for field in now if before[field] != now[field]]
    return {"before": {name: before[name] for name in differing}, "after": {name: now[name] for name in differing}}


def _mark_changed(order: SalesOrder) -> None:
    # A change of lines alone is a change of the order, too: its version must rise.
    flag_modified(order, "priority")


def _require_manager_and_nothing_shipped(session: Session, order: SalesOrder, *, by_manager: bool) -> None:
    if not by_manager:
        raise Refused(
            _("{order} cannot be cancelled: it is in production, and then only a manager may do so.").format(
                order=order.number
            ),
            reason="manager_needed",
        )
    counts = repository.progress(session, [order.id])[order.id].by_state
    shipped = sum(counts.get(state.value, 0) for state in _OUT_OF_THE_HOUSE)
    if shipped:
        raise Refused(
            _("{order} cannot be cancelled: {shipped} of its units have left the house.").format(
                order=order.number, shipped=shipped
            ),
            reason="already_shipped",
        )


def _stop_work(session: Session, order: SalesOrder, detail: dict[str, Any]) -> None:
    """Cancel work orders that have not begun and abort the others; the fact's detail takes the rows in."""
    for work_order in production.work_orders_of(session, [order.id], lock=True):
        state = _STOPPED.get(work_order.state)
        if state is not None:
            key = f"work_order:{work_order.id}"
            detail["before"][key], detail["after"][key] = {"state": work_order.state}, {"state": state}
            work_order.state = state


_STOPPED: Mapping[str, str] = {
    WorkOrderState.DRAFT.value: WorkOrderState.CANCELLED.value,
    WorkOrderState.RELEASED.value: WorkOrderState.CANCELLED.value,
    WorkOrderState.IN_PROGRESS.value: WorkOrderState.ABORTED.value,
    WorkOrderState.ON_HOLD.value: WorkOrderState.ABORTED.value,
}


def _touch_stations(session: Session, order: SalesOrder) -> None:
    centers = production.open_work_centers(session, order.id)
    touch(session, *(f"station:{key}" for key in station_keys(session, centers)))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
