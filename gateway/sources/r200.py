"""A serial UHF RFID module of the R200 family."""

import threading
import time
from gettext import gettext as _
from typing import Final

from gateway.protocols.r200 import R200Options, R200Parser
from gateway.protocols.r200_polling import R200Poller
from gateway.protocols.reads import DevicePhase, DeviceState, Read, TagRead
from gateway.sources.base import Emit, Report, SourceLost, Surroundings
from gateway.sources.link import LONGEST_WAIT
from gateway.sources.port import LineSettings, Port

#: Silence in the middle of a frame after which its rest will not come. A frame takes 80 ms at 9600 baud; a driver or an
#: adapter that is busy holds back its other half for longer. Only what hides behind noise is read so much later.
FRAME_GAP: Final = 0.5
#: How long one look for the rest of a frame takes.
LOOK: Final = 0.1
#: Unanswered questions in a row after which the module is given up, to be opened anew.
MISSES_ALLOWED: Final = 6


class Silence:
    """How long a port was listened to in vain. A look that took longer than it should counts as one: meanwhile the
    whole machine may have stood still, and the other side with it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def broken(self) -> None:
        """Something came."""
        self.seconds = 0.0

    def lasted(self, looked: float, took: float) -> None:
        """Nothing came in a look for `looked` seconds, which ended after `took`."""
        self.seconds += min(looked, took)


class R200Source:
    """Polls one module and reads its tags; see sources.base.Source for the contract."""

    def __init__(self, name: str, options: R200Options) -> None:
        self.name = name
        self._options = options
        self._port = Port(LineSettings(path=options.port, baud=options.baud))
        self._parser = R200Parser(name, options)

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """Read until `stop`; raises SourceLost when the port goes away or the module does not answer."""
        state(DeviceState(DevicePhase.CONNECTING))
        with self._port as port:
            poller = R200Poller(self._options, self._parser, time.monotonic())
            for command in poller.start():
                port.post(command)
            try:
                self._poll(poller, port, stop, _Announcer(emit, state, self._parser))
            finally:
                self._parser.close()
            port.post(poller.stop())
            port.read(0)
        state(DeviceState(DevicePhase.STOPPED))

    def _poll(self, poller: R200Poller, port: Port, stop: threading.Event, announce: "_Announcer") -> None:
        silence = Silence()
        while not stop.is_set():
            began = time.monotonic()
            for command in poller.due(began):
                port.post(command)
            self._give_up_on(poller)
            patience = self._patience(poller, began)
            data = port.read(patience)
            now = time.monotonic()
            if data:
                silence.broken()
                announce.reads(self._heard(data, poller, now))
            else:
                silence.lasted(patience, now - began)
                if self._parser.waiting and silence.seconds >= FRAME_GAP:
                    announce.reads(self._parser.idle())
            announce.state()

    def _heard(self, data: bytes, poller: R200Poller, now: float) -> list[TagRead]:
        before = self._parser.counts["frames"]
        reads = self._parser.feed(data)
        if self._parser.counts["frames"] > before:
            poller.heard(now)
        return reads

    def _patience(self, poller: R200Poller, now: float) -> float:
        until_question = max(0.0, poller.next_at() - now)
        return min(until_question, LOOK if self._parser.waiting else LONGEST_WAIT)

    def _give_up_on(self, poller: R200Poller) -> None:
        if poller.missed >= MISSES_ALLOWED:
            raise SourceLost(
                _("The module at {port} does not answer: check its power, and baud in gateway.toml.").format(
                    port=self._options.port
                )
            )

    def feedback(self, signal: str) -> None:
        """Nothing: these modules have neither a beeper nor a light of their own."""

    def acknowledge(self, read: Read) -> None:
        """Nothing: a tag that stays is read again, so the module waits for no answer."""

    def refuse(self, read: Read) -> None:
        """Nothing, for the same reason."""

    def cancel(self) -> None:
        """Let run() look at `stop` now."""
        self._port.wake()

    def counters(self) -> dict[str, int]:
        """frames, tags, no_tag, bad_frames, bad_crc, noise_bytes and errors since the start."""
        return dict(self._parser.counts)


class _Announcer:
    """Passes on reads, and the state of the module only when it changes."""

    def __init__(self, emit: Emit, report: Report, parser: R200Parser) -> None:
        self._emit = emit
        self._report = report
        self._parser = parser
        self._frames_before = parser.counts["frames"]
        self._last: DeviceState | None = None

    def reads(self, reads: list[TagRead]) -> None:
        for read in reads:
            self._emit(read)

    def state(self) -> None:
        if self._parser.counts["frames"] == self._frames_before:
            return
        errors = self._parser.take_errors()
        detail = _("The module says: {error}.").format(error=errors[-1]) if errors else None
        state = DeviceState(DevicePhase.READY, detail)
        if self._last is None or (errors and state != self._last):
            self._last = state
            self._report(state)


def make(name: str, options: R200Options, _around: Surroundings) -> R200Source:
    """The source of one device."""
    return R200Source(name, options)
