"""The receipt for one queued event: the caller waits on it until the event is on disk."""

import threading

from gateway.outbox.faults import OutboxError


class Group:
    """The events that one commit makes durable together; one signal wakes all who wait."""

    __slots__ = ("settled",)

    def __init__(self) -> None:
        self.settled = threading.Event()


class Ticket:
    """One event on its way to disk. `wait` returns its sequence, or raises why it was not stored."""

    __slots__ = ("body", "error", "group", "replaces", "sequence", "sheddable", "stored")

    def __init__(self, body: bytes, group: Group, *, sheddable: bool, replaces: tuple[str, int] | None = None) -> None:
        self.body = body
        self.group = group
        self.sheddable = sheddable
        #: Epoch and sequence of the event set aside that goes out again as this one.
        self.replaces = replaces
        self.sequence = 0
        self.stored = False
        self.error: OutboxError | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Block until the commit; TimeoutError after `timeout` seconds, OutboxError when not stored."""
        if not self.group.settled.wait(timeout):
            raise TimeoutError(f"Event was not committed within {timeout} s.")
        if self.stored:
            return self.sequence
        raise self.error or OutboxError("Event was not stored: the outbox stopped before its commit.")
