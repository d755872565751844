"""A cable that comes out in the middle of a frame: the half is never taken for a read, and the next whole frame is."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from gateway.protocols import DRIVERS, Machine, parse_options
from gateway.protocols.chafon import ChafonMachine
from gateway.protocols.llrp import LlrpMachine
from gateway.protocols.reads import CodeRead, TagRead
from gateway.protocols.zebra_ssi import ZebraSsiMachine
from simulators.devices.tcp import TcpTransport
from simulators.devices.transport import NotPlugged, PtyTransport, Transport
from simulators.host import Watched
from simulators.services import free_port

PATIENCE: Final = 10.0
#: One frame as it was recorded, and what is read in it (docs/reference/drivers.md).
FRAMES: Final[dict[str, tuple[bytes, str]]] = {
    "serial_line": (b"]C1OLU00113\r\n", "]C1OLU00113"),
    "tcp_line": (b"]C1OLU00113\r\n", "]C1OLU00113"),
    "r200": (bytes.fromhex("BB02220011C9340030751FEB705C5904E3D50D703A76EF7E"), "30751FEB705C5904E3D50D70"),
    "chafon": (bytes.fromhex("1500010301010C0000000000000000000003136BB1A5"), "000000000000000000000313"),
    "zebra_ssi": (bytes.fromhex("12F300000B35393031323334313233343537FC52"), "]E05901234123457"),
    "llrp": (
        bytes.fromhex("043D0000002900000005 00F0001F8D3000ABCDEF0000000000000381000186D0820005A9E4BEF862E0"),
        "3000ABCDEF00000000000003",
    ),
}
MACHINES: Final[dict[str, Callable[[str, object], Machine]]] = {
    "chafon": ChafonMachine,  # type: ignore[dict-item]
    "llrp": LlrpMachine,  # type: ignore[dict-item]
    "zebra_ssi": ZebraSsiMachine,  # type: ignore[dict-item]
}


def said(read: TagRead | CodeRead) -> str:
    return read.epc if isinstance(read, TagRead) else read.raw.decode()


def whole(reads: list[TagRead | CodeRead]) -> list[str]:
    """What was read as it should be; half a line is told too, with what is wrong with it."""
    return [said(read) for read in reads if not (isinstance(read, CodeRead) and read.fault)]


@pytest.mark.parametrize("name", MACHINES)
def test_wherever_a_frame_breaks_off_the_next_connection_reads_its_own_frames_alone(name: str) -> None:
    frame, expected = FRAMES[name]
    machine = MACHINES[name]("reader-1", parse_options(name, DRIVERS[name].example))

    for at in range(1, len(frame)):
        machine.open(float(at))
        half = machine.feed(frame[:at], float(at))
        machine.open(at + 0.5)
        assert not machine.waiting
        again = machine.feed(frame, at + 0.5)

        assert half == [], at
        assert [said(read) for read in again if isinstance(read, TagRead | CodeRead)] == [expected], at


def cable(name: str, folder: Path) -> tuple[Transport, dict[str, object]]:
    if name in ("tcp_line", "llrp"):
        port = free_port()
        return TcpTransport(port), {"host": "127.0.0.1", "tcp_port": port}
    return PtyTransport(folder / "reader"), {"port": str(folder / "reader")}


def connected(transport: Transport) -> Iterator[None]:
    """Put the cable in, and pull it when whatever was sent has been read."""
    transport.plug(lambda _heard: None)
    assert transport.wait_for_host(PATIENCE)
    yield
    time.sleep(0.1)
    transport.unplug()


@pytest.mark.parametrize("name", FRAMES)
def test_a_cable_pulled_in_the_middle_of_a_frame_costs_that_frame_and_no_other(name: str, tmp_path: Path) -> None:
    frame, expected = FRAMES[name]
    transport, where = cable(name, tmp_path)
    with Watched(name, where) as watched:
        # A line may end with CR alone, so both of its last bytes are missing.
        for sent in (frame[:-3], frame):
            for _plugged in connected(transport):
                transport.write(sent)
        reads = list(watched.reads.queue)

    assert whole(reads) == [expected]
    with pytest.raises(NotPlugged):
        transport.write(frame)
