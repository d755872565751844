"""Changes in the making: a copy-on-write view of the world that remembers what each fact changed."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from server.tracking.facts import FactKind, NewFact
from server.tracking.states import UnitState
from server.tracking.world import (
    TABLES,
    Box,
    Context,
    Operation,
    Order,
    Row,
    Shipment,
    Supply,
    Tally,
    Unit,
    WorkOrder,
    World,
)

R = TypeVar("R", Unit, Operation, WorkOrder, Order, Box, Shipment)

#: Unit state -> the stage of fulfilment under which it is counted.
STAGES = {
    UnitState.PLANNED.value: "open",
    UnitState.QUEUED.value: "open",
    UnitState.IN_PROCESS.value: "open",
    UnitState.FINISHED.value: "finished",
    UnitState.IN_STOCK.value: "finished",
    UnitState.CONSUMED.value: "finished",
    UnitState.PACKED.value: "packed",
    UnitState.SHIPPED.value: "shipped",
    UnitState.DELIVERED.value: "delivered",
    UnitState.RETURNED.value: "delivered",
    UnitState.SCRAPPED.value: "scrapped",
}
ONE = Decimal(1)


class Cause(NamedTuple):
    """Who and what stands behind a change."""

    actor: str
    observed_at: datetime
    station_id: int | None
    read_point: str | None
    #: The event's number; below zero while it has none.
    event_id: int | None
    #: The number that the first fact of this event will get; counts downwards while below zero.
    first_fact_id: int


class Draft:
    """The world as one event would leave it. Nothing of it counts until the outcome is adopted."""

    __slots__ = ("_after", "_before", "_rows", "cause", "facts", "supply", "tallies", "world")

    def __init__(self, world: World, cause: Cause) -> None:
        self.world = world
        self.cause = cause
        self.facts: list[NewFact] = []
        self.tallies: dict[int, Tally] = {}
        self.supply: Supply = world.supply
        self._rows: dict[tuple[type[Any], int], Any] = {}
        self._before: dict[str, dict[str, Any] | None] = {}
        self._after: dict[str, dict[str, Any]] = {}

    def get(self, kind: type[R], row_id: int, table: dict[int, R]) -> R:
        """A row as it stands in this draft."""
        row: R | None = self._rows.get((kind, row_id))
        return table[row_id] if row is None else row

    def unit(self, unit_id: int) -> Unit:
        """The unit as it stands in this draft."""
        return self.get(Unit, unit_id, self.world.units)

    def box(self, box_id: int) -> Box:
        """The box as it stands in this draft."""
        return self.get(Box, box_id, self.world.boxes)

    def operation(self, operation_id: int) -> Operation:
        """The operation as it stands in this draft."""
        return self.get(Operation, operation_id, self.world.operations)

    def route(self, work_order_id: int | None) -> list[Operation]:
        """The operations of a work order as they stand in this draft."""
        return [self.operation(found) for found in self.world.routes.get(work_order_id or 0, ())]

    def order(self, order_id: int) -> Order:
        """The order as it stands in this draft."""
        return self.get(Order, order_id, self.world.orders)

    def work_order(self, work_order_id: int) -> WorkOrder:
        """The work order as it stands in this draft."""
        return self.get(WorkOrder, work_order_id, self.world.work_orders)

    def shipment(self, shipment_id: int) -> Shipment:
        """The shipment as it stands in this draft."""
        return self.get(Shipment, shipment_id, self.world.shipments)

    def context(self, station_id: int) -> Context:
        """What the station remembers, as it stands in this draft."""
        row: Context | None = self._rows.get((Context, station_id))
        return (row or self.world.contexts.get(station_id)) or Context(station_id)

    def tally(self, work_order_id: int) -> Tally:
        """The counts of a work order as they stand in this draft."""
        return self.tallies.get(work_order_id) or self.world.tallies.get(work_order_id) or Tally()

    def units_in(self, box_id: int) -> list[Unit]:
        """What lies in a box, by rising number."""
        inside = {found.id for found in self.world.units.values() if found.parent_id == box_id}
        inside |= {row.id for row in self._rows.values() if type(row) is Unit and row.parent_id == box_id}
        return [unit for unit in map(self.unit, sorted(inside)) if unit.parent_id == box_id]

    def boxes_of(self, order_id: int) -> list[Box]:
        """The boxes of an order as they stand in this draft."""
        known = set(self.world.boxes) | {row.id for row in self._rows.values() if type(row) is Box}
        return [box for box in map(self.box, sorted(known)) if box.order_id == order_id]

    def shipments_of(self, order_id: int) -> list[Shipment]:
        """The shipments of an order as they stand in this draft."""
        known = set(self.world.shipments) | {row.id for row in self._rows.values() if type(row) is Shipment}
        return [found for found in map(self.shipment, sorted(known)) if found.order_id == order_id]

    def change(self, row: R, **changes: Any) -> R:
        """Replace columns of a row; the next fact carries what was before and what is after."""
        name = f"{TABLES[type(row)]}:{row.id}"
        before, after = self._before.setdefault(name, {}), self._after.setdefault(name, {})
        for column, value in changes.items():
            old = getattr(row, column)
            if old != value:
                if before is not None:
                    before.setdefault(column, _plain(old))
                after[column] = _plain(value)
        changed = row._replace(**changes)
        self._rows[type(row), row.id] = changed
        return changed

    def move(self, unit: Unit, **changes: Any) -> Unit:
        """Change a unit and count it under its new stage."""
        moved = self.change(unit, **changes)
        old, new = STAGES[unit.state], STAGES[moved.state]
        if old != new and unit.work_order_id is not None:
            tally = self.tally(unit.work_order_id)
            counts = {old: getattr(tally, old) - 1, new: getattr(tally, new) + 1}
            self.tallies[unit.work_order_id] = tally._replace(**counts)
        return moved

    def create(self, row: R) -> R:
        """Add a new row; before it there was nothing."""
        name = f"{TABLES[type(row)]}:{row.id}"
        self._before[name] = None
        self._after[name] = {column: _plain(value) for column, value in zip(row._fields, row, strict=True)}
        self._rows[type(row), row.id] = row
        return row

    def see(self, unit: Unit) -> Unit:
        """Note where and when the unit was last seen; a fact at a read point says so by itself."""
        cause = self.cause
        if unit.last_seen_at is not None and cause.observed_at < unit.last_seen_at:
            return unit
        seen = unit._replace(
            last_station_id=cause.station_id, last_read_point=cause.read_point, last_seen_at=cause.observed_at
        )
        self._rows[Unit, unit.id] = seen
        return seen

    def remember(self, context: Context) -> None:
        """Change what the station remembers; no fact tells of it."""
        self._rows[Context, context.station_id] = context

    def fact(self, kind: FactKind, subject: str, **about: Any) -> NewFact:
        """Write down what changed since the last fact."""
        detail: dict[str, Any] = {}
        if self.cause.read_point is not None:
            detail["read_point"] = self.cause.read_point
        after = {name: changes for name, changes in self._after.items() if changes}
        if after:
            detail["before"] = {name: self._before[name] for name in after}
            detail["after"] = after
        detail.update(about.pop("detail", ()))
        fact = NewFact(
            kind=kind,
            subject=subject,
            actor=self.cause.actor,
            observed_at=self.cause.observed_at,
            station_id=self.cause.station_id,
            event_id=self.cause.event_id,
            detail=detail,
            **about,
        )
        self._prove(after)
        self._moved(fact.order_id)
        self.facts.append(fact)
        self._before, self._after = {}, {}
        return fact

    def as_world(self) -> World:
        """The world as this draft leaves it, for what is judged after a part of the event is done."""
        world = self.world.copy()
        world.adopt(self.rows())
        world.tallies.update(self.tallies)
        world.supply = self.supply
        return world

    def rows(self) -> tuple[Row, ...]:
        """Every changed or new row."""
        return tuple(self._rows.values())

    def _moved(self, order_id: int | None) -> None:
        """Every fact that comes from a read says by itself when its order last moved."""
        if order_id is not None and self.cause.read_point is not None:
            order = self.order(order_id)
            moved_at = later(order.moved_at, self.cause.observed_at)
            if moved_at != order.moved_at:
                self._rows[Order, order_id] = order._replace(moved_at=moved_at)

    def _prove(self, after: dict[str, dict[str, Any]]) -> None:
        """The fact about to be added is what put these units into their present state."""
        fact_id = self.cause.first_fact_id - len(self.facts)
        for key in list(self._rows):
            if key[0] is Unit and f"unit:{key[1]}" in after:
                self._rows[key] = self._rows[key]._replace(last_fact_id=fact_id)


def later(one: datetime | None, other: datetime) -> datetime:
    """The later of two times, of which the first may be missing."""
    return other if one is None or other > one else one


def _plain(value: Any) -> Any:
    """The value as JSON can hold it; times in ISO 8601."""
    return value.isoformat() if isinstance(value, datetime) else value
