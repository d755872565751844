"""Readers on an MQTT bus. One thread owns the client: paho's own network thread dies of an exception unseen."""

import dataclasses
import ssl
import threading
import time
from collections import Counter, deque
from gettext import gettext as _
from pathlib import Path
from typing import Final

from gateway.protocols.json_inputs import input_changes
from gateway.protocols.mqtt_json import JsonReader, MqttOptions
from gateway.protocols.reads import DevicePhase, DeviceState, Read
from gateway.sources.base import Emit, Report, SourceLost, Surroundings
from gateway.sources.broker import Broker, Message
from gateway.sources.deliveries import Arrival, Deliveries
from gateway.wake import Waker

LONGEST_WAIT: Final = 0.5
#: Connect, CONNACK and SUBACK together may take so long.
GREETING_SECONDS: Final = 10.0


class MqttSource:
    """Reads one device's topics; see sources.base.Source for the contract.

    A message is acknowledged to the broker when every read in it was acknowledged to us, which is after it is
    on disk: the broker keeps what a crash would lose, and never has more than max_in_flight of them under way.
    """

    def __init__(self, name: str, options: MqttOptions, *, client_id: str) -> None:
        self.name = name
        self._options = options
        self._client_id = options.client_id or client_id
        self._reader = JsonReader(name, options)
        self._waker = Waker()
        self._deliveries = Deliveries()
        # Tokens of stored reads, put here by any thread; paho itself is only touched by the thread of run().
        self._stored: deque[int] = deque()
        self._refused: deque[int] = deque()
        self._counts: Counter[str] = Counter()

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """Read until `stop`; raises SourceLost when the broker goes away, refuses us or does not answer."""
        state(DeviceState(DevicePhase.CONNECTING))
        with self._connect() as broker:
            patience_until = time.monotonic() + GREETING_SECONDS
            while not stop.is_set():
                was_ready = broker.ready
                messages = broker.turn(self._waker, LONGEST_WAIT)
                if broker.resumed is not None:
                    self._deliveries.connected(resumed=broker.take_resumed())
                if broker.ready and not was_ready:
                    state(DeviceState(DevicePhase.READY))
                elif not broker.ready and time.monotonic() > patience_until:
                    raise SourceLost(_("The broker {broker} does not answer.").format(broker=broker.address))
                for message in messages:
                    self._receive(message, broker, emit)
                self._settle(broker)
        state(DeviceState(DevicePhase.STOPPED))

    def _connect(self) -> Broker:
        options = self._options
        return Broker(options, client_id=self._client_id, password=_password(options), tls=_tls(options))

    def _receive(self, message: Message, broker: Broker, emit: Emit) -> None:
        if message.retained:
            # A retained message is a state of some time ago, not something read now.
            self._counts["retained"] += 1
            broker.acknowledge(message.packet)
            return
        for change in input_changes(self.name, message.payload):
            self._counts["inputs"] += 1
            emit(change)
        if message.packet is None:
            for read in self._reader.feed(message.payload):
                emit(read)
            return
        arrival = self._deliveries.arrived(message.packet, message.payload, again=message.again)
        self._counts["again"] += arrival is not Arrival.NEW
        if arrival is Arrival.SETTLED:
            broker.acknowledge(message.packet)
        elif arrival is Arrival.NEW:
            self._emit_new(message.packet, message.payload, broker, emit)

    def _emit_new(self, packet: int, payload: bytes, broker: Broker, emit: Emit) -> None:
        reads = self._reader.feed(payload)
        if not reads:
            broker.acknowledge(packet)
            return
        token = self._deliveries.emitted(packet, payload, len(reads))
        for read in reads:
            emit(dataclasses.replace(read, delivery=token))

    def _settle(self, broker: Broker) -> None:
        while self._stored:
            packet = self._deliveries.stored(self._stored.popleft())
            broker.acknowledge(packet)
        if self._refused:
            while self._refused:
                self._deliveries.refused(self._refused.popleft())
            # A broker sends a message again only after a new connection (MQTT 5.0 section 4.4).
            raise SourceLost(_("A read could not be stored, so the broker is asked for it again."))

    def acknowledge(self, read: Read) -> None:
        """This read is stored; the broker is told when it was the last of its message."""
        if read.delivery is not None:
            self._stored.append(read.delivery)
            self._waker.wake()

    def refuse(self, read: Read) -> None:
        """This read could not be stored: its message is fetched again by a new connection."""
        if read.delivery is not None:
            self._refused.append(read.delivery)
            self._waker.wake()

    def feedback(self, signal: str) -> None:
        """Nothing: readers on the bus have no agreed way to show a verdict."""

    def cancel(self) -> None:
        """Let run() look at `stop` now."""
        self._waker.wake()

    def counters(self) -> dict[str, int]:
        """messages, tags, codes, faults, ignored by kind, retained, sent again, and waiting for their storage."""
        return {**self._reader.counts, **self._counts, "waiting": len(self._deliveries)}


def _password(options: MqttOptions) -> str | None:
    if not options.password_file:
        return None
    try:
        return Path(options.password_file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceLost(_("The password file could not be read: {error}.").format(error=error)) from error


def _tls(options: MqttOptions) -> ssl.SSLContext | None:
    if not options.tls and not options.ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=options.ca_file or None)
    except OSError as error:
        raise SourceLost(
            _("The certificate file {path} could not be used: {error}.").format(path=options.ca_file, error=error)
        ) from error


def make(name: str, options: MqttOptions, around: Surroundings) -> MqttSource:
    """The source of one device."""
    return MqttSource(name, options, client_id=f"orderlight-{around.gateway}-{name}")
