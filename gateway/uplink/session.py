"""One connection to the broker that stands between this gateway and the server."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.mqtt import BrokerAccess, Connection
from gateway.wake import Waker
from orderlight.events import topics
from orderlight.events.topics import Leaf

#: What a packet holds beside its body: topic, key, correlation and the other properties.
ENVELOPE_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message for us: an answer or a command."""

    leaf: Leaf
    body: bytes
    correlation: bytes
    told: dict[str, str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message of ours. `seconds`: after this time nobody waits for it any more."""

    leaf: Leaf
    body: bytes
    correlation: bytes
    key: str | None = None
    seconds: float | None = None


class Session(Connection):
    """A context manager: connects on entry, says goodbye on exit. All of it belongs to one thread."""

    def __init__(self, access: BrokerAccess, gateway: str, version: str) -> None:
        mine = [topics.topic(gateway, leaf) for leaf in (Leaf.ANSWERS, Leaf.COMMANDS)]
        super().__init__(access, mine)
        self._gateway, self._version = gateway, version
        #: The largest packet that the broker takes; None where it told of no limit.
        self.largest: int | None = None
        #: Messages that were no answer and no command of now: kept by the broker, or without a correlation.
        self.strays = 0
        self._arrived: list[Incoming] = []
        self._acked: list[tuple[int, ReasonCode]] = []
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        # Told by the broker in our name once it does not hear us any more.
        self._client.will_set(topics.topic(gateway, Leaf.STATE), self._state("offline"), qos=1, retain=True)

    def turn(self, waker: Waker, seconds: float) -> list[Incoming]:
        """Wait for traffic or a wake, handle it, give what arrived. Raises BrokerLost."""
        self._handle(waker, seconds)
        arrived, self._arrived = self._arrived, []
        if not arrived:
            self._require_alive()
        return arrived

    def acked(self) -> list[tuple[int, ReasonCode]]:
        """What the broker said of messages of ours, since it was asked last."""
        acked, self._acked = self._acked, []
        return acked

    def send(self, message: Outgoing) -> int:
        """Publish; gives the number under which acked() tells of it."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = topics.JSON
        properties.CorrelationData = message.correlation
        if message.key is not None:
            properties.ResponseTopic = topics.topic(self._gateway, Leaf.ANSWERS)
            properties.UserProperty = (topics.KEY, message.key)
        if message.seconds is not None:
            properties.MessageExpiryInterval = max(1, int(message.seconds))
        topic = topics.topic(self._gateway, message.leaf)
        return self._client.publish(topic, message.body, qos=1, properties=properties).mid

    def tell_state(self, state: str) -> int:
        """Publish online or offline, so that the broker keeps it for whoever asks later."""
        return self._client.publish(topics.topic(self._gateway, Leaf.STATE), self._state(state), qos=1, retain=True).mid

    def _state(self, state: str) -> bytes:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        return json.dumps({"state": state, "version": self._version, "since": since}).encode()

    def _greeted(self, flags: paho.ConnectFlags, properties: Properties | None) -> None:
        self.largest = getattr(properties, "MaximumPacketSize", None)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self.acknowledge(message.mid if message.qos else None)
        found = topics.parse_topic(message.topic)
        correlation = getattr(message.properties, "CorrelationData", None)
        if found is None or message.retain or not correlation:
            # A retained answer or command is of some time ago, whoever put it there.
            self.strays += 1
            return
        told = dict(getattr(message.properties, "UserProperty", ()))
        self._arrived.append(Incoming(found[1], bytes(message.payload), bytes(correlation), told))

    def _on_publish(
        self, _client: paho.Client, _data: Any, packet: int, code: ReasonCode, _more: Properties | None
    ) -> None:
        self._acked.append((packet, code))
