"""Confirming an order: what is promised, and whether it fits under the customer's credit limit."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from server.erp.billing import credit
from server.erp.billing.rules import CreditCheck
from server.erp.billing.states import MoneyFact
from server.erp.orders import estimates
from server.erp.orders.guards import require, require_makeable
from server.erp.orders.lifecycle import Action, after
from server.erp.orders.models import SalesOrder
from server.erp.orders.record import moved, reestimate, touch_order, write_fact
from server.erp.reservations.service import reserve_order
from server.errors import Refused
from server.http.fields import plain
from server.journal.audit import write_audit
from server.journal.facts import OfficeFact, write_office
from server.messages import in_words
from server.messages import translate as _
from server.parties.service import become_customer
from server.tracking.facts import FactKind
from server.tracking.states import OrderLifecycle

_ABOVE = "Above the credit limit."
_NOT_COMPARABLE = "An exchange rate is missing."


def confirm_order(
    session: Session, order: SalesOrder, *, actor: str, now: datetime, promise_date: date | None = None
) -> SalesOrder:
    """Promise the order: its date is frozen from here on. Above the credit limit it waits on credit hold instead.

    Raises Refused when it cannot be made or still does not fit under the limit, and says why.
    """
    require(order, Action.CONFIRM)
    promised = _promise(session, order, now, promise_date)
    check = credit.check_order(session, order, now=now)
    if check.passes:
        return _confirm(session, order, promised, actor=actor, now=now)
    if order.lifecycle == OrderLifecycle.CREDIT_HOLD:
        raise Refused(
            _("{order} still waits for credit. It fits once invoices are paid, or finance or a manager releases it.")
            .format(order=order.number),
            reason="credit_hold",
        )  # fmt: skip
    return _wait_for_credit(session, order, check, promised, by=(actor, now))


def release_credit(
    session: Session,
    order: SalesOrder,
    *,
    reason: str,
    actor: str,
    now: datetime,
    promise_date: date | None = None,
) -> SalesOrder:
    """Confirm an order on credit hold although it is above the limit; the door checks who may."""
    require(order, Action.RELEASE_CREDIT)
    promised = _promise(session, order, now, promise_date)
    check = credit.check_order(session, order, now=now)
    _audit(session, order, check, "credit_released", by=(actor, now), reason=reason)
    fact = OfficeFact(
        kind=MoneyFact.CREDIT_RELEASED,
        subject=order.number,
        actor=actor,
        at=now,
        order_id=order.id,
        detail={"reason": reason},
    )
    write_office(session, [fact])
    return _confirm(session, order, promised, actor=actor, now=now)


def revise_order(session: Session, order: SalesOrder, *, actor: str, now: datetime) -> SalesOrder:
    """Make a draft again of an order on credit hold, so that it can be changed."""
    require(order, Action.REVISE)
    state = after(OrderLifecycle(order.lifecycle), Action.REVISE).value
    detail = moved(order, {"lifecycle": order.lifecycle}, {"lifecycle": state})
    order.lifecycle = state
    session.flush()
    write_fact(session, order, FactKind.ORDER_CHANGED, actor=actor, now=now, detail=detail)
    return order


def _confirm(session: Session, order: SalesOrder, promised: date, *, actor: str, now: datetime) -> SalesOrder:
    detail = _move(order, OrderLifecycle.CONFIRMED, promised)
    order.confirmed_at = now
    session.flush()
    write_fact(session, order, FactKind.ORDER_CONFIRMED, actor=actor, now=now, detail=detail)
    become_customer(session, order.customer, order.number, actor=actor, now=now)
    reserve_order(session, order, actor=actor, now=now)
    reestimate(session, order, now=now)
    return order


def _wait_for_credit(
    session: Session, order: SalesOrder, check: CreditCheck, promised: date, *, by: tuple[str, datetime]
) -> SalesOrder:
    actor, now = by
    detail = _move(order, OrderLifecycle.CREDIT_HOLD, promised)
    session.flush()
    fact = OfficeFact(
        kind=MoneyFact.CREDIT_HELD,
        subject=order.number,
        actor=actor,
        at=now,
        order_id=order.id,
        detail={**detail, "reason": _NOT_COMPARABLE if check.without_rate else _ABOVE},
    )
    write_office(session, [fact])
    _audit(session, order, check, "credit_held", by=by)
    touch_order(session, order)
    return order


def _move(order: SalesOrder, state: OrderLifecycle, promised: date) -> dict[str, Any]:
    """Put the order into the state with its promised day; returns what the fact keeps of it."""
    before = None if order.promise_date is None else order.promise_date.isoformat()
    detail = moved(
        order,
        {"lifecycle": order.lifecycle, "promise_date": before},
        {"lifecycle": state.value, "promise_date": promised.isoformat()},
    )
    order.lifecycle, order.promise_date = state.value, promised
    return detail


def _audit(
    session: Session,
    order: SalesOrder,
    check: CreditCheck,
    action: str,
    *,
    by: tuple[str, datetime],
    reason: str | None = None,
) -> None:
    """The figures stand in the audit, which few read, and not in the fact, which programs are given."""
    actor, now = by
    exposure = check.exposure
    figures = {
        "limit": None if exposure.limit is None else plain(exposure.limit),
        "currency": exposure.currency,
        "exposure": plain(exposure.total),
        "order": plain(check.amount),
        "order_currency": check.currency,
        "excess": plain(check.excess),
    }
    if check.converted is not None:
        figures |= {"rate": plain(check.converted.rate), "rate_as_of": check.converted.as_of.isoformat()}
    detail = figures | ({"reason": reason} if reason else {})
    write_audit(session, at=now, actor=actor, action=action, subject=order.number, detail=detail)


def _promise(session: Session, order: SalesOrder, now: datetime, wish: date | None) -> date:
    """The day that is promised; raises Refused when the order cannot be made or the day is past."""
    require_makeable(session, order, Action.CONFIRM)
    if not order.customer.is_active:
        raise Refused(
            _("{order} cannot be confirmed: customer {customer} is blocked.").format(
                order=order.number, customer=order.customer.number
            ),
            reason="customer_blocked",
        )
    promised = wish or order.promise_date or _computed_promise(session, order, now)
    today = now.astimezone(estimates.site_calendar(session).zone).date()
    if promised < today:
        raise Refused(
            _("{order} cannot be confirmed: the promised date {promised} is past. Choose another.").format(
                order=order.number, promised=in_words(promised)
            ),
            reason="promise_past",
        )
    return promised


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
