"""Reading a request of events: a compiled reader for plain scans and tags, the full one for all the rest.

Nearly every event of a factory is a plain one: nothing unknown in it, its time written as gateways write it. Such
a request is read and checked by a compiled reader, some ten times as fast. Whatever that one does not take, be it
wrong or only unusual, goes to `orderlight.events`, which finds the words. Both give the same items, which tests hold.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Protocol

import msgspec

from orderlight.events import SERVER_MAX_BYTES, SERVER_MAX_EVENTS, Batch, BatchFault, EventKind
from orderlight.events.event import EventIdentity
from orderlight.events.limits import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_CODE_LENGTH,
    MAX_EPC_LENGTH,
    MAX_KEY_VALUE_LENGTH,
    MAX_KEYS,
    MAX_NAME_LENGTH,
    MAX_SEQUENCE,
)
from server.ingest.times import read_time
from server.tracking.naming import Coded

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
_Sequence = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQUENCE)]
_Time = Annotated[str, msgspec.Meta(min_length=27, max_length=27)]
_Keys = Annotated[
    dict[_Name, Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY_VALUE_LENGTH)]],
    msgspec.Meta(max_length=MAX_KEYS),
]
_SCAN: Final = EventKind.CODE_SCANNED
_TAGS: Final = frozenset({EventKind.TAG_ARRIVED, EventKind.TAG_MOVED, EventKind.TAG_LEFT})
#: Times as text compare as times do.
_FIRST: Final = f"{FIRST_YEAR}"
_END: Final = f"{LAST_YEAR + 1}"
#: Below this a number is written in another way by either writer of JSON.
_LEAST_DBM: Final = 0.001


class Told(Coded, Protocol):
    """An event as either reader gives it."""

    @property
    def sequence(self) -> int: ...
    @property
    def kind(self) -> EventKind: ...
    @property
    def observed_at(self) -> datetime: ...
    @property
    def read_point(self) -> str | None: ...
    @property
    def reader(self) -> str | None: ...
    @property
    def operator(self) -> str | None: ...
    @property
    def clock_suspect(self) -> bool | None: ...
    @property
    def corrects(self) -> EventIdentity | None: ...
    @property
    def previous_epoch(self) -> str | None: ...
    @property
    def previous_last_sequence(self) -> int | None: ...
    @property
    def rssi_dbm(self) -> float | None: ...
    @property
    def reads(self) -> int | None: ...

    def as_json(self) -> dict[str, Any]:
        """The event as an object of the wire."""


class Request(Protocol):
    """A request as either reader gives it."""

    @property
    def gateway(self) -> str: ...
    @property
    def epoch(self) -> str: ...
    @property
    def events(self) -> Sequence[Told]: ...
    @property
    def faults(self) -> Sequence[BatchFault]: ...


class PlainEvent(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False, weakref=False
):
    """A scan or a tag with no field that needs a second look. The fields stand in the order of the canonical text."""

    antenna: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None
    clock_suspect: bool | None = None
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CODE_LENGTH)] | None = None
    epc: Annotated[str, msgspec.Meta(max_length=MAX_EPC_LENGTH, pattern=r"\A[0-9A-F]+\Z")] | None = None
    first_seen_at: _Time | None = None
    keys: _Keys = {}
    kind: EventKind
    observed: _Time = msgspec.field(name="observed_at")
    operator: _Name | None = None
    read_point: _Name | None = None
    reader: _Name | None = None
    reader_time: _Time | None = None
    reads: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None
    repeat_of: _Sequence | None = None
    rssi_dbm: Annotated[float, msgspec.Meta(ge=-200, le=100)] | None = None
    sequence: _Sequence
    v: Annotated[int, msgspec.Meta(ge=1, le=1)]

    # What only other kinds of events have.
    raw: ClassVar[None] = None
    corrects: ClassVar[None] = None
    previous_epoch: ClassVar[None] = None
    previous_last_sequence: ClassVar[None] = None

    @property
    def observed_at(self) -> datetime:
        """The edge's clock; aware, UTC."""
        return read_time(self.observed)

    def as_json(self) -> dict[str, Any]:
        """The event as an object of the wire."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


class PlainRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request of plain events alone."""

    gateway: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
    epoch: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    events: Annotated[tuple[PlainEvent, ...], msgspec.Meta(max_length=SERVER_MAX_EVENTS)]

    faults: ClassVar[tuple[BatchFault, ...]] = ()


_DELETE: Final = 0x7F
_read_plain = msgspec.json.Decoder(PlainRequest).decode
_write_sorted = msgspec.json.Encoder(order="sorted").encode
_write = msgspec.json.encode
_read: Final = datetime.fromisoformat


def read_request(body: bytes) -> Request:
    """The request; raises BatchError for faults of the whole of it."""
    # A NUL is legal JSON that no database holds; where one might be, each event is looked at by itself.
    if len(body) <= SERVER_MAX_BYTES and b"\\u0000" not in body:
        try:
            request = _read_plain(body)
        except msgspec.DecodeError:
            return Batch.parse(body)
        if all(map(_is_plain, request.events)):
            return request
    return Batch.parse(body)


def _is_plain(event: PlainEvent) -> bool:
    """What the compiled reader cannot check by itself: fields that belong together, and times."""
    kind = event.kind
    if (event.code is None or kind is not _SCAN) and (event.epc is None or kind not in _TAGS):
        return False
    if not _is_time(event.observed):
        return False
    rssi = event.rssi_dbm
    if rssi is not None and abs(rssi) < _LEAST_DBM:
        return False
    first, reader = event.first_seen_at, event.reader_time
    return (first is None or _is_time(first)) and (reader is None or _is_time(reader))


def _is_time(text: str) -> bool:
    """Whether the text is a time just as `as_text` writes it."""
    # Of the forms with 27 characters that `fromisoformat` takes, only the wire's has these in these places.
    if text[4:20:3] != "--T::." or text[26] != "Z" or not _FIRST <= text < _END:
        return False
    try:
        _read(text)
    except ValueError:
        return False
    return True


def canonical(event: Told) -> bytes | None:
    """The event's canonical text, the same as `Event.content_hash` hashes; None when this writer cannot write it."""
    if not isinstance(event, PlainEvent):
        return None
    text = _write(event) if len(event.keys) < 2 else _write_sorted(event)
    # The canonical text writes what is not printable ASCII in another way. A byte is looked for as a number: as
    # bytes it would first be tried for one, at the price of an exception.
    return text if text.isascii() and _DELETE not in text else None
