"""A reader's MQTT broker: what it sends, acknowledged by hand once it is stored."""

import ssl
from dataclasses import dataclass
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.properties import Properties

from gateway.mqtt import BrokerAccess, BrokerLost, Connection
from gateway.protocols.mqtt_json import MqttOptions
from gateway.sources.base import SourceLost
from gateway.wake import Waker


@dataclass(frozen=True, slots=True)
class Message:
    """One publish. `packet` is None at quality of service 0, where nothing is acknowledged."""

    payload: bytes
    packet: int | None
    again: bool
    retained: bool


class Broker(Connection):
    """A context manager: connects on entry, disconnects on exit. All of it belongs to one thread."""

    def __init__(
        self, options: MqttOptions, *, client_id: str, password: str | None, tls: ssl.SSLContext | None
    ) -> None:
        access = BrokerAccess(
            host=options.host,
            port=options.port,
            client_id=client_id,
            username=options.username,
            password=password,
            tls=tls,
            keepalive_s=options.keepalive_s,
            expiry_s=options.session_expiry_s,
            max_in_flight=options.max_in_flight,
        )
        super().__init__(access, options.topics, qos=options.qos)
        #: Set by CONNACK: whether the broker kept our session. None: no news.
        self.resumed: bool | None = None
        self._arrived: list[Message] = []
        self._client.on_message = self._on_message

    def __enter__(self) -> "Broker":
        try:
            return super().__enter__()
        except BrokerLost as lost:
            raise SourceLost(lost.reason) from lost

    def turn(self, waker: Waker, seconds: float) -> list[Message]:
        """Wait for traffic or a wake, handle it, give the messages that arrived. Raises SourceLost."""
        self._handle(waker, seconds)
        arrived, self._arrived = self._arrived, []
        if not arrived:
            try:
                self._require_alive()
            except BrokerLost as lost:
                raise SourceLost(lost.reason) from lost
        return arrived

    def take_resumed(self) -> bool:
        """Whether the broker kept our session; asked once a connection."""
        resumed, self.resumed = self.resumed, None
        return bool(resumed)

    def _greeted(self, flags: paho.ConnectFlags, properties: Properties | None) -> None:
        self.resumed = flags.session_present

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        packet = message.mid if message.qos else None
        self._arrived.append(Message(bytes(message.payload), packet, message.dup, message.retain))
