"""What events name of goods: materials by GTIN, locations by code, and what the work at their stations takes.

Nothing is asked for events that name neither.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Dialect, func, or_, select

from server.catalog.models import Product
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.stock.came import came_in
from server.erp.stock.models import StockBalance, StockItem, StockLocation
from server.ingest.mentioned import Mentioned
from server.ingest.queries import Found, Query, Statement, among, ask, listed
from server.tracking import world as w
from server.tracking.goods_rows import Material, Need, Place, materials_in, units_in
from server.tracking.states import Command, OperationState, UnitState
from server.tracking.steps import Read

#: An operation that has begun, and one that may begin.
_BEGUN = (OperationState.RUNNING.value, OperationState.PAUSED.value)
_OPEN = (*_BEGUN, OperationState.READY.value)
#: The bills of material of so many operations are looked into at most.
_MOST = 100

_STOCK = Command.STOCK.value
_IN_STOCK = UnitState.IN_STOCK.value
_CODE = func.upper(func.replace(StockLocation.key, "-", ""))
_PLACE = (StockLocation.id, _CODE, StockLocation.key, StockLocation.name)


def _select_counted(_dialect: Dialect) -> Statement:
    return select(StockItem.product_id).limit(1)


#: Whether any product is counted at all.
COUNTED = Query(_select_counted)


def _select_materials(dialect: Dialect) -> Statement:
    counted = select(StockItem.product_id).where(StockItem.product_id == Product.id).exists()
    columns = (Product.id, Product.gtin, Product.sku, Product.name, Product.uom, counted)
    return select(*columns).where(among(Product.gtin, "gtins", dialect))


def _select_parts(dialect: Dialect) -> Statement:
    columns = (Unit.id, Product.id, Product.gtin, Product.sku, Product.name, Product.uom)
    wanted = select(*columns).join(Product, Product.id == Unit.product_id)
    return wanted.where(among(Unit.id, "ids", dialect), Unit.order_id.is_(None))


def _select_places(_dialect: Dialect) -> Statement:
    # There are few locations, and their codes follow from their keys.
    return select(*_PLACE)


def _select_shelf(_dialect: Dialect) -> Statement:
    return select(StockLocation.id).limit(1)


def _select_needs(dialect: Dialect) -> Statement:
    columns = (Operation.work_center_id, WorkOrder.number, Operation.state, WorkOrder.snapshot)
    return (
        select(*columns)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .where(among(Operation.work_center_id, "ids", dialect), or_(*(Operation.state == state for state in _OPEN)))
        .order_by((Operation.state == OperationState.READY.value), Operation.id)
        .limit(_MOST)
    )


def _select_lying(dialect: Dialect) -> Statement:
    columns = (came_in(StockBalance.product_id, StockBalance.lot), StockBalance.product_id, StockBalance.lot, *_PLACE)
    return (
        select(*columns)
        .join(Product, Product.id == StockBalance.product_id)
        .join(StockLocation, StockLocation.id == StockBalance.location_id)
        .where(among(Product.gtin, "gtins", dialect), among(StockBalance.lot, "lots", dialect))
        .order_by(StockBalance.quantity, StockBalance.id)
    )


def _select_stopped(dialect: Dialect) -> Statement:
    return select(Unit.number, Unit.hold_reason).where(among(Unit.number, "lots", dialect), Unit.held.is_(True))


_MATERIALS = Query(_select_materials)
_PARTS = Query(_select_parts)
_PLACES = Query(_select_places)
_SHELF = Query(_select_shelf)
_NEEDS = Query(_select_needs)
_LYING = Query(_select_lying)
_STOPPED = Query(_select_stopped)


def load_goods(connection: Connection, world: w.World, told: Mentioned) -> None:
    """Put into the world what the reads name of goods, and note which stations have materials at hand."""
    for station_id, context in world.contexts.items():
        if context.stock is not None and (materials_in(context.stock) or units_in(context.stock)):
            world.goods.at_hand[station_id] = context.stock
    labels = told.naming("product")
    asked = {}
    if labels:
        gtins = listed(read.named.values[0] for read in labels)
        centers = listed(world.stations[found].work_center_id for found in _stations(world, labels))
        lots = listed(read.named.values[1] for read in labels if len(read.named.values) > 1)
        asked = {"materials": _MATERIALS.of(gtins=gtins), "needs": _NEEDS.of(ids=centers)}
        asked |= {"lying": _LYING.of(gtins=gtins, lots=lots), "stopped": _STOPPED.of(lots=lots)}
    # What nobody ordered may go into something else.
    lying = [unit.id for unit in world.units.values() if unit.order_id is None and unit.state == _IN_STOCK]
    if lying:
        centers = listed(station.work_center_id for station in world.stations.values())
        asked |= {"parts": _PARTS.of(ids=lying), "needs": _NEEDS.of(ids=centers)}
    if told.naming("location"):
        asked["places"] = _PLACES.of()
    if told.naming("command") or any(each.armed_command == _STOCK for each in world.contexts.values()):
        asked["shelf"] = _SHELF.of()
    if asked:
        _put(world, ask(connection, asked))


def _stations(world: w.World, reads: Iterable[Read]) -> set[int]:
    points = (world.read_points.get(read.read_point or "") for read in reads)
    return {point.station_id for point in points if point is not None}


def _put(world: w.World, found: Found) -> None:
    goods = world.goods
    goods.has_place = bool(found.get("shelf", True))
    goods.materials = {row[1]: Material(*row) for row in found.get("materials", ())}
    goods.places = {row[1]: Place(*row) for row in found.get("places", ())}
    goods.parts = {row[0]: Material(*row[1:]) for row in found.get("parts", ())}
    goods.stopped = dict(found.get("stopped", ()))
    goods.needs = tuple(_need(row) for row in found.get("needs", ()))
    # By rising quantity: where most lies comes last and stays.
    goods.came = {(row[1], row[2]) for row in found.get("lying", ()) if row[0]}
    goods.lying = {(row[1], row[2]): Place(*row[3:]) for row in found.get("lying", ())}


def _need(row: tuple[Any, ...]) -> Need:
    center, number, state, snapshot = row
    skus = frozenset(line["sku"] for line in snapshot.get("bom") or ())
    return Need(center, number, state in _BEGUN, skus)
