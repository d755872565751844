"""What a wire to a device has in common, be it a serial port or TCP: two queues out, chunks in."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final

from gateway.wake import Waker

#: The longest wait, so that `stop` is seen even when nobody calls cancel().
LONGEST_WAIT: Final = 0.5
#: A device that takes no bytes for so long (flow control) loses the signal, not the gateway's time.
WRITE_SECONDS: Final = 0.2
#: Tones kept for a device that is slow to take them; older ones are dropped.
MAX_TONES: Final = 64
#: Answers and commands kept for it. A scanner waits for one answer at a time, so that many mean that it went deaf.
MAX_ANSWERS: Final = 4096


class SessionEnded(Exception):
    """A device that connects to us has closed its connection, and may come again."""


class Link(ABC):
    """A context manager around one wire. read() belongs to one thread; post(), play() and wake() to any."""

    def __init__(self) -> None:
        self._waker = Waker()
        # Two queues, so that a crowd of tones never pushes out an ACK, without which a scanner sends its code again.
        self._answers: deque[bytes] = deque(maxlen=MAX_ANSWERS)
        self._tones: deque[bytes] = deque(maxlen=MAX_TONES)
        #: Answers and tones that the device did not take.
        self.unsent = 0

    @abstractmethod
    def __enter__(self) -> "Link": ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def sessions(self, stop: threading.Event, waiting: Callable[[str], None]) -> Iterator[None]:
        """One turn for each time that the device is there; `waiting` hears in words what is waited for."""
        yield

    @abstractmethod
    def read(self, seconds: float) -> bytes:
        """What has arrived, at the latest after `seconds`; empty on time-out or wake.

        Raises SourceLost, or SessionEnded where sessions() may bring the device again.
        """

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether there is a device to write to."""

    def post(self, data: bytes) -> None:
        """Have an answer or a command written soon by the reading thread; ignored while the device is away."""
        self._queue(data, self._answers)

    def play(self, data: bytes) -> None:
        """Have a tone written after all answers; ignored while the device is away."""
        self._queue(data, self._tones)

    def _queue(self, data: bytes, waiting: deque[bytes]) -> None:
        if data and self.is_open:
            self.unsent += len(waiting) == waiting.maxlen
            waiting.append(data)
            self._waker.wake()

    def wake(self) -> None:
        """End a read() that is waiting."""
        self._waker.wake()

    def _forget(self) -> None:
        """Nothing that was meant for the connection before reaches the next one."""
        self._answers.clear()
        self._tones.clear()
