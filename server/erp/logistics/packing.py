"""Boxes opened and filled from a screen or by a program, by the very rules that scans at packing follow.

The rows are loaded into a small world, `server.tracking` judges each unit as if it were scanned there, and what the
draft changed goes back into the rows.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from server.db import touch
from server.db.counters import take
from server.erp.floor import repository as floor
from server.erp.floor.models import ReadPoint
from server.erp.logistics.models import HandlingUnit
from server.erp.logistics.packing_rows import FIRST, Rows
from server.erp.logistics.schemas import HandlingUnitIn
from server.erp.orders.repository import orders_by_number
from server.erp.production.models import Unit
from server.errors import FieldError, Invalid, Refused
from server.http.numbers import body as digits
from server.http.numbers import fresh
from server.messages import translate as _
from server.parties.repository import site
from server.tracking import world as w
from server.tracking.advance import advance
from server.tracking.draft import Cause, Draft
from server.tracking.interpret import decide
from server.tracking.packing import new_box
from server.tracking.refusals import blocked_order
from server.tracking.states import Context, OrderLifecycle, Status, UnitKind, UnitState
from server.tracking.table import Act
from server.tracking.verdicts import Verdict


def open_box(session: Session, wanted: HandlingUnitIn, *, actor: str, now: datetime) -> HandlingUnit:
    """A new box with these units of the order, or empty; raises Invalid with a sentence a unit, or Refused."""
    point = _point(session, wanted.read_point)
    order = orders_by_number(session, [wanted.order]).get(wanted.order)
    if order is None:
        message = _("There is no order {order}.").format(order=wanted.order)
        raise Invalid(errors=[FieldError("order", message, "unknown")])
    rows = Rows.load(session, order.id, wanted.units, point)
    world = rows.world(session)
    side = _fresh_side(session, world)
    rows.units[side.id] = side
    _require_moving(world.orders[order.id], side.number)
    station = world.stations[point.station_id]
    draft = Draft(world, Cause(actor, now, point.station_id, point.key, None, FIRST))
    box = new_box(draft, order.id, station)
    world.boxes[box.id] = box
    _fill(draft, rows, wanted.units, world.read_points[point.key])
    made = rows.save(session, draft, now=now)[box.id]
    touch(session, f"order:{order.number}", f"customer:{rows.orders[order.id].customer.number}", "orders", "board")
    touch(session, f"station:{station.key}")
    return made


def _point(session: Session, key: str | None) -> ReadPoint:
    """The packing read point of this key; the only one there is when none is named."""
    found = floor.read_points_of(session, Context.PACK.value)
    if key is None and len(found) == 1:
        return found[0]
    point = next((each for each in found if each.key == key), None)
    if point is None:
        keys = ", ".join(each.key for each in found) or "-"
        message = _("Expected a read point where units are packed, one of {keys}; got {got}.")
        raise Invalid(errors=[FieldError("read_point", message.format(keys=keys, got=key or "-"), "unknown")])
    return point


def _fill(draft: Draft, rows: "Rows", numbers: Sequence[str], point: w.ReadPoint) -> None:
    """Judge each unit as if it were scanned at the read point; raises Invalid with everything that was refused."""
    by_number = {unit.number: unit.id for unit in rows.units.values() if unit.kind != UnitKind.CONTAINER}
    errors: list[FieldError] = []
    for place, number in enumerate(numbers):
        found = by_number.get(number)
        if found is None:
            message = _("There is no unit {number}.").format(number=number)
            errors.append(FieldError(f"units.{place}", message, "unknown"))
            continue
        verdict = _judge(draft, draft.unit(found), point, draft.cause.observed_at)
        if verdict.status is not Status.APPLIED:
            errors.append(FieldError(f"units.{place}", verdict.words.render(_), str(verdict.reason)))
    if errors:
        raise Invalid(errors=errors)


def _judge(draft: Draft, unit: w.Unit, point: w.ReadPoint, at: datetime) -> Verdict:
    """The verdict that a scan of the unit gets there; one that is to be packed anew comes out of its box first."""
    step = decide(draft.world, unit, point, meaning=Context.PACK, at=at)
    if isinstance(step, Verdict):
        return step
    verdict = advance(draft, step)
    return _judge(draft, draft.unit(unit.id), point, at) if step.act is Act.UNPACK else verdict


def _require_moving(order: w.Order, box: str) -> None:
    stopped = blocked_order(order, box)
    if stopped is not None:
        raise Refused(stopped.words.render(_), reason=str(stopped.reason))
    if order.lifecycle != OrderLifecycle.PROCESSING:
        message = _("{order} takes no box: it is {lifecycle}.")
        raise Refused(message.format(order=order.number, lifecycle=order.lifecycle), reason=f"not_in_{order.lifecycle}")


def _fresh_side(session: Session, world: w.World) -> Unit:
    """The container side of the box to come, with fresh numbers for it in the world's supply."""
    number = fresh(session, "HU", HandlingUnit.number)
    side = Unit(number=number, kind=UnitKind.CONTAINER.value, state=UnitState.IN_STOCK.value)
    session.add(side)
    session.flush()
    prefix, reference = site(session).gs1_company_prefix, take(session, "sscc")
    world.supply = w.Supply(prefix, int(digits(number)), reference, box_ids=(side.id,))
    return side
