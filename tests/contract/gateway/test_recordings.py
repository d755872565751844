"""A device is recorded while its driver reads it; replayed, the same driver reads the same."""

import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from gateway.protocols.reads import Read, TagRead
from simulators.camera.device import Camera
from simulators.cli import main
from simulators.devices.keyboard import Keyboard
from simulators.devices.llrp import LlrpReader, LlrpSettings
from simulators.devices.poster import Poster
from simulators.devices.r200 import R200, R200Settings
from simulators.devices.r700 import MqttPublisher
from simulators.devices.scanner import Scanner
from simulators.devices.tcp import TcpTransport
from simulators.devices.transport import PipeTransport, PtyTransport
from simulators.devices.zebra import ZebraPrinter
from simulators.host import Watched
from simulators.radio import RadioField, RadioSettings, TagSeen
from simulators.recording.format import Recorder, read_recording
from simulators.recording.mqtt import BrokerLink
from simulators.recording.taps import HttpTap, tap_keys, tap_serial, tap_tcp
from simulators.services import ServiceMissing, find_mosquitto, free_port, private_mosquitto

PATIENCE: Final = 10.0
CODES: Final = [f"OLU00{number}" for number in range(10, 30)]
EPCS: Final = [f"30751FEB705C5904E3D50D{number:02X}" for number in range(3)]
Said = list[tuple[object, ...]]


class Driver(Watched):
    """A driver of the gateway, with what it reads."""

    def __init__(self, driver: str, **table: object) -> None:
        super().__init__(driver, table)

    def take(self, count: int) -> Said:
        """The next so many reads, without what differs each time by its nature."""
        return [_said(self.reads.get(timeout=PATIENCE)) for _ in range(count)]

    def rest(self) -> Said:
        """What comes until it is quiet."""
        said: Said = []
        while True:
            try:
                said.append(_said(self.reads.get(timeout=1.0)))
            except queue.Empty:
                return said


def _said(read: Read) -> tuple[object, ...]:
    if isinstance(read, TagRead):
        return (read.epc, read.antenna, read.rssi_dbm, read.reader_time, read.count)
    return (read.raw, read.fault)


