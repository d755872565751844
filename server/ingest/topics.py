"""Whose pages show something else after a batch."""

from operator import attrgetter
from typing import Final

from sqlalchemy.orm import Session

from server.db import touch
from server.ingest.fold import Folded
from server.tracking import change_rows as changes
from server.tracking import world as w
from server.tracking.states import Status

_DEVICE_NEWS: Final = frozenset({"reader_lost", "reader_recovered", "gateway_started"})
_order_of: Final = attrgetter("order_id")


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
    if world.changed.get(changes.Acknowledgement) or world.changed.get(changes.Repack):
        topics.add("changes")
    turns = [folded.judged[place] for place in folded.turns]
    if any(judged.verdict.status is Status.QUARANTINED for judged in turns):
        topics.add("inbox")
    if any(judged.item.kind in _DEVICE_NEWS for judged in turns):
        topics.add("gateways")
    touch(session, *topics)
