"""Whose pages show something else after a batch."""

from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, Dialect, select
from sqlalchemy.orm import Session

from server.db import touch
from server.erp.floor.models import ReadPoint, Station
from server.ingest.driver import connection_of
from server.ingest.fold import Folded
from server.ingest.queries import Query, Statement, among, listed
from server.tracking import change_rows as changes
from server.tracking import world as w
from server.tracking.states import Context, Fulfilment, OperationState, Status

_DEVICE_NEWS: Final = frozenset({"reader_lost", "reader_recovered", "gateway_started"})
_READY: Final = OperationState.READY.value
_PRODUCED: Final = Fulfilment.PRODUCED.value
_order_of: Final = attrgetter("order_id")


def _stations_at(dialect: Dialect) -> Statement:
    return select(Station.key).where(among(Station.work_center_id, "centers", dialect))


def _packing_stations(_dialect: Dialect) -> Statement:
    points = select(ReadPoint.station_id).where(ReadPoint.context == Context.PACK.value, ReadPoint.active.is_(True))
    return select(Station.key).where(Station.id.in_(points), Station.active.is_(True))


_STATIONS_AT: Final = Query(_stations_at)
_PACKING_STATIONS: Final = Query(_packing_stations)


def _places_of_new_work(connection: Connection, world: w.World) -> set[str]:
    """The stations to which work has come that was not there: a step has become ready, or an order waits for boxes."""
    changed = (world.operations[found] for found in world.changed.get(w.Operation, ()))
    centers = {each.work_center_id for each in changed if each.state == _READY}
    rows = _STATIONS_AT.rows(connection, centers=listed(centers)) if centers else []
    if any(world.orders[found].fulfilment == _PRODUCED for found in world.changed.get(w.Order, ())):
        rows = [*rows, *_PACKING_STATIONS.rows(connection)]
    return {f"station:{row[0]}" for row in rows}


def touch_pages(session: Session, folded: Folded) -> None:
    """Note whose pages show something else now."""
    world, topics = folded.world, set[str]()
    for found in world.changed.get(w.Context, ()):
        if found in world.stations:
            topics.add(f"station:{world.stations[found].key}")
    moved = set(map(_order_of, folded.facts)) - {None}
    for order_id in moved:
        order = world.orders[order_id]
        topics |= {f"order:{order.number}", f"customer:{order.customer_number}"}
    if moved:
        topics |= {"orders", "board"}
    elif any(fact.work_order_id is not None for fact in folded.facts):
        topics.add("board")
    topics |= _places_of_new_work(connection_of(session), world)
    if world.changed.get(changes.Acknowledgement) or world.changed.get(changes.Repack):
        topics.add("changes")
    if world.goods.loads:
        # The list of stock names lots that are worked with and were never received.
        topics.add("stock")
    turns = [folded.judged[place] for place in folded.turns]
    if any(judged.verdict.status is Status.QUARANTINED for judged in turns):
        topics.add("inbox")
    if any(judged.item.kind in _DEVICE_NEWS for judged in turns):
        topics.add("gateways")
    touch(session, *topics)
