"""The simulated scanner: what it sends, what it hears, and how its cable behaves."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from gateway.protocols.feedback import ACK, NAK, PROFILES, feedback_bytes
from gateway.protocols.line import LineFramer, LineOptions
from simulators.devices.scanner import GS, Scanner, ScannerSettings
from simulators.devices.tones import VENDORS, Ear
from simulators.devices.transport import MemoryTransport, NotPlugged, PtyTransport


@pytest.fixture
def wire() -> MemoryTransport:
    return MemoryTransport()


def plugged(wire: MemoryTransport, **settings: object) -> Scanner:
    scanner = Scanner(wire, ScannerSettings(**settings), seed=7)  # type: ignore[arg-type]
    scanner.plug()
    return scanner


def test_a_scan_carries_aim_identifier_group_separator_and_suffix(wire: MemoryTransport) -> None:
    plugged(wire).scan(f"010950600013435210LOT{GS}21SER42", "]C1")

    assert wire.take() == b"]C1010950600013435210LOT\x1d21SER42\r\n"


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"suffix": "cr"}, b"]C101\x1d21\r"),
        ({"suffix": "etx"}, b"\x02]C101\x1d21\x03"),
        ({"suffix": "none", "aim": False}, b"01\x1d21"),
        ({"suffix": "lf", "gs": "~"}, b"]C101~21\n"),
    ],
)
def test_settings_change_what_is_sent(wire: MemoryTransport, settings: dict[str, object], sent: bytes) -> None:
    plugged(wire, **settings).scan(f"01{GS}21", "]C1")

    assert wire.take() == sent


def test_an_unknown_suffix_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="expected a suffix of cr, lf, crlf"):
        ScannerSettings(suffix="bell")


@pytest.mark.parametrize("suffix", ["cr", "lf", "crlf", "etx"])
def test_the_gateways_framer_reads_a_burst_back(wire: MemoryTransport, suffix: str) -> None:
    codes = [f"OLU{number:04}X" for number in range(200)]

    plugged(wire, suffix=suffix).burst(codes)

    framer = LineFramer("scanner", LineOptions(port="x", suffix=suffix))
    assert [read.raw.decode() for read in framer.feed(wire.take())] == codes


def test_noise_and_garbage_are_the_same_for_the_same_seed(wire: MemoryTransport) -> None:
    first, second = (Scanner(wire, seed=3), Scanner(wire, seed=3))
    first.plug()

    assert (first.noise(), first.garbage()) == (second.noise(), second.garbage())
    assert b"\r" not in wire.take().removesuffix(b"\r\n").replace(b"\r\n", b"")


def test_half_a_frame_ends_in_the_middle(wire: MemoryTransport) -> None:
    sent = plugged(wire).half_frame("OLU0011P")

    assert b"OLU0011P\r\n".startswith(sent)
    assert wire.take() == sent


def test_a_duplicate_is_the_same_frame_twice(wire: MemoryTransport) -> None:
    plugged(wire).duplicate("OLU0011P")

    assert wire.take() == b"OLU0011P\r\n" * 2


def test_nothing_is_sent_with_the_cable_out(wire: MemoryTransport) -> None:
    scanner = plugged(wire)
    scanner.unplug()

    with pytest.raises(NotPlugged, match="the cable is out"):
        scanner.scan("OLU0011P")


@pytest.mark.parametrize("vendor", [name for name in PROFILES if name != "none"])
@pytest.mark.parametrize("signal", ["ok", "warn", "stop", "stored"])
def test_a_scanner_understands_what_the_gateway_sends_it(vendor: str, signal: str) -> None:
    sent = feedback_bytes(vendor, signal)

    assert Ear(vendor).hear(sent) == ([signal] if sent else [])


def test_every_profile_of_the_gateway_has_a_scanner_that_understands_it() -> None:
    assert set(VENDORS) == set(PROFILES)


def test_a_command_in_two_pieces_is_understood_once() -> None:
    ear = Ear("datalogic")
    sent = feedback_bytes("datalogic", "ok")

    assert ear.hear(sent[:6]) + ear.hear(sent[6:]) == ["ok"]


def test_bytes_no_manual_explains_are_kept() -> None:
    ear = Ear("honeywell")

    assert ear.hear(b"hello" + ACK) == ["ack"]
    assert bytes(ear.unknown) == b"hello"


def test_a_scanner_with_handshake_sends_again_on_nak_and_stops_at_ack(wire: MemoryTransport) -> None:
    answers = iter([NAK, ACK])

    class AnsweringWire(MemoryTransport):
        def write(self, data: bytes) -> None:
            super().write(data)
            self.host_sends(next(answers))

    line = AnsweringWire()
    taken = plugged(line, ack=True).scan("OLU0011P")

    assert taken
    assert line.take() == b"OLU0011P\r\n" * 2


def test_a_scanner_with_handshake_gives_up_on_a_silent_host(wire: MemoryTransport) -> None:
    taken = plugged(wire, ack=True, patience=0.01, attempts=3).scan("OLU0011P")

    assert not taken
    assert wire.take() == b"OLU0011P\r\n" * 3


# --- on a pseudo-terminal ---


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "scanner-1"


@pytest.fixture
def on_pty(link: Path) -> Iterator[Scanner]:
    scanner = Scanner(PtyTransport(link), seed=7)
    scanner.plug()
    yield scanner
    scanner.unplug()


def test_a_host_reads_the_scan_and_the_scanner_hears_its_beep(on_pty: Scanner, link: Path) -> None:
    with serial.Serial(str(link), exclusive=True, timeout=5) as port:
        assert on_pty.wait_for_host(5)
        on_pty.scan("OLU0011P")
        assert port.read_until(b"\n") == b"OLU0011P\r\n"
        port.write(ACK + feedback_bytes("datalogic", "stop"))

        assert on_pty.wait_for_signals(1, 5) == ["stop"]
        assert on_pty.heard.acks == 1


def test_no_host_is_noticed_before_and_after_one_was_there(on_pty: Scanner, link: Path) -> None:
    assert not on_pty.wait_for_host(0.1)
    with pytest.raises(NotPlugged, match="no host has the port open"):
        on_pty.scan("OLU0011P")

    with serial.Serial(str(link)):
        assert on_pty.wait_for_host(5)


def test_unplugging_ends_the_hosts_read_and_replugging_brings_the_same_path_back(on_pty: Scanner, link: Path) -> None:
    with serial.Serial(str(link), timeout=5) as port:
        assert on_pty.wait_for_host(5)
        on_pty.unplug()
        with pytest.raises((serial.SerialException, OSError)):
            port.read(1)
    assert not os.path.lexists(link)

    on_pty.plug()
    with serial.Serial(str(link), timeout=5) as port:
        assert on_pty.wait_for_host(5)
        on_pty.scan("OLU0012N")
        assert port.read_until(b"\n") == b"OLU0012N\r\n"


def test_every_byte_value_passes_unchanged_and_nothing_is_echoed(on_pty: Scanner, link: Path) -> None:
    everything = bytes(range(256))

    with serial.Serial(str(link), timeout=5) as port:
        assert on_pty.wait_for_host(5)
        on_pty.send_raw(everything)
        assert port.read(256) == everything

    assert bytes(on_pty.heard.raw) == b""
