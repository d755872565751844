"""One customer from both sides: how his orders stand, beside what is known of him."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.orders_list import OrderRow, rows_of
from server.erp.orders.models import SalesOrder
from server.tracking.states import OrderLifecycle

ORDERS_SHOWN = 50
_OVER = (OrderLifecycle.DONE.value, OrderLifecycle.CANCELLED.value)


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """How many orders a customer has, and how many of them are open."""

    total: int
    open: int


def order_figures(session: Session, customer_id: int) -> OrderFigures:
    """Both in one query."""
    is_open = case((SalesOrder.lifecycle.in_(_OVER), 0), else_=1)
    statement = select(func.count(), func.coalesce(func.sum(is_open), 0)).where(SalesOrder.customer_id == customer_id)
    total, opened = session.execute(statement).one()
    return OrderFigures(int(total), int(opened))


def glanced_orders(session: Session, customer_id: int, *, here: Here, limit: int) -> Sequence[OrderRow]:
    """His open orders, the newest first, and the newest others behind them; five queries."""
    is_over = SalesOrder.lifecycle.in_(_OVER)
    statement = select(SalesOrder.id).where(SalesOrder.customer_id == customer_id)
    ids = list(session.scalars(statement.order_by(is_over, SalesOrder.id.desc()).limit(limit)))
    return rows_of(session, ids, here=here)


def latest_orders(session: Session, customer_id: int, *, here: Here, limit: int = ORDERS_SHOWN) -> Sequence[OrderRow]:
    """His newest orders as the list of orders shows them; five queries."""
    statement = select(SalesOrder.id).where(SalesOrder.customer_id == customer_id)
    ids = list(session.scalars(statement.order_by(SalesOrder.id.desc()).limit(limit)))
    return rows_of(session, ids, here=here)
