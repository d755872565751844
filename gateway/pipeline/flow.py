"""One read's way through the gateway: decode, smooth, place, store; then the answerer takes over."""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gateway.decode import NO_RULES, Reading, decode, explain
from gateway.outbox import Outbox, OutboxError, OutboxFull
from gateway.page.recent import Recent, Seen
from gateway.pipeline.answers import Answerer, Question
from gateway.pipeline.check import PlannedDevice
from gateway.protocols.reads import CodeRead, CodeRules, InputChange, Read, TagRead
from gateway.smoothing import Sighting, Smoother
from gateway.sources import Source
from gateway.sources.base import Refuses
from gateway.stations import Stations
from gateway.supervisor import DeviceCounters
from gateway.uplink.clock import GatewayClock, Stamp
from orderlight.autoid import Identification
from orderlight.events import Event, EventKind

log = logging.getLogger(__name__)

#: How often a tag's silence is looked at.
SWEEP_SECONDS = 1.0
#: Refused scans remembered, so that scanning again at once is a new try and no repeat.
_MAX_REFUSED = 1000

Watch = Callable[[Mapping[str, object]], None]


class Flow:
    """take() is called by each device's thread; everything before the outbox happens under one lock."""

    def __init__(
        self, devices: Sequence[PlannedDevice], outbox: Outbox, answerer: Answerer, clock: GatewayClock
    ) -> None:
        self.watch: Watch | None = None
        #: The last reads, while there is a page to show them.
        self.recent: Recent | None = None
        self._outbox, self._answerer, self._clock = outbox, answerer, clock
        self._rules: dict[str, CodeRules] = {}
        self._kept_by_broker: set[str] = set()
        self._held: deque[tuple[Source, DeviceCounters, Read]] = deque()
        self._stations = Stations(())
        self._smoother = Smoother({}, self._stations.zone_of, decode=self._decode)
        # Tags of which nothing could be stored; not more than are present.
        self._untold: set[str] = set()
        self._refused: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._lock = threading.Lock()
        #: Events that no read of the moment made, from `gateway_started` on: readers lost and back, tags that left.
        self.own = 1
        #: Set while sweep() has something to look at; nothing wakes up in an idle gateway.
        self.restless = threading.Event()
        self.adopt(devices)

    def adopt(self, devices: Sequence[PlannedDevice]) -> None:
        """Take the reads of these devices from now on; the last reads of one that is gone are still understood."""
        with self._lock:
            self._rules |= {device.name: getattr(device.options, "rules", NO_RULES) for device in devices}
            # A broker sends what it keeps again only after a reconnect, so we try again.
            self._kept_by_broker = {d.name for d in devices if getattr(d.options, "kept_by_broker", False)}
            self._stations.adopt([device.table for device in devices])
            self._smoother.adopt(
                {device.name: device.smoothing for device in devices},
                {device.name: device.passage for device in devices if device.passage is not None},
            )

    # -- reads

    def take(self, source: Source, counters: DeviceCounters, read: Read) -> None:
        """Bring one read on its way to disk; the answerer acknowledges it after the commit."""
        self._answerer.wait_for_room()
        read_at = self._clock.monotonic()
        with self._lock:
            stamp = self._clock.now()
            sighting = self._smoother.observe(read, read_at, stamp.at)
            if sighting is None and self._was_refused(read):
                zone = self._stations.zone_of(read.reader, None)
                sighting = Sighting("code_scanned", self._decode(read), stamp.at, zone)
            event = None if sighting is None else self._stations.place(sighting, clock_suspect=stamp.suspect)
            ticket = None if event is None else self._outbox.append(event)
            if event is None and _is_for_nobody(read):
                # Nearly every read of a busy gate ends here.
                counters.filtered += 1
            else:
                # What the read means is on its way to disk already, and is not kept until it is there.
                settle = partial(self._settle, source, counters, read, sighting is not None)
                wants_tone = ticket is not None and isinstance(read, CodeRead)
                self._answerer.ask(Question(source, read, read_at, ticket, wants_tone, settle))
        if not (isinstance(read, CodeRead) or self.restless.is_set()):
            self.restless.set()
        self._show(read, event)

    def hear(self, change: InputChange) -> None:
        """An input of a reader changed. It is no event by itself, so there is nothing to store."""
        with self._lock:
            self._smoother.hear(change, self._clock.monotonic())
        self.restless.set()

    def forget_inputs(self, device: str) -> None:
        """A reader was lost, paused or stopped: how its inputs stand is unknown until it tells a change again."""
        with self._lock:
            self._smoother.forget_inputs(device)

    def is_free(self, seconds: float) -> bool:
        """Whether a read would be taken within `seconds`; False says that one on its way hangs."""
        if not self._lock.acquire(timeout=seconds):
            return False
        self._lock.release()
        return True

    def _decode(self, read: Read) -> Reading:
        return decode(read, self._rules[read.reader])

    def _was_refused(self, read: Read) -> bool:
        return isinstance(read, CodeRead) and (read.reader, read.raw) in self._refused

    def _settle(
        self,
        source: Source,
        counters: DeviceCounters,
        read: Read,
        is_news: bool,
        outcome: int | OutboxError,
    ) -> None:
        """After the commit, or instead of it."""
        if not is_news:
            counters.filtered += 1
        elif isinstance(outcome, int):
            counters.stored += 1
            self._remember_stored(read, outcome)
        else:
            counters.refused += 1
            self._refuse(source, counters, read, outcome)

    def _remember_stored(self, read: Read, sequence: int) -> None:
        if isinstance(read, CodeRead):
            with self._lock:
                self._refused.pop((read.reader, read.raw), None)
                self._smoother.stored(read, sequence)

    def _refuse(self, source: Source, counters: DeviceCounters, read: Read, error: OutboxError) -> None:
        """Whoever scanned hears it at once; a tag that finds no room gives way, and its message is done.

        While it stays it is tried again.
        """
        if not isinstance(read, CodeRead):
            if isinstance(error, OutboxFull):
                source.acknowledge(read)
                with self._lock:
                    self._untold.add(read.epc)
                self.restless.set()
            return
        if isinstance(source, Refuses) and read.reader not in self._kept_by_broker:
            source.refuse(read)
        source.feedback("stop")
        key = (read.reader, read.raw)
        with self._lock:
            if key not in self._refused:
                log.warning("scan_refused", extra={"device": source.name, "sentence": str(error)})
            if read.reader in self._kept_by_broker:
                self._held.append((source, counters, read))
                self.restless.set()
            self._refused[key] = None
            while len(self._refused) > _MAX_REFUSED:
                self._refused.popitem(last=False)

    # -- what no read tells

    def sweep(self) -> None:
        """Store the departures of tags that fell silent, and try again what found no room: codes that a broker still
        keeps for us, and tags that are read on."""
        self.restless.clear()
        held, self._held = self._held, deque()
        for source, counters, read in held:
            self.take(source, counters, read)
        with self._lock:
            for epc in self._untold:
                self._smoother.forget(epc)
            self._untold.clear()
            stamp = self._clock.now()
            sightings = self._smoother.sweep(self._clock.monotonic(), stamp.at)
            events = [self._stations.place(sighting, clock_suspect=stamp.suspect) for sighting in sightings]
            for event in events:
                self._outbox.append(event)
            self.own += len(events)
            if self._smoother.restless:
                self.restless.set()
        for event in events:
            self._show(None, event)

    def tell_lost(self, device: str, reason: str) -> None:
        """Store that a reader went away."""
        self._tell(EventKind.READER_LOST, device, {"detail": reason[:200]})

    def tell_recovered(self, device: str) -> None:
        """Store that it is back."""
        self._tell(EventKind.READER_RECOVERED, device, {})

    def _tell(self, kind: EventKind, device: str, extra: Mapping[str, str]) -> None:
        stamp: Stamp = self._clock.now()
        event = Event(
            sequence=0,
            kind=kind,
            observed_at=stamp.at,
            reader=device,
            clock_suspect=stamp.suspect,
            extra=extra,
        )
        self._outbox.append(event)
        with self._lock:
            self.own += 1
        self._show(None, event)

    def explain(self, read: Read) -> Identification:
        """What a read means, by the rules of its device."""
        return explain(read, self._rules.get(read.reader, NO_RULES))

    @property
    def tags_present(self) -> int:
        """How many tags are present now."""
        return self._smoother.present

    @property
    def counts(self) -> dict[str, int]:
        """What smoothing left out, by reason."""
        return dict(self._smoother.counts)

    def _show(self, read: Read | None, event: Event | None) -> None:
        """Let the page and `tail` see it; costs nothing while nobody looks."""
        recent = self.recent
        if recent is not None and read is not None:
            recent.note(Seen(self._clock.wall(), read, event))
        watch = self.watch
        if watch is None:
            return
        line: dict[str, object] = {}
        if isinstance(read, CodeRead):
            line = {"device": read.reader, "bytes": read.raw.decode("latin-1")}
        elif read is not None:
            line = {"device": read.reader, "epc": read.epc, "antenna": read.antenna, "rssi_dbm": read.rssi_dbm}
        watch(line | {"event": None if event is None else _before_storage(event)})


def _before_storage(event: Event) -> dict[str, object]:
    """The event as it is seen while it passes: its number is given when it is stored."""
    return {name: value for name, value in event.as_json().items() if name != "sequence"}


def _is_for_nobody(read: Read) -> bool:
    """Whether no device waits for word of a read that is not stored: a tag's that came without a message of its own."""
    return isinstance(read, TagRead) and read.delivery is None
