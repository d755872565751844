"""Every driver against its simulated device: read, lose it, have it back, end when asked."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from gateway.protocols import DRIVERS, parse_options
from gateway.protocols.reads import DevicePhase, DeviceState
from gateway.sources import SourceLost, make_source
from simulators.devices.chafon import Chafon
from simulators.devices.keyboard import Keyboard
from simulators.devices.llrp import LlrpReader, LlrpSettings
from simulators.devices.poster import Poster, impinj_body, zebra_body
from simulators.devices.scanner import Scanner, ScannerSettings
from simulators.devices.tcp import TcpClientTransport, TcpTransport
from simulators.devices.transport import PipeTransport, PtyTransport, Transport
from simulators.devices.zebra_ssi import ZebraSsi
from simulators.host import Watched
from simulators.radio import RadioField, RadioSettings, TagSeen
from simulators.services import free_port

PATIENCE: Final = 10.0
CODE: Final = "OLU00113"
EPC: Final = "30751FEB705C5904E3D50D70"

#: Drivers whose devices have a suite of their own, with what it needs.
ELSEWHERE: Final = {
    "serial_line": "tests/integration/test_serial_source.py, a pseudo-terminal",
    "r200": "tests/integration/test_r200_source.py, a pseudo-terminal",
    "mqtt": "tests/integration/test_mqtt_source.py, a private broker",
    "camera": "tests/integration/test_picture_worker.py, a simulated network camera",
    "drop_folder": "tests/integration/test_picture_worker.py, drawn pictures",
}


@dataclass
class Bench:
    """A simulated device with the [[device]] table that reaches it."""

    driver: str
    table: dict[str, object]
    plug: Callable[[], None]
    unplug: Callable[[], None]
    #: Have it read CODE or EPC, once it has a host.
    show: Callable[[], object]


def _scanner(transport: Transport) -> Scanner:
    return Scanner(transport, ScannerSettings(ack=True, patience=5.0))


def _shows(scanner: Scanner) -> bool:
    assert scanner.wait_for_host(PATIENCE)
    return scanner.scan(CODE)


def tcp_line_client(_folder: Path) -> Bench:
    port = free_port()
    scanner = _scanner(TcpTransport(port))
    table = {"host": "127.0.0.1", "tcp_port": port, "ack": "ack"}
    return Bench("tcp_line", table, scanner.plug, scanner.unplug, lambda: _shows(scanner))


def tcp_line_server(_folder: Path) -> Bench:
    port = free_port()
    scanner = _scanner(TcpClientTransport(port))
    table = {"host": "127.0.0.1", "tcp_port": port, "ack": "ack", "mode": "server"}
    return Bench("tcp_line", table, scanner.plug, scanner.unplug, lambda: _shows(scanner))


def http_push(folder: Path, body: Callable[..., bytes] = impinj_body, preset: str = "impinj_r700") -> Bench:
    port = free_port()
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text("s3cret\n")
    table = {"http_port": port, "token_file": str(folder / "token"), "preset": preset, "path": "/gate-1"}
    poster = Poster(port, path="/gate-1", token="s3cret", body=body)

    def show() -> bool:
        poster.read(TagSeen(EPC, 1, -51.0))
        return poster.wait_until_answered(PATIENCE)

    return Bench("http_push", table, poster.plug, poster.unplug, show)


def http_push_zebra(folder: Path) -> Bench:
    return http_push(folder, zebra_body, "zebra_iotc")


def _chafon(transport: Transport, table: dict[str, object]) -> Bench:
    field = RadioField(RadioSettings(read_probability=1.0))
    reader = Chafon(transport, field)

    def show() -> bool:
        field.enter(EPC, now=time.monotonic(), dwell=3.0)
        return reader.wait_for_host(PATIENCE)

    return Bench("chafon", table, reader.plug, reader.unplug, show)


def chafon_serial(folder: Path) -> Bench:
    return _chafon(PtyTransport(folder / "reader"), {"port": str(folder / "reader")})


def chafon_tcp(_folder: Path) -> Bench:
    port = free_port()
    return _chafon(TcpTransport(port), {"host": "127.0.0.1", "tcp_port": port})


def llrp(_folder: Path) -> Bench:
    port = free_port()
    field = RadioField(RadioSettings(read_probability=1.0))
    reader = LlrpReader(TcpTransport(port), field, LlrpSettings(round_seconds=0.02))

    def show() -> bool:
        field.enter(EPC, now=time.monotonic(), dwell=3.0)
        return reader.wait_for_host(PATIENCE)

    return Bench("llrp", {"host": "127.0.0.1", "tcp_port": port}, reader.plug, reader.unplug, show)


def hid(folder: Path) -> Bench:
    scanner = Keyboard(PipeTransport(folder / "scanner"))
    return Bench("hid", {"port": str(folder / "scanner")}, scanner.plug, scanner.unplug, lambda: scanner.scan(CODE))


def zebra_ssi(folder: Path) -> Bench:
    scanner = ZebraSsi(PtyTransport(folder / "scanner"))

    def show() -> bool:
        assert scanner.wait_for_host(PATIENCE)
        return scanner.scan(f"]C0{CODE}")

    return Bench("zebra_ssi", {"port": str(folder / "scanner")}, scanner.plug, scanner.unplug, show)


BENCHES: Final = (
    tcp_line_client,
    tcp_line_server,
    chafon_serial,
    chafon_tcp,
    hid,
    llrp,
    zebra_ssi,
    http_push,
    http_push_zebra,
)
#: Devices that come to us are waited for, not called lost; of some of them nobody can know that they went.
WAITED_FOR: Final = (tcp_line_server, http_push, http_push_zebra)
NEVER_MISSED: Final = ("http_push",)


@pytest.fixture(params=BENCHES, ids=lambda make: make.__name__)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench: Bench = request.param(tmp_path)
    yield bench
    bench.unplug()


def test_a_device_is_read_lost_and_read_again(bench: Bench) -> None:
    bench.plug()
    with Watched(bench.driver, bench.table) as watched:
        assert bench.show() is not False
        assert watched.said() in (CODE, EPC)

        bench.unplug()
        if bench.driver not in NEVER_MISSED:
            assert watched.lost.get(timeout=PATIENCE).endswith(".")
        while not watched.reads.empty():
            watched.reads.get()

        bench.plug()
        assert bench.show() is not False
        assert watched.said() in (CODE, EPC)
        if bench.driver not in NEVER_MISSED:
            watched.back.get(timeout=PATIENCE)

    assert watched.source.counters()


@pytest.mark.parametrize("make", [make for make in BENCHES if make not in WAITED_FOR], ids=lambda make: make.__name__)
def test_a_device_that_is_away_is_lost_with_a_sentence(make: Callable[[Path], Bench], tmp_path: Path) -> None:
    bench, states = make(tmp_path), queue.Queue[DeviceState]()
    source = make_source("reader-1", parse_options(bench.driver, bench.table), gateway="gw-1")

    with pytest.raises(SourceLost) as lost:
        source.run(lambda _read: None, threading.Event(), states.put)

    assert lost.value.reason.endswith(".")
    assert states.get_nowait().phase is DevicePhase.CONNECTING
    assert states.empty()


def test_every_driver_has_a_bench_or_a_suite_of_its_own(tmp_path: Path) -> None:
    assert {make(tmp_path / str(number)).driver for number, make in enumerate(BENCHES)} | set(ELSEWHERE) == set(DRIVERS)


def test_a_post_of_any_shape_is_answered_and_a_wrong_one_closed(tmp_path: Path) -> None:
    bench = http_push(tmp_path)
    port = bench.table["http_port"]
    head = b"POST /gate-1 HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n"
    whole = b'{"eventType": "tagInventory", "tagInventoryEvent": {"epcHex": "%s"}}' % EPC.encode()
    with Watched(bench.driver, bench.table) as watched:
        bench.plug()
        assert bench.show()
        requests = {
            head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(whole), whole): b"200",
            head + b"Content-Length: %d\r\n\r\n%s" % (len(whole), whole): b"200",
            head + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n": b"413",
            head + b"Content-Length: 99999999\r\n\r\n": b"413",
            b"POST /gate-1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n1": b"401",
            b"GET / HTTP/1.1\r\n\r\n": b"404",
            b"\x16\x03\x01 no HTTP\r\n\r\n": b"400",
        }
        for request, expected in requests.items():
            with socket.create_connection(("127.0.0.1", int(str(port))), PATIENCE) as connection:
                connection.sendall(request)
                assert expected in connection.recv(4096).split(b"\r\n")[0], request
        # Broken off in the middle of a body: counted, and nobody else is held up.
        with socket.create_connection(("127.0.0.1", int(str(port))), PATIENCE) as connection:
            connection.sendall(head + b"Content-Length: 10\r\n\r\n123")
        assert bench.show()
        counters = watched.source.counters()

    assert (counters["tags"], counters["answered_413"], counters["answered_401"]) == (4, 2, 1)
