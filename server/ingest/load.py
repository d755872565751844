"""The world of a batch: one query for each table, for everything that the batch names.

On PostgreSQL the rows are locked while they are read: stations, then orders, work orders and units, each by
rising id, so that two batches never wait for one another in a circle.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from orderlight.events import EventKind
from server.ingest import tables
from server.ingest.deeds import load_deeds
from server.ingest.queries import listed
from server.ingest.reads import Item
from server.tracking import world as w
from server.tracking.draft import STAGES
from server.tracking.states import Command, UnitKind
from server.tracking.states import Context as Meaning
from server.tracking.steps import Read

#: Read points that may need boxes, their contents and fresh numbers.
_BOXING = frozenset({Meaning.PACK.value, Meaning.SHIP.value})


def default_point(connection: Connection, station_key: str) -> str | None:
    """The read point of a browser station's event that names none: its first one that is no gate."""
    points = tables.POINTS_OF.rows(connection, station=station_key)
    by_hand = [key for key, context in points if context != Meaning.GATE]
    return by_hand[0] if by_hand else None


def site_language(connection: Connection) -> str:
    """The language of the site."""
    rows = tables.SITE.rows(connection)
    return str(rows[0][1]) if rows else "en"


def load_world(session: Session, items: Sequence[Item]) -> w.World:
    """Everything that these events name, as it stands now."""
    connection = session.connection()
    world = w.World()
    reads = [item.read for item in items if item.read is not None]
    _load_site(connection, world)
    _load_stations(connection, world, reads)
    _load_operators(connection, world, reads)
    if _load_things(connection, world, reads):
        _load_supply(session, world, reads)
    return world


def _load_site(connection: Connection, world: w.World) -> None:
    rows = tables.SITE.rows(connection)
    if rows:
        world.supply = w.Supply(company_prefix=rows[0][0])
        world.language = rows[0][1]


def _load_stations(connection: Connection, world: w.World, reads: Iterable[Read]) -> None:
    keys = listed(read.read_point for read in reads if read.read_point is not None)
    if not keys:
        return
    for row in tables.READ_POINTS.rows(connection, keys=keys):
        point = w.ReadPoint(row[0], row[3], row[1], row[2])
        world.read_points[point.key] = point
        world.stations[point.station_id] = w.Station(*row[3:])
    _load_contexts(connection, world, set(world.stations))


def _load_contexts(connection: Connection, world: w.World, stations: set[int]) -> None:
    if stations:
        for row in tables.CONTEXTS.rows(connection, ids=listed(stations)):
            world.contexts[row[0]] = w.Context._make((*row[:7], tuple(row[7] or ())))


def _load_stations_of_deeds(connection: Connection, world: w.World, stations: set[int]) -> None:
    """Where the scans happened that are to be taken back, when that is not where the wish comes from."""
    elsewhere = stations - set(world.stations)
    if elsewhere:
        for row in tables.STATIONS.rows(connection, ids=listed(elsewhere)):
            world.stations[row[0]] = w.Station(*row)
        _load_contexts(connection, world, elsewhere)


def _load_operators(connection: Connection, world: w.World, reads: Iterable[Read]) -> None:
    badges = listed(read.named.values[0] for read in reads if read.named.kind == "operator")
    if badges:
        world.operators = {row[0]: w.Operator(*row) for row in tables.OPERATORS.rows(connection, badges=badges)}


def _load_things(connection: Connection, world: w.World, reads: Sequence[Read]) -> bool:
    """Units, orders, boxes; returns whether boxes may be opened or shipped."""
    units: set[int] = set()
    orders: set[int] = set()
    boxes: set[int] = set()
    for value, unit_id, kind, order_id, parent_id in _named_units(connection, reads):
        world.identifiers[value] = unit_id
        units.add(unit_id)
        boxes.update({unit_id} if kind == UnitKind.CONTAINER else () if parent_id is None else {parent_id})
        orders.update(() if order_id is None else {order_id})
    touched = load_deeds(connection, world, _targets(world, reads))
    _load_stations_of_deeds(connection, world, touched.stations)
    units |= touched.units
    orders |= touched.orders
    boxes |= touched.boxes
    boxing = any(point.context in _BOXING for point in world.read_points.values())
    if boxing:
        boxes |= {found.open_box_id for found in world.contexts.values() if found.open_box_id is not None}
    if boxes:
        orders |= {row[0] for row in tables.ORDERS_OF_BOXES.rows(connection, ids=listed(boxes))}
    _load_orders(connection, world, orders)
    if boxes or boxing:
        units |= _load_boxes(connection, world, orders, boxing=boxing)
    _load_units(connection, world, units)
    return boxing


