"""What sales says about a customer reaches his open orders and the stations that work on them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import touch
from server.erp.floor.repository import station_keys
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, WorkOrder
from server.journal import facts
from server.parties.disclosure import POLICIES
from server.parties.models import Customer
from server.parties.schemas import CustomerPatch
from server.parties.service import update_customer
from server.tracking.facts import FactKind, NewFact
from server.tracking.states import OrderLifecycle

_OVER = (OrderLifecycle.DONE.value, OrderLifecycle.CANCELLED.value)
#: What stations and boards show of a customer.
_ON_THE_FLOOR = (*POLICIES, "name", "special_instructions")


def change_customer(
    session: Session, customer: Customer, patch: CustomerPatch, *, actor: str, now: datetime
) -> Customer:
    """Change a customer; orders that stood at his priority follow it, and the stations see it at once."""
    before = {field: getattr(customer, field) for field in _ON_THE_FLOOR}
    update_customer(session, customer, patch, actor=actor, now=now)
    if customer.priority != before["priority"]:
        _follow_priority(session, customer, before["priority"], actor=actor, now=now)
    if any(getattr(customer, field) != value for field, value in before.items()):
        touch_floor(session, customer.id)
    return customer


def touch_floor(session: Session, customer_id: int) -> None:
    """Wake the board and the stations at whose work centers open work of this customer lies."""
    centers = session.scalars(
        select(Operation.work_center_id)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .join(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .where(SalesOrder.customer_id == customer_id, SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value)
        .distinct()
    ).all()
    touch(session, "board", *(f"station:{key}" for key in station_keys(session, centers)))


def _follow_priority(session: Session, customer: Customer, old: int, *, actor: str, now: datetime) -> None:
    orders = _open_orders_at(session, customer.id, old)
    changed = {"before": {"priority": old}, "after": {"priority": customer.priority}, "cause": customer.number}
    for order in orders:
        order.priority = customer.priority
    session.flush()
    written = [
        NewFact(
            kind=FactKind.ORDER_CHANGED, subject=order.number, actor=actor, observed_at=now, order_id=order.id,
            detail=changed,
        )
        for order in orders
    ]  # fmt: skip
    facts.write(session, written, recorded_at=now)
    touch(session, "orders", *(f"order:{order.number}" for order in orders))


def _open_orders_at(session: Session, customer_id: int, priority: int) -> Sequence[SalesOrder]:
    statement = (
        select(SalesOrder)
        .where(SalesOrder.customer_id == customer_id, SalesOrder.priority == priority)
        .where(SalesOrder.lifecycle.not_in(_OVER))
        .order_by(SalesOrder.id)
        .with_for_update()
    )
    return session.scalars(statement).all()
