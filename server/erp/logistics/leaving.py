"""What may leave the house, and that it has left; scans at the dock ask and do the same."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from server.erp.changes.service import require_packed_as_changed
from server.erp.logistics.changes import Changes, containers
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import SalesOrder
from server.erp.production import repository as production
from server.erp.production.models import Unit
from server.errors import Refused
from server.messages import translate as _
from server.tracking.facts import FactKind
from server.tracking.states import HandlingUnitState, OrderLifecycle, UnitKind, UnitState, WorkOrderState

_SHIPPED = HandlingUnitState.SHIPPED.value


def is_container(unit: Unit) -> bool:
    """Whether the unit is the container side of a box, which lies on a pallet."""
    return unit.kind == UnitKind.CONTAINER


def require_moving(order: SalesOrder) -> SalesOrder:
    """The order, when it may leave; raises Refused when it is over or on hold."""
    require_processing(order)
    if order.on_hold:
        raise Refused(
            _("{order} is on hold: {hold_reason} Resume it first.").format(
                order=order.number, hold_reason=order.hold_reason
            ),
            reason="on_hold",
        )
    return order


def require_processing(order: SalesOrder) -> None:
    """Raises Refused unless the order is in production: nothing of another one is sent."""
    if order.lifecycle != OrderLifecycle.PROCESSING:
        raise Refused(
            _("{order} cannot be shipped: it is {lifecycle}.").format(order=order.number, lifecycle=order.lifecycle),
            reason=f"not_in_{order.lifecycle}",
        )


def _require_free(session: Session, inside: Sequence[Unit], shipment: Shipment) -> None:
    """Raises Refused when a unit that would leave, or its work order, is on hold; the dock asks the same."""
    held = next((unit for unit in inside if unit.held), None)
    if held is not None:
        message = _("{shipment} cannot leave: {unit} is on hold: {why}. Lift the hold, or take the unit out.")
        why = (held.hold_reason or "-").rstrip(" .")
        raise Refused(message.format(shipment=shipment.number, unit=held.number, why=why), reason="on_hold")
    mine = {unit.work_order_id for unit in inside}
    for work_order in production.work_orders_of(session, [shipment.order_id]):
        if work_order.id in mine and work_order.state == WorkOrderState.ON_HOLD:
            message = _("{shipment} cannot leave: {work_order} is on hold.")
            raise Refused(message.format(shipment=shipment.number, work_order=work_order.number), reason="on_hold")


def send(changes: Changes, boxes: Sequence[HandlingUnit], shipment: Shipment) -> None:
    """The boxes leave with all their units; raises Refused when anything in them must stay."""
    session, now = changes.session, changes.now
    inside = [unit for unit in production.units_in(session, [box.id for box in boxes]) if not is_container(unit)]
    _require_free(session, inside, shipment)
    require_packed_as_changed(session, [unit.id for unit in inside], shipment.number)
    sides = containers(session, boxes)
    numbers = {box.id: box.number for box in boxes}
    for box in boxes:
        changes.set(box, state=_SHIPPED, shipped_at=now)
        side = sides.get(box.id)
        if side is not None:
            changes.set(side, state=UnitState.SHIPPED.value)
        changes.fact(FactKind.BOX_SHIPPED, box.number, unit=side, shipment=shipment.number)
    for unit in inside:
        changes.set(unit, state=UnitState.SHIPPED.value)
        box_number = numbers[unit.parent_id or 0]
        changes.fact(FactKind.UNIT_SHIPPED, unit.number, unit=unit, box=box_number, shipment=shipment.number)
