"""What can be wrong with a message between gateway and server."""

from __future__ import annotations


class EventsError(ValueError):
    """A message between gateway and server cannot be read; the text says situation, expected and got."""


class EventError(EventsError):
    """One event is not valid; `field` names the culprit where a single field is to blame."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class BatchError(EventsError):
    """A whole request cannot be read, so no event in it can be answered one by one."""


class BatchTooLargeError(BatchError):
    """The request holds more events or bytes than one request may; send it in halves."""


class ReceiptError(EventsError):
    """The server's answer to a batch cannot be read; nothing may be deleted because of it."""
