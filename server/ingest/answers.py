"""Answers as the server gives them; on the wire they are those of `orderlight.events.receipt`, which gateways read.

They are compiled structures because every scan makes one, and their text is kept and sent as it is made.
"""

from collections.abc import Sequence

import msgspec

from orderlight.events import Signal, Status
from server.ingest.encoding import json_bytes


class Answer(msgspec.Struct, frozen=True):
    """The verdict on one event; the fields are those of `orderlight.events.Answer`, and so is their order."""

    #: None for an event that had no readable number.
    sequence: int | None
    status: Status
    action: str | None
    subject: str | None
    say: str
    signal: Signal
    reason: str | None = None
    undo: bool = False
    #: What the customer wants everybody to see who works for him.
    alerts: tuple[str, ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """The answers to one batch; the fields are those of `orderlight.events.Receipt`."""

    gateway: str
    epoch: str
    committed_sequence: int
    results: tuple[Answer, ...]

    def encode(self, texts: Sequence[bytes] | None = None) -> bytes:
        """The receipt as UTF-8 JSON; `texts` are the results as JSON where they have been written before."""
        if texts is None:
            return json_bytes(self)
        head = {"gateway": self.gateway, "epoch": self.epoch, "committed_sequence": self.committed_sequence}
        return json_bytes(head)[:-1] + b',"results":[' + b",".join(texts) + b"]}"
