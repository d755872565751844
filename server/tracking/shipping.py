"""Boxes that leave, and the shipment they leave with. Pure."""

from typing import Final

from server.tracking import words
from server.tracking.draft import ONE, Draft
from server.tracking.facts import FactKind
from server.tracking.packing import box_applied
from server.tracking.refusals import refuse_box
from server.tracking.settle import settle, settle_order
from server.tracking.states import Action, HandlingUnitKind, HandlingUnitState, Reason, ShipmentState, UnitState
from server.tracking.steps import BoxStep, UnitStep
from server.tracking.verdicts import Verdict, Words, refusal
from server.tracking.world import Box, Shipment

_STILL_HERE: Final = frozenset(
    {HandlingUnitState.OPEN.value, HandlingUnitState.CLOSED.value, HandlingUnitState.LOADED.value}
)
_PREPARING: Final = frozenset(
    {
        ShipmentState.DRAFT.value,
        ShipmentState.WAITING.value,
        ShipmentState.PICKING.value,
        ShipmentState.PACKED.value,
    }
)


def ship_unit(draft: Draft, step: UnitStep) -> Verdict:
    """A unit inside a closed box speaks for the whole box."""
    box_id = step.unit.parent_id
    if box_id is None or box_id not in draft.world.boxes:
        said = Words(words.NOT_PACKED, {"unit": step.unit.number})
        return refusal(Reason.NOT_PACKED, said, subject=step.unit.number, order_id=step.unit.order_id)
    box = draft.box(box_id)
    if box.state == HandlingUnitState.OPEN:
        return refuse_box(Reason.NOT_CLOSED, box)
    return ship_box(draft, BoxStep(step.act, box, step.station))


def ship_box(draft: Draft, step: BoxStep) -> Verdict:
    """The box leaves with all its units, a pallet with all its boxes, and a box on a pallet speaks for the pallet.

    The shipment has left when no box of the order remains.
    """
    whole = _whole(draft, step.box)
    if whole.state == HandlingUnitState.OPEN:
        said = Words(words.PALLET_STILL_OPEN, {"box": step.box.number, "pallet": whole.number})
        return refusal(Reason.NOT_CLOSED, said, subject=step.box.number, order_id=step.box.order_id)
    order = draft.order(whole.order_id)
    shipment = _shipment_for(draft, order.id)
    count = 0
    if whole.kind == HandlingUnitKind.PALLET:
        count = sum(_send(draft, draft.box(side.id), shipment)[1] for side in draft.units_in(whole.id))
    box, inside = _send(draft, whole, shipment)
    count += inside
    # An empty box that was left open keeps nothing here.
    remaining = any(other.state in _STILL_HERE and draft.units_in(other.id) for other in draft.boxes_of(order.id))
    if not remaining:
        at = draft.cause.observed_at
        draft.change(draft.shipment(shipment.id), state=ShipmentState.SHIPPED.value, shipped_at=at)
        draft.fact(FactKind.SHIPMENT_SHIPPED, shipment.number, order_id=order.id)
    values = {"box": box.number, "count": count, "shipment": shipment.number, "customer": order.customer_name}
    return box_applied(Words(words.SHIPPED, values), Action.BOX_SHIPPED, box, undo=True)


def _whole(draft: Draft, box: Box) -> Box:
    """The pallet that the box lies on, or the box itself."""
    side = draft.world.units.get(box.id)
    return draft.box(side.parent_id) if side is not None and side.parent_id is not None else box


def _shipment_for(draft: Draft, order_id: int) -> Shipment:
    for found in draft.shipments_of(order_id):
        if found.state in _PREPARING:
            return found
    supply = draft.supply
    number, shipment_id = f"SH-{supply.shipment_number}", supply.shipment_ids[0]
    draft.supply = supply._replace(shipment_number=supply.shipment_number + 1, shipment_ids=supply.shipment_ids[1:])
    at = draft.cause.observed_at
    shipment = draft.create(Shipment(shipment_id, number, order_id, ShipmentState.PICKING.value, at, None))
    draft.fact(FactKind.SHIPMENT_CREATED, number, order_id=order_id)
    return shipment


def _send(draft: Draft, box: Box, shipment: Shipment) -> tuple[Box, int]:
    at = draft.cause.observed_at
    box = draft.change(
        box,
        state=HandlingUnitState.SHIPPED.value,
        shipped_at=at,
        shipment_id=shipment.id,
        closed_at=box.closed_at or at,
    )
    container = draft.world.units.get(box.id)
    if container is not None:
        draft.move(draft.see(draft.unit(box.id)), state=UnitState.SHIPPED.value)
    detail = {"shipment": shipment.number}
    draft.fact(FactKind.BOX_SHIPPED, box.number, order_id=box.order_id, unit_id=box.id, detail=detail)
    inside = [] if box.kind == HandlingUnitKind.PALLET else draft.units_in(box.id)
    for unit in inside:
        unit = draft.move(draft.see(unit), state=UnitState.SHIPPED.value)
        settle(draft, unit.work_order_id)
        about = {"unit_id": unit.id, "order_id": unit.order_id, "work_order_id": unit.work_order_id}
        draft.fact(FactKind.UNIT_SHIPPED, unit.number, quantity=ONE, detail={"box": box.number, **detail}, **about)
    if not inside:
        settle_order(draft, box.order_id)
    return box, len(inside)
