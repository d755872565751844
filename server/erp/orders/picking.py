"""What of an order was picked out of stock: its parts, and the pieces that have their numbers already."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.planning import is_serial
from server.erp.production.models import Unit, WorkOrder
from server.erp.reservations.models import Reservation
from server.erp.reservations.repository import numbered
from server.tracking.states import WorkOrderState


def parts(
    order: SalesOrder, picked: Mapping[int, Reservation]
) -> Iterable[tuple[OrderLine, Decimal, Reservation | None]]:
    """What each line becomes: what was picked out of stock, and what is made."""
    for line in order.lines:
        reservation = picked.get(line.id)
        if reservation is not None:
            yield line, reservation.quantity, reservation
        rest = line.quantity - (reservation.quantity if reservation is not None else 0)
        if rest > 0:
            yield line, rest, None


def bind(session: Session, line: OrderLine, count: int, reservation: Reservation | None) -> Sequence[Unit]:
    """Pieces of the line that lie in stock with their numbers; they are this order's from now on."""
    if reservation is None or not is_serial(line):
        return ()
    found = numbered(session, line.product_id, count)
    for unit in found:
        unit.order_id, unit.order_line_id = line.order_id, line.id
    session.flush()
    return found


def is_made(work_order: WorkOrder, now: datetime) -> None:
    """Nothing of the work order is left to make."""
    work_order.state = WorkOrderState.COMPLETED.value
    work_order.started_at = work_order.completed_at = now
    work_order.snapshot = {**work_order.snapshot, "routing": [], "from_stock": True}