@contextmanager
def recording(path: Path, kind: str, tap: Callable[[Recorder, threading.Event], object]) -> Iterator[None]:
    """Let a tap work in a thread of its own."""
    stop = threading.Event()
    with Recorder(path, kind) as recorder:
        thread = threading.Thread(target=tap, args=(recorder, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()


@contextmanager
def replayed(*arguments: str) -> Iterator[None]:
    """`orderlight-sim replay` at work."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["replay", *arguments])))
    thread.start()
    yield
    thread.join(PATIENCE)
    assert codes == [0]


def _radio() -> RadioField:
    return RadioField(RadioSettings(read_probability=0.7, cross_probability=0.0), seed=2)


def _pass(radio: RadioField) -> None:
    for epc in EPCS:
        radio.enter(epc, now=time.monotonic(), dwell=0.2)


def test_a_serial_scanner_is_recorded_and_replayed(tmp_path: Path) -> None:
    device, link, file = tmp_path / "device", tmp_path / "link", tmp_path / "r"
    scanner = Scanner(PtyTransport(device))
    scanner.plug()
    table = {"port": str(link), "feedback": "datalogic"}
    with recording(file, "serial", lambda r, stop: tap_serial(device, link, r, stop, baud=9600, say=lambda _: None)):
        assert scanner.wait_for_host(PATIENCE)
        with Driver("serial_line", **table) as driver:
            _wait_until(driver.is_ready)
            time.sleep(0.1)
            for code in CODES:
                scanner.scan(code)
            said = driver.take(len(CODES))
            driver.source.feedback("ok")
            time.sleep(0.1)
    scanner.unplug()

    with replayed(str(file), str(link), "--fast"), Driver("serial_line", **table) as driver:
        assert driver.take(len(CODES)) == said

    assert [raw for raw, _fault in said] == [code.encode() for code in CODES]
    # What the gateway said to the scanner is recorded, too.
    assert [chunk for chunk in read_recording(file).chunks if not chunk.to_host]


def test_a_scanner_that_types_is_recorded_and_replayed(tmp_path: Path) -> None:
    device, link, file = tmp_path / "device", tmp_path / "link", tmp_path / "r"
    scanner = Keyboard(PipeTransport(device))
    scanner.plug()
    with recording(file, "keys", lambda r, stop: tap_keys(device, link, r, stop, say=lambda _: None)):
        _wait_until(link.exists)
        with Driver("hid", port=str(link)) as driver:
            for code in CODES:
                scanner.scan(code)
            said = driver.take(len(CODES))
    scanner.unplug()

    with replayed(str(file), str(link), "--fast"), Driver("hid", port=str(link)) as driver:
        assert driver.take(len(CODES)) == said

    assert [raw for raw, _fault in said] == [code.encode() for code in CODES]


def test_a_camera_in_the_network_is_recorded_and_replayed(tmp_path: Path) -> None:
    file, device, port = tmp_path / "r", free_port(), free_port()
    camera = Camera(("127.0.0.1", device))
    camera.plug()
    table = {"device": f"http://127.0.0.1:{port}/camera.mjpg", "evidence": "none"}

    def tap(recorder: Recorder, stop: threading.Event) -> None:
        with socket.create_server(("127.0.0.1", port)) as listener:
            tap_tcp(listener, ("127.0.0.1", device), recorder, stop)

    with recording(file, "tcp", tap), Driver("camera", **table) as driver:
        _wait_until(driver.is_ready)
        camera.scan(CODES[0])
        assert driver.take(1) == [(f"]C0{CODES[0]}".encode(), None)]
        driver.rest()
    camera.unplug()

    with Driver("camera", **table) as driver, replayed(str(file), "--listen", str(port)):
        assert driver.take(1) == [(f"]C0{CODES[0]}".encode(), None)]


def test_a_label_printer_is_recorded_and_replayed_with_what_it_answered(tmp_path: Path) -> None:
    file, port, query, label = (
        tmp_path / "r",
        free_port(),
        b"~HS",
        b"^XA^PW400^LL200^FO20,20^A0N,30,30^FDOLU0011P^FS^XZ",
    )

    with ZebraPrinter() as printer:

        def tap(recorder: Recorder, stop: threading.Event) -> None:
            with socket.create_server(("127.0.0.1", port)) as listener:
                tap_tcp(listener, ("127.0.0.1", printer.port), recorder, stop)

        with recording(file, "tcp", tap):
            _wait_until(lambda: _asked(port, label + query).endswith(b"1234,0\x03\r\n"))

    chunks = read_recording(file).chunks
    assert b"".join(chunk.data for chunk in chunks if not chunk.to_host) == label + query
    assert b"".join(chunk.data for chunk in chunks if chunk.to_host).startswith(b"\x02030,0,0")
    assert [printed.texts for printed in printer.printed][:1] == [["OLU0011P"]]


def _asked(port: int, question: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as server:
            server.settimeout(PATIENCE)
            server.sendall(question)
            answer = b""
            while answer.count(b"\x03") < 3 and (data := server.recv(1000)):
                answer += data
            return answer
    except ConnectionRefusedError:
        # The tap does not listen yet.
        return b""


def test_a_serial_reader_that_is_asked_is_recorded_and_replayed(tmp_path: Path) -> None:
    device, link, file, radio = tmp_path / "device", tmp_path / "link", tmp_path / "r", _radio()
    module = R200(PtyTransport(device), radio, R200Settings(round_seconds=0.02))
    module.plug()

    def tap(recorder: Recorder, stop: threading.Event) -> None:
        tap_serial(device, link, recorder, stop, baud=115_200, say=lambda _: None)

    with recording(file, "serial", tap), Driver("r200", port=str(link)) as driver:
        _wait_until(driver.is_ready)
        _pass(radio)
        said = driver.take(1) + driver.rest()
    module.unplug()

    with Driver("r200", port=str(link)) as driver, replayed(str(file), str(link), "--speed", "5"):
        assert driver.take(len(said)) == said

    # How often a tag is seen says how busy the machine is; that some were seen again says that it went on.
    assert len(said) > len(EPCS)


def test_a_reader_in_the_network_that_converses_is_recorded_and_replayed(tmp_path: Path) -> None:
    file, radio, device, port = tmp_path / "r", _radio(), free_port(), free_port()
    reader = LlrpReader(TcpTransport(device), radio, LlrpSettings(round_seconds=0.02))
    reader.plug()
    table = {"host": "127.0.0.1", "tcp_port": port}

    def tap(recorder: Recorder, stop: threading.Event) -> None:
        with socket.create_server(("127.0.0.1", port)) as listener:
            tap_tcp(listener, ("127.0.0.1", device), recorder, stop)

    with recording(file, "tcp", tap), Driver("llrp", **table) as driver:
        _wait_until(driver.is_ready)
        _pass(radio)
        said = driver.take(1) + driver.rest()
    reader.unplug()

    with Driver("llrp", **table) as driver, replayed(str(file), "--listen", str(port), "--speed", "5"):
        assert driver.take(len(said)) == said

    # How often a tag is seen says how busy the machine is; that some were seen again says that it went on.
    assert len(said) > len(EPCS)


def test_a_reader_that_posts_is_recorded_and_replayed(tmp_path: Path) -> None:
    file, tap_port, port = tmp_path / "r", free_port(), free_port()
    poster = Poster(tap_port, path="/gate-1", token="s3cret")
    (tmp_path / "token").write_text("s3cret\n")
    table = {"http_port": port, "path": "/gate-1", "preset": "impinj_r700", "token_file": str(tmp_path / "token")}

    def tap(recorder: Recorder, stop: threading.Event) -> None:
        with HttpTap(("127.0.0.1", tap_port), ("127.0.0.1", port), recorder) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,)).start()
            stop.wait()
            server.shutdown()

    with recording(file, "http", tap), Driver("http_push", **table) as driver:
        _wait_until(driver.is_ready)
        poster.plug()
        for epc in EPCS:
            poster.read(TagSeen(epc, 1, -51.0))
        said = driver.take(3)
        assert poster.wait_until_answered(PATIENCE)
        poster.unplug()

    again = ("--post", str(port), "--token-file", str(tmp_path / "token"), "--fast")
    with Driver("http_push", **table) as driver:
        _wait_until(driver.is_ready)
        with replayed(str(file), *again):
            assert driver.take(3) == said

    assert "s3cret" not in file.read_text()
    assert [chunk.data for chunk in read_recording(file).chunks if not chunk.to_host][-1] == b"200"


def test_readers_at_a_broker_are_recorded_and_replayed(tmp_path: Path) -> None:
    try:
        find_mosquitto()
    except ServiceMissing as missing:
        pytest.skip(str(missing))
    file = tmp_path / "r"
    with private_mosquitto() as port:
        table = {"port": port, "host": "127.0.0.1", "topics": ["readers/#"]}
        link = BrokerLink("127.0.0.1", port)
        publisher = MqttPublisher(port, "readers/cut 1/ä")
        with Recorder(file, "mqtt") as recorder, Driver("mqtt", **table) as driver:
            link.record("readers/#", recorder)
            with link:
                _wait_until(driver.is_ready)
                publisher.start()
                for code in CODES:
                    publisher.publish(code.encode())
                said = driver.take(len(CODES))
                _wait_until(lambda: recorder.chunks == len(CODES))
                # What the broker does not know to be stored, it would send to the next driver first.
                _wait_until(lambda: driver.source.counters()["waiting"] == 0)
                time.sleep(0.1)
                publisher.stop()

        with Driver("mqtt", **table) as driver:
            _wait_until(driver.is_ready)
            with replayed(str(file), "--broker", f"127.0.0.1:{port}", "--fast"):
                assert driver.take(len(CODES)) == said

    assert {chunk.place for chunk in read_recording(file).chunks} == {"readers/cut 1/ä"}


def test_a_recorder_that_is_killed_leaves_every_line_that_it_wrote(tmp_path: Path) -> None:
    device, link, file = tmp_path / "device", tmp_path / "link", tmp_path / "r"
    scanner = Scanner(PtyTransport(device))
    scanner.plug()
    command = [sys.executable, "-m", "simulators.cli", "record", "serial", str(device), str(link), str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        assert scanner.wait_for_host(PATIENCE)
        for code in CODES:
            scanner.scan(code)
        _wait_until(lambda: b"".join(_bytes_to_host(file)).count(b"\n") == len(CODES))
    finally:
        process.kill()
        process.wait()
    scanner.unplug()

    assert b"".join(_bytes_to_host(file)) == b"".join(code.encode() + b"\r\n" for code in CODES)


def _bytes_to_host(file: Path) -> list[bytes]:
    return [chunk.data for chunk in read_recording(file).chunks if chunk.to_host]


def test_true_time_is_kept_and_speed_shortens_it(tmp_path: Path) -> None:
    file = tmp_path / "r"
    file.write_text("# orderlight-recording 1\n# device: tcp\n0.000000 < 410d0a\n0.600000 < 420d0a\n")
    took: list[float] = []
    for speed in ("1", "3"):
        port = free_port()
        table = {"host": "127.0.0.1", "tcp_port": port}
        with replayed(str(file), "--listen", str(port), "--speed", speed), Driver("tcp_line", **table) as driver:
            driver.take(1)
            began = time.monotonic()
            driver.take(1)
            took.append(time.monotonic() - began)

    assert 0.5 < took[0] < 1.0
    assert 0.1 < took[1] < 0.45


def _wait_until(is_true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)
