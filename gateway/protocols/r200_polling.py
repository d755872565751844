"""When an R200-family module is asked what: a pure clock of questions and answers."""

import struct
from typing import Final

from gateway.protocols.r200 import INFO, POLL, SET_POWER, STOP, R200Options, R200Parser, frame, multi_poll

#: A module answers within milliseconds; one that boots or sleeps gets the question again after this.
ANSWER_SECONDS: Final = 0.5


class R200Poller:
    """When to send which command. `now` is monotonic seconds; due() gives the bytes to send, next_at() the wait.

    multi: ask once, and again after a silence, since the module stops after its rounds or a power cut. single:
    ask, wait for the answer, pause, ask again. An unanswered question is asked again after ANSWER_SECONDS.
    """

    __slots__ = ("_asked_at", "_missed", "_next_at", "_options", "_parser", "_unanswered")

    def __init__(self, options: R200Options, parser: R200Parser, now: float) -> None:
        self._options = options
        self._parser = parser
        self._next_at = now
        self._asked_at = now
        self._unanswered = False
        self._missed = 0

    @property
    def missed(self) -> int:
        """How many times in a row the module was asked and said nothing at all."""
        return self._missed

    def start(self) -> list[bytes]:
        """What to send when the port has been opened: leave an old inventory, set the power."""
        head = self._parser.head
        commands = [frame(STOP, head=head)]
        if self._options.power_dbm is not None:
            commands.append(frame(SET_POWER, struct.pack(">H", round(self._options.power_dbm * 100)), head=head))
        return commands

    def stop(self) -> bytes:
        """What to send before the port is closed."""
        return frame(STOP, head=self._parser.head)

    def heard(self, now: float) -> None:
        """A whole frame arrived: the module lives, and the next single poll may follow after its pause."""
        self._missed = 0
        self._unanswered = False
        if self._options.poll == "single":
            self._next_at = min(self._next_at, self._asked_at + self._options.poll_interval_ms / 1000)
        else:
            self._next_at = max(self._next_at, now + self._options.silence_ms / 1000)

    def next_at(self) -> float:
        """The moment at which due() has something to send."""
        return self._next_at

    def due(self, now: float) -> list[bytes]:
        """The commands to send now; empty while there is nothing to ask."""
        if now < self._next_at:
            return []
        silent = self._unanswered
        self._missed += silent
        self._asked_at, self._unanswered = now, True
        self._next_at = now + ANSWER_SECONDS
        head = self._other_dialect() if silent else self._parser.head
        if self._options.poll == "single" and not silent:
            return [frame(POLL, head=head)]
        # A multi poll of an empty field may be met with silence; who is there is always answered.
        ask = frame(POLL, head=head) if self._options.poll == "single" else multi_poll(head=head)
        return [frame(INFO, b"\x00", head=head), ask]

    def _other_dialect(self) -> int:
        """With dialect "auto" an unanswered question is asked in the other dialect every second time."""
        head = self._parser.head
        if self._options.dialect != "auto" or self._missed % 2 == 0:
            return head
        return 0xAA if head == 0xBB else 0xBB
