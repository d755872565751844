"""One connection to an MQTT broker, driven by the thread that calls turn(); paho-mqtt behind a small door."""

import contextlib
import select
import socket
import ssl
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from gettext import gettext as _
from types import TracebackType
from typing import Any, Final, Self

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.wake import Waker

CONNECT_SECONDS: Final = 5.0
#: Connect, CONNACK and SUBACK together may take so long.
GREETING_SECONDS: Final = 10.0
#: What is still to be written when we leave has so long; a broker that hangs may never take it.
LEAVING_SECONDS: Final = 1.0
#: MQTT 5.0 section 3.8.3.1, retain handling 2: send no retained messages at the time of subscribing.
NO_RETAINED: Final = 2

#: What paho says of a connection that was closed without a DISCONNECT packet.
UNSPECIFIED: Final = "Unspecified error"


class BrokerLost(Exception):
    """The broker went away, refused us or does not answer; `reason` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """Which broker, and as whom. `expiry_s` 0 begins a new session with each connection."""

    host: str
    port: int
    client_id: str
    username: str = ""
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    keepalive_s: int = 10
    expiry_s: int = 0
    max_in_flight: int = 20
    max_packet_bytes: int = 1024 * 1024

    @property
    def address(self) -> str:
        """How sentences call it."""
        return f"{self.host}:{self.port}"


def _close_handshake(error: Exception) -> None:
    """Close the socket of a failed TLS handshake: paho's stack frames alone know it, as long as the error lives."""
    for frame, _line in traceback.walk_tb(error.__traceback__):
        for held in frame.f_locals.values():
            if isinstance(held, socket.socket):
                held.close()
    traceback.clear_frames(error.__traceback__)


class Connection:
    """A context manager: connects on entry, disconnects on exit. All of it belongs to one thread."""

    def __init__(self, access: BrokerAccess, topics: Sequence[str], *, qos: int = 1) -> None:
        self._access = access
        self.address = access.address
        self._topics, self._qos = tuple(topics), qos
        #: Whether the broker granted every subscription.
        self.ready = False
        self._lost: str | None = None
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=access.client_id,
            # Only version 5 tells a client that it was refused: 3.1.1 acknowledges a forbidden publish.
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        self._client.connect_timeout = CONNECT_SECONDS
        if access.username:
            self._client.username_pw_set(access.username, access.password)
        if access.tls is not None:
            self._client.tls_set_context(access.tls)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect

    def __enter__(self) -> Self:
        access = self._access
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        # Without an expiry a version 5 session ends with its connection, and the messages with it.
        properties.SessionExpiryInterval = access.expiry_s
        properties.ReceiveMaximum = access.max_in_flight
        # MQTT 5.0 section 3.1.2.11.4: a broker may not send a larger packet, so one never fills the memory.
        properties.MaximumPacketSize = access.max_packet_bytes
        try:
            self._client.connect(
                access.host,
                access.port,
                access.keepalive_s,
                clean_start=access.expiry_s == 0,
                properties=properties,
            )
        except (OSError, ValueError) as error:
            # ssl.SSLError is an OSError; a host name that no resolver takes is a UnicodeError, a ValueError.
            raise self._unreachable(error) from error
        wire: Any = self._client.socket()
        if wire is not None:
            # A small packet behind another one would wait some 40 ms for the broker's delayed acknowledgement.
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    def _unreachable(self, error: Exception) -> BrokerLost:
        _close_handshake(error)
        return BrokerLost(
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
            self._write_out()
        wire: Any = self._client.socket()
        if wire is not None:
            # What was not taken is lost as with a broken wire; the socket would stay open until garbage is collected.
            wire.close()

    def _write_out(self) -> None:
        """Write what is left, as far as the broker takes it in time."""
        until = time.monotonic() + LEAVING_SECONDS
        wire: Any = self._client.socket()
        while wire is not None and self._client.want_write() and (left := until - time.monotonic()) > 0:
            poll = select.poll()
            poll.register(wire, select.POLLOUT)
            if poll.poll(int(left * 1000) + 1):
                self._client.loop_write()
            wire = self._client.socket()

    def _handle(self, waker: Waker, seconds: float) -> None:
        """Wait for traffic or a wake, and handle it."""
        wire: Any = self._client.socket()
        if wire is None:
            return
        # Decrypted bytes that TLS holds back do not show at the descriptor.
        buffered = isinstance(wire, ssl.SSLSocket) and wire.pending() > 0
        writable = self._client.want_write()
        if waker.wait(wire.fileno(), 0 if buffered else seconds, writable=writable) or buffered:
            self._client.loop_read()
            self._client.loop_write()
        self._client.loop_misc()

    def _require_alive(self) -> None:
        """Raises BrokerLost once the connection is gone."""
        if self._lost is not None or self._client.socket() is None:
            raise BrokerLost(self._lost or _("The connection to {broker} was lost.").format(broker=self.address))

    def acknowledge(self, packet: int | None) -> None:
        """PUBACK, so that the broker forgets this message; nothing for None."""
        if packet is not None:
            self._client.ack(packet, 1)

    # The callbacks only note what happened: an exception in one of them would surface deep inside paho.

    def _greeted(self, flags: paho.ConnectFlags, properties: Properties | None) -> None:
        """The broker took us in."""

    def _on_connect(
        self, client: paho.Client, _data: Any, flags: paho.ConnectFlags, code: ReasonCode, more: Properties | None
    ) -> None:
        if code.is_failure:
            self._lost = _("The broker {broker} refused us: {reason}.").format(broker=self.address, reason=code)
            return
        self._greeted(flags, more)
        options = SubscribeOptions(qos=self._qos, retainHandling=NO_RETAINED)
        client.subscribe([(topic, options) for topic in self._topics])

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _packet: int, codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        refused = [f"{topic} ({code})" for topic, code in zip(self._topics, codes, strict=False) if code.is_failure]
        if refused:
            self._lost = _("The broker {broker} refused to send {topics}.").format(
                broker=self.address, topics=", ".join(refused)
            )
        self.ready = not refused

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
        self._lost = sentence.format(broker=self.address, reason=code, client_id=self._access.client_id)
