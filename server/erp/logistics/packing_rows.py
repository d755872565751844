"""The rows that packing from a screen or by a program may touch, as the rules know them, and back again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.erp.changes import repository as changes
from server.erp.changes.models import ChangeRequest, RepackTask
from server.erp.floor.models import ReadPoint
from server.erp.logistics import repository
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.repository import lines_of, lock_order
from server.erp.orders.snapshot import pieces_per_box
from server.erp.production import repository as production
from server.erp.production.models import Identifier, Operation, Unit, WorkOrder
from server.erp.production.told import FIRST, put, told, told_lines, told_order, told_tallies
from server.journal import facts
from server.tracking import change_rows
from server.tracking import world as w
from server.tracking.draft import Draft
from server.tracking.states import UnitKind

__all__ = ["FIRST", "Rows"]


@dataclass(slots=True)
class Rows:
    """What packing may touch, by id, locked in the order in which scans lock it."""

    point: ReadPoint
    orders: dict[int, SalesOrder]
    lines: Sequence[OrderLine]
    work_orders: dict[int, WorkOrder]
    operations: dict[int, Operation]
    units: dict[int, Unit]
    boxes: dict[int, HandlingUnit]
    shipments: dict[int, Shipment]
    #: What the station has not seen yet, and what is to be packed anew.
    changes: Sequence[ChangeRequest]
    #: What counts for these orders, seen or not.
    counting: Sequence[ChangeRequest]
    repacks: dict[int, RepackTask]

    @classmethod
    def load(cls, session: Session, order_id: int, numbers: Sequence[str], point: ReadPoint) -> "Rows":
        """The order and every order that one of the units belongs to, with their work, and the units."""
        orders = {each: lock_order(session, each) for each in sorted({order_id, *_owners(session, numbers)})}
        work = production.work_orders_of(session, list(orders), lock=True)
        units = {each.id: each for each in production.lock_units(session, numbers)}
        sides = _parents(session, units.values())
        units |= sides | _parents(session, sides.values())
        containers = [each.id for each in units.values() if each.kind == UnitKind.CONTAINER]
        boxes = {box.id: box for box in repository.boxes_by_id(session, containers)}
        sent = {box.shipment_id for box in boxes.values() if box.shipment_id is not None}
        # Whether a shipment has a box left is told by all of them.
        for found in repository.boxes_by_shipment(session, sent).values() if sent else ():
            boxes |= {box.id: box for box in found}
        return cls(
            point,
            orders,
            lines_of(session, list(orders)),
            {found.id: found for found in work},
            {each.id: each for found in work for each in found.operations},
            units,
            boxes,
            {each.id: each for each in repository.shipments_by_id(session, sent)} if sent else {},
            changes.waiting_at(session, point.station_id),
            changes.counting(session, ChangeRequest.order_id.in_(orders)),
            {task.id: task for task in changes.open_tasks_of(session, list(units))},
        )

    def world(self, session: Session) -> w.World:
        """The same rows as the rules know them."""
        world = w.World(
            units={each.id: told(w.Unit, each) for each in self.units.values()},
            operations={each.id: told(w.Operation, each) for each in self.operations.values()},
            work_orders={each.id: told(w.WorkOrder, each) for each in self.work_orders.values()},
            orders={each.id: told_order(each) for each in self.orders.values()},
            lines=told_lines(session, self.lines),
            per_box={each.id: count for each in self.work_orders.values() if (count := pieces_per_box(each.snapshot))},
            boxes={each.id: told(w.Box, each) for each in self.boxes.values()},
            shipments={each.id: told(w.Shipment, each) for each in self.shipments.values()},
        )
        for found in self.work_orders.values():
            world.routes[found.id] = tuple(each.id for each in sorted(found.operations, key=lambda one: one.step))
            if found.order_id is not None:
                world.order_work[found.order_id] = (*world.order_work.get(found.order_id, ()), found.id)
        for order_id in self.orders:
            world.tallies |= told_tallies(production.state_counts(session, order_id))
        self._put_changes(world)
        self._put_place(world)
        return world

    def _put_changes(self, world: w.World) -> None:
        world.change_requests = {each.id: told(change_rows.Change, each) for each in (*self.counting, *self.changes)}
        for change in self.changes:
            for row in change.acknowledgements:
                seen = (row.id, change.id, change.order_id, row.station_id, row.acknowledged_at, row.badge, row.name)
                world.acknowledgements[row.id] = change_rows.Acknowledgement(*seen)
        for task in self.repacks.values():
            about = (task.id, task.change_id, task.unit_id, task.order_id, task.state, task.change.difference)
            done = (task.done_at, task.done_by, task.handling_unit_id, task.opened_at)
            world.repacks[task.id] = change_rows.Repack(*about, *done)

    def _put_place(self, world: w.World) -> None:
        point, station = self.point, self.point.station
        center = station.work_center
        world.stations[station.id] = w.Station(station.id, station.key, station.name, center.id, center.name)
        world.read_points[point.key] = w.ReadPoint(point.key, station.id, point.context, point.quiet_seconds)

    def save(self, session: Session, draft: Draft, *, now: datetime) -> dict[int, HandlingUnit]:
        """Write the facts and put every row where the draft says; returns the boxes by id, new ones too."""
        ids = facts.write(session, draft.facts, recorded_at=now)
        for mine, changed in (
            (self.units, draft.units),
            (self.operations, draft.operations),
            (self.work_orders, draft.work_orders),
            (self.orders, draft.orders),
            (self.boxes, draft.boxes),
            (self.shipments, draft.shipments),
            (self.repacks, draft.repacks),
        ):
            for row_id, row in changed.items():
                if row_id in mine:
                    put(mine[row_id], row, ids)
        made = [_box(box, self.orders[box.order_id]) for box in draft.boxes.values() if box.id not in self.boxes]
        named = [Identifier(scheme="sscc", value=f"00/{box.sscc}", unit_id=box.id) for box in made]
        session.add_all([*made, *named])
        session.flush()
        return self.boxes | {box.id: box for box in made}


def _parents(session: Session, units: Iterable[Unit]) -> dict[int, Unit]:
    """What these things lie in."""
    return production.units_by_id(session, {each.parent_id for each in units if each.parent_id is not None})


def _owners(session: Session, numbers: Sequence[str]) -> set[int]:
    units, boxes = production.orders_of_units(session, numbers), repository.orders_of_boxes(session, numbers)
    return {found for found in units | boxes if found is not None}


def _box(box: w.Box, order: SalesOrder) -> HandlingUnit:
    made = HandlingUnit(**box._asdict())
    made.order = order
    return made
