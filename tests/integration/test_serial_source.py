"""A scanner on a real pseudo-terminal: plugged, unplugged in the middle of a code, replugged, and answered."""

import os
import queue
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
import serial

from gateway.protocols.line import LineOptions
from gateway.protocols.reads import DevicePhase, Read
from gateway.sources import make_source
from gateway.sources.base import SourceLost
from gateway.sources.link import MAX_TONES
from gateway.sources.serial_line import SerialLineSource
from simulators.host import Running

PATIENCE = 30.0


class Cable:
    """The scanner's end of a pseudo-terminal, reachable under a stable path as under /dev/serial/by-id."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._scanner = -1

    def plug(self) -> None:
        self._scanner, host = os.openpty()
        tty.setraw(host)
        fresh = self.link.with_suffix(".new")
        fresh.symlink_to(os.ttyname(host))
        fresh.replace(self.link)
        os.close(host)

    def unplug(self) -> None:
        if self._scanner >= 0:
            self.link.unlink()
            os.close(self._scanner)
            self._scanner = -1

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._scanner, data) :]

    def received(self, count: int) -> bytes:
        got = b""
        while len(got) < count and select.select([self._scanner], [], [], PATIENCE)[0]:
            got += os.read(self._scanner, count - len(got))
        return got

    def is_quiet(self, seconds: float) -> bool:
        return not select.select([self._scanner], [], [], seconds)[0]


class Ready(Running):
    """A source that reads already."""

    def __enter__(self) -> Self:
        return super().__enter__().ready()


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "usb-scanner-1")
    cable.plug()
    yield cable
    cable.unplug()


@pytest.fixture
def source(cable: Cable) -> Callable[..., SerialLineSource]:
    def make(**table: object) -> SerialLineSource:
        return SerialLineSource("scanner-1", LineOptions.parse({"port": str(cable.link), **table}))

    return make


def test_codes_arrive_whole_and_unchanged(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    with Ready(source()) as running:
        cable.send(b"]C10109506000134352\x1d21SER42\r\nOLU0")
        cable.send(b"0113\r\n")

        assert running.codes(2) == [b"]C10109506000134352\x1d21SER42", b"OLU00113"]


def test_every_byte_value_passes(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    everything = bytes(value for value in range(256) if value != 0x0A)

    with Ready(source(suffix="lf")) as running:
        cable.send(everything + b"\n")

        assert running.codes(1) == [everything]


def test_a_burst_of_a_thousand_codes_loses_none(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    sent = [f"CODE-{number:04}".encode() for number in range(1000)]

    with Ready(source()) as running:
        cable.send(b"\r".join([*sent, b""]))

        assert running.codes(1000) == sent


def test_without_a_suffix_the_idle_gap_ends_a_code(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    with Ready(source(suffix="none", gap_ms=40)) as running:
        cable.send(b"CODE-1")

        assert running.codes(1) == [b"CODE-1"]


def test_half_a_line_is_reported_after_a_silence(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    with Ready(source(patience_ms=100)) as running:
        cable.send(b"HALF")
        half = running.code()
        cable.send(b"WHOLE\r")

        assert (half.raw, half.fault is None) == (b"HALF", False)
        assert running.codes(1) == [b"WHOLE"]


def test_a_code_whose_rest_came_while_a_read_took_long_is_whole(
    cable: Cable, source: Callable[..., SerialLineSource]
) -> None:
    reads: queue.Queue[Read] = queue.Queue()

    def emit(read: Read) -> None:
        if reads.empty():
            # As behind a slow disk: the scanner sends on, and nobody looks for longer than the patience lasts.
            cable.send(b"OND\r\n")
            time.sleep(0.1)
        reads.put(read)

    with Ready(source(patience_ms=50), emit) as running:
        cable.send(b"FIRST\r\nSEC")
        running.reads = reads
        first, second = running.code(), running.code()

    assert [(read.raw, read.fault) for read in (first, second)] == [(b"FIRST", None), (b"SECOND", None)]


def test_unplugging_in_the_middle_of_a_code_loses_the_source_and_reports_the_half(
    cable: Cable, source: Callable[..., SerialLineSource]
) -> None:
    with Ready(source()) as running:
        cable.send(b"WHOLE\rHAL")
        assert running.codes(1) == [b"WHOLE"]
        time.sleep(0.05)
        cable.unplug()

        lost = running.ended()

    half = running.code()
    assert lost is not None
    assert "was lost: it was unplugged" in lost.reason
    assert (half.raw, half.fault) == (b"HAL", "The connection was lost in the middle of the code.")


def test_a_replugged_scanner_is_read_again_under_its_stable_path(
    cable: Cable, source: Callable[..., SerialLineSource]
) -> None:
    scanner = source()
    with Ready(scanner) as running:
        cable.unplug()
        assert running.ended() is not None

    cable.plug()

    with Ready(scanner) as running:
        cable.send(b"AGAIN\r")
        assert running.codes(1) == [b"AGAIN"]


def test_a_missing_port_is_told_with_its_cure(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    cable.unplug()

    with pytest.raises(SourceLost, match="is not there: plug the device in"):
        source().run(lambda _read: None, threading.Event(), lambda _state: None)


def test_a_second_program_on_the_same_port_is_refused(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    with Ready(source()):
        with pytest.raises(SourceLost, match="is in use by another program"):
            source().run(lambda _read: None, threading.Event(), lambda _state: None)
        with pytest.raises(serial.SerialException):
            serial.Serial(str(cable.link), exclusive=True)


def test_a_file_that_is_no_port_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.touch()
    source = SerialLineSource("scanner-1", LineOptions.parse({"port": str(path)}))

    with pytest.raises(SourceLost, match="could not be opened"):
        source.run(lambda _read: None, threading.Event(), lambda _state: None)


class TestAnswers:
    def test_a_stored_code_is_acknowledged_where_the_scanner_waits_for_it(
        self, cable: Cable, source: Callable[..., SerialLineSource]
    ) -> None:
        with Ready(source(ack="ack")) as running:
            cable.send(b"CODE-1\r")
            read = running.code()
            assert cable.is_quiet(0.1)

            running.source.acknowledge(read)

            assert cable.received(1) == b"\x06"

    def test_half_a_code_is_asked_for_again(self, cable: Cable, source: Callable[..., SerialLineSource]) -> None:
        with Ready(source(ack="ack", patience_ms=60)) as running:
            cable.send(b"HAL")

            running.source.acknowledge(running.code())

            assert cable.received(1) == b"\x15"

    def test_a_code_that_could_not_be_stored_is_asked_for_again(
        self, cable: Cable, source: Callable[..., SerialLineSource]
    ) -> None:
        with Ready(source(ack="ack")) as running:
            cable.send(b"CODE-1\r")

            running.source.refuse(running.code())

            assert cable.received(1) == b"\x15"

    def test_without_ack_the_scanner_hears_nothing(self, cable: Cable, source: Callable[..., SerialLineSource]) -> None:
        with Ready(source()) as running:
            cable.send(b"CODE-1\r")
            running.source.acknowledge(running.code())

            assert cable.is_quiet(0.1)

    def test_a_code_from_before_the_replugging_is_not_acknowledged_to_the_new_scanner(
        self, cable: Cable, source: Callable[..., SerialLineSource]
    ) -> None:
        scanner = source(ack="ack")
        with Ready(scanner) as running:
            cable.send(b"OLD\r")
            old = running.code()
            cable.unplug()
            running.ended()
        cable.plug()

        with Ready(scanner) as running:
            scanner.acknowledge(old)
            assert cable.is_quiet(0.1)

    def test_verdicts_reach_the_scanner_in_its_own_language(
        self, cable: Cable, source: Callable[..., SerialLineSource]
    ) -> None:
        with Ready(source(feedback="honeywell")) as running:
            running.source.feedback("ok")
            running.source.feedback("stop")

            assert cable.received(9) == b"\x1b7,\x1b8,\x1b8,"

    def test_verdicts_from_many_threads_stay_whole(self, cable: Cable, source: Callable[..., SerialLineSource]) -> None:
        with Ready(source(feedback="datalogic")) as running:
            threads = [threading.Thread(target=running.source.feedback, args=("ok",)) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert cable.received(12 * 20) == b"\x1b[6q\x1b[3q\x1b[7q" * 20

    def test_no_crowd_of_tones_pushes_an_ack_out(self, cable: Cable, source: Callable[..., SerialLineSource]) -> None:
        scanner = source(ack="ack", feedback="zebra_bel")

        def answer(read: Read) -> None:
            # Called by the reading thread, which writes nothing before it comes back.
            scanner.acknowledge(read)
            for _verdict in range(MAX_TONES + 1):
                scanner.feedback("ok")

        with Ready(scanner, answer):
            cable.send(b"A\rB\r")

            assert cable.received(2) == b"\x06\x06"
            assert scanner.counters()["unsent"] == MAX_TONES + 2

    def test_a_verdict_for_an_absent_scanner_is_dropped(
        self, cable: Cable, source: Callable[..., SerialLineSource]
    ) -> None:
        scanner = source(feedback="zebra_bel")
        scanner.feedback("ok")

        with Ready(scanner):
            assert cable.is_quiet(0.1)


def test_stopping_does_not_wait_for_the_next_scan(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    with Ready(source()) as running:
        running.stop.set()
        running.source.cancel()

        assert running.ended() is None

    assert running.states.get(timeout=PATIENCE).phase is DevicePhase.STOPPED


def test_an_idle_scanner_costs_next_to_no_processor_time(cable: Cable, source: Callable[..., SerialLineSource]) -> None:
    with Ready(source()):
        before = time.thread_time(), time.process_time()
        time.sleep(1.0)
        used = time.process_time() - before[1] - (time.thread_time() - before[0])

    assert used < 0.02  # A fiftieth of the second that passed: a busy loop would use all of it.


def test_sources_are_made_from_their_options(cable: Cable) -> None:
    source = make_source("scanner-1", LineOptions.parse({"port": str(cable.link)}), gateway="gw-hall-1")

    assert isinstance(source, SerialLineSource)
    assert source.counters() == {"reads": 0, "faults": 0, "noise_bytes": 0, "unsent": 0}
