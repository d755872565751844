"""The simulated R200 module: it obeys commands, and its frames are the ones the gateway's parser knows."""

from collections.abc import Iterator

import pytest

from gateway.protocols import r200 as wire_protocol
from gateway.protocols.r200 import R200Options, R200Parser
from simulators.devices.r200 import R200, R200Settings, make_frame, tag_report
from simulators.devices.transport import MemoryTransport
from simulators.faults import Fault
from simulators.radio import RadioField, RadioSettings, TagSeen

EPC = "30751FEB705C5904E3D50D70"


def always_read() -> RadioField:
    return RadioField(RadioSettings(read_probability=1.0, cross_probability=0.0), seed=7)


@pytest.fixture
def wire() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def module(wire: MemoryTransport) -> Iterator[R200]:
    reader = R200(wire, always_read(), R200Settings(round_seconds=0.001), clock=lambda: 0.0)
    reader.plug()
    yield reader
    reader.unplug()


def test_a_tag_report_is_the_frame_seen_on_a_real_module() -> None:
    # A capture of a real module: -55 dBm, 96-bit EPC, tag checksum 3A76.
    report = make_frame(2, 0x22, tag_report(TagSeen(EPC, 1, -55.0)))

    assert report.hex(" ").upper() == "BB 02 22 00 11 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 3A 76 EF 7E"


def test_a_single_poll_reports_the_tag_in_the_field(module: R200, wire: MemoryTransport) -> None:
    module.field.enter(EPC, now=0.0, dwell=10.0)

    wire.host_sends(wire_protocol.frame(wire_protocol.POLL))

    reads = R200Parser("gate", R200Options(port="x")).feed(wire.take())
    assert [(read.epc, read.reader) for read in reads] == [(EPC, "gate")]


def test_a_single_poll_of_an_empty_field_says_so(module: R200, wire: MemoryTransport) -> None:
    wire.host_sends(bytes.fromhex("BB00220000227E"))

    assert wire.take() == bytes.fromhex("BB01FF000115167E")


def test_a_multi_poll_does_its_rounds_and_no_more(module: R200, wire: MemoryTransport) -> None:
    module.field.enter(EPC, now=0.0, dwell=10.0)
    parser = R200Parser("gate", R200Options(port="x"))

    wire.host_sends(wire_protocol.multi_poll(5))
    while parser.counts["tags"] < 5:
        parser.feed(wire.take())

    assert module._rounds_left == 0


def test_stop_is_obeyed_and_confirmed(module: R200, wire: MemoryTransport) -> None:
    wire.host_sends(wire_protocol.multi_poll(60_000) + wire_protocol.frame(wire_protocol.STOP))

    assert wire.take().endswith(bytes.fromhex("BB01280001002A7E"))
    assert module._rounds_left == 0


def test_power_is_set_and_an_unknown_command_is_an_error(module: R200, wire: MemoryTransport) -> None:
    wire.host_sends(make_frame(0, 0xB6, b"\x07\xd0") + make_frame(0, 0x5A))

    assert module.power_cdbm == 2000
    assert wire.take() == make_frame(1, 0xB6, b"\x00") + make_frame(1, 0xFF, b"\x17")


def test_a_command_after_noise_and_in_pieces_is_still_obeyed(module: R200, wire: MemoryTransport) -> None:
    command = wire_protocol.frame(wire_protocol.INFO, b"\x00")

    for byte in b"\xbb\x00\x99" + command:
        wire.host_sends(bytes((byte,)))

    assert module.obeyed == [wire_protocol.INFO]
    assert b"M100" in wire.take()


def test_the_other_dialect_is_spoken_when_asked_for_and_only_then(wire: MemoryTransport) -> None:
    module = R200(wire, always_read(), R200Settings(head=0xAA), clock=lambda: 0.0)
    module.plug()

    wire.host_sends(wire_protocol.frame(wire_protocol.INFO, b"\x00", head=0xBB))
    assert wire.take() == b""

    wire.host_sends(wire_protocol.frame(wire_protocol.INFO, b"\x00", head=0xAA))
    assert wire.take()[:1] == b"\xaa"
    module.unplug()


def test_the_gateways_parser_survives_noise_and_cut_frames(wire: MemoryTransport) -> None:
    module = R200(wire, always_read(), seed=7, clock=lambda: 0.0)
    module.faults.begin(Fault.NOISE, 0.1)
    module.faults.begin(Fault.HALF_FRAME, 0.1)
    module.plug()
    module.field.enter(EPC, now=0.0, dwell=10.0)
    parser = R200Parser("gate", R200Options(port="x"))

    reads = []
    for _round in range(500):
        wire.host_sends(wire_protocol.frame(wire_protocol.POLL))
        reads += parser.feed(wire.take())
    module.unplug()

    assert 400 <= len(reads) < 500
    assert {read.epc for read in reads} == {EPC}
