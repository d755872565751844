"""What of an order was picked out of stock: its parts, and the pieces that have their numbers already."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.planning import is_serial
from server.erp.production.inside import Share
from server.erp.production.lots import part_of
from server.erp.production.models import Unit, WorkOrder
from server.erp.reservations.models import Reservation
from server.erp.reservations.repository import numbered
from server.erp.stock.rules import MoveKind
from server.tracking.draft import Cause
from server.tracking.states import WorkOrderState

_ONE = Decimal(1)
#: So many lots of a product that were made here are looked at, the oldest first.
_MOST_LOTS = 500


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


def bind(session: Session, line: OrderLine, reservation: Reservation | None, about: Cause) -> Sequence[Unit]:
    """Pieces and lots of the line that lie in stock with their numbers; they are this order's from now on.

    Of a lot that is more than what is left to pick, a part is split off.
    """
    if reservation is None:
        return ()
    if is_serial(line):
        found = list(numbered(session, line.product_id, int(reservation.quantity)))
    else:
        found = _lots(session, line, reservation, about)
    for unit in found:
        unit.order_id, unit.order_line_id = line.order_id, line.id
    session.flush()
    return found


def _lots(session: Session, line: OrderLine, reservation: Reservation, about: Cause) -> list[Unit]:
    """The lots that the goods were issued of; what they gave to stock stays with them, for it was issued as theirs."""
    known = {unit.number: unit for unit in numbered(session, line.product_id, _MOST_LOTS)}
    found = []
    for spot in reservation.picked:
        unit = known.pop(spot["lot"], None)
        if unit is not None:
            taken = min(Decimal(spot["quantity"]), unit.quantity or _ONE)
            found.append(part_of(session, unit, Share(taken), about, kinds=(MoveKind.BACKFLUSH,)))
    return found


def pieces_of(units: Iterable[Unit]) -> Decimal:
    """How many pieces these units are."""
    return sum((unit.quantity or _ONE for unit in units), Decimal(0))


def is_made(work_order: WorkOrder, now: datetime) -> None:
    """Nothing of the work order is left to make."""
    work_order.state = WorkOrderState.COMPLETED.value
    work_order.started_at = work_order.completed_at = now
    work_order.snapshot = {**work_order.snapshot, "routing": [], "from_stock": True}
