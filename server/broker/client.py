"""One connection to the broker on the server's event loop; paho-mqtt behind a small door."""

import asyncio
import contextlib
import socket
import ssl
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from orderlight.events import SERVER_MAX_BYTES, topics
from server.settings import Settings

CONNECT_SECONDS: Final = 5.0
#: Connect, CONNACK and SUBACK together may take so long.
GREETING_SECONDS: Final = 10.0
KEEPALIVE_SECONDS: Final = 10
TICK_SECONDS: Final = 1.0
#: Messages under way at once; the broker keeps the others, for each is acknowledged when it is answered.
MAX_IN_FLIGHT: Final = 64
#: Room for topic and properties around a batch.
_ENVELOPE_BYTES: Final = 64 * 1024


class BrokerLost(Exception):
    """The broker went away, refused us or does not answer; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message that came. `packet` is what acknowledge() wants."""

    topic: str
    body: bytes
    retained: bool
    packet: int | None
    correlation: bytes | None
    response_topic: str | None
    content_type: str
    told: Mapping[str, str] = field(repr=False)


def _close_handshake(error: Exception) -> None:
    """Close the socket of a failed TLS handshake: paho's stack frames alone know it, as long as the error lives."""
    for frame, _line in traceback.walk_tb(error.__traceback__):
        for held in frame.f_locals.values():
            if isinstance(held, socket.socket):
                held.close()
    traceback.clear_frames(error.__traceback__)


class Client:
    """Lives for one connection: open(), then serve() until it is lost. All of it belongs to the event loop."""

    def __init__(self, settings: Settings, subscriptions: Sequence[str], on_message: Callable[[Message], None]) -> None:
        parts = urlsplit(settings.broker_url)
        self._host, self._port = parts.hostname or "", parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        self.address = f"{self._host}:{self._port}"
        self._subscriptions, self._deliver = tuple(subscriptions), on_message
        self._loop = asyncio.get_running_loop()
        self._ready, self._ended = asyncio.Event(), asyncio.Event()
        self._lost: str | None = None
        self._descriptor = -1
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True)
        self._client.connect_timeout = CONNECT_SECONDS
        if settings.broker_user:
            self._client.username_pw_set(settings.broker_user, settings.broker_password or None)
        if parts.scheme == "mqtts":
            self._client.tls_set_context(ssl.create_default_context(cafile=settings.broker_ca_file or None))
        self._client.on_connect, self._client.on_subscribe = self._on_connect, self._on_subscribe
        self._client.on_disconnect, self._client.on_message = self._on_disconnect, self._on_message

    async def open(self) -> None:
        """Connect and subscribe; raises BrokerLost."""
        try:
            await self._loop.run_in_executor(None, self._connect)
        except (OSError, ValueError) as error:
            _close_handshake(error)
            raise BrokerLost(f"The broker {self.address} cannot be reached: {str(error).rstrip('.')}.") from error
        self._watch()
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                await self._ready.wait()
        except TimeoutError as silence:
            raise BrokerLost(f"The broker {self.address} does not answer.") from silence
        self._require_alive()

    async def serve(self) -> None:
        """Stay until the connection is lost, which raises BrokerLost."""
        while True:
            self._client.loop_misc()
            self._require_alive()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._ended.wait()

    def close(self) -> None:
        """Let the connection go, whatever state it is in."""
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
            self._client.loop_write()
        # paho closes its socket only when the broker answers; nobody waits for that here.
        self._unwatch()
        if (sock := self._client.socket()) is not None:
            sock.close()

    def publish(
        self, topic: str, body: bytes, *, correlation: bytes, told: Mapping[str, str], seconds: float | None = None
    ) -> None:
        """Send at quality of service 1; nobody waits for the broker's word."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.CorrelationData = correlation
        properties.ContentType = topics.JSON
        if told:
            properties.UserProperty = list(told.items())
        if seconds is not None:
            properties.MessageExpiryInterval = max(1, int(seconds))
        self._client.publish(topic, body, qos=1, properties=properties)

    def acknowledge(self, packet: int | None) -> None:
        """PUBACK; nothing for None."""
        if packet is not None:
            self._client.ack(packet, 1)

    # -- the socket

    def _connect(self) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = MAX_IN_FLIGHT
        properties.MaximumPacketSize = SERVER_MAX_BYTES + _ENVELOPE_BYTES
        # Nothing is kept for us while we are away: gateways keep what was not answered, and send it again.
        self._client.connect(self._host, self._port, KEEPALIVE_SECONDS, clean_start=True, properties=properties)

    def _watch(self) -> None:
        sock: Any = self._client.socket()
        if sock is None:
            return
        self._descriptor = sock.fileno()
        # A small packet behind another one would wait some 40 ms for the broker's delayed acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.on_socket_close = lambda *_: self._unwatch()
        self._client.on_socket_register_write = lambda *_: self._write_when_free()
        self._client.on_socket_unregister_write = lambda *_: self._write_no_more()
        self._loop.add_reader(self._descriptor, self._read)
        if self._client.want_write():
            self._client.loop_write()

    def _write_when_free(self) -> None:
        self._loop.add_writer(self._descriptor, self._client.loop_write)

    def _write_no_more(self) -> None:
        self._loop.remove_writer(self._descriptor)

    def _unwatch(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
        self._ended.set()
        self._ready.set()

    def _read(self) -> None:
        self._client.loop_read()
        # Decrypted bytes that TLS holds back do not show at the descriptor.
        while isinstance(sock := self._client.socket(), ssl.SSLSocket) and sock.pending() > 0:
            self._client.loop_read()

    def _require_alive(self) -> None:
        if self._lost is not None or self._client.socket() is None:
            raise BrokerLost(self._lost or f"The connection to {self.address} was lost.")

    # The callbacks only note what happened: an exception in one of them would surface deep inside paho.

    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: paho.ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            self._lose(f"The broker {self.address} refused us: {code}.")
            return
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._subscriptions])

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _packet: int, codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        refused = [topic for topic, code in zip(self._subscriptions, codes, strict=False) if code.is_failure]
        if refused:
            self._lose(f"The broker {self.address} refused to send {', '.join(refused)}.")
        self._ready.set()

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: object, code: ReasonCode, _more: Properties | None
    ) -> None:
        self._lose(f"The connection to {self.address} was lost: {code}.")

    def _lose(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._ended.set()
        self._ready.set()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        properties = message.properties
        correlation = getattr(properties, "CorrelationData", None)
        self._deliver(
            Message(
                message.topic,
                bytes(message.payload),
                message.retain,
                message.mid if message.qos else None,
                bytes(correlation) if correlation else None,
                getattr(properties, "ResponseTopic", None),
                getattr(properties, "ContentType", ""),
                dict(getattr(properties, "UserProperty", ())),
            )
        )
