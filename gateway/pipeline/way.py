"""The way to the server: directly over HTTP, or through a broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from gateway.config import GatewayConfig
from gateway.uplink.http import HttpTransport, Transport
from orderlight import __version__

if TYPE_CHECKING:
    from gateway.uplink.link import BrokerLink


class KeyedTransport(Transport, Protocol):
    """A transport whose key may change while it is used."""

    def use_key(self, key: str) -> None:
        """Show this key from now on."""


def version() -> str:
    """The version of this program."""
    return __version__


def make_link(config: GatewayConfig) -> "BrokerLink | None":
    """The connection to the broker; None where the server is reached directly."""
    server = config.server
    if not server.is_broker:
        return None
    # paho-mqtt is imported where a broker is spoken to: a gateway of scanners and HTTP starts without it.
    from gateway.uplink.link import BrokerLink
    from gateway.uplink.mqtt import broker_access

    access = broker_access(
        server.url,
        config.name,
        username=server.broker_user,
        password=server.broker_password,
        ca_file=server.ca_file,
    )
    return BrokerLink(access, gateway=config.name, key=server.key, version=version())


def make_transport(config: GatewayConfig, link: "BrokerLink | None") -> KeyedTransport:
    """One who posts; he belongs to one thread."""
    server = config.server
    if link is None:
        agent = f"orderlight-gateway/{version()}"
        return HttpTransport(server.url, server.key, agent=agent, ca_file=server.ca_file)
    from gateway.uplink.mqtt import MqttTransport

    return MqttTransport(link)


@contextmanager
def opened_transport(config: GatewayConfig) -> Iterator[KeyedTransport]:
    """A transport of its own, for one who asks the server once while the gateway does not run."""
    link = make_link(config)
    if link is not None:
        link.start()
    transport = make_transport(config, link)
    try:
        yield transport
    finally:
        transport.close()
        if link is not None:
            link.close()
