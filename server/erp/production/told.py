"""Rows as the rules of the floor know them, and back again: what people do on a screen follows the rules of scans."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.planning import is_serial
from server.erp.production.work_repository import lots_of_lines
from server.tracking import world as w
from server.tracking.stages import STAGES
from server.tracking.wanted import Line

#: Facts have no number before they are written; until then they are counted from here on, below every number there is.
FIRST = -1_000_000


def told(kind: Any, row: Any) -> Any:
    """The row as the rules know it."""
    return kind._make(getattr(row, name) for name in kind._fields)


def told_order(order: SalesOrder) -> w.Order:
    """The order, whose customer is loaded, as the rules know it."""
    states = (order.lifecycle, order.fulfilment, order.on_hold, order.hold_reason, order.moved_at)
    return w.Order(order.id, order.number, order.customer.number, order.customer.name, *states)


def told_lines(session: Session, lines: Sequence[OrderLine]) -> dict[int, Line]:
    """How many units of each line are wanted: pieces of a serial; of anything else, the lots there are."""
    others = [each.id for each in lines if not is_serial(each)]
    lots = lots_of_lines(session, others) if others else {}
    pieces = {each.id: lots.get(each.id, 0) if each.id in others else int(each.quantity) for each in lines}
    return {each.id: Line(each.id, each.product.sku, pieces[each.id]) for each in lines}


def told_tallies(counts: Mapping[int, Mapping[str, int]]) -> dict[int, w.Tally]:
    """The units of each work order by stage, from their counts by state."""
    found: dict[int, w.Tally] = {}
    for work_order_id, states in counts.items():
        stages: Counter[str] = Counter()
        for state, count in states.items():
            stages[STAGES[state]] += count
        found[work_order_id] = w.Tally(**stages)
    return found


def put(row: Any, said: Any, ids: range) -> None:
    """Set what differs; a fact that had no number yet has one now."""
    for name, value in zip(said._fields, said, strict=True):
        if name == "last_fact_id" and value is not None and value < 0:
            value = ids[value - FIRST]
        if name in row.__table__.c and getattr(row, name) != value:
            setattr(row, name, value)
