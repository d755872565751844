"""The server's answer to a batch: a verdict for every event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from orderlight.events import fields
from orderlight.events.batch import read_object
from orderlight.events.errors import BatchError, EventError, ReceiptError


class Status(StrEnum):
    """What became of an event."""

    #: It changed something, or was noted.
    APPLIED = "applied"
    #: It was known already; the answer is the first one.
    DUPLICATE = "duplicate"
    #: It was understood and is not allowed.
    REFUSED = "refused"
    #: It waits in the inbox for a person.
    QUARANTINED = "quarantined"


class Signal(StrEnum):
    """How a station should sound and shine."""

    OK = "ok"
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on one event, with the sentence a person reads at the station."""

    #: None for an event that had no readable number.
    sequence: int | None
    status: Status
    action: str | None
    subject: str | None
    say: str
    signal: Signal
    reason: str | None = None
    #: Whether the station or operator may still take it back.
    undo: bool = False
    #: What the customer wants everybody to see who works for him.
    alerts: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Read one verdict; raises ReceiptError."""
        if not isinstance(data, Mapping):
            raise ReceiptError(f"Failed to read an answer: expected an object, got {type(data).__name__}.")
        try:
            return cls(
                sequence=_number(data),
                status=Status(str(data.get("status"))),
                action=_optional(data, "action"),
                subject=_optional(data, "subject"),
                say=_optional(data, "say") or "",
                signal=Signal(str(data.get("signal"))),
                reason=_optional(data, "reason"),
                undo=data.get("undo") is True,
                alerts=_texts(data.get("alerts")),
            )
        except (EventError, ValueError) as error:
            raise ReceiptError(f"Failed to read an answer: {error}") from error

    def as_json(self) -> dict[str, Any]:
        """The verdict as an object of the wire; every field is there."""
        return {
            "sequence": self.sequence,
            "status": self.status.value,
            "action": self.action,
            "subject": self.subject,
            "say": self.say,
            "signal": self.signal.value,
            "reason": self.reason,
            "undo": self.undo,
            "alerts": list(self.alerts),
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one batch; a gateway deletes an event only when `results` names it."""

    gateway: str
    epoch: str
    #: The highest sequence of the epoch up to which nothing is missing; 0 when the first is missing.
    committed_sequence: int
    #: By rising sequence; at the end those of events that had none, which are kept, but cannot be deleted by number.
    results: tuple[Answer, ...]

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read the server's answer; raises ReceiptError."""
        try:
            data = read_object(body, "a receipt")
            gateway = fields.gateway("gateway", data.get("gateway"))
            epoch = fields.epoch("epoch", data.get("epoch"))
            committed = fields.last_sequence("committed_sequence", data.get("committed_sequence"))
        except (BatchError, EventError) as error:
            raise ReceiptError(str(error)) from error
        listed = data.get("results")
        if not isinstance(listed, list):
            raise ReceiptError(f"Failed to read a receipt: expected a list of results, got {fields.shown(listed)}.")
        return cls(gateway, epoch, committed, tuple(Answer.parse(item) for item in listed))

    def as_json(self) -> dict[str, Any]:
        """The receipt as an object of the wire."""
        return {
            "gateway": self.gateway,
            "epoch": self.epoch,
            "committed_sequence": self.committed_sequence,
            "results": [answer.as_json() for answer in self.results],
        }

    def encode(self) -> bytes:
        """The receipt as UTF-8 JSON."""
        return json.dumps(self.as_json(), separators=(",", ":")).encode()


def _number(data: Mapping[str, Any]) -> int | None:
    """The sequence; null says that the event had none, and a missing one is a fault."""
    if "sequence" in data and data["sequence"] is None:
        return None
    return fields.sequence("sequence", data.get("sequence"))


def _texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; a server of an earlier version sends none."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _optional(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is None or isinstance(value, str):
        return value
    raise ReceiptError(
        f"Failed to read {name} {fields.shown(value)}: expected a text or null, got {type(value).__name__}."
    )
