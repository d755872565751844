"""The only wiring: reads -> decode -> smoothing -> place -> outbox -> ACK, and outbox -> server -> verdict."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from gateway.bell import Bell
from gateway.config import GatewayConfig, LocalPageConfig
from gateway.outbox import Outbox, OutboxError
from gateway.page import LocalPage, Sight
from gateway.pipeline import aside, health
from gateway.pipeline.answers import Answerer
from gateway.pipeline.check import Plan
from gateway.pipeline.devices import Changes, Devices
from gateway.pipeline.door import Door, Watch
from gateway.pipeline.flow import SWEEP_SECONDS, Flow
from gateway.pipeline.quota import quota_of
from gateway.pipeline.reload import Reloader
from gateway.pipeline.remote import Remote
from gateway.pipeline.way import make_link, make_transport, version
from gateway.uplink.clock import GatewayClock
from gateway.uplink.deliver import Deliverer
from gateway.uplink.heartbeat import Heartbeat
from gateway.uplink.http import Reply
from gateway.uplink.keeper import KeyKeeper
from gateway.uplink.keyring import Keyring

log = logging.getLogger(__name__)

#: What the last delivery of a stop may take.
DELIVERY_SECONDS = 2.0
#: How often the main thread looks whether the outbox is still sound and gateway.toml is still the same.
_LOOK_SECONDS = 5.0
_FIRST_BEAT_SECONDS = 0.5
#: A read on its way holds the flow for less than a thousandth of this.
_FREE_SECONDS = 2.0

Tell = Callable[[], None]


def _silent() -> None:
    """Nobody wants to know."""


class Gateway:
    """Everything between the readers and the server. run() blocks until `asked` rings or the outbox breaks."""

    def __init__(self, plan: Plan) -> None:
        config = plan.config
        #: Rung to end run(), by a signal or by any thread.
        self.asked = Bell()
        self._stop = threading.Event()
        self._faulty = False
        self._local_page = config.local_page
        self._threads: list[threading.Thread] = []
        clock = GatewayClock()
        self.outbox = Outbox.open(config.data_dir, quota_of(config), clock_suspect=clock.now().suspect)
        answerer = Answerer(self.outbox.epoch, clock.monotonic)
        self.flow = Flow(plan.devices, self.outbox, answerer, clock)
        self._answerer = answerer
        self.devices = Devices(plan, self.flow)
        self.reloader = Reloader(plan, self._adopt)
        self.page = LocalPage(Sight(lambda: health.status(self._parts), self.flow.explain))
        #: The way through a broker; None where the server is reached directly.
        self.link = make_link(config)
        self._transports = [make_transport(config, self.link), make_transport(config, self.link)]
        self._keyring = Keyring(config.server.key_file, config.server.key, self._use_key)
        self._keeper = KeyKeeper(self._keyring, self._transports[1], gateway=config.name, days=config.server.key_days)
        self.deliverer = Deliverer(self.outbox, self._transports[0], gateway=config.name, on_answers=answerer.answer)
        self._heartbeat = self._make_heartbeat(config, clock)
        self._remote = Remote(self.devices, self.reloader)
        if self.link is not None:
            self.link.on_command = self._remote.take
        self._parts = self._make_parts(config, clock)
        self._door = self._make_door(config)

    def _make_heartbeat(self, config: GatewayConfig, clock: GatewayClock) -> Heartbeat:
        return Heartbeat(
            self._transports[1],
            lambda: health.heartbeat(self._parts),
            gateway=config.name,
            clock=clock,
            heed=self._heed,
        )

    def _make_parts(self, config: GatewayConfig, clock: GatewayClock) -> health.Parts:
        return health.Parts(
            name=config.name,
            url=config.server.url,
            version=version(),
            started_at=time.time(),
            outbox=self.outbox,
            flow=self.flow,
            deliverer=self.deliverer,
            clock=clock,
            devices=self.devices,
            reloader=self.reloader,
            page=self.page,
            key=self._keeper.state,
            heartbeat_error=lambda: self._heartbeat.last_error,
        )

    def _make_door(self, config: GatewayConfig) -> Door:
        answers = {
            "status": lambda _wanted: health.status(self._parts),
            "set_aside": self._set_aside,
            "rotate_key": self._rotate_key,
        }
        return Door(config.data_dir, answers, self._watch)

    def run(self, *, on_ready: Tell = _silent, on_well: Tell = _silent, on_stop: Tell = _silent) -> bool:
        """Work until asked to end; False when the outbox or a thread broke and a restart must put it right.

        `on_well` is told every few seconds, as long as a read could be taken.
        """
        threading.excepthook = self._on_thread_fault
        # What was only needed to start makes room for reads.
        gc.collect()
        self.start()
        on_ready()
        while not self.asked.wait(_LOOK_SECONDS):
            if self.outbox.broken.is_set():
                break
            if (step := self._parts.clock.notice_step()) is not None:
                log.warning("clock_stepped", extra={"seconds": step})
            self.reloader.look()
            if self.flow.is_free(_FREE_SECONDS):
                on_well()
        on_stop()
        self.close()
        return not (self._faulty or self.outbox.broken.is_set())

    def start(self, *, devices: bool = True, uplink: bool = True) -> None:
        """Begin; the heartbeat goes first, because it tells the time."""
        log.info("gateway_started", extra={"epoch": self.outbox.epoch, "devices": len(self.devices)})
        if uplink:
            if self.link is not None:
                self._remote.start()
                self.link.start()
            self._begin("heartbeat", self._heartbeat.run)
            self._begin("uplink", self.deliverer.run)
            # A server that is there tells the time at once, and then no read needs a doubtful one.
            self._heartbeat.tried.wait(_FIRST_BEAT_SECONDS)
        self._begin("sweep", self._sweep)
        self._answerer.start()
        self._door.start()
        if devices:
            self.devices.start()
            self._show(self._local_page)

    def close(self, *, devices: bool = True) -> None:
        """Sources stop, the queue is committed, one last delivery is tried, the outbox is closed."""
        self._stop.set()
        self.page.stop()
        if devices:
            self.devices.stop()
        self.flow.restless.set()
        self._answerer.stop()
        self._heartbeat.stop()
        self.deliverer.stop(DELIVERY_SECONDS)
        until = time.monotonic() + DELIVERY_SECONDS + 0.5
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if self.link is not None:
            self.link.close()
        self._door.stop()
        backlog = self.outbox.figures().backlog if not self.outbox.broken.is_set() else None
        self.outbox.close()
        log.info("gateway_stopped", extra={"backlog": backlog})

    def _on_thread_fault(self, args: threading.ExceptHookArgs) -> None:
        """A gateway without its uplink or its answerer looks alive and is not: end it, to be started anew."""
        self._faulty = True
        self.asked.ring()
        part = args.thread.name if args.thread else "?"
        log.critical("thread_fault", extra={"part": part}, exc_info=args.exc_value or args.exc_type())

    def _adopt(self, wanted: Plan) -> Changes:
        changes = self.devices.adopt(wanted.devices)
        self._keyring.use(wanted.config.server.key)
        self._show(wanted.config.local_page)
        return changes

    def _show(self, config: LocalPageConfig | None) -> None:
        self.page.show(config)
        # Without a page nobody looks at the last reads, and none are kept.
        self.flow.recent = None if config is None else self.page.recent

    def _sweep(self) -> None:
        while not self._stop.is_set():
            self.flow.restless.wait()
            if not self._stop.wait(SWEEP_SECONDS):
                self.flow.sweep()

    def _use_key(self, key: str) -> None:
        for transport in self._transports:
            transport.use_key(key)

    def _heed(self, reply: Reply) -> None:
        """What the answer to a heartbeat means beside the time: a key is to be changed, and the server is there."""
        self._keeper.heed(reply)
        if reply.status == 200:
            self.deliverer.try_soon()

    def _rotate_key(self, _wanted: Mapping[str, Any]) -> Mapping[str, object]:
        """What the key is now; the heartbeat's thread changes it."""
        before = self._keeper.state()
        self._keeper.ask()
        self._heartbeat.beat_soon()
        return before

    def _set_aside(self, wanted: Mapping[str, Any]) -> Mapping[str, object]:
        try:
            return aside.act(self.outbox, wanted)
        except OutboxError as error:
            return {"error": str(error)}

    def _watch(self, watch: Watch | None) -> None:
        self.flow.watch = watch

    def _begin(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)