def _named_units(connection: Connection, reads: Iterable[Read]) -> list[tuple[Any, ...]]:
    values = listed(value for read in reads if read.named.kind == "unit" for value in read.named.values)
    if not values:
        return []
    found = tables.IDENTIFIERS.rows(connection, values=values)
    # What a person typed is a number, which has neither scheme nor path.
    typed = [value for value in values if ":" not in value and "/" not in value]
    return found + (tables.NUMBERS.rows(connection, values=typed) if typed else [])


def _targets(world: w.World, reads: Iterable[Read]) -> set[w.Identity]:
    """The events that this batch may want to take back."""
    targets: set[w.Identity] = set()
    for read in reads:
        if read.corrects is not None and read.kind in (EventKind.UNDO_REQUESTED, EventKind.CORRECTION):
            targets.add(read.corrects)
        elif read.named.kind == "command" and read.named.values[0] == Command.UNDO:
            targets |= _undoable(world, read)
    return targets


def _undoable(world: w.World, read: Read) -> set[w.Identity]:
    point = world.read_points.get(read.read_point or "")
    context = world.contexts.get(point.station_id) if point is not None else None
    return {
        w.Identity(verdict["gateway"], verdict["epoch"], verdict["sequence"])
        for verdict in (context.verdicts if context is not None else ())
        if verdict["undo"]
    }


def _load_orders(connection: Connection, world: w.World, ids: set[int]) -> None:
    if not ids:
        return
    wanted = listed(ids)
    for row in tables.ORDERS.rows(connection, ids=wanted):
        world.orders[row[0]] = w.Order._make(row)
    for row in tables.WORK_ORDERS.rows(connection, ids=wanted):
        work = w.WorkOrder._make(row)
        world.work_orders[work.id] = work
        world.order_work[work.order_id] = (*world.order_work.get(work.order_id, ()), work.id)
    if world.work_orders:
        _load_tallies(connection, world)


def _load_tallies(connection: Connection, world: w.World) -> None:
    counts: dict[int, dict[str, int]] = {}
    for work_order_id, state, count in tables.TALLIES.rows(connection, ids=listed(world.work_orders)):
        stages = counts.setdefault(work_order_id, {})
        stages[STAGES[state]] = stages.get(STAGES[state], 0) + count
    world.tallies = {work_order_id: w.Tally(**stages) for work_order_id, stages in counts.items()}


def _load_boxes(connection: Connection, world: w.World, orders: set[int], *, boxing: bool) -> set[int]:
    """The boxes and shipments of these orders; returns the boxes whose contents are wanted with their own units."""
    wanted = listed(orders)
    if not wanted:
        return set()
    for row in tables.BOXES.rows(connection, ids=wanted):
        world.boxes[row[0]] = w.Box._make(row)
    for row in tables.SHIPMENTS.rows(connection, ids=wanted):
        world.shipments[row[0]] = w.Shipment._make(row)
    inside = tables.CONTENTS.rows(connection, ids=listed(world.boxes)) if boxing and world.boxes else []
    return set(world.boxes) | {row[0] for row in inside}


def _load_units(connection: Connection, world: w.World, ids: set[int]) -> None:
    if not ids:
        return
    for row in tables.UNITS.rows(connection, ids=listed(ids)):
        world.units[row[0]] = w.Unit._make(row)
    work = listed(unit.work_order_id for unit in world.units.values() if unit.work_order_id is not None)
    if not work:
        return
    for row in tables.OPERATIONS.rows(connection, ids=work):
        operation = w.Operation._make(row)
        world.operations[operation.id] = operation
        world.routes[operation.work_order_id] = (*world.routes.get(operation.work_order_id, ()), operation.id)


def _load_supply(session: Session, world: w.World, reads: Sequence[Read]) -> None:
    """Fresh numbers for at most as many boxes and shipments as there are reads; unused row ids are lost, cheaply."""
    context_of = {key: point.context for key, point in world.read_points.items()}
    contexts = [context_of.get(read.read_point or "") for read in reads if read.named.kind == "unit"]
    packs, ships = contexts.count(Meaning.PACK.value), contexts.count(Meaning.SHIP.value)
    numbers = tables.fresh_numbers(session, packs=packs, ships=ships)
    world.supply = world.supply._replace(**numbers)
