"""The gateway's end of a device, in this process: a source run once, or a driver under its supervisor.

Tests of real wires and of simulated devices listen here to what the gateway would have got.
"""

import queue
import threading
from typing import Final, Self

from gateway.protocols import parse_options
from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState, Read, Sign, TagRead
from gateway.sources import Emit, Source, SourceLost, make_source
from gateway.supervisor import Supervisor

#: Seconds that a device has on a busy machine.
PATIENCE: Final = 15.0


class Running:
    """A source in a thread of its own, as the supervisor runs it once.

    Reads are acknowledged if it `stores` them, or as `emit` does.
    """

    def __init__(self, source: Source, emit: Emit | None = None, *, stores: bool = False) -> None:
        self.source = source
        self.reads: queue.Queue[Read] = queue.Queue()
        self.states: queue.Queue[DeviceState] = queue.Queue()
        self.stop = threading.Event()
        self.lost: SourceLost | None = None
        self._emit, self._stores = emit or self._keep, stores
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.source.run(self._emit, self.stop, self.states.put)
        except SourceLost as lost:
            self.lost = lost

    def _keep(self, sign: Sign) -> None:
        if isinstance(sign, Read):
            self.reads.put(sign)
            if self._stores:
                self.source.acknowledge(sign)

    def __enter__(self) -> Self:
        self._thread.start()
        return self._reach(DevicePhase.CONNECTING)

    def ready(self) -> Self:
        """Wait until it reads."""
        return self._reach(DevicePhase.READY)

    def _reach(self, phase: DevicePhase) -> Self:
        found = self.states.get(timeout=PATIENCE)
        assert found.phase is phase, found
        return self

    def __exit__(self, *_ended: object) -> None:
        self.stop.set()
        self.source.cancel()
        self.ended()

    def ended(self) -> SourceLost | None:
        """Wait until it has ended; why, where it lost its device."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.lost

    def code(self) -> CodeRead:
        """The next read, which is of a code."""
        read = self.reads.get(timeout=PATIENCE)
        assert isinstance(read, CodeRead)
        return read

    def codes(self, count: int) -> list[bytes]:
        """The next so many codes."""
        return [self.code().raw for _ in range(count)]

    def is_quiet(self, seconds: float = 0.3) -> bool:
        """Whether nothing more is read in this time."""
        try:
            self.reads.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


class Watched:
    """A driver under its supervisor, with all it says; every read is acknowledged as the pipeline would."""

    def __init__(self, driver: str, table: dict[str, object]) -> None:
        self.reads: queue.Queue[Read] = queue.Queue()
        self.lost: queue.Queue[str] = queue.Queue()
        self.back: queue.Queue[str] = queue.Queue()
        self.source = make_source("reader-1", parse_options(driver, table), gateway="gw-1")
        self._supervisor = Supervisor(
            self.source,
            driver,
            emit=self._emit,
            on_lost=lambda _name, reason: self.lost.put(reason),
            on_recovered=self.back.put,
            share=lambda: 0.0,
        )

    def _emit(self, sign: Sign) -> None:
        if isinstance(sign, Read):
            self.reads.put(sign)
            self.source.acknowledge(sign)

    def __enter__(self) -> Self:
        self._supervisor.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self._supervisor.stop()
        assert self._supervisor.join(PATIENCE)
        assert self._supervisor.health().phase is DevicePhase.STOPPED

    def is_ready(self) -> bool:
        """Whether it reads now."""
        return self._supervisor.health().phase is DevicePhase.READY

    def said(self) -> str:
        """The next read: a tag's EPC, or a code without the name of its symbology."""
        read = self.reads.get(timeout=PATIENCE)
        return read.epc if isinstance(read, TagRead) else read.raw.decode().removeprefix("]C0")
