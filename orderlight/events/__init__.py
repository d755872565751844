"""What a gateway tells the server, and what the server answers: kinds, envelope, JSON both ways."""

from __future__ import annotations

from orderlight.events.batch import Batch, BatchFault
from orderlight.events.errors import BatchError, BatchTooLargeError, EventError, EventsError, ReceiptError
from orderlight.events.event import Event, EventIdentity, EventKind
from orderlight.events.fields import storable
from orderlight.events.limits import (
    GATEWAY_MAX_BYTES,
    GATEWAY_MAX_EVENTS,
    MAX_CODE_LENGTH,
    SERVER_MAX_BYTES,
    SERVER_MAX_EVENTS,
)
from orderlight.events.receipt import Answer, Receipt, Signal, Status

__all__ = [
    "GATEWAY_MAX_BYTES",
    "GATEWAY_MAX_EVENTS",
    "MAX_CODE_LENGTH",
    "SERVER_MAX_BYTES",
    "SERVER_MAX_EVENTS",
    "Answer",
    "Batch",
    "BatchError",
    "BatchFault",
    "BatchTooLargeError",
    "Event",
    "EventError",
    "EventIdentity",
    "EventKind",
    "EventsError",
    "Receipt",
    "ReceiptError",
    "Signal",
    "Status",
    "storable",
]
