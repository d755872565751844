"""Boxes opened and filled from a screen or by a program, by the very rules that scans at packing follow.

The rows are loaded into a small world, `server.tracking` judges each unit as if it were scanned there, and what the
draft changed goes back into the rows.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.db import touch
from server.db.counters import take
from server.erp.floor import repository as floor
from server.erp.floor.models import ReadPoint
from server.erp.logistics import repository
from server.erp.logistics.models import HandlingUnit
from server.erp.logistics.schemas import HandlingUnitIn
from server.erp.orders.models import SalesOrder
from server.erp.orders.repository import lock_order, orders_by_number
from server.erp.production import repository as production
from server.erp.production.models import Identifier, Unit
from server.errors import FieldError, Invalid, Refused
from server.http.numbers import body as digits
from server.http.numbers import fresh
from server.journal import facts
from server.messages import translate as _
from server.parties.repository import site
from server.tracking import world as w
from server.tracking.advance import advance
from server.tracking.draft import STAGES, Cause, Draft
from server.tracking.packing import new_box
from server.tracking.places import place_of
from server.tracking.refusals import blocked, blocked_order, refuse_unit
from server.tracking.states import Context, OrderLifecycle, Status, UnitKind, UnitState
from server.tracking.steps import UnitStep
from server.tracking.table import UNITS
from server.tracking.verdicts import Verdict

#: Facts have no number before they are written: the first is -1, the next -2.
_FIRST = -1


def open_box(session: Session, wanted: HandlingUnitIn, *, actor: str, now: datetime) -> HandlingUnit:
    """A new box with these units of the order, or empty; raises Invalid with a sentence a unit, or Refused."""
    point = _point(session, wanted.read_point)
    order = orders_by_number(session, [wanted.order]).get(wanted.order)
    if order is None:
        message = _("There is no order {order}.").format(order=wanted.order)
        raise Invalid(errors=[FieldError("order", message, "unknown")])
    rows = _Rows.load(session, order.id, wanted.units)
    world = rows.world(session, point)
    side = _fresh_side(session, world)
    rows.units[side.id] = side
    _require_moving(world.orders[order.id], side.number)
    station = world.stations[point.station_id]
    draft = Draft(world, Cause(actor, now, point.station_id, point.key, None, _FIRST))
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


def _fill(draft: Draft, rows: "_Rows", numbers: Sequence[str], point: w.ReadPoint) -> None:
    """Judge each unit as if it were scanned at the read point; raises Invalid with everything that was refused."""
    by_number = {unit.number: unit.id for unit in rows.units.values() if unit.kind != UnitKind.CONTAINER}
    errors: list[FieldError] = []
    for place, number in enumerate(numbers):
        found = by_number.get(number)
        if found is None:
            message = _("There is no unit {number}.").format(number=number)
            errors.append(FieldError(f"units.{place}", message, "unknown"))
            continue
        verdict = _judge(draft, draft.unit(found), point)
        if verdict.status is not Status.APPLIED:
            errors.append(FieldError(f"units.{place}", verdict.words.render(_), str(verdict.reason)))
    if errors:
        raise Invalid(errors=errors)


def _judge(draft: Draft, unit: w.Unit, point: w.ReadPoint) -> Verdict:
    """The verdict that a scan of the unit gets there; the table decides, and the draft takes the step."""
    world = draft.world
    station = world.stations[point.station_id]
    place = place_of(world, unit, station.work_center_id)
    rule = UNITS[Context.PACK][place]
    stopped = blocked(world, unit) if rule.guarded else None
    if stopped is not None:
        return stopped
    if rule.act is None:
        assert rule.reason is not None
        return refuse_unit(world, rule.reason, place, unit, station)
    return advance(draft, UnitStep(rule.act, unit, station, point))


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


@dataclass(slots=True)
class _Rows:
    """What packing may touch, by id, locked in the order in which scans lock it."""

    orders: dict[int, SalesOrder]
    work_orders: dict[int, Any]
    operations: dict[int, Any]
    units: dict[int, Unit]

    @classmethod
    def load(cls, session: Session, order_id: int, numbers: Sequence[str]) -> "_Rows":
        """The order and every order that one of the units belongs to, with their work, and the units."""
        orders = {each: lock_order(session, each) for each in sorted({order_id, *_owners(session, numbers)})}
        work = production.work_orders_of(session, list(orders), lock=True)
        operations = {each.id: each for found in work for each in found.operations}
        units = {each.id: each for each in production.lock_units(session, numbers)}
        return cls(orders, {found.id: found for found in work}, operations, units)

    def world(self, session: Session, point: ReadPoint) -> w.World:
        """The same rows as the rules know them."""
        station = point.station
        world = w.World(
            units={each.id: _told(w.Unit, each) for each in self.units.values()},
            operations={each.id: _told(w.Operation, each) for each in self.operations.values()},
            work_orders={each.id: _told(w.WorkOrder, each) for each in self.work_orders.values()},
            orders={each.id: _order(each) for each in self.orders.values()},
        )
        for found in self.work_orders.values():
            world.routes[found.id] = tuple(each.id for each in sorted(found.operations, key=lambda one: one.step))
            world.order_work[found.order_id] = (*world.order_work.get(found.order_id, ()), found.id)
        for order_id in self.orders:
            world.tallies |= _tallies(production.state_counts(session, order_id))
        boxes = repository.boxes_by_id(session, {each.parent_id for each in self.units.values() if each.parent_id})
        world.boxes = {box.id: _told(w.Box, box) for box in boxes}
        center = station.work_center
        world.stations[station.id] = w.Station(station.id, station.key, station.name, center.id, center.name)
        world.read_points[point.key] = w.ReadPoint(point.key, station.id, point.context, point.quiet_seconds)
        return world

    def save(self, session: Session, draft: Draft, *, now: datetime) -> dict[int, HandlingUnit]:
        """Write the facts and put every row where the draft says; returns the new boxes by id."""
        ids = facts.write(session, draft.facts, recorded_at=now)
        for mine, changed in (
            (self.units, draft.units),
            (self.operations, draft.operations),
            (self.work_orders, draft.work_orders),
            (self.orders, draft.orders),
        ):
            for row_id, row in changed.items():
                _put(mine[row_id], row, ids)
        boxes = {box.id: _box(box, self.orders[box.order_id]) for box in draft.boxes.values()}
        named = [Identifier(scheme="sscc", value=f"00/{box.sscc}", unit_id=box.id) for box in boxes.values()]
        session.add_all([*boxes.values(), *named])
        session.flush()
        return boxes


def _owners(session: Session, numbers: Sequence[str]) -> set[int]:
    return {found for found in production.orders_of_units(session, numbers) if found is not None}


def _told(kind: Any, row: Any) -> Any:
    return kind._make(getattr(row, name) for name in kind._fields)


def _order(order: SalesOrder) -> w.Order:
    states = (order.lifecycle, order.fulfilment, order.on_hold, order.hold_reason, order.moved_at)
    return w.Order(order.id, order.number, order.customer.number, order.customer.name, *states)


def _tallies(counts: Mapping[int, Mapping[str, int]]) -> dict[int, w.Tally]:
    found: dict[int, w.Tally] = {}
    for work_order_id, states in counts.items():
        stages: Counter[str] = Counter()
        for state, count in states.items():
            stages[STAGES[state]] += count
        found[work_order_id] = w.Tally(**stages)
    return found


def _put(row: Any, told: Any, ids: range) -> None:
    """Set what differs; a fact that had no number yet has one now."""
    for name, value in zip(told._fields, told, strict=True):
        if name == "last_fact_id" and value is not None and value < 0:
            value = ids[_FIRST - value]
        if name in row.__table__.c and getattr(row, name) != value:
            setattr(row, name, value)


def _box(box: w.Box, order: SalesOrder) -> HandlingUnit:
    made = HandlingUnit(**box._asdict())
    made.order = order
    return made
