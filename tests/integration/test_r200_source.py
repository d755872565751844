"""A UHF module on a real pseudo-terminal: polled, noisy, unplugged, replugged, and silent."""

import os
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.protocols import r200
from gateway.protocols.r200 import R200Options
from gateway.protocols.reads import DevicePhase, DeviceState, TagRead
from gateway.sources import make_source
from gateway.sources.base import Source
from gateway.sources.r200 import FRAME_GAP
from simulators.devices.r200 import R200, R200Settings
from simulators.devices.transport import PtyTransport
from simulators.faults import Fault
from simulators.host import Running
from simulators.radio import RadioField, RadioSettings

EPCS = ("3074257BF7194E4000001A85", "3074257BF7194E4000001A86", "BB7EAADDBB7EAADD7E7EBBBB")
PATIENCE = 30.0

MakeModule = Callable[..., R200]


def tags_until(running: Running, wanted: set[str]) -> list[TagRead]:
    reads: list[TagRead] = []
    while not wanted <= {read.epc for read in reads}:
        read = running.reads.get(timeout=PATIENCE)
        assert isinstance(read, TagRead)
        reads.append(read)
    return reads


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "usb-uhf-1"


@pytest.fixture
def module(link: Path) -> Iterator[MakeModule]:
    plugged: list[R200] = []

    def make(**settings: object) -> R200:
        field = RadioField(RadioSettings(read_probability=1.0, cross_probability=0.0), seed=1)
        field_settings = R200Settings(round_seconds=0.01, **settings)  # type: ignore[arg-type]
        reader = R200(PtyTransport(link), field, field_settings, seed=5)
        reader.plug()
        plugged.append(reader)
        return reader

    yield make
    for reader in plugged:
        reader.unplug()


def source(link: Path, **table: object) -> Source:
    return make_source("gate-1", R200Options.parse({"port": str(link), **table}), gateway="gw-hall-1")


def report(epc: bytes) -> bytes:
    memory = bytes((len(epc) // 2 << 3, 0)) + epc
    told = b"\xc4" + memory + r200.crc16_genibus(memory).to_bytes(2)
    return r200.frame(r200.POLL, told, kind=r200.NOTIFICATION)


def put_tags_into(reader: R200) -> None:
    for epc in EPCS:
        reader.field.enter(epc, now=reader._clock(), dwell=600.0)


@pytest.mark.parametrize("poll", ["multi", "single"])
def test_tags_in_the_field_are_read(link: Path, module: MakeModule, poll: str) -> None:
    put_tags_into(module())

    with Running(source(link, poll=poll)) as running:
        reads = tags_until(running, set(EPCS))

        assert running.states.get(timeout=PATIENCE) == DeviceState(DevicePhase.READY)

    assert {read.reader for read in reads} == {"gate-1"}
    assert all(read.rssi_dbm is not None and read.rssi_dbm < 0 for read in reads)


def test_the_other_dialect_is_found_by_itself(link: Path, module: MakeModule) -> None:
    put_tags_into(module(head=0xAA))

    with Running(source(link)) as running:
        tags_until(running, set(EPCS))


def test_noise_and_cut_frames_invent_no_tag(link: Path, module: MakeModule) -> None:
    reader = module()
    for fault in (Fault.NOISE, Fault.HALF_FRAME):
        reader.faults.begin(fault, 0.2)
    put_tags_into(reader)

    with Running(source(link)) as running:
        reads = [read for _ in range(60) for read in tags_until(running, set(EPCS[:1]))]

    assert {read.epc for read in reads} <= set(EPCS)
    assert running.source.counters()["noise_bytes"] > 0


def test_an_unplugged_module_is_lost_and_read_again_when_it_is_back(link: Path, module: MakeModule) -> None:
    reader = module()
    put_tags_into(reader)
    gate = source(link)
    with Running(gate) as running:
        tags_until(running, set(EPCS))
        reader.unplug()
        lost = running.ended()

    reader.plug()

    assert lost is not None
    assert "was lost: it was unplugged" in lost.reason
    with Running(gate) as running:
        tags_until(running, set(EPCS))


def test_a_module_that_never_answers_is_given_up_with_advice(link: Path) -> None:
    transport = PtyTransport(link)
    transport.plug(lambda _data: None)
    try:
        with Running(source(link)) as running:
            lost = running.ended()
    finally:
        transport.unplug()

    assert lost is not None
    assert "does not answer: check its power, and baud" in lost.reason
    assert running.states.empty()


@pytest.mark.parametrize("cut", [1, 4, 12, 23])
def test_a_report_whose_other_half_comes_late_is_read(cut: int) -> None:
    whole = report(bytes.fromhex(EPCS[0]))
    master, slave = os.openpty()
    tty.setraw(slave)

    with Running(source(Path(os.ttyname(slave)), silence_ms=60_000)) as running:
        # It asks, so it listens: what was written before a port is opened is thrown away.
        os.read(master, 256)
        os.write(master, whole[:cut])
        time.sleep(0.6 * FRAME_GAP)
        os.write(master, whole[cut:])
        read = running.reads.get(timeout=PATIENCE)

    os.close(master)
    os.close(slave)
    assert isinstance(read, TagRead)
    assert read.epc == EPCS[0]


def test_a_report_behind_a_beginning_that_never_ends_is_read_after_a_silence() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)

    with Running(source(Path(os.ttyname(slave)), silence_ms=60_000)) as running:
        # It asks, so it listens: what was written before a port is opened is thrown away.
        os.read(master, 256)
        # A head that promises five hundred bytes.
        os.write(master, b"\xbb\x02\x22\x01\xf4" + report(bytes.fromhex(EPCS[0])))
        read = running.reads.get(timeout=PATIENCE)

    os.close(master)
    os.close(slave)
    assert isinstance(read, TagRead)
    assert read.epc == EPCS[0]


def test_the_power_is_set_and_the_inventory_stopped_at_the_end(link: Path, module: MakeModule) -> None:
    reader = module()

    with Running(source(link, power_dbm=20)) as running:
        assert running.states.get(timeout=PATIENCE).phase is DevicePhase.READY

    assert reader.power_cdbm == 2000
    deadline = threading.Event()
    for _ in range(500):
        if reader.obeyed[-1] == r200.STOP:
            break
        deadline.wait(0.01)
    assert reader.obeyed[-1] == r200.STOP
