"""Devices by hand: what is typed is sent, what the host answers is said."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from simulators.cli import main
from simulators.devices.r200 import R200Settings, make_frame
from simulators.devices.scanner import ScannerSettings
from simulators.devices.transport import PtyTransport
from simulators.shell import run_printer, run_r200, run_scanner


def test_typed_codes_reach_the_host_and_its_tones_are_told(tmp_path: Path) -> None:
    link, said, got = tmp_path / "port", [], []

    def typed() -> Iterator[str]:
        with serial.Serial(str(link), timeout=5) as port:
            yield "]C110LOT{GS}21SER\n"
            got.append(port.read_until(b"\n"))
            port.write(b"\x1b[4q\x1b[5q\x1b[4q")
            deadline = time.monotonic() + 5
            while "  heard: stop" not in said and time.monotonic() < deadline:
                time.sleep(0.01)
            yield "/twice A\n"
            got.append(port.read(6))
            yield "/quit\n"

    run_scanner(PtyTransport(link), ScannerSettings(), typed(), said.append)

    assert got == [b"]C110LOT\x1d21SER\r\n", b"A\r\nA\r\n"]
    assert "  heard: stop" in said
    assert not link.exists()


def test_a_code_typed_while_no_host_listens_is_not_pretended_to_be_sent(tmp_path: Path) -> None:
    said: list[str] = []

    run_scanner(PtyTransport(tmp_path / "port"), ScannerSettings(), iter(["OLU1052S\n"]), said.append)

    assert said[-1] == "Nothing was sent: no gateway has the port open."


def test_a_mistyped_burst_is_told_and_the_next_line_goes_on(tmp_path: Path) -> None:
    said: list[str] = []

    run_scanner(PtyTransport(tmp_path / "port"), ScannerSettings(), iter(["/burst many A\n", "/help\n"]), said.append)

    assert any("many" in line for line in said)
    assert said[-1].startswith("Type a code")


def test_a_typed_epc_passes_the_module(tmp_path: Path) -> None:
    link, said, got = tmp_path / "port", [], []

    def typed() -> Iterator[str]:
        with serial.Serial(str(link), timeout=5) as port:
            yield "/stay 30751FEB705C5904E3D50D70\n"
            for _attempt in range(20):
                port.write(make_frame(0, 0x22))
                got.append(port.read(8))
                port.timeout = 0.1
                got.append(port.read(64))
            yield "/quit\n"

    run_r200(link, R200Settings(), typed(), said.append)

    assert b"30751feb705c5904e3d50d70" in b"".join(got).hex().encode()


def test_what_is_no_epc_is_told(tmp_path: Path) -> None:
    said: list[str] = []

    run_r200(tmp_path / "port", R200Settings(), iter(["GEESE\n", "/quit\n"]), said.append)

    assert said[-1].startswith("That is no tag:")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["load"], "Load needs --server with --key"),
        (["device", "r700", "readers/x"], "An R700 needs a broker"),
        (["device", "r700", "readers/x", "--broker", "here"], "expected HOST:PORT"),
        (["scan", "A", "--data", "/nonexistent"], "Start one with: make demo"),
        (["load", "--codes", "/nonexistent"], "No such file"),
        (["device", "scanner", "x", "--suffix", "bell"], "expected a suffix of"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert sentence in capsys.readouterr().err


def test_a_printer_by_hand_tells_what_came_out_and_can_be_switched_off_and_on() -> None:
    said: list[str] = []

    def typed() -> Iterator[str]:
        yield "/off\n"
        yield "/on\n"
        port = int(re.findall(r"port (\d+)", said[0])[0])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"^XA^CI28^PW80^LL80^FO1,1^A0N,8,8^FH\\^FDHello^FS^PQ2^XZ~HS")
            assert line.recv(100).startswith(b"\x02030,0,0")
        yield "?\n"
        yield "/quit\n"

    run_printer(0, typed(), said.append)

    assert "  came out: Hello [] × 2" in said
    assert said[-1].startswith("/off")


def test_an_ssi_scanner_tells_whether_its_code_was_taken_and_what_it_heard() -> None:
    from simulators.devices.commands import run_zebra_ssi
    from simulators.devices.transport import MemoryTransport
    from simulators.devices.zebra_ssi import make_packet

    class Wire(MemoryTransport):
        def write(self, data: bytes) -> None:
            super().write(data)
            if data[1] == 0xF3:
                self.host_sends(make_packet(0xE6, b"\x06", source=4) + make_packet(0xD0, source=4))

    said: list[str] = []
    wire = Wire()

    run_zebra_ssi(wire, iter(["]C110LOT{GS}21SER\n", "/quit\n", "never\n"]), said.append)

    assert said[1:] == ["  heard: 2 short low", "sent"]
    assert wire.take() == make_packet(0xF3, b"\x03]C110LOT\x1d21SER") + make_packet(0xD0)
