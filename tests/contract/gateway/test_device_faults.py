"""Every driver against a device that fails: what is whole is read, nothing is invented, and the reader comes back."""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from gateway.decode import decode
from gateway.protocols.reads import Read, TagRead
from orderlight.autoid.own import OwnCode
from simulators.devices.chafon import Chafon
from simulators.devices.device import Wired
from simulators.devices.keyboard import Keyboard
from simulators.devices.llrp import LlrpReader, LlrpSettings
from simulators.devices.poster import Poster
from simulators.devices.r200 import R200, R200Settings
from simulators.devices.r700 import R700, MqttPublisher, R700Settings
from simulators.devices.scanner import Scanner, ScannerSettings
from simulators.devices.tcp import TcpTransport
from simulators.devices.transport import NotPlugged, PipeTransport, PtyTransport, Transport
from simulators.devices.trouble import Fallible
from simulators.devices.zebra_ssi import ZebraSsi
from simulators.faults import LASTING, Fault, Spoiled
from simulators.host import Watched
from simulators.radio import RadioField, RadioSettings, TagSeen
from simulators.services import ServiceMissing, find_mosquitto, free_port, private_mosquitto

PATIENCE: Final = 10.0
CHANCE: Final = 0.3
SHOWN: Final = 6
EPCS: Final = tuple(f"30751FEB705C5904E3D50D{number:02X}" for number in range(256))
CODES: Final = tuple(str(OwnCode("U", f"{number:04}")) for number in range(256))


@dataclass
class Bench:
    """A device with the [[device]] table that reaches it, and what it was shown."""

    driver: str
    table: dict[str, object]
    device: Fallible
    #: Have it read this code or EPC.
    show: Callable[[str], object]
    plug: Callable[[], None]
    unplug: Callable[[], None]
    names: Iterator[str]
    #: Whether a tag is read again and again, so that it comes through whatever is lost.
    again: bool = False
    chance: float = CHANCE
    shown: set[str] = field(default_factory=set)

    def show_next(self) -> str:
        name = next(self.names)
        self.shown.add(name)
        self.show(name)
        return name


def _codes(device: Wired, scan: Callable[[str], object], driver: str, table: dict[str, object]) -> Bench:
    def show(code: str) -> None:
        assert device.wait_for_host(PATIENCE)
        try:
            scan(code)
        except NotPlugged:
            # The fault broke the connection under it.
            return

    return Bench(driver, table, device, show, device.plug, device.unplug, iter(CODES))


def _tags(device: Wired, radio: RadioField, driver: str, table: dict[str, object]) -> Bench:
    def show(epc: str) -> None:
        _only(radio, epc)

    # Where a broken connection costs a second, fewer are broken.
    chance = 0.1 if "host" in table else CHANCE
    return Bench(driver, table, device, show, device.plug, device.unplug, iter(EPCS), again=True, chance=chance)


def _only(radio: RadioField, epc: str) -> None:
    """This tag alone, and it stays."""
    for other in radio.present(time.monotonic()):
        radio.leave(other)
    radio.enter(epc, now=time.monotonic(), dwell=3600.0)


def _radio() -> RadioField:
    return RadioField(RadioSettings(read_probability=1.0, cross_probability=0.0))


def serial_line(folder: Path) -> Bench:
    scanner = Scanner(PtyTransport(folder / "p"), ScannerSettings(suffix="etx"), seed=3)
    return _codes(scanner, scanner.scan, "serial_line", {"port": str(folder / "p"), "suffix": "etx"})


def serial_line_that_waits(folder: Path) -> Bench:
    scanner = Scanner(PtyTransport(folder / "p"), ScannerSettings(suffix="etx", ack=True, patience=0.1), seed=3)
    return _codes(scanner, scanner.scan, "serial_line", {"port": str(folder / "p"), "suffix": "etx", "ack": "ack"})


def tcp_line(_folder: Path) -> Bench:
    port = free_port()
    scanner = Scanner(TcpTransport(port), ScannerSettings(suffix="etx"), seed=3)
    return _codes(scanner, scanner.scan, "tcp_line", {"host": "127.0.0.1", "tcp_port": port, "suffix": "etx"})


