"""Why a unit or box may not do what was asked of it, in words. Pure."""

from datetime import datetime
from typing import Final

from server.tracking import words
from server.tracking.changes import must_repack
from server.tracking.places import current_operation, next_name, route
from server.tracking.states import HandlingUnitState, OperationState, OrderLifecycle, Reason, WorkOrderState
from server.tracking.table import Act, Place
from server.tracking.verdicts import Verdict, Words, because, refusal
from server.tracking.world import Box, Order, Station, Unit, World

_CANCELLED: Final = OrderLifecycle.CANCELLED.value
_CREDIT_HOLD: Final = OrderLifecycle.CREDIT_HOLD.value
_BEFORE_RELEASE: Final = frozenset({OrderLifecycle.DRAFT.value, OrderLifecycle.CONFIRMED.value})
_WORK: Final = {
    WorkOrderState.DRAFT.value: (Reason.NOT_RELEASED, words.NOT_RELEASED),
    WorkOrderState.ON_HOLD.value: (Reason.ON_HOLD, words.WORK_ON_HOLD),
    WorkOrderState.CANCELLED.value: (Reason.CANCELLED, words.ORDER_CANCELLED),
    WorkOrderState.ABORTED.value: (Reason.CANCELLED, words.ORDER_CANCELLED),
    WorkOrderState.CLOSED.value: (Reason.NOT_ALLOWED, words.WORK_CLOSED),
}


def blocked(world: World, unit: Unit) -> Verdict | None:
    """Why the unit may not move forward at all: holds, releases, cancellations."""
    order = world.orders.get(unit.order_id or 0)
    if order is not None:
        verdict = blocked_order(order, unit.number)
        if verdict is not None:
            return verdict
    if unit.held:
        why = because(unit.hold_reason)
        return _no(Reason.ON_HOLD, words.UNIT_ON_HOLD, unit, unit=unit.number, why=why)
    return _blocked_work(world, unit)


def before_rework(world: World, unit: Unit, at: datetime) -> Verdict | None:
    """Why a read that comes late moves nothing: what was done before a unit was sent back does not count any more."""
    if at >= world.sent_back.get(unit.id, at):
        return None
    return _no(Reason.ALREADY_DONE, words.BEFORE_REWORK, unit, unit=unit.number)


def blocked_order(order: Order, subject: str) -> Verdict | None:
    """Why nothing of this order may move."""
    if order.lifecycle == _CANCELLED:
        reason, template = Reason.CANCELLED, words.ORDER_CANCELLED
    elif order.on_hold:
        reason, template = Reason.ON_HOLD, words.ORDER_ON_HOLD
    elif order.lifecycle == _CREDIT_HOLD:
        reason, template = Reason.ON_HOLD, words.WAITS_FOR_CREDIT
    elif order.lifecycle in _BEFORE_RELEASE:
        reason, template = Reason.NOT_RELEASED, words.NOT_RELEASED
    else:
        return None
    values = {"order": order.number, "unit": subject, "why": because(order.hold_reason)}
    return refusal(reason, Words(template, values), subject=subject, order_id=order.id)


def blocked_box(world: World, box: Box) -> Verdict | None:
    """Why the box may not leave: its order, or anything in it, must stay; a box on a pallet leaves with the pallet."""
    order = world.orders.get(box.order_id)
    verdict = blocked_order(order, box.number) if order is not None else None
    if verdict is not None:
        return verdict
    side = world.units.get(box.id)
    whole = side.parent_id if side is not None and side.parent_id is not None else box.id
    leaving = {whole, *(found for found in world.boxes if _lies_on(world, found, whole))}
    for unit in [unit for unit in world.units.values() if unit.parent_id in leaving]:
        parent = world.boxes[unit.parent_id or 0]
        if unit.held:
            values = {"unit": unit.number, "box": parent.number, "why": because(unit.hold_reason)}
            said = Words(words.UNIT_IN_BOX_ON_HOLD, values)
            return refusal(Reason.ON_HOLD, said, subject=box.number, order_id=box.order_id)
        verdict = _blocked_work(world, unit) or must_repack(world, parent.id, parent.number)
        if verdict is not None:
            return verdict
    return None


def _lies_on(world: World, box_id: int, pallet_id: int) -> bool:
    side = world.units.get(box_id)
    return side is not None and side.parent_id == pallet_id


def _blocked_work(world: World, unit: Unit) -> Verdict | None:
    work_order = world.work_orders.get(unit.work_order_id or 0)
    found = _WORK.get(work_order.state) if work_order is not None else None
    if work_order is None or found is None:
        return None
    order = world.orders.get(work_order.order_id or 0)
    number = order.number if order is not None else work_order.number
    values = {"unit": unit.number, "work_order": work_order.number, "order": number}
    return _no(found[0], found[1], unit, **values)


def without_order(act: Act, unit: Unit) -> Verdict | None:
    """Why a unit that was made for stock goes into no box: nobody has ordered it."""
    if unit.order_id is not None or act is not Act.PACK:
        return None
    return _no(Reason.NO_ORDER, words.NO_ORDER, unit, unit=unit.number)


