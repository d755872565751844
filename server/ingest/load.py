"""The world of a batch: one query for each table, for everything that the batch names.

On PostgreSQL the rows are locked while they are read: stations, then orders, work orders and units, each by
rising id, so that two batches never wait for one another in a circle.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.ingest import tables
from server.ingest.deeds import want_deeds
from server.ingest.driver import connection_of
from server.ingest.goods_load import load_goods
from server.ingest.heard import load_heard
from server.ingest.memory import Memory, recall, recall_orders
from server.ingest.mentioned import Mentioned, mentioned
from server.ingest.numbers import fresh_numbers
from server.ingest.queries import Asked, Found, ask, listed
from server.ingest.rare import load_places_of_work, load_sent_back, load_stock_work, makers_of, put_reasons
from server.ingest.reads import Item
from server.ingest.wanted import Wanted
from server.tracking import change_rows as changes
from server.tracking import world as w
from server.tracking.stages import STAGES
from server.tracking.states import Context as Meaning
from server.tracking.states import Effectivity
from server.tracking.steps import Read
from server.tracking.wanted import Line

Rows = Sequence[tuple[Any, ...]]
#: Read points that may need boxes, their contents and fresh numbers.
_BOXING = frozenset({Meaning.PACK.value, Meaning.SHIP.value, Meaning.DELIVER.value})


def default_point(connection: Connection, station_key: str) -> str | None:
    """The read point of a browser station's event that names none: its first one that is no gate."""
    points = tables.POINTS_OF.rows(connection, station=station_key)
    by_hand = [key for key, context in points if context != Meaning.GATE]
    return by_hand[0] if by_hand else None


def site_language(connection: Connection) -> str:
    """The language of the site."""
    rows = tables.SITE.rows(connection)
    return str(rows[0][1]) if rows else "en"


def load_world(session: Session, items: Sequence[Item], memory: Memory | None = None) -> w.World:
    """Everything that these events name, as it stands now; what is remembered is not asked for."""
    connection = connection_of(session)
    world, wanted = w.World(), Wanted()
    told = mentioned(items)
    _load_named(connection, world, wanted, told, memory)
    want_deeds(connection, world, wanted, told, load_heard(connection, world, told))
    _load_elsewhere(connection, world, wanted)
    contexts = {point.context for point in world.read_points.values()}
    boxing, packing = not _BOXING.isdisjoint(contexts), Meaning.PACK.value in contexts
    if boxing:
        open_boxes = (found.open_box_id for found in world.contexts.values())
        wanted.boxes.update(box_id for box_id in open_boxes if box_id is not None)
    load_stock_work(connection, world, wanted.loose)
    wanted.orders |= makers_of(connection, wanted.loose)
    if wanted.boxes:
        rows = tables.ORDERS_OF_BOXES.rows(connection, ids=listed(wanted.boxes))
        wanted.orders.update(row[0] for row in rows)
    if memory is not None:
        recall_orders(memory, world, wanted.orders)
    _load_things(connection, world, wanted, boxing=boxing, packing=packing)
    load_places_of_work(connection, world)
    load_sent_back(connection, world)
    load_goods(connection, world, told)
    if boxing:
        _load_supply(session, world, told.reads)
    return world


# --- what the events name themselves ---


def _load_named(connection: Connection, world: w.World, wanted: Wanted, told: Mentioned, memory: Memory | None) -> None:
    if memory is not None:
        recall(memory, world, told.points, told.values)
    asked = _of_points(world, told.points, is_known=memory is not None) | _of_cards(told)
    asked |= _of_units(told.values - world.identifiers.keys(), has_locks=connection.dialect.name == "postgresql")
    found = ask(connection, asked)
    _put_site(world, found.get("site", []))
    _put_stations(world, found.get("points", []), found.get("contexts", []))
    put_reasons(connection, world, found)
    world.operators = {row[0]: w.Operator(*row) for row in found.get("operators", [])}
    _put_changes(connection, world, found.get("changes", []), wanted)
    _put_named(world, wanted, found)
    for number, shipment_id, order_id in found.get("papers", []):
        world.papers[number] = shipment_id
        wanted.orders.add(order_id)


