"""One thing that happened at the edge, as a gateway tells it to the server.

>>> event = Event.parse({"sequence": 7, "kind": "code_scanned", "code": "OLU0011P",
...                      "observed_at": "2026-11-22T09:00:00+01:00", "read_point": "cut-1"})
>>> event.observed_at.isoformat()
'2026-11-22T08:00:00+00:00'
>>> Event.parse(event.as_json()) == event
True
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from orderlight.events import fields
from orderlight.events.errors import EventError
from orderlight.events.limits import MAX_KEYS

if TYPE_CHECKING:
    import uuid

#: The namespace of event identities outside the house (RFC 9562, version 5).
IDENTITY_NAMESPACE: Final = "7d1c2f1e-5f5b-5a0e-9d0c-0b6c9a1f4e21"

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class EventKind(StrEnum):
    """What happened; the names are part of the wire."""

    #: A scanner read a printed code.
    CODE_SCANNED = "code_scanned"
    #: A tag came into a read point's field.
    TAG_ARRIVED = "tag_arrived"
    #: A tag that was present is now seen at another read point of the same reader.
    TAG_MOVED = "tag_moved"
    #: A tag has not been seen for the read point's quiet time.
    TAG_LEFT = "tag_left"
    #: A reader can no longer be reached.
    READER_LOST = "reader_lost"
    #: A lost reader answers again.
    READER_RECOVERED = "reader_recovered"
    #: A gateway began a new epoch; it is the first event of that epoch.
    GATEWAY_STARTED = "gateway_started"
    #: Someone at a station takes his last act back.
    UNDO_REQUESTED = "undo_requested"
    #: An earlier event was wrong; this one stands in its place.
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class EventIdentity:
    """What makes an event itself and no other: gateway, epoch, sequence."""

    gateway: str
    epoch: str
    sequence: int

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Read `{"gateway", "epoch", "sequence"}`; raises EventError."""
        if not isinstance(data, Mapping):
            raise EventError(f"Failed to read an event identity: expected an object, got {type(data).__name__}.")
        return cls(
            fields.gateway("gateway", data.get("gateway")),
            fields.epoch("epoch", data.get("epoch")),
            fields.sequence("sequence", data.get("sequence")),
        )

    def as_json(self) -> dict[str, Any]:
        """The identity as an object of the wire."""
        return {"gateway": self.gateway, "epoch": self.epoch, "sequence": self.sequence}

    def uuid(self) -> uuid.UUID:
        """The identity as one number for other programs; the same identity always gives the same one."""
        # A gateway never asks for it, and would hold half a megabyte for it.
        from uuid import UUID, uuid5

        return uuid5(UUID(IDENTITY_NAMESPACE), f"{self.gateway}/{self.epoch}/{self.sequence}")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; its gateway and epoch stand on the batch that carries it."""

    sequence: int
    kind: EventKind
    #: The edge's clock, corrected where the gateway knows its offset; aware, UTC.
    observed_at: datetime
    v: int = 1
    read_point: str | None = None
    reader: str | None = None
    #: The text as read, group separators and all.
    code: str | None = None
    #: The identifiers the gateway found in the code or tag.
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)
    epc: str | None = None
    antenna: int | None = None
    rssi_dbm: float | None = None
    #: How many raw reads were folded into this event.
    reads: int | None = None
    first_seen_at: datetime | None = None
    operator: str | None = None
    #: The bytes as read, in base64, where they are not plain text.
    raw: str | None = None
    #: The reader's own clock, uncorrected.
    reader_time: datetime | None = None
    #: The gateway knows that its clock was wrong or unset.
    clock_suspect: bool | None = None
    #: The sequence of the event that this one repeats.
    repeat_of: int | None = None
    #: The event that this one takes back or corrects.
    corrects: EventIdentity | None = None
    previous_epoch: str | None = None
    previous_last_sequence: int | None = None
    #: Fields of a newer sender, kept as they came.
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Read one event object; raises EventError with a sentence that names the field."""
        if not isinstance(data, Mapping):
            raise EventError(f"Failed to read an event: expected an object, got {type(data).__name__}.")
        values: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for name, value in data.items():
            check = _CHECKS.get(name)
            if check is None:
                unknown[fields.text("field name", name)] = fields.unknown(name, value)
            elif value is not None:
                values[name] = check(name, value)
        if unknown:
            values["extra"] = _few(unknown)
        _require(values)
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """The event as an object of the wire, without the fields that do not apply."""
        found: dict[str, Any] = dict(self.extra)
        found["v"] = self.v
        found["sequence"] = self.sequence
        found["kind"] = self.kind.value
        found["observed_at"] = as_text(self.observed_at)
        for name in _PLAIN:
            value = getattr(self, name)
            if value is not None:
                found[name] = value
        if self.keys:
            found["keys"] = dict(self.keys)
        if self.first_seen_at is not None:
            found["first_seen_at"] = as_text(self.first_seen_at)
        if self.reader_time is not None:
            found["reader_time"] = as_text(self.reader_time)
        if self.corrects is not None:
            found["corrects"] = self.corrects.as_json()
        return found

    def content_hash(self) -> bytes:
        """16 bytes that are equal for equal content: SHA-256, cut, over JSON with sorted names."""
        # A gateway never asks for it, and would hold four megabytes for it.
        from hashlib import sha256

        return sha256(_canonical(self.as_json()).encode()).digest()[:16]


