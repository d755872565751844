"""Whose pages show something else after a batch."""

from operator import attrgetter
from typing import Final

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.floor.repository import read_points_of, station_keys
from server.ingest.fold import Folded
from server.tracking import change_rows as changes
from server.tracking import world as w
from server.tracking.states import Context, Fulfilment, OperationState, Status

_DEVICE_NEWS: Final = frozenset({"reader_lost", "reader_recovered", "gateway_started"})
_READY: Final = OperationState.READY.value
_PRODUCED: Final = Fulfilment.PRODUCED.value
_order_of: Final = attrgetter("order_id")


def _places_of_new_work(session: Session, world: w.World) -> set[str]:
    """The stations to which work has come that was not there: a step has become ready, or an order waits for boxes."""
    changed = (world.operations[found] for found in world.changed.get(w.Operation, ()))
    centers = {each.work_center_id for each in changed if each.state == _READY}
    keys = set(station_keys(session, centers)) if centers else set[str]()
    if any(world.orders[found].fulfilment == _PRODUCED for found in world.changed.get(w.Order, ())):
        keys |= {point.station.key for point in read_points_of(session, Context.PACK.value)}
    return {f"station:{key}" for key in keys}


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
    topics |= _places_of_new_work(session, world)
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
