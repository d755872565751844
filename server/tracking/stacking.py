"""Boxes put on pallets and taken off: a box lies on one pallet at most, a pallet on none. Pure."""

from typing import Final

from server.tracking import words
from server.tracking.draft import Draft
from server.tracking.facts import FactKind
from server.tracking.packing import box_applied, filled, new_box
from server.tracking.refusals import refuse_box
from server.tracking.states import Action, HandlingUnitKind, HandlingUnitState, Reason, ShipmentState
from server.tracking.steps import BoxStep
from server.tracking.verdicts import Verdict, Words, refusal
from server.tracking.world import Box

_PALLET: Final = HandlingUnitKind.PALLET.value
_CLOSED: Final = HandlingUnitState.CLOSED.value


def stack(draft: Draft, step: BoxStep) -> Verdict:
    """A closed box goes onto the pallet that the station fills."""
    pallet = filled(draft, step.station.id)
    if pallet is None or pallet.kind != _PALLET:
        return _lies_already(draft, step.box) or refuse_box(Reason.ALREADY_DONE, step.box)
    return _lies_already(draft, step.box) or _foreign(draft, step.box, pallet) or put_on(draft, step.box, pallet)


def stack_on_new(draft: Draft, step: BoxStep) -> Verdict:
    """The PALLET card, then a box: a new pallet begins with it."""
    refused = _lies_already(draft, step.box)
    return refused or put_on(draft, step.box, new_box(draft, step.box.order_id, step.station, _PALLET))


def unstack(draft: Draft, step: BoxStep) -> Verdict:
    """The UNPACK card, then a box: it comes off its pallet."""
    pallet = take_off(draft, step.box)
    if pallet is None:
        said = Words(words.NOT_ON_PALLET, {"box": step.box.number})
        return refusal(Reason.NOT_IN_BOX, said, subject=step.box.number, order_id=step.box.order_id)
    said = Words(words.UNSTACKED, {"box": step.box.number, "pallet": pallet.number})
    return box_applied(said, Action.BOX_UNSTACKED, step.box, undo=False)


def put_on(draft: Draft, box: Box, pallet: Box) -> Verdict:
    """The box lies on the pallet from now on."""
    draft.move(draft.see(draft.unit(box.id)), parent_id=pallet.id)
    detail = {"pallet": pallet.number}
    draft.fact(FactKind.BOX_STACKED, box.number, order_id=box.order_id, unit_id=box.id, detail=detail)
    values = {"box": box.number, "pallet": pallet.number, "count": len(draft.units_in(pallet.id))}
    return box_applied(Words(words.STACKED, values), Action.BOX_STACKED, box, undo=True)


def take_off(draft: Draft, box: Box) -> Box | None:
    """Take the box off its pallet, which is open from then on; None when it lies on none."""
    side = draft.unit(box.id)
    if side.parent_id is None:
        return None
    pallet = draft.box(side.parent_id)
    draft.move(draft.see(side), parent_id=None)
    detail = {"pallet": pallet.number}
    draft.fact(FactKind.BOX_UNSTACKED, box.number, order_id=box.order_id, unit_id=box.id, detail=detail)
    if pallet.state == _CLOSED:
        pallet = reopen(draft, pallet)
        draft.fact(FactKind.BOX_REOPENED, pallet.number, order_id=pallet.order_id, unit_id=pallet.id)
    return pallet


def reopen(draft: Draft, box: Box) -> Box:
    """The box is open, in no shipment; a shipment that has none left is being picked again. The next fact tells."""
    shipment_id = box.shipment_id
    box = draft.change(box, state=HandlingUnitState.OPEN.value, closed_at=None, shipment_id=None)
    if shipment_id in draft.world.shipments:
        shipment = draft.shipment(shipment_id)
        has_more = any(other.shipment_id == shipment_id for other in draft.boxes_of(box.order_id))
        if shipment.state == ShipmentState.PACKED and not has_more:
            draft.change(shipment, state=ShipmentState.PICKING.value)
    return box


def _lies_already(draft: Draft, box: Box) -> Verdict | None:
    parent = draft.unit(box.id).parent_id
    if parent is None:
        return None
    said = Words(words.STACKED_ALREADY, {"box": box.number, "pallet": draft.box(parent).number})
    return refusal(Reason.ALREADY_DONE, said, subject=box.number, order_id=box.order_id)


def _foreign(draft: Draft, box: Box, pallet: Box) -> Verdict | None:
    """A pallet carries the boxes of one order."""
    if box.order_id == pallet.order_id:
        return None
    mine, other = draft.order(box.order_id), draft.order(pallet.order_id)
    values = {"unit": box.number, "pallet": pallet.number}
    if mine.customer_number != other.customer_number:
        values |= {"customer": mine.customer_name, "other": other.customer_name}
        reason, said = Reason.WRONG_CUSTOMER, Words(words.BOX_WRONG_CUSTOMER, values)
    else:
        values |= {"order": mine.number, "other": other.number}
        reason, said = Reason.WRONG_ORDER, Words(words.BOX_WRONG_ORDER, values)
    return refusal(reason, said, subject=box.number, order_id=box.order_id)