def as_text(when: datetime) -> str:
    """An aware UTC time in the wire's form, microseconds always there: 2026-11-22T08:00:00.000000Z."""
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _kind(name: str, value: Any) -> EventKind:
    kind = _KINDS.get(value) if isinstance(value, str) else None
    if kind is None:
        raise EventError(
            f"Failed to read {name} {fields.shown(value)}: expected one of {', '.join(_KINDS)}.", field=name
        )
    return kind


def _corrects(name: str, value: Any) -> EventIdentity:
    try:
        return EventIdentity.parse(value)
    except EventError as error:
        raise EventError(f"In {name}: {error}", field=name) from error


def _few(unknown: dict[str, Any]) -> dict[str, Any]:
    if len(unknown) > MAX_KEYS:
        raise EventError(f"Failed to read an event: expected at most {MAX_KEYS} unknown fields, got {len(unknown)}.")
    return unknown


def _require(values: Mapping[str, Any]) -> None:
    """Every kind needs what makes sense of it; a missing field is named with the kind that needs it."""
    if not values.keys() >= _ALWAYS:
        name = sorted(_ALWAYS - values.keys())[0]
        raise EventError(f"Failed to read an event: expected {name}, got none.", field=name)
    needed = _NEEDED.get(values["kind"])
    if needed is not None and values.keys().isdisjoint(needed):
        raise EventError(
            f"Failed to read a {values['kind']} event: expected {' or '.join(needed)}, got none.",
            field=needed[0],
        )


_KINDS: Final = {kind.value: kind for kind in EventKind}
_ALWAYS: Final = frozenset({"sequence", "kind", "observed_at"})
_NEEDED: Final[Mapping[EventKind, tuple[str, ...]]] = {
    EventKind.CODE_SCANNED: ("code", "raw"),
    EventKind.TAG_ARRIVED: ("epc",),
    EventKind.TAG_MOVED: ("epc",),
    EventKind.TAG_LEFT: ("epc",),
    EventKind.READER_LOST: ("reader",),
    EventKind.READER_RECOVERED: ("reader",),
    EventKind.UNDO_REQUESTED: ("corrects",),
    EventKind.CORRECTION: ("corrects",),
}
_CHECKS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "v": fields.version,
    "sequence": fields.sequence,
    "kind": _kind,
    "observed_at": fields.moment,
    "read_point": fields.text,
    "reader": fields.text,
    "code": fields.code,
    "keys": fields.keys,
    "epc": fields.epc,
    "antenna": fields.antenna,
    "rssi_dbm": fields.dbm,
    "reads": fields.reads,
    "first_seen_at": fields.moment,
    "operator": fields.text,
    "raw": fields.raw,
    "reader_time": fields.moment,
    "clock_suspect": fields.flag,
    "repeat_of": fields.sequence,
    "corrects": _corrects,
    "previous_epoch": fields.epoch,
    "previous_last_sequence": fields.last_sequence,
}
#: Fields that stand in JSON as they are.
_PLAIN: Final = (
    "read_point",
    "reader",
    "code",
    "epc",
    "antenna",
    "rssi_dbm",
    "reads",
    "operator",
    "raw",
    "clock_suspect",
    "repeat_of",
    "previous_epoch",
    "previous_last_sequence",
)
