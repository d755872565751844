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
    sender = _sender(batch, door)
    found = [_item(event, sender, _seen(event, now, latest)) for event in batch.events]
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
    return _item(event, _sender(batch, door), corrected(event, now))


#: What all events of a batch have in common: gateway and epoch, who acts, whether that is a person, and the station.
_Sender = tuple[tuple[str, str], str, bool, str | None]


def _sender(batch: Request, door: Door) -> _Sender:
    return (batch.gateway, batch.epoch), door.actor, door.is_person, door.station_key


def _item(event: Told, sender: _Sender, seen: tuple[datetime, bool]) -> Item:
    text = canonical(event) or _canonical(event.as_json()).encode()
    life, actor, is_person, station_key = sender
    observed_at, suspect = seen
    sequence, kind, operator, corrects = event.sequence, event.kind._value_, event.operator, event.corrects
    if operator is not None:
        actor, is_person = f"operator:{operator}", True
    named = name_event(event)
    if station_key is not None:
        named = at_screen(named)
    # By place, in the order of the fields: every scan makes these two.
    read: Read = _new(Read, (
        life,
        sequence,
        kind,
        observed_at,
        named,
        event.read_point,
        actor,
        is_person,
        Identity(corrects.gateway, corrects.epoch, corrects.sequence) if corrects is not None else None,
        station_key,
        event.reader,
        Strength(event.rssi_dbm, event.reads) if event.epc is not None else None,
    ))  # fmt: skip
    found: Item = _new(Item, (
        sequence, kind, read, observed_at, suspect, _hashed(text), text.decode(), None, Reason.BAD_FIELD,
    ))  # fmt: skip
    return found


def _hashed(text: bytes) -> bytes:
    """The first half of its SHA-256."""
    # A copy spares looking the algorithm up, which takes up to a third of the time of so short a text.
    hashing = _EMPTY.copy()
    hashing.update(text)
    return hashing.digest()[:16]


_EMPTY = hashlib.sha256()


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
    content_hash = _hashed(text.encode())
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
