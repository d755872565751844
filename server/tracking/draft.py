"""Changes in the making: a copy-on-write view of the world that remembers what each fact changed."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from server.tracking.change_rows import Acknowledgement, Change, Repack
from server.tracking.facts import FactKind, NewFact
from server.tracking.goods_rows import Booking, Load
from server.tracking.stages import recount, turns
from server.tracking.world import (
    ATTRIBUTES,
    TABLES,
    Box,
    Context,
    Operation,
    Order,
    Rows,
    Shipment,
    Supply,
    Tally,
    Unit,
    WorkOrder,
    World,
)

R = TypeVar("R", Unit, Operation, WorkOrder, Order, Box, Shipment, Change, Acknowledgement, Repack)

#: Row type -> column -> its place in the row. A row is rebuilt by place, several times faster than by name.
_PLACES: Mapping[type[Any], Mapping[str, int]] = {
    kind: {name: place for place, name in enumerate(kind._fields)} for kind in TABLES
}
_LAST_FACT = Unit._fields.index("last_fact_id")
_SEEN = slice(Unit._fields.index("last_station_id"), Unit._fields.index("last_seen_at") + 1)
_MOVED_AT = Order._fields.index("moved_at")

ONE = Decimal(1)
Columns = dict[str, Any]


class Cause(NamedTuple):
    """Who and what stands behind a change."""

    actor: str
    observed_at: datetime
    station_id: int | None
    read_point: str | None
    #: The event's number.
    event_id: int | None
    #: The number that the first fact of this event will get.
    first_fact_id: int
    #: The badges of all who did it, when it is more than one person.
    crew: tuple[str, ...] = ()
    #: The read point whose read of the same tag gives way to this one.
    instead_of: str | None = None


class Draft:
    """The world as one event would leave it. Nothing of it counts until the outcome is adopted."""

    __slots__ = (
        "_changes", "acknowledgements", "booked", "boxes", "cause", "change_requests", "contexts", "facts",
        "operations", "orders", "repacks", "shipments", "supply", "tallies", "units", "work_orders", "world",
    )  # fmt: skip

    def __init__(self, world: World, cause: Cause) -> None:
        self.world = world
        self.cause = cause
        self.facts: list[NewFact] = []
        self.tallies: dict[int, Tally] = {}
        self.supply: Supply = world.supply
        # Changed and new rows by type; what is not here stands as it does in the world.
        self.units: dict[int, Unit] = {}
        self.operations: dict[int, Operation] = {}
        self.work_orders: dict[int, WorkOrder] = {}
        self.orders: dict[int, Order] = {}
        self.boxes: dict[int, Box] = {}
        self.shipments: dict[int, Shipment] = {}
        self.contexts: dict[int, Context] = {}
        self.change_requests: dict[int, Change] = {}
        self.acknowledgements: dict[int, Acknowledgement] = {}
        self.repacks: dict[int, Repack] = {}
        self.booked: list[Booking | Load] = []
        # Row -> what it was before and is after the next fact.
        self._changes: dict[tuple[type[Any], int], tuple[Columns | None, Columns]] = {}

    def unit(self, unit_id: int) -> Unit:
        """The unit as it stands in this draft."""
        return self.units.get(unit_id) or self.world.units[unit_id]

    def box(self, box_id: int) -> Box:
        """The box as it stands in this draft."""
        return self.boxes.get(box_id) or self.world.boxes[box_id]

    def operation(self, operation_id: int) -> Operation:
        """The operation as it stands in this draft."""
        return self.operations.get(operation_id) or self.world.operations[operation_id]

    def route(self, work_order_id: int | None) -> list[Operation]:
        """The operations of a work order as they stand in this draft."""
        changed, known = self.operations, self.world.operations
        return [changed.get(found) or known[found] for found in self.world.routes.get(work_order_id or 0, ())]

    def order(self, order_id: int) -> Order:
        """The order as it stands in this draft."""
        return self.orders.get(order_id) or self.world.orders[order_id]

    def work_order(self, work_order_id: int) -> WorkOrder:
        """The work order as it stands in this draft."""
        return self.work_orders.get(work_order_id) or self.world.work_orders[work_order_id]

    def shipment(self, shipment_id: int) -> Shipment:
        """The shipment as it stands in this draft."""
        return self.shipments.get(shipment_id) or self.world.shipments[shipment_id]

    def context(self, station_id: int) -> Context:
        """What the station remembers, as it stands in this draft."""
        return self.contexts.get(station_id) or self.world.contexts.get(station_id) or Context(station_id)

    def tally(self, work_order_id: int) -> Tally:
        """The counts of a work order as they stand in this draft."""
        return self.tallies.get(work_order_id) or self.world.tallies.get(work_order_id) or Tally()

    def units_in(self, box_id: int) -> list[Unit]:
        """What lies in a box, by rising id."""
        inside = {found.id for found in self.world.units.values() if found.parent_id == box_id}
        inside |= {found.id for found in self.units.values() if found.parent_id == box_id}
        return [unit for unit in map(self.unit, sorted(inside)) if unit.parent_id == box_id]

    def boxes_of(self, order_id: int) -> list[Box]:
        """The boxes of an order as they stand in this draft."""
        known = sorted({*self.world.boxes, *self.boxes})
        return [box for box in map(self.box, known) if box.order_id == order_id]

    def shipments_of(self, order_id: int) -> list[Shipment]:
        """The shipments of an order as they stand in this draft."""
        known = sorted({*self.world.shipments, *self.shipments})
        return [found for found in map(self.shipment, known) if found.order_id == order_id]

    def change(self, row: R, **changes: Any) -> R:
        """Replace columns of a row; the next fact carries what was before and what is after."""
        kind = type(row)
        key = (kind, row[0])
        record = self._changes.get(key)
        if record is None:
            record = self._changes[key] = ({}, {})
        before, after = record
        places = _PLACES[kind]
        values: list[Any] = list(row)
        for column, value in changes.items():
            place = places[column]
            old = values[place]
            if old != value:
                values[place] = value
                if before is not None:
                    before.setdefault(column, old)
                after[column] = value
        if kind is Unit and after:
            # The fact about to be written is what puts the unit into this state.
            values[_LAST_FACT] = self.cause.first_fact_id + len(self.facts)
        changed: R = tuple.__new__(kind, values)
        self._table(kind)[changed[0]] = changed
        return changed

    def move(self, unit: Unit, **changes: Any) -> Unit:
        """Change a unit and count it under its new stage."""
        moved = self.change(unit, **changes)
        if unit.work_order_id is not None and turns(unit, moved):
            tally, owner = self.tally(unit.work_order_id), self.work_order(unit.work_order_id).order_id
            self.tallies[unit.work_order_id] = recount(tally, unit, moved, owner=owner)
        return moved

    def create(self, row: R) -> R:
        """Add a new row; before it there was nothing."""
        kind = type(row)
        self._changes[kind, row[0]] = (None, row._asdict())
        if isinstance(row, Unit):
            row = row._replace(last_fact_id=self.cause.first_fact_id + len(self.facts))
        self._table(kind)[row[0]] = row
        return row

    def see(self, unit: Unit) -> Unit:
        """Note where and when the unit was last seen; a fact at a read point says so by itself."""
        cause = self.cause
        # What people do in the office tells nothing of where the unit is.
        late = unit.last_seen_at is not None and cause.observed_at < unit.last_seen_at
        if (late and cause.instead_of is None) or cause.read_point is None:
            return unit
        values: list[Any] = list(unit)
        values[_SEEN] = (cause.station_id, cause.read_point, cause.observed_at)
        seen: Unit = tuple.__new__(Unit, values)
        self.units[unit.id] = seen
        return seen

    def remember(self, context: Context) -> None:
        """Change what the station remembers; no fact tells of it."""
        self.contexts[context.station_id] = context

    def fact(self, kind: FactKind, subject: str, **about: Any) -> None:
        """Write down what changed since the last fact."""
        cause = self.cause
        detail: Columns = {} if cause.read_point is None else {"read_point": cause.read_point}
        if cause.crew:
            detail["operators"] = list(cause.crew)
        if cause.instead_of is not None:
            detail["instead_of"] = cause.instead_of
        self._tell(detail)
        detail.update(about.pop("detail", ()))
        fact = NewFact(
            kind=kind,
            subject=subject,
            actor=cause.actor,
            observed_at=cause.observed_at,
            station_id=cause.station_id,
            event_id=cause.event_id,
            detail=detail,
            **about,
        )
        self._moved(fact.order_id)
        self.facts.append(fact)
        self._changes = {}

    def rows(self) -> Rows:
        """Every changed or new row, by type."""
        found: Rows = {
            Unit: self.units,
            Operation: self.operations,
            WorkOrder: self.work_orders,
            Order: self.orders,
            Box: self.boxes,
            Shipment: self.shipments,
            Context: self.contexts,
            Change: self.change_requests,
            Acknowledgement: self.acknowledgements,
            Repack: self.repacks,
        }
        return {kind: table for kind, table in found.items() if table}

    def as_world(self) -> World:
        """The world as this draft leaves it, for what is judged after a part of the event is done."""
        world = self.world.copy()
        world.adopt(self.rows())
        world.tallies.update(self.tallies)
        world.supply = self.supply
        return world

    def _tell(self, detail: Columns) -> None:
        """What the next fact changes, by row."""
        before: Columns = {}
        after: Columns = {}
        for (kind, row_id), (was, now) in self._changes.items():
            if now:
                name = f"{TABLES[kind]}:{row_id}"
                before[name], after[name] = _plain(was) if was is not None else None, _plain(now)
        if after:
            detail["before"], detail["after"] = before, after

    def _moved(self, order_id: int | None) -> None:
        """Every fact that comes from a read says by itself when its order last moved."""
        if order_id is None or self.cause.read_point is None:
            return
        order = self.order(order_id)
        moved_at = later(order.moved_at, self.cause.observed_at)
        if moved_at is not order.moved_at:
            values: list[Any] = list(order)
            values[_MOVED_AT] = moved_at
            self.orders[order_id] = tuple.__new__(Order, values)

    def _table(self, kind: type[Any]) -> dict[int, Any]:
        table: dict[int, Any] = getattr(self, ATTRIBUTES[kind])
        return table


def later(one: datetime | None, other: datetime) -> datetime:
    """The later of two times, of which the first may be missing."""
    return other if one is None or other > one else one


def _plain(columns: Columns) -> Columns:
    """The columns as JSON can hold them; times in ISO 8601."""
    for name, value in columns.items():
        if type(value) is datetime:
            columns[name] = value.isoformat()
    return columns
