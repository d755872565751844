"""Answers as the server gives them; on the wire they are those of `orderlight.events.receipt`, which gateways read.

They are compiled structures, and their text is kept and sent as it is made.
"""

from typing import Final

import msgspec

from orderlight.events import Signal, Status
from server.tracking.states import Signal as RuledSignal
from server.tracking.verdicts import Fate, Verdict, fate_of

_SIGNAL: Final = {signal: Signal(signal.value) for signal in RuledSignal}
_STATUS: Final = {status.value: status for status in Status}


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

    @property
    def fate(self) -> Fate:
        """What became of the event."""
        return self.status._value_, self.action, self.reason


#: An answer again, from its text.
answer_in = msgspec.json.Decoder(Answer).decode


def answer_of(sequence: int | None, verdict: Verdict, say: str, alerts: tuple[str, ...] = ()) -> Answer:
    """The verdict on an event with its sentence, and what the order's customer wants seen."""
    status, action, reason = fate_of(verdict)
    signal = _SIGNAL[verdict.signal]
    return Answer(sequence, _STATUS[status], action, verdict.subject, say, signal, reason, verdict.undo, alerts)


class Receipt(msgspec.Struct, frozen=True):
    """The answers to one batch; the fields are those of `orderlight.events.Receipt`."""

    gateway: str
    epoch: str
    committed_sequence: int
    results: tuple[Answer, ...]
