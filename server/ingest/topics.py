"""Whose pages show something else after a batch."""

from typing import Final

from sqlalchemy.orm import Session

from server.db import touch
from server.ingest.fold import Folded
from server.tracking import change_rows as changes
from server.tracking import world as w
from server.tracking.states import Status

_DEVICE_NEWS: Final = frozenset({"reader_lost", "reader_recovered", "gateway_started"})


def touch_pages(session: Session, folded: Folded) -> None:
    """Note whose pages show something else now."""
    world, topics = folded.world, set[str]()
    for found in world.changed.get(w.Context, ()):
        if found in world.stations:
            topics.add(f"station:{world.stations[found].key}")
    moved = {fact.order_id for fact in folded.facts if fact.order_id is not None}
    for order_id in moved:
        order = world.orders[order_id]
        topics |= {f"order:{order.number}", f"customer:{order.customer_number}"}
    if moved:
        topics |= {"orders", "board"}
    elif any(fact.work_order_id is not None for fact in folded.facts):
        topics.add("board")
    if world.changed.get(changes.Acknowledgement) or world.changed.get(changes.Repack):
        topics.add("changes")
    if any(judged.verdict.status is Status.QUARANTINED for judged in folded.judged):
        topics.add("inbox")
    if any(judged.item.kind in _DEVICE_NEWS for judged in folded.judged):
        topics.add("gateways")
    touch(session, *topics)
