"""What simulated readers have in common: a cable with a host at its end, and for some a thread that works by itself."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.devices.line import UNHEARD_OF, FaultyLine
from simulators.devices.transport import Transport
from simulators.faults import Fault, Faults

#: How long a small device takes to come up again.
BOOT_SECONDS = 1.0


class Wired(ABC):
    """A device at the end of a cable. What the host sends arrives at hear(), in the transport's thread.

    `faults` may be begun and ended at any time; equal seeds spoil equal traffic alike.
    """

    #: The faults that such a device cannot have, each with the sentence that says why.
    cannot: ClassVar[Mapping[Fault, str]] = {Fault.CLOCK_2000: "This device tells no times."}
    #: What it sends is cut at multiples of so many bytes.
    unit: ClassVar[int] = 1

    def __init__(self, transport: Transport, *, seed: int = 0) -> None:
        self.faults = Faults(seed, cannot={**UNHEARD_OF.get(transport.medium, {}), **self.cannot}, unit=self.unit)
        self._line = FaultyLine(transport, self.faults)
        self._transport: Transport = self._line
        #: Whether somebody else calls do_round(), on a clock of their own: then no thread is started.
        self.still = False

    def watch(self, heard: Callable[[bytes, bool], None]) -> None:
        """Tell what goes over the wire from now on, and whether it goes to the host."""
        self._line.watch = heard

    def plug(self) -> None:
        """Put the cable in."""
        self._wake_up()
        self._transport.plug(self.hear)

    def unplug(self) -> None:
        """Pull the cable."""
        self._transport.unplug()

    def replug(self, *, after: float = 0.0) -> None:
        """Pull the cable and put it back `after` seconds later, as an operator does who hopes that it helps."""
        self.unplug()
        time.sleep(after)
        self.plug()

    def reboot(self, seconds: float = BOOT_SECONDS) -> None:
        """Be away for so long, and come back with nothing in mind."""
        self.faults.expect(Fault.REBOOT)
        self.replug(after=seconds)

    def wait_for_host(self, timeout: float) -> bool:
        """Whether a host is at the other end within `timeout` seconds."""
        return self._transport.wait_for_host(timeout)

    def send_raw(self, data: bytes) -> None:
        """Send these very bytes; raises NotPlugged."""
        self._transport.write(data)

    @abstractmethod
    def hear(self, data: bytes) -> None:
        """Take bytes from the host."""

    def _wake_up(self) -> None:  # noqa: B027 - most devices remember something, a plain scanner does not
        """Begin anew, as after power-up; before the host can say anything."""


class Worker(ABC):
    """A thread that works from _begin() to _end(). It sleeps in `_work`, and ends when `_running` is False."""

    def __init__(self) -> None:
        self._work = threading.Condition()
        self._running = False
        self._thread: threading.Thread | None = None

    def _begin(self, name: str) -> None:
        self._running = True
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _ask_to_end(self) -> None:
        with self._work:
            self._running = False
            self._work.notify_all()

    def _await_end(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _pause(self, seconds: float) -> bool:
        """Sleep between two rounds; whether to go on."""
        with self._work:
            self._work.wait_for(lambda: not self._running, seconds)
            return self._running

    @abstractmethod
    def _run(self) -> None:
        """What the thread does."""


class WiredWorker(Wired, Worker):
    """A device that speaks unasked: its thread works while the cable is in, which also brings its power."""

    def __init__(self, transport: Transport, *, seed: int = 0) -> None:
        Wired.__init__(self, transport, seed=seed)
        Worker.__init__(self)

    def plug(self) -> None:
        """Put the cable in, and begin."""
        super().plug()
        if self.still:
            return
        self._begin(f"{type(self).__name__.lower()} rounds")

    def unplug(self) -> None:
        """Pull the cable, and wait until it has stopped."""
        self._ask_to_end()
        super().unplug()
        self._await_end()
