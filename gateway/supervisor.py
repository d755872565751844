"""Keeps one device alive: a lost reader is a state with back-off, whatever made it go away."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from gettext import gettext as _

from gateway.protocols.reads import DevicePhase, DeviceState, InputChange, Sign
from gateway.sources import Emit, Source, SourceLost

log = logging.getLogger(__name__)

FIRST_SECONDS = 0.2
LARGEST_SECONDS = 5.0
#: A device that stays for so long is well again; one that goes sooner is left in peace longer each time.
STEADY_SECONDS = 5.0
_READS = (DevicePhase.READY, DevicePhase.DEGRADED)


def _unheeded(_name: str) -> None:
    """Nobody wants to know."""


@dataclass(slots=True)
class DeviceCounters:
    """A device's reads on their way; equal figures from left to right mean that nothing is held up."""

    read: int = 0
    filtered: int = 0
    stored: int = 0
    refused: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """A device as the status shows it; times are seconds since 1970 by the local clock."""

    name: str
    driver: str
    phase: DevicePhase
    detail: str | None
    since: float
    last_read_at: float | None
    counters: DeviceCounters
    source: dict[str, int]


class Supervisor:
    """One device's thread. `on_lost` and `on_recovered` are told once for each change, `on_away` whenever it ends to
    read: when it is lost, connects anew, is paused or stopped."""

    def __init__(
        self,
        source: Source,
        driver: str,
        *,
        emit: Emit,
        on_lost: Callable[[str, str], None],
        on_recovered: Callable[[str], None],
        on_away: Callable[[str], None] = _unheeded,
        share: Callable[[], float] = random.random,
    ) -> None:
        self.source = source
        self.counters = DeviceCounters()
        self._driver, self._emit, self._share = driver, emit, share
        self._on_lost, self._on_recovered, self._on_away = on_lost, on_recovered, on_away
        self._stop = threading.Event()
        # What the source looks at: set by a stop and by a pause.
        self._halt = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._turn = threading.Lock()
        self._state = self._at_stop = DeviceState(DevicePhase.CONNECTING)
        self._since = time.time()
        self._last_read_at: float | None = None
        self._failures = 0
        self._ready_at: float | None = None
        self._thread = threading.Thread(target=self.run, name=f"device-{source.name}", daemon=True)

    @property
    def name(self) -> str:
        """The device's name."""
        return self.source.name

    def follow(self, before: "Supervisor") -> None:
        """Take the place of one that has stopped, before start(): a loss that was told goes on, so that its end is told
        too."""
        self._last_read_at = before._last_read_at
        if before._at_stop.phase is DevicePhase.LOST:
            self._state, self._since = before._at_stop, before._since

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; join() waits for it."""
        if not self._stop.is_set():
            self._at_stop = self._state
        with self._turn:
            self._stop.set()
            self._halt.set()
            self._going.set()
        self.source.cancel()

    def pause(self) -> None:
        """Let the device go until resume(); a stop ends it all the same."""
        with self._turn:
            if not self._stop.is_set():
                self._going.clear()
                self._halt.set()
        self.source.cancel()

    def resume(self) -> None:
        """Open the device again; does nothing where it was not paused."""
        with self._turn:
            if not self._stop.is_set():
                self._halt.clear()
            self._going.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end; False when the device did not let go in time."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def health(self) -> DeviceHealth:
        """How the device is now."""
        return DeviceHealth(
            self.name,
            self._driver,
            self._state.phase,
            self._state.detail,
            self._since,
            self._last_read_at,
            self.counters,
            self.source.counters(),
        )

    def run(self) -> None:
        """Run the source again and again until stop()."""
        while not self._stop.is_set():
            self._lose(self._run_once())
            if self._going.is_set():
                self._halt.wait(self._pause())
            if not self._going.is_set():
                self._rest()
        self._show(DeviceState(DevicePhase.STOPPED))

    def _rest(self) -> None:
        before = self._state
        self._show(DeviceState(DevicePhase.STOPPED, _("Paused by a command; resume it at the server.")))
        self._going.wait()
        if before.phase is DevicePhase.LOST and not self._stop.is_set():
            # Its loss was told, and so its end shall be.
            self._show(before)

    def _run_once(self) -> str:
        """One life of the source; give the reason of its end."""
        try:
            self.source.run(self._take, self._halt, self._hear)
        except SourceLost as lost:
            return lost.reason
        except Exception as error:
            # The one place where anything is caught: a fault in one device must not end the others.
            log.exception("device_fault", extra={"device": self.name})
            return _("The driver has a fault: {error}.").format(error=error)
        return _("The driver ended by itself.")

    def _pause(self) -> float:
        if self._ready_at is not None and time.monotonic() - self._ready_at >= STEADY_SECONDS:
            self._failures = 0
        self._ready_at = None
        limit = min(LARGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self._failures, 16))
        self._failures += 1
        # Half of the pause is sure, so that a port that fails at once never turns into a busy loop.
        return limit * (0.5 + 0.5 * self._share())

    def _take(self, read: Sign) -> None:
        if not isinstance(read, InputChange):
            self.counters.read += 1
            self._last_read_at = time.time()
        try:
            self._emit(read)
        except Exception:
            # A read that we cannot handle must not look like a broken reader; its bytes go to the log.
            self.counters.failed += 1
            log.exception("read_failed", extra={"device": self.name, "read": repr(read)})

    def _hear(self, state: DeviceState) -> None:
        """The source reports; while it is lost, new attempts are not worth a word."""
        if state.phase is DevicePhase.CONNECTING and self._state.phase is DevicePhase.LOST:
            return
        if state.phase is DevicePhase.LOST:
            self._lose(state.detail or "")
            return
        was_lost = self._state.phase is DevicePhase.LOST
        reads = state.phase in _READS
        if reads:
            self._ready_at = time.monotonic()
            # A device that has something to complain about reads, and still wants a person.
            state = DeviceState(DevicePhase.DEGRADED if state.detail else DevicePhase.READY, state.detail)
        self._show(state)
        if was_lost and reads:
            self._on_recovered(self.name)

    def _lose(self, reason: str) -> None:
        if self._halt.is_set():
            return
        news = self._state.phase is not DevicePhase.LOST
        self._show(DeviceState(DevicePhase.LOST, reason))
        if news:
            self._on_lost(self.name, reason)

    def _show(self, state: DeviceState) -> None:
        if state == self._state:
            return
        if state.phase is not self._state.phase:
            self._since = time.time()
        if self._state.phase in _READS and state.phase not in _READS:
            self._on_away(self.name)
        # An unplugged port fails in other words when it is opened again: the state shows them, the log has its line.
        is_news = not self._state.phase is state.phase is DevicePhase.LOST
        self._state = state
        if not is_news:
            return
        level = logging.WARNING if state.phase in (DevicePhase.LOST, DevicePhase.DEGRADED) else logging.INFO
        extra = {"device": self.name} | ({"sentence": state.detail} if state.detail else {})
        log.log(level, "device_" + state.phase.value, extra=extra)
