"""What happens to sales orders. Services flush, write facts and note topics; the edge commits."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.db import touch
from server.erp.floor.repository import station_keys
from server.erp.orders import estimates, repository
from server.erp.orders.guards import require, require_makeable
from server.erp.orders.lifecycle import Action, after
from server.erp.orders.lines import find_customer, make_lines
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.schemas import OrderIn, OrderPatch
from server.erp.production import repository as production
from server.errors import Refused
from server.http.fields import plain
from server.http.numbers import fresh
from server.journal import facts
from server.messages import translate as _
from server.parties.service import become_customer
from server.tracking.facts import FactKind, NewFact
from server.tracking.states import OrderLifecycle, UnitState, WorkOrderState

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
    _mark_changed(order)
    session.flush()
    detail = _difference(before, plain_order(order))
    if detail["after"]:
        write_fact(session, order, FactKind.ORDER_CHANGED, actor=actor, now=now, detail=detail)
    return order


def confirm_order(
    session: Session, order: SalesOrder, *, actor: str, now: datetime, promise_date: date | None = None
) -> SalesOrder:
    """Promise the order: its date is frozen from here on. Raises Refused when it cannot be made, and says why."""
    require(order, Action.CONFIRM)
    require_makeable(session, order, Action.CONFIRM)
    if not order.customer.is_active:
        raise Refused(
            _("{order} cannot be confirmed: customer {customer} is blocked.").format(
                order=order.number, customer=order.customer.number
            ),
            reason="customer_blocked",
        )
    promised = promise_date or order.promise_date or _computed_promise(session, order, now)
    today = now.astimezone(estimates.site_calendar(session).zone).date()
    if promised < today:
        raise Refused(
            _("{order} cannot be confirmed: the promised date {promised} is past. Choose another.").format(
                order=order.number, promised=promised
            ),
            reason="promise_past",
        )
    detail = moved(
        order,
        {"lifecycle": order.lifecycle, "promise_date": _iso(order.promise_date)},
        {"lifecycle": OrderLifecycle.CONFIRMED.value, "promise_date": promised.isoformat()},
    )
    order.lifecycle = after(OrderLifecycle(order.lifecycle), Action.CONFIRM).value
    order.promise_date = promised
    order.confirmed_at = now
    session.flush()
    write_fact(session, order, FactKind.ORDER_CONFIRMED, actor=actor, now=now, detail=detail)
    become_customer(session, order.customer, order.number, actor=actor, now=now)
    reestimate(session, order, now=now)
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
    detail["reason"] = reason
    order.lifecycle = OrderLifecycle.CANCELLED.value
    order.predicted_at = order.predicted_late_at = None
    session.flush()
    write_fact(session, order, FactKind.ORDER_CANCELLED, actor=actor, now=now, detail=detail)
    return order


def complete_order(session: Session, order: SalesOrder, *, actor: str, now: datetime) -> SalesOrder:
    """Everything has arrived at the customer."""
    require(order, Action.COMPLETE)
    detail = moved(order, {"lifecycle": order.lifecycle}, {"lifecycle": OrderLifecycle.DONE.value})
    order.lifecycle = OrderLifecycle.DONE.value
    order.predicted_at = order.predicted_late_at = None
    session.flush()
    write_fact(session, order, FactKind.ORDER_COMPLETED, actor=actor, now=now, detail=detail)
    return order


# --- what the steps above share ---


def write_fact(
    session: Session, order: SalesOrder, kind: FactKind, *, actor: str, now: datetime, detail: Mapping[str, Any]
) -> int:
    """Write a fact about an order whose customer is loaded, note who watches it, and return the fact's id."""
    touch(session, f"order:{order.number}", f"customer:{order.customer.number}", "orders", "board")
    fact = NewFact(kind=kind, subject=order.number, actor=actor, observed_at=now, order_id=order.id, detail=detail)
    return facts.write(session, [fact], recorded_at=now)[0]


def reestimate(session: Session, order: SalesOrder, *, now: datetime) -> None:
    """Work the order's estimate out again and show the new one on the loaded order."""
    session.flush()
    estimates.predict(session, [order.id], now=now)
    session.refresh(order, ["predicted_at", "predicted_late_at", "estimated_at"])


def moved(order: SalesOrder, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The detail of a fact that changed columns of the order, by row as every fact writes it."""
    key = f"sales_order:{order.id}"
    return {"before": {key: dict(before)}, "after": {key: dict(after)}}


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
        "configuration": line.configuration,
        "packaging": line.packaging,
    }


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    differing = [field for field in now if before[field] != now[field]]
    return {"before": {name: before[name] for name in differing}, "after": {name: now[name] for name in differing}}


def _mark_changed(order: SalesOrder) -> None:
    # A change of lines alone is a change of the order, too: its version must rise.
    flag_modified(order, "priority")


def _computed_promise(session: Session, order: SalesOrder, now: datetime) -> date:
    found = estimates.compute_for_draft(session, order, now=now)
    if found is None:
        raise Refused(
            _("{order} cannot be confirmed: its work reaches beyond ten years. Promise a date yourself.").format(
                order=order.number
            ),
            reason="no_estimate",
        )
    return found.late_at.astimezone(found.calendar.zone).date()


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