def zebra_ssi(folder: Path) -> Bench:
    scanner = ZebraSsi(PtyTransport(folder / "p"), patience=0.1, seed=3)
    return _codes(scanner, scanner.scan, "zebra_ssi", {"port": str(folder / "p")})


def r200(folder: Path) -> Bench:
    radio = _radio()
    module = R200(PtyTransport(folder / "p"), radio, R200Settings(round_seconds=0.02), seed=3)
    return _tags(module, radio, "r200", {"port": str(folder / "p")})


def _chafon(wire: Transport, table: dict[str, object]) -> Bench:
    radio = _radio()
    return _tags(Chafon(wire, radio, seed=3), radio, "chafon", table)


def chafon(folder: Path) -> Bench:
    return _chafon(PtyTransport(folder / "p"), {"port": str(folder / "p")})


def chafon_tcp(_folder: Path) -> Bench:
    port = free_port()
    return _chafon(TcpTransport(port), {"host": "127.0.0.1", "tcp_port": port})


def llrp(_folder: Path) -> Bench:
    port, radio = free_port(), _radio()
    reader = LlrpReader(TcpTransport(port), radio, LlrpSettings(round_seconds=0.02), seed=3)
    return _tags(reader, radio, "llrp", {"host": "127.0.0.1", "tcp_port": port})


def hid(folder: Path) -> Bench:
    scanner = Keyboard(PipeTransport(folder / "p"), seed=3)
    return Bench("hid", {"port": str(folder / "p")}, scanner, scanner.scan, scanner.plug, scanner.unplug, iter(CODES))


def http_push(_folder: Path) -> Bench:
    port = free_port()
    poster = Poster(port, seed=3)

    def show(epc: str) -> None:
        poster.read(TagSeen(epc, 1, -51.0))
        poster.wait_until_answered(PATIENCE)

    table: dict[str, object] = {"http_port": port, "preset": "impinj_r700"}
    return Bench("http_push", table, poster, show, poster.plug, poster.unplug, iter(EPCS))


def mqtt(port: int) -> Bench:
    radio, publisher = _radio(), MqttPublisher(port, "readers/gate-1")
    reader = R700(publisher, radio, R700Settings(round_seconds=0.05), seed=3)

    def show(epc: str) -> None:
        _only(radio, epc)

    def plug() -> None:
        publisher.start()
        reader.plug()

    def unplug() -> None:
        reader.unplug()
        publisher.stop()

    table: dict[str, object] = {"host": "127.0.0.1", "port": port, "topics": ["readers/#"], "preset": "impinj_r700"}
    return Bench("mqtt", table, reader, show, plug, unplug, iter(EPCS), again=True)


