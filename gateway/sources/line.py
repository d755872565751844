"""A device that sends lines, on a serial port or over TCP."""

import threading
import time

from gateway.protocols.feedback import ACK, NAK, feedback_bytes
from gateway.protocols.line import LineFormat, LineFramer
from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState, Read
from gateway.sources.base import Emit, Report
from gateway.sources.link import LONGEST_WAIT, Link, SessionEnded


class LineSource:
    """Reads codes from one scanner, and shows it verdicts; see sources.base.Source for the contract."""

    def __init__(self, name: str, options: LineFormat, link: Link) -> None:
        self.name = name
        self._options = options
        self._link = link
        self._opened = 0
        self._reads = 0
        self._faults = 0
        self._noise_bytes = 0

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """Read until `stop`; raises SourceLost when the device goes away."""
        state(DeviceState(DevicePhase.CONNECTING))
        with self._link as link:
            for _session in link.sessions(stop, lambda word: state(DeviceState(DevicePhase.CONNECTING, word))):
                # Reads carry the number of this opening, so that an ACK never reaches a scanner that was
                # unplugged in between and waits for another one.
                self._opened += 1
                state(DeviceState(DevicePhase.READY))
                self._read_session(link, emit, stop)
        state(DeviceState(DevicePhase.STOPPED))

    def _read_session(self, link: Link, emit: Emit, stop: threading.Event) -> None:
        framer = LineFramer(self.name, self._options, delivery=self._opened)
        try:
            self._read_lines(framer, link, emit, stop)
        except SessionEnded:
            # The device may come again; sessions() knows how long that is waited for.
            return
        finally:
            self._pass_on(framer.close(), emit)
            self._noise_bytes += framer.noise_bytes

    def _read_lines(self, framer: LineFramer, link: Link, emit: Emit, stop: threading.Event) -> None:
        heard_at = time.monotonic()
        while not stop.is_set():
            silence_left = max(0.0, heard_at + framer.gap - time.monotonic())
            data = link.read(silence_left if framer.waiting else LONGEST_WAIT)
            if data:
                heard_at = time.monotonic()
                self._pass_on(framer.feed(data), emit)
            elif framer.waiting and time.monotonic() - heard_at >= framer.gap:
                # Only what was looked for and did not come is silence: emit() may have taken longer than the gap.
                self._pass_on(framer.idle(), emit)

    def _pass_on(self, reads: list[CodeRead], emit: Emit) -> None:
        self._reads += len(reads)
        for read in reads:
            if read.fault is not None:
                self._faults += 1
            emit(read)

    def feedback(self, signal: str) -> None:
        """Show ok, warn, stop or stored by the vendor's own beeps and lights."""
        self._link.play(feedback_bytes(self._options.feedback, signal))

    def acknowledge(self, read: Read) -> None:
        """ACK where the scanner waits for it; NAK for half a code, so that the scanner sends it again."""
        half = isinstance(read, CodeRead) and read.fault is not None and not read.truncated
        self._answer(read, NAK if half else ACK)

    def refuse(self, read: Read) -> None:
        """NAK where the scanner waits for an answer: it keeps the code and sends it again."""
        self._answer(read, NAK)

    def _answer(self, read: Read, answer: bytes) -> None:
        if self._options.ack != "none" and read.delivery == self._opened:
            self._link.post(answer)

    def cancel(self) -> None:
        """Let run() look at `stop` now."""
        self._link.wake()

    def counters(self) -> dict[str, int]:
        """reads, faults, noise_bytes and unsent answers and tones since the start."""
        return {
            "reads": self._reads,
            "faults": self._faults,
            "noise_bytes": self._noise_bytes,
            "unsent": self._link.unsent,
        }
