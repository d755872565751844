"""What has arrived: a box, a pallet with its boxes, a whole shipment. Pure."""

from collections.abc import Iterable
from typing import Final

from server.tracking import words
from server.tracking.draft import ONE, Draft
from server.tracking.facts import FactKind
from server.tracking.packing import box_applied
from server.tracking.settle import settle
from server.tracking.states import (
    Action,
    HandlingUnitKind,
    HandlingUnitState,
    OrderLifecycle,
    Reason,
    ShipmentState,
    Signal,
    Status,
    UnitState,
)
from server.tracking.steps import BoxStep, ShipmentStep, UnitStep
from server.tracking.verdicts import Verdict, Words, refusal
from server.tracking.world import Box, Shipment

_PALLET: Final = HandlingUnitKind.PALLET.value
_SHIPPED: Final = HandlingUnitState.SHIPPED.value
_RECEIVED: Final = HandlingUnitState.RECEIVED.value
_DELIVERED: Final = UnitState.DELIVERED.value


def deliver_unit(draft: Draft, step: UnitStep) -> Verdict:
    """A unit speaks for the box that it lies in."""
    box = draft.world.boxes.get(step.unit.parent_id or 0)
    if box is None:
        said = Words(words.NOT_IN_BOX, {"unit": step.unit.number})
        return refusal(Reason.NOT_IN_BOX, said, subject=step.unit.number, order_id=step.unit.order_id)
    return deliver_box(draft, BoxStep(step.act, box, step.station))


def deliver_box(draft: Draft, step: BoxStep) -> Verdict:
    """The box, or the pallet with its boxes, has arrived; with the last of its shipment the shipment has."""
    box, order = step.box, draft.order(step.box.order_id)
    count = _arrive(draft, _boxes_on(draft, box) if box.kind == _PALLET else [box])
    shipment = draft.shipment(box.shipment_id) if box.shipment_id is not None else None
    if shipment is not None and not _left(draft, shipment):
        _end(draft, shipment)
    number = shipment.number if shipment is not None else order.number
    values = {"box": box.number, "count": count, "shipment": number, "customer": order.customer_name}
    return box_applied(Words(words.ARRIVED, values), Action.BOX_RECEIVED, box, undo=True)


def deliver_shipment(draft: Draft, step: ShipmentStep) -> Verdict:
    """Everything that left with the shipment has arrived."""
    shipment, order = step.shipment, draft.order(step.shipment.order_id)
    count = _arrive(draft, [box for box in _left(draft, shipment) if box.kind != _PALLET])
    _end(draft, shipment)
    values = {"shipment": shipment.number, "count": count, "customer": order.customer_name}
    said = Words(words.SHIPMENT_ARRIVED, values)
    verdict = Verdict(Status.APPLIED, said, Signal.OK, action=Action.SHIPMENT_DELIVERED, subject=shipment.number)
    return verdict._replace(order_id=order.id, undo=True)


def _left(draft: Draft, shipment: Shipment) -> list[Box]:
    """What of the shipment is still on its way."""
    mine = draft.boxes_of(shipment.order_id)
    return [box for box in mine if box.shipment_id == shipment.id and box.state == _SHIPPED]


def _boxes_on(draft: Draft, pallet: Box) -> list[Box]:
    return [box for side in draft.units_in(pallet.id) if (box := draft.box(side.id)).state == _SHIPPED]


def _arrive(draft: Draft, boxes: Iterable[Box]) -> int:
    """The boxes with all their units, and every pallet whose last box this was; returns how many units."""
    count = 0
    for box in boxes:
        for unit in draft.units_in(box.id):
            unit = draft.move(draft.see(unit), state=_DELIVERED)
            settle(draft, unit.work_order_id)
            about = {"unit_id": unit.id, "order_id": box.order_id, "work_order_id": unit.work_order_id}
            draft.fact(FactKind.UNIT_DELIVERED, unit.number, quantity=ONE, detail={"box": box.number}, **about)
            count += 1
        _receive(draft, box)
        pallet_id = draft.unit(box.id).parent_id
        if pallet_id is not None and not _boxes_on(draft, draft.box(pallet_id)):
            _receive(draft, draft.box(pallet_id))
    return count


def _receive(draft: Draft, box: Box) -> None:
    draft.change(box, state=_RECEIVED)
    draft.move(draft.see(draft.unit(box.id)), state=_DELIVERED)
    draft.fact(FactKind.BOX_RECEIVED, box.number, order_id=box.order_id, unit_id=box.id)


def _end(draft: Draft, shipment: Shipment) -> None:
    """The shipment is delivered, once all of it has left; with the last of the order, the order is done."""
    if shipment.state != ShipmentState.SHIPPED:
        return
    at = draft.cause.observed_at
    draft.change(draft.shipment(shipment.id), state=ShipmentState.DELIVERED.value, delivered_at=at)
    draft.fact(FactKind.SHIPMENT_DELIVERED, shipment.number, order_id=shipment.order_id)
    order, before = draft.order(shipment.order_id), draft.world.orders[shipment.order_id]
    if order.lifecycle == OrderLifecycle.DONE and before.lifecycle != order.lifecycle:
        draft.fact(FactKind.ORDER_COMPLETED, order.number, order_id=order.id)
