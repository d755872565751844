"""What people do to boxes and shipments from a screen. Services flush, write facts and note topics; the edge commits.

Scans at packing and at the dock do the same through `server.tracking`; both write the same rows and facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.floor.repository import stations_by_id
from server.erp.logistics import repository
from server.erp.logistics.changes import Changes, containers
from server.erp.logistics.contents import boxes_on, pallets_of
from server.erp.logistics.leaving import is_container, require_moving, require_processing, send
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.logistics.schemas import ShipmentIn, ShipmentPatch
from server.erp.orders.models import SalesOrder
from server.erp.orders.repository import lock_order
from server.erp.orders.repository import order as find_order
from server.erp.production import repository as production
from server.errors import FieldError, Invalid, Refused
from server.http.numbers import fresh
from server.journal.audit import changes as differences
from server.journal.audit import write_audit
from server.messages import translate as _
from server.tracking.facts import FactKind
from server.tracking.states import HandlingUnitState, ShipmentState, UnitState

_OPEN, _CLOSED = HandlingUnitState.OPEN.value, HandlingUnitState.CLOSED.value
_LOADED, _SHIPPED, _RECEIVED = (
    HandlingUnitState.LOADED.value,
    HandlingUnitState.SHIPPED.value,
    HandlingUnitState.RECEIVED.value,
)
_READY_TO_GO = (_CLOSED, _LOADED)

# --- boxes ---


def close_box(session: Session, box: HandlingUnit, *, actor: str, now: datetime) -> HandlingUnit:
    """The box is full; raises Refused when it is not open, or empty."""
    if box.state != _OPEN:
        raise Refused(
            _("{box} cannot be closed: it is {state}.").format(box=box.number, state=box.state),
            reason=f"is_{box.state}",
        )
    count = repository.contents(session, [box.id]).get(box.id, 0)
    if count == 0:
        raise Refused(
            _("{box} cannot be closed: it is empty. Pack a unit first.").format(box=box.number), reason="empty_box"
        )
    changes = _begin(session, box.order_id, actor=actor, now=now)
    changes.set(box, state=_CLOSED, closed_at=now)
    changes.fact(FactKind.BOX_CLOSED, box.number, unit=containers(session, [box]).get(box.id), count=count)
    changes.write()
    _touch_station(session, box)
    return box


def reopen_box(session: Session, box: HandlingUnit, *, reason: str, actor: str, now: datetime) -> HandlingUnit:
    """Something must come out of the box again; raises Refused unless it is closed, still here and on no pallet."""
    if box.state != _CLOSED:
        raise Refused(
            _("{box} cannot be opened again: it is {state}.").format(box=box.number, state=box.state),
            reason=f"is_{box.state}",
        )
    pallet = pallets_of(session, [box.id]).get(box.id)
    if pallet is not None:
        message = _("{box} cannot be opened again: it is on {pallet}. Take it off first.")
        raise Refused(message.format(box=box.number, pallet=pallet.number), reason="on_pallet")
    changes = _begin(session, box.order_id, actor=actor, now=now)
    emptied = repository.emptied_without(session, box)
    if emptied is not None:
        changes.set(emptied, state=ShipmentState.PICKING.value)
    changes.set(box, state=_OPEN, closed_at=None, shipment_id=None)
    changes.fact(FactKind.BOX_REOPENED, box.number, unit=containers(session, [box]).get(box.id), reason=reason)
    changes.write()
    _touch_station(session, box)
    return box


# --- shipments ---


def create_shipment(session: Session, body: ShipmentIn, *, actor: str, now: datetime) -> Shipment:
    """A shipment of closed boxes; raises Invalid for an unknown order or box, Refused when there is none to send."""
    order = find_order(session, body.order, lock=True)
    if order is None:
        raise Invalid(errors=[FieldError("order", _("There is no order {order}.").format(order=body.order), "unknown")])
    require_processing(order)
    boxes = _chosen(session, order, body.handling_units)
    shipment = Shipment(
        number=fresh(session, "SH", Shipment.number),
        order=order,
        state=ShipmentState.PACKED.value,
        carrier=body.carrier,
        tracking_reference=body.tracking_reference,
        created_at=now,
    )
    session.add(shipment)
    session.flush()
    changes = Changes(session, order, actor, now)
    for box in boxes:
        changes.set(box, shipment_id=shipment.id)
    changes.fact(FactKind.SHIPMENT_CREATED, shipment.number, boxes=[box.number for box in boxes])
    changes.write()
    return shipment


def change_shipment(
    session: Session, shipment: Shipment, patch: ShipmentPatch, *, actor: str, now: datetime
) -> Shipment:
    """Change who carries it and under which number."""
    changed = patch.changed()
    before = {field: getattr(shipment, field) for field in changed}
    for field, value in changed.items():
        setattr(shipment, field, value)
    session.flush()
    write_audit(
        session,
        at=now,
        actor=actor,
        action="shipment_changed",
        subject=shipment.number,
        detail=differences(before, changed),
    )
    touch(session, f"order:{shipment.order.number}")
    return shipment


def ship(session: Session, shipment: Shipment, *, actor: str, now: datetime) -> Shipment:
    """Its boxes leave the house with all their units; raises Refused when it has left, has none, or one is open."""
    if shipment.state not in repository.PREPARING:
        raise Refused(
            _("{shipment} cannot leave: it is {state}.").format(shipment=shipment.number, state=shipment.state),
            reason=f"is_{shipment.state}",
        )
    boxes = repository.boxes_by_shipment(session, [shipment.id]).get(shipment.id, [])
    if not boxes:
        raise Refused(
            _("{shipment} cannot leave: no box belongs to it.").format(shipment=shipment.number), reason="no_boxes"
        )
    unready = [box.number for box in boxes if box.state not in (*_READY_TO_GO, _SHIPPED)]
    if unready:
        raise Refused(
            _("{shipment} cannot leave: {names} must be closed first.").format(
                shipment=shipment.number, names=", ".join(unready)
            ),
            reason="open_box",
        )
    order = require_moving(lock_order(session, shipment.order_id))
    changes = Changes(session, order, actor, now)
    send(changes, [box for box in boxes if box.state != _SHIPPED], shipment)
    changes.set(shipment, state=ShipmentState.SHIPPED.value, shipped_at=now)
    changes.fact(FactKind.SHIPMENT_SHIPPED, shipment.number)
    changes.write()
    return shipment


@dataclass(frozen=True, slots=True)
class Carriage:
    """Who carries a shipment, and under which number of his."""

    carrier: str | None = None
    tracking_reference: str | None = None


def ship_order(session: Session, order: SalesOrder, carriage: Carriage, *, actor: str, now: datetime) -> list[str]:
    """Every closed box of the order leaves, where no reader stands at the dock; returns the shipments' numbers.

    Shipments that were prepared leave as they are, and the boxes that belong to none as one more. Raises Refused.
    """
    leaving = list(repository.shipments_prepared(session, order.id))
    boxes = repository.boxes_of(session, order.id, lock=True)
    on_pallets = pallets_of(session, [box.id for box in boxes])
    waiting = (box for box in boxes if box.id not in on_pallets and box.shipment_id is None)
    if not leaving or any(box.state in _READY_TO_GO for box in waiting):
        body = ShipmentIn(order=order.number, carrier=carriage.carrier, tracking_reference=carriage.tracking_reference)
        leaving.append(create_shipment(session, body, actor=actor, now=now))
    for emptied in repository.shipments_emptied(session, order.id):
        reason = _("All that was in it left otherwise")
        cancel_shipment(session, emptied, reason=reason, actor=actor, now=now)
    for shipment in leaving:
        ship(session, shipment, actor=actor, now=now)
    return [shipment.number for shipment in leaving]


def deliver(session: Session, shipment: Shipment, *, actor: str, now: datetime) -> Shipment:
    """It has arrived: its units are delivered, and with the last of them the order is done."""
    if shipment.state != ShipmentState.SHIPPED:
        raise Refused(
            _("{shipment} cannot arrive: it is {state}.").format(shipment=shipment.number, state=shipment.state),
            reason=f"is_{shipment.state}",
        )
    changes = _begin(session, shipment.order_id, actor=actor, now=now)
    boxes = repository.boxes_by_shipment(session, [shipment.id]).get(shipment.id, [])
    sides = containers(session, boxes)
    for unit in production.units_in(session, [box.id for box in boxes]):
        if is_container(unit):
            continue
        changes.set(unit, state=UnitState.DELIVERED.value)
        changes.fact(FactKind.UNIT_DELIVERED, unit.number, unit=unit, shipment=shipment.number)
    for box in boxes:
        changes.set(box, state=_RECEIVED)
        if box.id in sides:
            changes.set(sides[box.id], state=UnitState.DELIVERED.value)
    changes.set(shipment, state=ShipmentState.DELIVERED.value, delivered_at=now)
    changes.fact(FactKind.SHIPMENT_DELIVERED, shipment.number)
    changes.write()
    return shipment


def deliver_order(session: Session, order: SalesOrder, *, actor: str, now: datetime) -> None:
    """Every shipment of the order that is on its way has arrived; raises Refused when none is."""
    under_way = repository.shipments_on_their_way(session, order.id)
    if not under_way:
        raise Refused(_("{order} has nothing on its way.").format(order=order.number), reason="nothing_shipped")
    for shipment in under_way:
        deliver(session, shipment, actor=actor, now=now)


def cancel_shipment(session: Session, shipment: Shipment, *, reason: str, actor: str, now: datetime) -> Shipment:
    """Its boxes stay here for another shipment; raises Refused once any of them has left."""
    boxes = repository.boxes_by_shipment(session, [shipment.id]).get(shipment.id, [])
    gone = [box.number for box in boxes if box.state not in (_OPEN, *_READY_TO_GO)]
    if shipment.state not in repository.PREPARING or gone:
        because = (
            _("{names} left already").format(names=", ".join(gone))
            if gone
            else _("it is {state}").format(state=shipment.state)
        )
        raise Refused(
            _("{shipment} cannot be cancelled: {because}.").format(shipment=shipment.number, because=because),
            reason=f"is_{shipment.state}",
        )
    changes = _begin(session, shipment.order_id, actor=actor, now=now)
    for box in boxes:
        changes.set(box, shipment_id=None)
    changes.set(shipment, state=ShipmentState.CANCELLED.value)
    changes.fact(FactKind.SHIPMENT_CANCELLED, shipment.number, reason=reason)
    changes.write()
    return shipment


# --- what the steps above share ---


def _begin(session: Session, order_id: int, *, actor: str, now: datetime) -> Changes:
    return Changes(session, lock_order(session, order_id), actor, now)


def _touch_station(session: Session, box: HandlingUnit) -> None:
    for station in stations_by_id(session, [box.station_id] if box.station_id is not None else []).values():
        touch(session, f"station:{station.key}")


def _chosen(session: Session, order: SalesOrder, numbers: Sequence[str] | None) -> list[HandlingUnit]:
    """The boxes and pallets named, or every closed one without a shipment; a pallet takes its boxes along."""
    ready = [
        box
        for box in repository.boxes_of(session, order.id, lock=True)
        if box.state in _READY_TO_GO and box.shipment_id is None
    ]
    on = boxes_on(session, [box.id for box in ready])
    pallets = pallets_of(session, [box.id for box in ready])
    # What lies on a pallet leaves with it, and with an open pallet not at all.
    free = {box.number: box for box in ready if box.id not in pallets}
    if numbers is None and not free:
        raise Refused(
            _("{order} has no closed box that waits for a shipment.").format(order=order.number), reason="no_boxes"
        )
    errors = [
        FieldError(
            f"handling_units.{place}",
            _("{number} is no closed box of {order} that waits.").format(number=number, order=order.number),
            "unknown",
        )
        for place, number in enumerate(numbers or ())
        if number not in free
    ]
    if errors:
        raise Invalid(errors=errors)
    chosen = [free[number] for number in dict.fromkeys(numbers)] if numbers is not None else list(free.values())
    return [each for box in chosen for each in (box, *on.get(box.id, ()))]