def _of_points(world: w.World, keys: set[str], *, is_known: bool) -> dict[str, Asked]:
    """Where the events happened."""
    asked = {} if is_known else {"site": tables.SITE.of()}
    missing = listed(keys - world.read_points.keys())
    if missing:
        asked["points"] = tables.READ_POINTS.of(keys=missing)
        asked["contexts"] = tables.CONTEXTS_AT.of(keys=missing)
    if keys:
        asked["changes"] = tables.CHANGES_AT.of(keys=listed(keys))
    return asked


def _of_cards(told: Mentioned) -> dict[str, Asked]:
    """Cards and papers; few batches have any."""
    asked = {}
    badges = listed(read.named.values[0] for read in told.naming("operator"))
    if badges:
        asked["operators"] = tables.OPERATORS.of(badges=badges)
    if told.naming("command"):
        asked["reasons"] = tables.REASONS.of()
    papers = listed(value for read in told.naming("shipment") for value in read.named.values)
    if papers:
        asked["papers"] = tables.PAPERS.of(numbers=papers)
    return asked


def _of_units(values: set[str], *, has_locks: bool) -> dict[str, Asked]:
    asked = {}
    missing = listed(values)
    if missing and has_locks:
        asked["units"] = tables.IDENTIFIERS.of(values=missing)
    elif missing:
        asked["named"] = tables.NAMED_UNITS.of(values=missing)
    # What a person typed is a number, which has neither scheme nor path.
    typed = [value for value in missing if ":" not in value and "/" not in value]
    if typed:
        asked["numbers"] = tables.NUMBERS.of(values=typed)
    return asked


def _put_changes(connection: Connection, world: w.World, rows: Rows, wanted: Wanted) -> None:
    """What a station has not seen yet, with every station of it; few batches meet any."""
    if not rows:
        return
    world.change_requests = {row[0]: changes.Change._make(row) for row in rows}
    found = tables.ACKNOWLEDGEMENTS.rows(connection, ids=listed(world.change_requests))
    world.acknowledgements = {row[0]: changes.Acknowledgement._make(row) for row in found}
    wanted.orders.update(change.order_id for change in world.change_requests.values())


def _put_named(world: w.World, wanted: Wanted, found: Found) -> None:
    """Units by their identifiers: those that came as a whole, and those of which the rest is still to be asked."""
    for row in found.get("named", ()):
        unit: w.Unit = tuple.__new__(w.Unit, row[1:])
        world.identifiers[row[0]] = unit.id
        world.units[unit.id] = unit
    wanted.note_units(world.units.values())
    for value, unit_id, kind, order_id, parent_id in (*found.get("units", ()), *found.get("numbers", ())):
        world.identifiers[value] = unit_id
        wanted.units.add(unit_id)
        wanted.note(unit_id, kind, order_id, parent_id)


def _put_site(world: w.World, rows: Rows) -> None:
    for prefix, language in rows:
        world.supply = w.Supply(company_prefix=prefix)
        world.language = language


def _put_stations(world: w.World, points: Rows, contexts: Rows) -> None:
    for row in points:
        point = w.ReadPoint(row[0], row[7], *row[1:7])
        world.read_points[point.key] = point
        world.stations[point.station_id] = w.Station(*row[7:])
    _put_contexts(world, contexts)


def _put_contexts(world: w.World, rows: Rows) -> None:
    for row in rows:
        world.contexts[row[0]] = w.Context._make((*row[:9], tuple(row[9] or ()), row[10], tuple(row[11] or ())))


def _load_elsewhere(connection: Connection, world: w.World, wanted: Wanted) -> None:
    """Where scans happened that are to be taken back, when that is not where the wish to do so comes from."""
    elsewhere = listed(wanted.stations - world.stations.keys())
    if elsewhere:
        rows = tables.STATIONS.rows(connection, ids=elsewhere)
        world.stations.update({row[0]: w.Station(*row) for row in rows})
        _put_contexts(world, tables.CONTEXTS_OF.rows(connection, ids=elsewhere))


# --- orders, units, boxes ---


