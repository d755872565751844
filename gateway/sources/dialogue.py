"""A device that is talked to, on any wire: a machine says what to send and when, this source sends and reads."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from gateway.protocols import Machine
from gateway.protocols.reads import DevicePhase, DeviceState, Read, Sign
from gateway.sources.base import Emit, Report, SourceLost
from gateway.sources.link import LONGEST_WAIT, Link, SessionEnded

#: Acknowledgements and signals from other threads that may wait for the reading thread; older ones are dropped.
MAX_INBOX: Final = 4096


class DialogueSource:
    """Runs one machine over one link; see sources.base.Source for the contract."""

    def __init__(self, name: str, machine: Machine, link: Link) -> None:
        self.name = name
        self._machine = machine
        self._link = link
        self._inbox: deque[Callable[[], None]] = deque(maxlen=MAX_INBOX)
        self._told: DeviceState | None = None

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """Read until `stop`; raises SourceLost when the device goes away or the machine gives it up."""
        state(DeviceState(DevicePhase.CONNECTING))
        with self._link as link:
            for _session in link.sessions(stop, lambda word: state(DeviceState(DevicePhase.CONNECTING, word))):
                self._told = None
                try:
                    self._talk(link, emit, stop, state)
                except SessionEnded:
                    # The device may come again; sessions() knows how long that is waited for.
                    continue
        state(DeviceState(DevicePhase.STOPPED))

    def _talk(self, link: Link, emit: Emit, stop: threading.Event, state: Report) -> None:
        machine = self._machine
        # What is stored after the connection broke is no news to the next one.
        self._inbox.clear()
        machine.open(time.monotonic())
        while not stop.is_set():
            self._send(link)
            data = link.read(min(LONGEST_WAIT, max(0.0, machine.next_at() - time.monotonic())))
            now = time.monotonic()
            if data:
                self._pass_on(machine.feed(data, now), emit)
            if now >= machine.next_at():
                self._pass_on(machine.tick(now), emit)
            self._announce(state)
        machine.close()
        self._send(link)
        link.read(0)

    def _send(self, link: Link) -> None:
        while self._inbox:
            self._inbox.popleft()()
        for command in self._machine.commands():
            link.post(command)

    def _pass_on(self, signs: Iterable[Sign], emit: Emit) -> None:
        for sign in signs:
            emit(sign)

    def _announce(self, state: Report) -> None:
        machine = self._machine
        if machine.dead is not None:
            raise SourceLost(machine.dead)
        if machine.ready:
            now = DeviceState(DevicePhase.READY, machine.trouble)
            if now != self._told:
                self._told = now
                state(now)

    def _later(self, act: Callable[[], None]) -> None:
        self._inbox.append(act)
        self._link.wake()

    def acknowledge(self, read: Read) -> None:
        """This read is stored; the device hears it if its protocol has a word for that."""
        if read.delivery is not None:
            self._later(partial(self._machine.acknowledge, read))

    def refuse(self, read: Read) -> None:
        """This read could not be stored; the device is asked for it again if its protocol can."""
        if read.delivery is not None:
            self._later(partial(self._machine.refuse, read))

    def feedback(self, signal: str) -> None:
        """Show ok, warn, stop or stored, where the device can."""
        if self._link.is_open:
            self._later(partial(self._machine.feedback, signal))

    def cancel(self) -> None:
        """Let run() look at `stop` now."""
        self._link.wake()

    def counters(self) -> dict[str, int]:
        """What the machine saw and left out, and what the device did not take, since the start."""
        return {**self._machine.counts, "unsent": self._link.unsent}
