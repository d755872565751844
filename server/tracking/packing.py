"""Boxes: opening, filling, choosing, closing. Pure."""

from typing import Final

from orderlight.autoid import Sscc
from server.tracking import words
from server.tracking.changes import packed_anew, pieces_in, request_late
from server.tracking.draft import ONE, Draft
from server.tracking.facts import FactKind
from server.tracking.production import applied, finish_operation
from server.tracking.settle import settle
from server.tracking.states import (
    Action,
    HandlingUnitKind,
    HandlingUnitState,
    Reason,
    Signal,
    Status,
    UnitKind,
    UnitState,
)
from server.tracking.steps import BoxStep, UnitStep
from server.tracking.surplus import line_of, packed_of
from server.tracking.verdicts import Verdict, Words, refusal
from server.tracking.world import Box, Station, Unit

_OPEN: Final = HandlingUnitState.OPEN.value
_CLOSED: Final = HandlingUnitState.CLOSED.value
_BOX: Final = HandlingUnitKind.BOX.value


def complete_and_pack(draft: Draft, step: UnitStep) -> Verdict:
    """The packing operation of the unit is done by packing it, when packing is its last step."""
    refused = _may_not(draft, step)
    if refused is not None:
        return refused
    unit, operation = finish_operation(draft, step.unit)
    if unit.state != UnitState.FINISHED:
        following = next(other for other in draft.route(unit.work_order_id) if other.step == unit.step)
        values = {"operation": operation.name, "unit": unit.number, "next": following.name}
        said = Words(words.DONE_NEXT, {**values, "count": operation.good, "total": operation.quantity})
        return applied(said, Action.OPERATION_COMPLETED, unit)
    return _put_in(draft, unit, step.station)


def pack(draft: Draft, step: UnitStep) -> Verdict:
    """A finished unit goes into the station's open box."""
    return _may_not(draft, step) or _put_in(draft, draft.see(step.unit), step.station)


def _may_not(draft: Draft, step: UnitStep) -> Verdict | None:
    return _wrong_box(draft, step) or _surplus(draft, step.unit) or _full(draft, step)


def open_box(draft: Draft, station_id: int) -> Box | None:
    """The box that the station fills with units, if it is still open."""
    box = filled(draft, station_id)
    return box if box is not None and box.kind == _BOX else None


def filled(draft: Draft, station_id: int) -> Box | None:
    """The box or pallet that the station fills, if it is still open."""
    box_id = draft.context(station_id).open_box_id
    box = draft.box(box_id) if box_id is not None and box_id in draft.world.boxes else None
    return box if box is not None and box.state == _OPEN else None


def _wrong_box(draft: Draft, step: UnitStep) -> Verdict | None:
    """A unit never goes into the box of another order."""
    unit, box = step.unit, open_box(draft, step.station.id)
    if box is None or box.order_id == unit.order_id:
        return None
    mine, other = draft.order(unit.order_id or 0), draft.order(box.order_id)
    if mine.customer_number != other.customer_number:
        values = {"unit": unit.number, "customer": mine.customer_name, "other": other.customer_name}
        reason, said = Reason.WRONG_CUSTOMER, Words(words.WRONG_CUSTOMER, values)
    else:
        values = {"unit": unit.number, "order": mine.number, "other": other.number}
        reason, said = Reason.WRONG_ORDER, Words(words.WRONG_ORDER, values)
    return refusal(reason, said, subject=unit.number, order_id=unit.order_id)


def _surplus(draft: Draft, unit: Unit) -> Verdict | None:
    """Nobody gets more than he ordered: what is packed, on its way or delivered of the line counts."""
    line, order = line_of(draft, unit), draft.world.orders.get(unit.order_id or 0)
    if line is None or order is None:
        return None
    packed, _alive = packed_of(draft, line, order.id)
    if packed < line.pieces:
        return None
    values = {"unit": unit.number, "order": order.number, "sku": line.sku, "count": packed, "total": line.pieces}
    said = Words(words.OVER_QUANTITY, values)
    return refusal(Reason.OVER_QUANTITY, said, subject=unit.number, order_id=order.id)


def _full(draft: Draft, step: UnitStep) -> Verdict | None:
    """A box holds no more than the packaging of what is in it, and of the unit, says; a lot is as large as it is."""
    unit, box = step.unit, open_box(draft, step.station.id)
    if box is None or unit.kind != UnitKind.SERIAL or not (draft.world.per_box or draft.world.change_requests):
        return None
    inside = [each for each in draft.units_in(box.id) if each.kind == UnitKind.SERIAL]
    said = [pieces_in(draft.world, box, found) for found in {each.work_order_id for each in (unit, *inside)}]
    most = min((count for count in said if count is not None), default=None)
    if most is None or len(inside) < most:
        return None
    values = {"unit": unit.number, "box": box.number, "count": len(inside), "total": most}
    return refusal(Reason.BOX_FULL, Words(words.BOX_FULL, values), subject=unit.number, order_id=unit.order_id)