def _load_things(connection: Connection, world: w.World, wanted: Wanted, *, boxing: bool, packing: bool) -> None:
    orders = {"ids": listed(wanted.orders)}
    missing_orders = {"ids": listed(wanted.orders - world.orders.keys())}
    asked = {}
    if missing_orders["ids"]:
        asked = {"orders": tables.ORDERS.of(**missing_orders), "work": tables.WORK_ORDERS.of(**missing_orders)}
    if wanted.orders and (boxing or wanted.boxes):
        # The boxes of an order are read under its lock, and say which units belong to the world, too.
        asked |= {"boxes": tables.BOXES.of(**orders), "shipments": tables.SHIPMENTS.of(**orders)}
        if packing:
            asked |= {"lines": tables.LINES.of(**orders), "counting": tables.COUNTING.of(**orders)}
            asked["per_box"] = tables.PER_BOX.of(**orders)
        _put_things(world, ask(connection, asked))
        wanted.units |= _in_boxes(connection, world, boxing=boxing)
        asked = {}
    missing = listed(wanted.units - world.units.keys())
    if missing:
        asked["units"] = tables.UNITS.of(ids=missing)
        asked["operations"] = tables.OPERATIONS.of(ids=missing)
    works = listed(wanted.works - world.routes.keys())
    if works:
        asked["operations_of"] = tables.OPERATIONS_OF.of(ids=works)
    if boxing:
        asked["repacks"] = tables.REPACKS.of(ids=listed(wanted.units | world.units.keys()))
    if missing_orders["ids"]:
        asked["tallies"] = tables.TALLIES.of(**missing_orders)
    if asked:
        _put_things(world, ask(connection, asked))


def _in_boxes(connection: Connection, world: w.World, *, boxing: bool) -> set[int]:
    """The container units of the boxes, and where boxes may be closed or leave, what lies in them."""
    inside = tables.CONTENTS.rows(connection, ids=listed(world.boxes)) if boxing and world.boxes else []
    return set(world.boxes) | {row[0] for row in inside}


def _put_things(world: w.World, found: Found) -> None:
    orders = found.get("orders", ())
    world.orders.update({row[0]: w.Order._make(row[:-1]) for row in orders})
    world.alerts.update({row[0]: shown for row in orders if row[-1] and (shown := _lines(row[-1]))})
    for row in found.get("work", ()):
        work = w.WorkOrder._make(row)
        world.work_orders[work.id] = work
        if work.order_id is not None:
            world.order_work[work.order_id] = (*world.order_work.get(work.order_id, ()), work.id)
    world.boxes.update({row[0]: w.Box._make(row) for row in found.get("boxes", ())})
    for line_id, sku, pieces, lots in found.get("lines", ()):
        world.lines[line_id] = Line(line_id, sku, lots if pieces is None else int(pieces))
    world.per_box.update(found.get("per_box", ()))
    world.change_requests.update({row[0]: changes.Change._make(row) for row in found.get("counting", ())})
    world.shipments.update({row[0]: w.Shipment._make(row) for row in found.get("shipments", ())})
    world.repacks.update({row[0]: changes.Repack._make(row) for row in found.get("repacks", ())})
    world.units.update({row[0]: w.Unit._make(row) for row in found.get("units", ())})
    for row in (*found.get("operations_of", ()), *found.get("operations", ())):
        operation = w.Operation._make(row)
        if operation.id in world.operations:
            continue
        world.operations[operation.id] = operation
        world.routes[operation.work_order_id] = (*world.routes.get(operation.work_order_id, ()), operation.id)
    _put_tallies(world, found.get("tallies", []))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _put_tallies(world: w.World, rows: Rows) -> None:
    counts: dict[int, dict[str, int]] = {}
    for work_order_id, state, count in rows:
        stages = counts.setdefault(work_order_id, {})
        stages[STAGES[state]] = stages.get(STAGES[state], 0) + count
    world.tallies.update({work_order_id: w.Tally(**stages) for work_order_id, stages in counts.items()})


def _load_supply(session: Session, world: w.World, reads: Sequence[Read]) -> None:
    """Fresh numbers for at most as many boxes and shipments as there are reads; unused row ids are lost, cheaply."""
    context_of = {key: point.context for key, point in world.read_points.items()}
    contexts = [context_of.get(read.read_point or "") for read in reads if read.named.kind == "unit"]
    packs, ships = contexts.count(Meaning.PACK.value), contexts.count(Meaning.SHIP.value)
    # A scan from before an immediate change may have to ask for packing anew.
    late = packs * sum(change.effectivity == Effectivity.IMMEDIATE for change in world.change_requests.values())
    numbers = fresh_numbers(session, packs=packs, ships=ships, repacks=late)
    world.supply = world.supply._replace(**numbers)
