"""What every change of an order shares: its fact, who watches it, and the estimate that moves with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.orders import estimates
from server.erp.orders.models import SalesOrder
from server.journal import facts
from server.tracking.facts import FactKind, NewFact


def write_fact(
    session: Session, order: SalesOrder, kind: FactKind, *, actor: str, now: datetime, detail: Mapping[str, Any]
) -> int:
    """Write a fact about an order whose customer is loaded, note who watches it, and return the fact's id."""
    touch_order(session, order)
    fact = NewFact(kind=kind, subject=order.number, actor=actor, observed_at=now, order_id=order.id, detail=detail)
    return facts.write(session, [fact], recorded_at=now)[0]


def reestimate(session: Session, order: SalesOrder, *, now: datetime) -> None:
    """Work the order's estimate out again and show the new one on the loaded order."""
    session.flush()
    estimates.predict(session, [order.id], now=now)
    session.refresh(order, [*estimates.PREDICTED, "estimated_at"])


def moved(order: SalesOrder, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The detail of a fact that changed columns of the order, by row as every fact writes it."""
    key = f"sales_order:{order.id}"
    return {"before": {key: dict(before)}, "after": {key: dict(after)}}


def touch_order(session: Session, order: SalesOrder) -> None:
    """Note that viewers of an order whose customer is loaded see something new."""
    touch(session, f"order:{order.number}", f"customer:{order.customer.number}", "orders", "board")
    if order.quote_number is not None:
        # The page of the quote says whether its order can go on.
        touch(session, f"quote:{order.quote_number}")