def _put_in(draft: Draft, unit: Unit, station: Station) -> Verdict:
    order = draft.order(unit.order_id or 0)
    box = open_box(draft, station.id) or new_box(draft, order.id, station)
    unit = draft.move(unit, state=UnitState.PACKED.value, parent_id=box.id)
    settle(draft, unit.work_order_id)
    about = {"unit_id": unit.id, "order_id": order.id, "work_order_id": unit.work_order_id}
    draft.fact(FactKind.UNIT_PACKED, unit.number, quantity=ONE, detail={"box": box.number}, **about)
    packed_anew(draft, unit)
    request_late(draft, unit, box.id)
    tallies = [draft.tally(found) for found in draft.world.work_of(order.id)]
    total = sum(tally.alive for tally in tallies)
    waiting = sum(tally.open + tally.finished for tally in tallies)
    values = {"unit": unit.number, "box": box.number, "order": order.number, "count": total - waiting, "total": total}
    if waiting == 0:
        _close(draft, box, station)
    template = words.PACKED_LAST if waiting == 0 else words.PACKED
    return applied(Words(template, values), Action.UNIT_PACKED, unit)


def new_box(draft: Draft, order_id: int, station: Station, kind: str = _BOX) -> Box:
    """An empty box or pallet for the order, which is the one that the station fills from now on."""
    supply, at = draft.supply, draft.cause.observed_at
    sscc = Sscc.make(supply.company_prefix, supply.sscc_reference)
    box_id, number = supply.box_ids[0], f"HU-{supply.box_number}"
    draft.supply = supply._replace(
        box_number=supply.box_number + 1, sscc_reference=supply.sscc_reference + 1, box_ids=supply.box_ids[1:]
    )
    # The container side of the box is a unit like any other; it belongs to no order line of its own.
    draft.create(
        Unit(box_id, number, UnitKind.CONTAINER.value, None, None, 1, UnitState.IN_STOCK.value, None, held=False,
             hold_reason=None, rework=0, parent_id=None, last_station_id=None, last_read_point=None, last_seen_at=None,
             last_fact_id=None)
    )  # fmt: skip
    box = draft.create(Box(box_id, number, sscc.value, order_id, station.id, _OPEN, at, None, None, None, kind))
    draft.remember(draft.context(station.id)._replace(open_box_id=box_id))
    draft.fact(FactKind.BOX_OPENED, number, order_id=order_id, unit_id=box_id, detail={"sscc": sscc.value})
    return box


def _close(draft: Draft, box: Box, station: Station) -> Box:
    closed = draft.change(draft.box(box.id), state=_CLOSED, closed_at=draft.cause.observed_at)
    draft.remember(draft.context(station.id)._replace(open_box_id=None))
    count = len(draft.units_in(box.id))
    draft.fact(FactKind.BOX_CLOSED, box.number, order_id=box.order_id, unit_id=box.id, detail={"count": count})
    return closed


def close_box(draft: Draft, station: Station) -> Verdict:
    """The CLOSE card: the open box or pallet of the station is full."""
    box = filled(draft, station.id)
    if box is None:
        return refusal(Reason.NO_OPEN_BOX, Words(words.NO_OPEN_BOX, {"station": station.name}))
    count = len(draft.units_in(box.id))
    if not count:
        said = Words(words.EMPTY_BOX, {"box": box.number})
        return refusal(Reason.EMPTY_BOX, said, subject=box.number, order_id=box.order_id)
    _close(draft, box, station)
    template = words.BOX_CLOSED if box.kind == _BOX else words.PALLET_CLOSED
    said = Words(template, {"box": box.number, "count": count, "order": draft.order(box.order_id).number})
    return box_applied(said, Action.BOX_CLOSED, box, undo=True)


def choose_box(draft: Draft, step: BoxStep) -> Verdict:
    """An open box or pallet scanned at packing becomes the one that this station fills."""
    box, station = step.box, step.station
    draft.remember(draft.context(station.id)._replace(open_box_id=box.id))
    order = draft.order(box.order_id)
    values = {"box": box.number, "station": station.name, "order": order.number, "customer": order.customer_name}
    template = words.BOX_CHOSEN if box.kind == _BOX else words.PALLET_CHOSEN
    return box_applied(Words(template, values), Action.BOX_CHOSEN, box, undo=False)


def box_applied(said: Words, action: Action, box: Box, *, undo: bool) -> Verdict:
    """Done with a box."""
    return Verdict(Status.APPLIED, said, Signal.OK, action=action, subject=box.number, undo=undo, order_id=box.order_id)
