"""The way to the server through an MQTT broker: the same bodies and the same answers as over HTTP.

That the broker acknowledged a message says nothing (it may forget everything with kill -9); what counts is the
server's own answer, matched to its question by correlation data.
"""

from typing import Final
from urllib.parse import urlsplit

from gateway.mqtt import BrokerAccess
from gateway.uplink.http import MAX_ANSWER_BYTES, READ_SECONDS, Reply
from gateway.uplink.link import BrokerLink
from gateway.uplink.tls import trust
from orderlight.events.topics import Leaf

SCHEMES: Final = {"mqtt": 1883, "mqtts": 8883}
#: A half-open connection is noticed after two of these.
KEEPALIVE_SECONDS: Final = 7


class MqttTransport:
    """Posts over a link that it shares with others. One thread at a time."""

    def __init__(self, link: BrokerLink) -> None:
        self._link = link

    def post(self, path: str, body: bytes, timeout: float = READ_SECONDS) -> Reply:
        """Send and wait for the answer; TransportFault when none comes."""
        return self._link.ask(_leaf(path), body, timeout)

    def use_key(self, key: str) -> None:
        """Show this key from the next message on; any thread may call it."""
        self._link.use_key(key)

    def close(self) -> None:
        """Nothing: whoever made the link closes it."""


def broker_access(
    url: str, gateway: str, *, username: str = "", password: str | None = None, ca_file: str | None = None
) -> BrokerAccess:
    """The broker of `mqtt://host:port` or `mqtts://host:port`."""
    parts = urlsplit(url)
    return BrokerAccess(
        host=parts.hostname or "",
        port=parts.port or SCHEMES[parts.scheme],
        client_id=f"orderlight-{gateway}",
        username=username or (gateway if password is not None else ""),
        password=password,
        tls=trust(ca_file) if parts.scheme == "mqtts" else None,
        keepalive_s=KEEPALIVE_SECONDS,
        max_packet_bytes=MAX_ANSWER_BYTES,
    )


def _leaf(path: str) -> Leaf:
    if path == "/api/v1/events":
        return Leaf.EVENTS
    leaf = path.rpartition("/")[2]
    if path.startswith("/api/v1/gateways/") and leaf in (Leaf.HEALTH, Leaf.NEXT_KEY):
        return Leaf(leaf)
    raise ValueError(f"Failed to post to {path}: a broker carries events, heartbeats and next keys alone.")
