"""A fixed UHF RFID reader that publishes each tag read as JSON over MQTT 5, as the Impinj R700's IoT interface does."""

import base64
import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from simulators.devices.device import BOOT_SECONDS, Worker
from simulators.faults import Fault, Faults
from simulators.leaving import leave
from simulators.radio import RadioField, TagSeen

#: What cannot befall messages.
CANNOT_PUBLISH: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.WRONG_BAUD: "A network has no baud rate.",
        Fault.LOST_BYTE: "A network brings a message whole or not at all: use drop, or half-frame.",
    }
)
#: Every field that the reader's event configuration can switch on or off.
OPTIONAL_FIELDS: Final = (
    "hostname", "epc", "epcHex", "tid", "tidHex", "pc", "antennaPort", "antennaName", "peakRssiCdbm", "frequency",
    "transmitPowerCdbm", "lastSeenTime", "phaseAngle",
)  # fmt: skip
#: What a reader sends before anyone changes its configuration.
DEFAULT_FIELDS: Final = ("hostname", "epc", "antennaPort", "peakRssiCdbm", "lastSeenTime")


class Publisher(Protocol):
    """Where the reader's messages go: a broker, or a list in a test."""

    def publish(self, payload: bytes) -> None:
        """Send one message."""


class MqttPublisher:
    """Publishes to one topic with quality of service 1; reconnects by itself, and keeps what it could not send."""

    def __init__(self, port: int, topic: str, *, host: str = "127.0.0.1", client_id: str = "r700") -> None:
        self._topic = topic
        self._connected = threading.Event()
        self._address, self._client_id = (host, port), client_id
        self._user: tuple[str, str] | None = None
        self._client = self._make_client()

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=mqtt.MQTTv5)
        client.on_connect = self._on_connect
        client.on_disconnect = lambda *_: self._connected.clear()
        client.reconnect_delay_set(min_delay=1, max_delay=5)
        client.connect_async(*self._address, keepalive=30)
        if self._user is not None:
            client.username_pw_set(*self._user)
        return client

    def sign_in(self, username: str, password: str) -> None:
        """Use a user's name and password at the broker; before start()."""
        self._user = (username, password)
        self._client.username_pw_set(username, password)

    def start(self) -> None:
        """Begin to connect, in a thread of its own."""
        self._client.loop_start()

    def restart(self, *, after: float = 0.0) -> None:
        """Leave the broker, forget what was not sent, and come again `after` seconds later."""
        self.stop()
        time.sleep(after)
        self.start()

    def stop(self) -> None:
        """Say good-bye to the broker and forget what was not sent; start() comes again."""
        # A client that left cannot come again: the next start is another one's.
        left, self._client = self._client, self._make_client()
        leave(left)
        self._connected.clear()

    def wait_until_connected(self, timeout: float) -> bool:
        """Whether the broker accepted the connection within `timeout` seconds."""
        return self._connected.wait(timeout)

    def publish(self, payload: bytes) -> None:
        """Hand one message to the client, which sends it as soon as the broker is there."""
        self._client.publish(self._topic, payload, qos=1)

    def _on_connect(
        self, _client: object, _userdata: object, _flags: object, reason: ReasonCode, _more: object
    ) -> None:
        if not reason.is_failure:
            self._connected.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class R700Settings:
    """The reader's name, event configuration and rhythm."""

    hostname: str = "impinj-14-a7-01"
    fields: Sequence[str] = DEFAULT_FIELDS
    round_seconds: float = 0.1
    #: Chance per round of an event that is no tag read (the real reader sends several kinds).
    other_events: float = 0.02

    def __post_init__(self) -> None:
        unknown = [name for name in self.fields if name not in OPTIONAL_FIELDS]
        if unknown:
            raise ValueError(f"Failed to set up a reader: expected fields of {OPTIONAL_FIELDS}, got {unknown}.")


def tag_event(seen: TagSeen, at: datetime, settings: R700Settings) -> dict[str, object]:
    """The JSON object of one read; EPC and TID are base64url, strength is in hundredths of a dBm."""
    epc = bytes.fromhex(seen.epc)
    tid = b"\xe2\x80\x11\x91" + epc[-8:]
    stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"
    everything: dict[str, object] = {
        "epc": base64.urlsafe_b64encode(epc).decode().rstrip("="),
        "epcHex": seen.epc,
        "tid": base64.urlsafe_b64encode(tid).decode().rstrip("="),
        "tidHex": tid.hex().upper(),
        "pc": base64.urlsafe_b64encode((len(epc) // 2 << 11).to_bytes(2)).decode(),
        "antennaPort": seen.antenna,
        "antennaName": f"Antenna {seen.antenna}",
        "peakRssiCdbm": round(seen.rssi_dbm * 100),
        "frequency": 866300,
        "transmitPowerCdbm": 3000,
        "lastSeenTime": stamp,
        "phaseAngle": round(abs(seen.rssi_dbm * 7.3) % 360, 1),
    }
    event: dict[str, object] = {"timestamp": stamp, "eventType": "tagInventory"}
    if "hostname" in settings.fields:
        event["hostname"] = settings.hostname
    event["tagInventoryEvent"] = {name: value for name, value in everything.items() if name in settings.fields}
    return event


class R700(Worker):
    """One reader: an inventory round every `round_seconds`, one message per read."""

    def __init__(
        self,
        publisher: Publisher,
        field: RadioField,
        settings: R700Settings | None = None,
        *,
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.faults = Faults(seed, cannot=CANNOT_PUBLISH)
        self.field = field
        self.settings = settings or R700Settings()
        #: Messages sent since the start.
        self.published = 0
        self._publisher = publisher
        self._random = random.Random(seed)
        self._clock = clock
        self._wall_clock = wall_clock

    def plug(self) -> None:
        """Begin the inventory."""
        self._begin("r700 rounds")

    def unplug(self) -> None:
        """End the inventory."""
        self._ask_to_end()
        self._await_end()

    def reboot(self, seconds: float = BOOT_SECONDS) -> None:
        """Be away for so long; what waited for the broker is lost."""
        self.unplug()
        if isinstance(self._publisher, MqttPublisher):
            self._publisher.restart(after=seconds)
        self.plug()

    def do_round(self) -> None:
        """One inventory round: publish what the antennas read."""
        at = self.faults.clock(self._wall_clock())
        for seen in self.field.round(self._clock()):
            self._publish(tag_event(seen, at, self.settings))
        if self._random.random() < self.settings.other_events:
            self._publish({"timestamp": at.isoformat(), "eventType": "inventoryStatus", "inventoryStatusEvent": {}})

    def _run(self) -> None:
        while self._pause(self.settings.round_seconds):
            self.do_round()

    def _publish(self, event: dict[str, object]) -> None:
        for piece in self.faults.spoil(json.dumps(event).encode()).pieces:
            self._publisher.publish(piece)
            self.published += 1