class Sifted(Watched):
    """The driver of a bench, and what of its reads is as it should be."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.driver, bench.table)
        self.good: list[str] = []
        self.times: list[int] = []

    def wait_for(self, wanted: set[str], seconds: float = PATIENCE) -> set[str]:
        """What of it is not read in time."""
        end = time.monotonic() + seconds
        while missing := wanted - set(self.good):
            try:
                self._note(self.reads.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                break
        return missing

    def _note(self, read: Read) -> None:
        if isinstance(read, TagRead):
            self.good.append(read.epc)
            self.times += [read.reader_time.year] if read.reader_time else []
        elif decode(read).error is None and decode(read).kind == "own":
            self.good.append(read.raw.decode()[-len(CODES[0]) :])


def _remember(bench: Bench) -> list[tuple[bytes, Spoiled]]:
    """Every piece that the device sends from now on, and what its faults left of it."""
    sent: list[tuple[bytes, Spoiled]] = []
    spoil = type(bench.device.faults).spoil

    def watched(piece: bytes) -> Spoiled:
        left = spoil(bench.device.faults, piece)
        sent.append((piece, left))
        return left

    bench.device.faults.spoil = watched  # type: ignore[method-assign]
    return sent


def _suffer(bench: Bench, fault: Fault, watched: Sifted) -> None:
    """Show things while it fails, then once more when all is well."""
    sent = _remember(bench)
    if fault is Fault.REBOOT:
        bench.device.reboot(0.05)
    else:
        bench.device.faults.begin(fault, 1.0 if fault in LASTING else bench.chance)
    if fault is Fault.WRONG_BAUD:
        assert watched.wait_for({bench.show_next()}, 0.2), "it was read at the wrong rate"
    elif bench.again:
        _read_in_spite_of_it(bench, fault, watched, sent)
    else:
        assert watched.wait_for(_whole(bench, sent)) == set(), fault
    bench.device.faults.end(fault)
    while watched.wait_for({bench.show_next()}, 0.5):
        # A code into a port that is just being opened again is lost; the next one comes through.
        assert len(bench.shown) < 150, f"{fault}: the reader did not come back"
    invented = set(watched.good) - bench.shown
    assert invented == set(), fault


def _read_in_spite_of_it(bench: Bench, fault: Fault, watched: Sifted, sent: list[tuple[bytes, Spoiled]]) -> None:
    """A tag that stays is read, and the next one when a piece was spoiled."""
    assert watched.wait_for({bench.show_next()}) == set(), fault
    end = time.monotonic() + PATIENCE
    while fault not in (Fault.REBOOT, *LASTING) and all(left.pieces == (piece,) for piece, left in sent):
        assert time.monotonic() < end, f"{fault} befell nothing"
        time.sleep(0.02)
    assert watched.wait_for({bench.show_next()}) == set(), fault


def _whole(bench: Bench, sent: list[tuple[bytes, Spoiled]]) -> set[str]:
    """Show some things; those of them that left the device whole."""
    whole, broken = set(), False
    for _time in range(SHOWN):
        before = len(sent)
        name = bench.show_next()
        # A scanner that types marks no beginning: half a code becomes the beginning of the next one.
        if not (broken and bench.driver == "hid") and any(piece in left.pieces for piece, left in sent[before:]):
            whole.add(name)
        broken = any(left.broken for _piece, left in sent[before:])
    return whole


SERIAL: Final = [*(fault for fault in Fault if fault is not Fault.CLOCK_2000)]
NETWORK: Final = [fault for fault in Fault if fault not in (Fault.WRONG_BAUD, Fault.LOST_BYTE)]
EXPECTED: Final = {
    serial_line: SERIAL,
    serial_line_that_waits: SERIAL,
    tcp_line: [fault for fault in SERIAL if fault is not Fault.WRONG_BAUD],
    zebra_ssi: SERIAL,
    r200: SERIAL,
    chafon: SERIAL,
    chafon_tcp: [fault for fault in SERIAL if fault is not Fault.WRONG_BAUD],
    llrp: NETWORK,
    hid: [Fault.DROP, Fault.DUPLICATE, Fault.HALF_FRAME, Fault.REBOOT],
    http_push: NETWORK,
}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that fails on purpose again and again is opened and asked again soon."""
    monkeypatch.setattr("gateway.supervisor.LARGEST_SECONDS", 0.3)
    monkeypatch.setattr("gateway.protocols.chafon.ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("gateway.protocols.zebra_ssi.ANSWER_SECONDS", 0.1)


@pytest.mark.parametrize("make", EXPECTED, ids=lambda make: make.__name__)
def test_a_failing_device_is_read_as_far_as_it_can_and_comes_back(
    make: Callable[[Path], Bench], tmp_path: Path
) -> None:
    bench = make(tmp_path)
    assert bench.device.faults.possible() == EXPECTED[make]

    _run(bench)


def test_a_failing_reader_at_a_broker_is_read_as_far_as_it_can_and_comes_back() -> None:
    try:
        find_mosquitto()
    except ServiceMissing as missing:
        pytest.skip(str(missing))
    with private_mosquitto() as port:
        bench = mqtt(port)
        assert bench.device.faults.possible() == NETWORK

        _run(bench)


def _run(bench: Bench) -> None:
    with ExitStack() as stack:
        bench.plug()
        stack.callback(bench.unplug)
        watched = stack.enter_context(Sifted(bench))
        assert watched.wait_for({bench.show_next()}) == set()
        for fault in bench.device.faults.possible():
            _suffer(bench, fault, watched)
            if fault is Fault.CLOCK_2000:
                # Such a time is left out, or told as what it is; the gateway's own counts (clock_suspect).
                assert set(watched.times) <= {2000, time.gmtime().tm_year}
