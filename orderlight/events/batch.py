"""The request a gateway sends: events of one gateway and one epoch, in order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from orderlight.events import fields
from orderlight.events.errors import BatchError, BatchTooLargeError, EventError
from orderlight.events.event import Event
from orderlight.events.limits import MAX_SEQUENCE, SERVER_MAX_BYTES, SERVER_MAX_EVENTS


@dataclass(frozen=True, slots=True)
class BatchFault:
    """An event of a batch that could not be read; the others in the batch are not touched by it."""

    #: Its place in the batch, from 0.
    position: int
    #: Its sequence, when at least that could be read; without one it cannot be answered by number.
    sequence: int | None
    #: What was sent, as decoded from JSON; an object where the sender is sound, anything otherwise.
    raw: Any
    reason: str
    #: The field to blame, when it is a single one.
    field: str | None = None

    @property
    def raw_text(self) -> str:
        """What was sent as JSON in plain ASCII, which every database can keep as a text."""
        try:
            return json.dumps(self.raw, allow_nan=False)
        except (ValueError, RecursionError):
            # Infinity and nesting of a thousand levels have no JSON of ours; a description has.
            return json.dumps(fields.shown(self.raw))


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one gateway and one epoch, with the faults of those that could not be read."""

    gateway: str
    epoch: str
    events: tuple[Event, ...]
    faults: tuple[BatchFault, ...] = ()

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a request body; raises BatchError only for faults of the whole request."""
        if len(body) > SERVER_MAX_BYTES:
            raise BatchTooLargeError(
                f"Failed to read a batch: expected at most {SERVER_MAX_BYTES} bytes, got {len(body)}."
            )
        return cls.parse_json(read_object(body, "a batch"))

    @classmethod
    def parse_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a request that is already decoded from JSON; raises BatchError as `parse` does."""
        try:
            gateway = fields.gateway("gateway", data.get("gateway"))
            epoch = fields.epoch("epoch", data.get("epoch"))
        except EventError as error:
            raise BatchError(str(error)) from error
        listed = data.get("events")
        if not isinstance(listed, list):
            raise BatchError(f"Failed to read a batch: expected a list of events, got {fields.shown(listed)}.")
        if len(listed) > SERVER_MAX_EVENTS:
            raise BatchTooLargeError(
                f"Failed to read a batch: expected at most {SERVER_MAX_EVENTS} events, got {len(listed)}."
            )
        events, faults = _read_events(listed)
        return cls(gateway, epoch, events, faults)

    def encode(self) -> bytes:
        """The request body as UTF-8 JSON; faults are not sent."""
        body = {
            "gateway": self.gateway,
            "epoch": self.epoch,
            "events": [event.as_json() for event in self.events],
        }
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()


def read_object(body: bytes, what: str) -> Mapping[str, Any]:
    """Decode a JSON object; raises BatchError with a sentence for everything that is not one."""
    try:
        data = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BatchError(f"Failed to read {what}: expected JSON, got {fields.shown(body)} ({error}).") from error
    if not isinstance(data, dict):
        raise BatchError(f"Failed to read {what}: expected an object, got {type(data).__name__}.")
    return data


def _read_events(listed: list[Any]) -> tuple[tuple[Event, ...], tuple[BatchFault, ...]]:
    events: list[Event] = []
    faults: list[BatchFault] = []
    for position, item in enumerate(listed):
        try:
            events.append(Event.parse(item))
        except EventError as error:
            faults.append(_fault(position, item, error))
    return tuple(events), tuple(faults)


def _fault(position: int, item: Any, error: EventError) -> BatchFault:
    sequence = item.get("sequence") if isinstance(item, dict) else None
    if type(sequence) is not int or not 1 <= sequence <= MAX_SEQUENCE:
        sequence = None
    return BatchFault(position, sequence, item, str(error), error.field)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")
