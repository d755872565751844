"""One connection to an MQTT 5 broker, driven by the thread that calls turn(); paho-mqtt behind a small door."""

import contextlib
import ssl
import traceback
from dataclasses import dataclass
from gettext import gettext as _
from types import TracebackType
from typing import Any, Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.protocols.mqtt_json import MqttOptions
from gateway.sources.base import SourceLost
from gateway.sources.wake import Waker

#: MQTT 5.0 section 3.1.2.11.4: a broker may not send a larger packet, so one message never fills the memory.
MAX_PACKET_BYTES: Final = 1024 * 1024
CONNECT_SECONDS: Final = 5.0
#: MQTT 5.0 section 3.8.3.1, retain handling 2: send no retained messages at the time of subscribing.
NO_RETAINED: Final = 2

#: What paho says of a connection that was closed without a DISCONNECT packet.
UNSPECIFIED: Final = "Unspecified error"


@dataclass(frozen=True, slots=True)
class Message:
    """One publish. `packet` is None at quality of service 0, where nothing is acknowledged."""

    payload: bytes
    packet: int | None
    again: bool
    retained: bool


class Broker:
    """A context manager: connects on entry, disconnects on exit. All of it belongs to one thread."""

    def __init__(
        self, options: MqttOptions, *, client_id: str, password: str | None, tls: ssl.SSLContext | None
    ) -> None:
        self._options = options
        self.address = f"{options.host}:{options.port}"
        #: Whether the broker granted every subscription.
        self.ready = False
        #: Set by CONNACK: whether the broker kept our session. None: no news.
        self.resumed: bool | None = None
        self._client_id = client_id
        self._arrived: list[Message] = []
        self._lost: str | None = None
        self._client = self._make_client(client_id, password, tls)

    def _make_client(self, client_id: str, password: str | None, tls: ssl.SSLContext | None) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            # Only version 5 tells a client that it was refused: 3.1.1 acknowledges a forbidden publish.
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_SECONDS
        if self._options.username:
            client.username_pw_set(self._options.username, password)
        if tls is not None:
            client.tls_set_context(tls)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def __enter__(self) -> "Broker":
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        # Without an expiry a version 5 session ends with its connection, and the messages with it.
        properties.SessionExpiryInterval = self._options.session_expiry_s
        properties.ReceiveMaximum = self._options.max_in_flight
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        try:
            self._client.connect(
                self._options.host,
                self._options.port,
                self._options.keepalive_s,
                clean_start=False,
                properties=properties,
            )
        except (OSError, ValueError) as error:
            # ssl.SSLError is an OSError; a host name that no resolver takes is a UnicodeError, a ValueError.
            raise self._unreachable(error) from error
        return self

    def _unreachable(self, error: Exception) -> SourceLost:
        # The socket of a failed TLS handshake lives on in paho's stack frames, as long as the error does.
        traceback.clear_frames(error.__traceback__)
        return SourceLost(
            _("The broker {broker} cannot be reached: {error}.").format(
                broker=self.address, error=str(error).rstrip(".")
            )
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The connection may be broken already, which is why we leave.
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
            while self._client.want_write() and self._client.loop_write() == MQTTErrorCode.MQTT_ERR_SUCCESS:
                continue

    def turn(self, waker: Waker, seconds: float) -> list[Message]:
        """Wait for traffic or a wake, handle it, give the messages that arrived. Raises SourceLost."""
        socket: Any = self._client.socket()
        if socket is not None:
            # Decrypted bytes that TLS holds back do not show at the descriptor.
            buffered = isinstance(socket, ssl.SSLSocket) and socket.pending() > 0
            writable = self._client.want_write()
            if waker.wait(socket.fileno(), 0 if buffered else seconds, writable=writable) or buffered:
                self._client.loop_read()
                self._client.loop_write()
            self._client.loop_misc()
        arrived, self._arrived = self._arrived, []
        if not arrived and (self._lost is not None or self._client.socket() is None):
            raise SourceLost(self._lost or _("The connection to {broker} was lost.").format(broker=self.address))
        return arrived

    def take_resumed(self) -> bool:
        """Whether the broker kept our session; asked once a connection."""
        resumed, self.resumed = self.resumed, None
        return bool(resumed)

    def acknowledge(self, packet: int | None) -> None:
        """PUBACK, so that the broker forgets this message; nothing for None."""
        if packet is not None:
            self._client.ack(packet, 1)

    # The callbacks only note what happened: an exception in one of them would surface deep inside paho.

    def _on_connect(
        self, client: paho.Client, _data: Any, flags: paho.ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            self._lost = _("The broker {broker} refused us: {reason}.").format(broker=self.address, reason=code)
            return
        self.resumed = flags.session_present
        options = SubscribeOptions(qos=self._options.qos, retainHandling=NO_RETAINED)
        client.subscribe([(topic, options) for topic in self._options.topics])

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _packet: int, codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        refused = [
            f"{topic} ({code})" for topic, code in zip(self._options.topics, codes, strict=False) if code.is_failure
        ]
        if refused:
            self._lost = _("The broker {broker} refused to send {topics}.").format(
                broker=self.address, topics=", ".join(refused)
            )
        self.ready = not refused

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        packet = message.mid if message.qos else None
        self._arrived.append(Message(bytes(message.payload), packet, message.dup, message.retain))

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: Any,
        flags: paho.DisconnectFlags,
        code: ReasonCode,
        _more: Properties | None,
    ) -> None:
        if self._lost is not None:
            return
        if flags.is_disconnect_packet_from_server:
            sentence = _("The broker {broker} ended the connection: {reason}.")
        elif code == UNSPECIFIED:
            # Brokers close without a word when they end, and some when a name is used twice.
            sentence = _("The connection to {broker} was lost: it ended, or another client is named {client_id} too.")
        else:
            sentence = _("The connection to {broker} was lost: {reason}.")
        self._lost = sentence.format(broker=self.address, reason=code, client_id=self._client_id)