def busy_elsewhere(world: World, unit: Unit, place: Place, station: Station) -> Verdict | None:
    """Why nobody takes the unit up here: somebody works on it at another station of the same work center."""
    if place is not Place.RUNNING or unit.last_station_id in (None, station.id):
        return None
    there = world.stations.get(unit.last_station_id or 0)
    if there is None or there.work_center_id != station.work_center_id:
        return None
    return _no(Reason.BUSY_ELSEWHERE, words.BUSY_ELSEWHERE, unit, unit=unit.number, there=there.name)


def refuse_unit(world: World, reason: Reason, place: Place, unit: Unit, station: Station) -> Verdict:
    """The sentence for a refusal of the table."""
    template = _BY_REASON.get(reason) or _BY_PLACE.get(place, words.WRONG_STATION)
    if reason is Reason.NOT_ALLOWED and place is not Place.RETURNED:
        template = words.CARDS_ONLY
    if reason is Reason.NOT_READY:
        return _not_ready(world, unit, station)
    following = next_name(world, unit) or _after_production(place, unit)
    current = current_operation(world, unit)
    parent = world.boxes.get(unit.parent_id or 0)
    values = {
        "unit": unit.number,
        "here": station.work_center,
        "next": following,
        "running": current.name if current is not None else following,
        "box": parent.number if parent is not None else Words(words.NEXT_NOTHING),
    }
    return _no(reason, template, unit, **values)


def refuse_box(reason: Reason, box: Box) -> Verdict:
    """The sentence for a refusal of the table of boxes."""
    values = {"box": box.number, "unit": box.number}
    return refusal(reason, Words(_box_words(reason, box), values), subject=box.number, order_id=box.order_id)


def _box_words(reason: Reason, box: Box) -> str:
    if reason is Reason.NOT_A_UNIT:
        return words.BOX_NOT_A_UNIT
    if reason is Reason.NOT_CLOSED:
        return words.BOX_STILL_OPEN
    if reason is Reason.NOT_SHIPPED:
        return words.NOT_SHIPPED
    if reason is Reason.NOT_ALLOWED:
        return words.A_PALLET
    if box.state == HandlingUnitState.RECEIVED:
        return words.SHIPMENT_ARRIVED_ALREADY
    return words.BOX_CLOSED_ALREADY if box.shipped_at is None else words.BOX_SHIPPED_ALREADY


def _not_ready(world: World, unit: Unit, station: Station) -> Verdict:
    current = current_operation(world, unit)
    before = None
    for operation in route(world, unit):
        if current is not None and operation.step < current.step and operation.state != OperationState.SKIPPED:
            before = operation
    values = {
        "unit": unit.number,
        "here": current.name if current is not None else station.work_center,
        "needed": before.transfer_quantity if before is not None else 1,
        "good": before.good if before is not None else 0,
        "before": before.name if before is not None else station.work_center,
    }
    return refusal(Reason.NOT_READY, Words(words.NOT_READY, values), subject=unit.number, order_id=unit.order_id)


def _after_production(place: Place, unit: Unit) -> Words:
    if place is Place.FINISHED:
        return Words(words.NEXT_PACKING if unit.order_id is not None else words.NEXT_STOCK)
    return Words(words.NEXT_SHIPPING if place is Place.PACKED else words.NEXT_NOTHING)


def _no(reason: Reason, template: str, about: Unit, **values: object) -> Verdict:
    return refusal(reason, Words(template, values), subject=about.number, order_id=about.order_id)


_BY_REASON: Final = {
    Reason.OUT_OF_SEQUENCE: words.OUT_OF_SEQUENCE,
    Reason.WRONG_STATION: words.WRONG_STATION,
    Reason.ALREADY_STARTED: words.ALREADY_STARTED,
    Reason.NOT_STARTED: words.NOT_STARTED,
    Reason.NOT_PACKED: words.NOT_PACKED,
    Reason.NOT_IN_BOX: words.NOT_IN_BOX,
    Reason.NOT_SHIPPED: words.NOT_SHIPPED,
    Reason.NOT_A_BOX: words.NOT_A_BOX,
    Reason.SCRAPPED: words.UNIT_SCRAPPED,
    Reason.NOT_RELEASED: words.NO_ROUTE,
    Reason.NOT_A_MATERIAL: words.NOT_A_MATERIAL,
}
_BY_PLACE: Final = {
    Place.BUSY: words.NOT_ENDED,
    Place.BEHIND: words.ALREADY_DONE,
    Place.FINISHED: words.ALREADY_FINISHED,
    Place.PACKED: words.ALREADY_PACKED,
    Place.SHIPPED: words.ALREADY_SHIPPED,
    Place.DELIVERED: words.ALREADY_DELIVERED,
    Place.CONSUMED: words.UNIT_CONSUMED,
    Place.RETURNED: words.UNIT_RETURNED,
    Place.DUE: words.NOT_FINISHED,
    Place.WAITING: words.NOT_FINISHED,
    Place.RUNNING: words.NOT_FINISHED,
    Place.AHEAD: words.NOT_FINISHED,
    Place.ELSEWHERE: words.NOT_FINISHED,
}
