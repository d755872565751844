"""From an event as it came to a read as the rules see it: corrected times, names, a hash, the text to store."""

import hashlib
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from orderlight.events import BatchFault
from server.ingest.door import Door
from server.ingest.encoding import encoder
from server.ingest.wire import Request, Told, canonical
from server.tracking.heard_rows import Identity, Strength
from server.tracking.naming import NOTHING, Named, at_screen, name_event
from server.tracking.states import Reason
from server.tracking.steps import Read

#: A clock further ahead of ours than this is wrong.
AHEAD = timedelta(minutes=5)
#: Before this year nothing of ours existed; a clock that says so was never set.
FIRST_TRUE_YEAR = 2021

# The same form as Event.content_hash hashes, so that the text is made once for both.
_canonical = encoder(sort_keys=True)
_new = tuple.__new__


class Item(NamedTuple):
    """One event of a batch, or what could not be read as one, ready to be judged and stored."""

    sequence: int
    kind: str
    #: None for what could not be read.
    read: Read | None
    observed_at: datetime
    clock_suspect: bool
    content_hash: bytes
    #: The event as JSON text.
    payload: str
    #: The sentence and the reason for what could not be read.
    fault: str | None = None
    fault_reason: Reason = Reason.BAD_FIELD


#: Fields by their place, for what looks at thousands.
sequence_of = itemgetter(Item._fields.index("sequence"))
read_of = itemgetter(Item._fields.index("read"))


def items_of(batch: Request, door: Door, *, now: datetime, default_point: str | None = None) -> list[Item]:
    """Everything in the batch in source order; events that name no read point get the default one."""
    latest = now + AHEAD
    found = [_item(batch, event, door, _seen(event, now, latest)) for event in batch.events]
    if default_point is not None:
        found = [_at(item, default_point) for item in found]
    found += [_fault_item(batch, fault, now) for fault in batch.faults]
    found.sort(key=sequence_of)
    return found


def _at(item: Item, point: str) -> Item:
    assert item.read is not None
    return item if item.read.read_point is not None else item._replace(read=item.read._replace(read_point=point))


def item_of(batch: Request, event: Told, door: Door, now: datetime) -> Item:
    """One event, ready to be judged and stored."""
    return _item(batch, event, door, corrected(event, now))


def _item(batch: Request, event: Told, door: Door, seen: tuple[datetime, bool]) -> Item:
    text = canonical(event) or _canonical(event.as_json()).encode()
    observed_at, suspect = seen
    kind, operator, corrects = event.kind._value_, event.operator, event.corrects
    named = name_event(event)
    if door.station_key is not None:
        named = at_screen(named)
    # By place, in the order of the fields: every scan makes these three.
    read: Read = _new(Read, (
        _new(Identity, (batch.gateway, batch.epoch, event.sequence)),
        kind,
        observed_at,
        named,
        event.read_point,
        f"operator:{operator}" if operator is not None else door.actor,
        operator is not None or door.is_person,
        Identity(corrects.gateway, corrects.epoch, corrects.sequence) if corrects is not None else None,
        door.station_key,
        event.reader,
        _new(Strength, (event.rssi_dbm, event.reads)) if event.epc is not None else None,
    ))  # fmt: skip
    content_hash = hashlib.sha256(text).digest()[:16]
    found: Item = _new(Item, (
        event.sequence, kind, read, observed_at, suspect, content_hash, text.decode(), None, Reason.BAD_FIELD,
    ))  # fmt: skip
    return found


def corrected(event: Told, now: datetime) -> tuple[datetime, bool]:
    """When it happened as far as we know, and whether the edge's clock is to be doubted."""
    return _seen(event, now, now + AHEAD)


def _seen(event: Told, now: datetime, latest: datetime) -> tuple[datetime, bool]:
    observed_at = event.observed_at
    if event.clock_suspect or observed_at.year < FIRST_TRUE_YEAR or observed_at > latest:
        return now, True
    return observed_at, False


def _fault_item(batch: Request, fault: BatchFault, now: datetime) -> Item:
    text = fault.raw_text
    content_hash = hashlib.sha256(text.encode()).digest()[:16]
    sequence = fault.sequence
    if sequence is None:
        # Without a number of its own it is known by its content, below zero where no gateway counts.
        sequence = -int.from_bytes(content_hash[:7], "big") - 1
    payload: dict[str, Any] = {"unreadable": text, "gateway": batch.gateway, "epoch": batch.epoch}
    return Item(
        sequence=sequence,
        kind="unreadable",
        read=None,
        observed_at=now,
        clock_suspect=False,
        content_hash=content_hash,
        payload=_canonical(payload),
        fault=fault.reason,
        fault_reason=Reason.UNKNOWN_KIND if fault.field == "kind" else Reason.BAD_FIELD,
    )


def named_of(item: Item) -> Named:
    """What the item names; nothing for what could not be read."""
    return item.read.named if item.read is not None else NOTHING
