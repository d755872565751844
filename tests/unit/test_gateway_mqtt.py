"""A connection to a broker that hangs."""

import socket
import threading
from collections.abc import Iterator

import pytest

from gateway.mqtt import BrokerAccess, Connection
from gateway.wake import Waker

PATIENCE = 30.0
#: MQTT 5.0 section 3.2: remaining length 3, no session kept, success, no properties.
CONNACK = bytes([0x20, 3, 0, 0, 0])
#: More than the sockets of both sides hold.
LARGE = b"x" * 32_000_000


class HangingBroker:
    """Greets one client, and reads nothing any more."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._greet)
        self._thread.start()

    def _greet(self) -> None:
        peer, _address = self._listener.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(CONNACK)
            self._over.wait(PATIENCE)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def broker() -> Iterator[HangingBroker]:
    broker = HangingBroker()
    yield broker
    broker.close()


def test_leaving_a_broker_that_takes_nothing_any_more_comes_to_an_end(broker: HangingBroker) -> None:
    connection = Connection(BrokerAccess("127.0.0.1", broker.port, "gw-1"), ["scans"])
    connection.__enter__()
    wire = connection._client.socket()
    assert isinstance(wire, socket.socket)
    connection._handle(Waker(), PATIENCE)
    connection._client.publish("events", LARGE, qos=1)
    assert connection._client.want_write()

    leaving = threading.Thread(target=connection.__exit__, args=(None, None, None), daemon=True)
    leaving.start()
    leaving.join(PATIENCE)

    assert not leaving.is_alive()
    assert wire.fileno() == -1
