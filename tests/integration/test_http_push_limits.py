"""The door for posting readers under pressure: kept connections, TLS, and callers that drip."""

import http.client
import queue
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.protocols import parse_options
from gateway.protocols.reads import DevicePhase, DeviceState, Read, TagRead
from gateway.sources import http_push, make_source
from gateway.sources.http_push import HttpPushSource
from simulators.services import free_port

LIMIT = 0.4
EPC = "30751FEB705C5904E3D50D{:02X}"
HEAD = b"POST / HTTP/1.1\r\nContent-Length: 500\r\n"


def body(number: int) -> bytes:
    return b'{"eventType":"tagInventory","tagInventoryEvent":{"epcHex":"%s"}}' % EPC.format(number).encode()


@dataclass
class Door:
    """A source that listens, and the way in for a reader."""

    source: HttpPushSource
    port: int
    reads: queue.Queue[Read]
    trust: ssl.SSLContext | None

    def dial(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def shake(self, connection: socket.socket) -> socket.socket:
        return connection if self.trust is None else self.trust.wrap_socket(connection, server_hostname="127.0.0.1")

    def epcs(self) -> list[str]:
        return [read.epc for read in list(self.reads.queue) if isinstance(read, TagRead)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=gateway"]
    where = ["-days", "2", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(["openssl", *words, *where], check=True, capture_output=True)
    return cert, key


@pytest.fixture(params=["http", "https"])
def door(
    request: pytest.FixtureRequest, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Door]:
    monkeypatch.setattr(http_push, "REQUEST_SECONDS", LIMIT)
    cert, key = map(str, certificate)
    secured = request.param == "https"
    port = free_port()
    table: dict[str, object] = {"http_port": port, "preset": "impinj_r700", "max_connections": 3}
    table |= {"cert_file": cert, "key_file": key} if secured else {}
    source = make_source("gate-1", parse_options("http_push", table), gateway="gw-1")
    assert isinstance(source, HttpPushSource)
    stop, states, reads = threading.Event(), queue.Queue[DeviceState](), queue.Queue[Read]()

    def emit(read: Read) -> None:
        reads.put(read)
        source.acknowledge(read)

    thread = threading.Thread(target=source.run, args=(emit, stop, states.put))
    thread.start()
    while states.get(timeout=5).phase is not DevicePhase.READY:
        pass
    yield Door(source, port, reads, ssl.create_default_context(cafile=cert) if secured else None)
    stop.set()
    source.cancel()
    thread.join(5)
    assert not thread.is_alive()


def post(door: Door, connection: http.client.HTTPConnection, number: int) -> int:
    connection.request("POST", "/", body(number))
    answer = connection.getresponse()
    answer.read()
    return answer.status


def drip(connection: socket.socket, data: bytes, every: float = 0.05) -> float:
    """Send a byte at a time until the other side hangs up; the seconds that took."""
    began = time.monotonic()
    connection.settimeout(every)
    for byte in data:
        try:
            connection.send(bytes([byte]))
            if connection.recv(1) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_a_kept_connection_serves_longer_than_one_request_may_take(door: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=5)
    connection.sock = door.shake(door.dial())
    first = connection.sock
    began, answers = time.monotonic(), []

    while time.monotonic() - began < 2.5 * LIMIT:
        answers.append(post(door, connection, len(answers)))
        time.sleep(LIMIT / 4)

    assert connection.sock is first
    assert answers == [200] * len(answers)
    assert door.epcs() == [EPC.format(number) for number in range(len(answers))]
    assert "broken_off" not in door.source.counters()
    connection.close()


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["in its head", "in its body"])
def test_a_caller_that_drips_is_cut_off_and_holds_up_nobody(door: Door, sent: bytes) -> None:
    slow = door.shake(door.dial())
    slow.sendall(sent)
    dripping = threading.Thread(target=lambda: took.append(drip(slow, b"\r\n" * bool(sent) + b"x" * 400)))
    took: list[float] = []
    dripping.start()

    brisk = http.client.HTTPConnection("127.0.0.1", door.port, timeout=5)
    brisk.sock = door.shake(door.dial())
    assert post(door, brisk, 1) == 200
    brisk.close()

    dripping.join(20)
    slow.close()
    assert took[0] < 20 * LIMIT
    assert door.epcs() == [EPC.format(1)]


def test_handshakes_that_never_end_are_cut_off_and_give_their_places_back(door: Door) -> None:
    """A TLS record that announces more than comes, or a head that never does: each place is free again."""
    held = [door.dial() for _ in range(3)]
    for connection in held:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01" if door.trust else b"POST / HT")

    assert [connection.recv(1) for connection in held] == [b""] * 3

    def is_served() -> bool:
        try:
            with door.shake(door.dial()) as connection:
                reader = http.client.HTTPConnection("127.0.0.1", door.port)
                reader.sock = connection
                return post(door, reader, 7) == 200
        except (OSError, http.client.HTTPException):
            return False

    assert until(is_served)
    for connection in held:
        connection.close()
