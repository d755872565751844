"""One read's way: decoded, smoothed, placed, stored, acknowledged."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.config import DeviceTable
from gateway.outbox import Outbox, OutboxFull, Quota, Ticket
from gateway.pipeline.answers import Answerer
from gateway.pipeline.check import PlannedDevice
from gateway.pipeline.flow import Flow
from gateway.protocols import parse_options
from gateway.protocols.reads import CodeRead, Read, TagRead
from gateway.smoothing import SmoothingOptions
from gateway.sources import Emit, Report
from gateway.supervisor import DeviceCounters
from gateway.uplink.clock import GatewayClock

QUOTA = Quota(min_free_bytes=0, ballast_bytes=0)


class Recorder:
    def __init__(self, name: str) -> None:
        self.name = name
        self.acknowledged: list[Read] = []
        self.refused: list[Read] = []
        self.tones: list[str] = []

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        pass

    def feedback(self, signal: str) -> None:
        self.tones.append(signal)

    def acknowledge(self, read: Read) -> None:
        self.acknowledged.append(read)

    def refuse(self, read: Read) -> None:
        self.refused.append(read)

    def cancel(self) -> None:
        pass

    def counters(self) -> dict[str, int]:
        return {}


def planned(name: str, driver: str, options: dict[str, Any], smoothing: dict[str, Any]) -> PlannedDevice:
    table = DeviceTable(name, driver, f"{name}-point", {2: "gate-out"} if driver == "mqtt" else {}, smoothing, options)
    return PlannedDevice(table, parse_options(driver, options), SmoothingOptions.parse(smoothing))


DEVICES = (
    planned("scanner", "serial_line", {"port": "/dev/null"}, {"repeat_seconds": 1.0}),
    planned("gate", "mqtt", {"topics": ["a"]}, {"min_reads": 1, "departed_after": 5.0}),
)


class Bench:
    def __init__(self, directory: Path) -> None:
        self.now = 1000.0
        self.wall = 1_800_000_000.0
        self.outbox = Outbox.open(directory, QUOTA)
        clock = GatewayClock(lambda: self.wall, lambda: self.now)
        self.answerer = Answerer(self.outbox.epoch, lambda: self.now)
        self.flow = Flow(DEVICES, self.outbox, self.answerer, clock)
        self.sources = {name: Recorder(name) for name in ("scanner", "gate")}
        self.counters = {name: DeviceCounters() for name in ("scanner", "gate")}
        self.answerer.start()

    def take(self, read: Read) -> None:
        self.flow.take(self.sources[read.reader], self.counters[read.reader], read)

    def events(self) -> list[dict[str, Any]]:
        parcel = self.outbox.oldest(500, 512 * 1024)
        assert parcel is not None
        return [json.loads(body) for body in parcel.bodies[1:]]

    def close(self) -> None:
        self.now += 1000
        self.answerer.stop()
        self.outbox.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def eventually(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_scan_becomes_an_event_at_its_read_point_and_is_acknowledged(bench: Bench) -> None:
    read = CodeRead("scanner", b"]C1010950600013435221SER42")

    bench.take(read)

    eventually(lambda: bench.sources["scanner"].acknowledged == [read])
    event = bench.events()[0]
    assert event["kind"] == "code_scanned"
    assert event["read_point"] == "scanner-point"
    assert event["keys"] == {"gtin": "09506000134352", "serial": "SER42"}
    assert event["clock_suspect"] is True


def test_a_repeat_within_the_window_is_dropped_counted_and_acknowledged(bench: Bench) -> None:
    for _ in range(3):
        bench.take(CodeRead("scanner", b"OLU0011P"))

    eventually(lambda: len(bench.sources["scanner"].acknowledged) == 3)
    assert len(bench.events()) == 1
    assert (bench.counters["scanner"].filtered, bench.counters["scanner"].stored) == (2, 1)


def test_half_a_code_is_kept_with_its_fault_and_its_bytes(bench: Bench) -> None:
    bench.take(CodeRead("scanner", b"OLU\x0000\xff", fault="The line stopped in the middle."))

    eventually(bench.events)
    event = bench.events()[0]
    assert event["fault"] == "The line stopped in the middle."
    assert event["raw"] == "T0xVADAw/w=="
    assert "\x00" not in event["code"]


def test_nul_in_a_code_travels_as_a_visible_escape_beside_the_bytes(bench: Bench) -> None:
    bench.take(CodeRead("scanner", b"AB\x00C"))

    eventually(bench.events)
    event = bench.events()[0]
    assert (event["code"], event["raw"]) == ("AB\\x00C", "QUIAQw==")


def test_a_tag_arrives_at_its_antennas_read_point_and_leaves_when_it_is_silent(bench: Bench) -> None:
    bench.take(TagRead("gate", "303400000000000000000001", antenna=2, rssi_dbm=-50.0))
    eventually(bench.events)
    bench.now += 6

    bench.flow.sweep()

    eventually(lambda: len(bench.events()) == 2)
    arrived, left = bench.events()
    assert (arrived["kind"], arrived["read_point"], arrived["antenna"]) == ("tag_arrived", "gate-out", 2)
    assert (left["kind"], left["read_point"]) == ("tag_left", "gate-out")


def test_a_tag_that_stays_is_counted_at_once_and_an_answer_is_given_where_one_is_waited_for(bench: Bench) -> None:
    told, tag = bench.sources["gate"].acknowledged, "303400000000000000000001"
    awaited = [TagRead("gate", tag, antenna=2, delivery=number) for number in range(2)]
    for read in (awaited[0], TagRead("gate", tag, antenna=2), awaited[1]):
        bench.take(read)

    eventually(lambda: told == awaited)
    assert (bench.counters["gate"].stored, bench.counters["gate"].filtered) == (1, 2)
    assert len(bench.events()) == 1


def test_an_antenna_without_read_point_falls_back_to_the_device(bench: Bench) -> None:
    bench.take(TagRead("gate", "303400000000000000000002", antenna=7))

    eventually(bench.events)
    assert bench.events()[0]["read_point"] == "gate-point"


class FullOutbox:
    """Refuses events while `full`; the rest is the real outbox."""

    def __init__(self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        append = outbox.append

        def maybe(event: Any) -> Ticket:
            ticket = append(event)
            if self.full:
                ticket.wait(5)
                outbox.delete(outbox.epoch, [ticket.sequence])
                ticket.stored, ticket.error = False, OutboxFull("Outbox is full.")
            return ticket

        monkeypatch.setattr(outbox, "append", maybe)


def test_a_refused_scan_is_heard_and_scanning_again_at_once_is_a_new_try(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullOutbox(bench.outbox, monkeypatch)
    bench.take(CodeRead("scanner", b"OLU0011P"))
    eventually(lambda: bench.sources["scanner"].tones == ["stop"])
    unheard = list(bench.sources["scanner"].acknowledged)
    sent_back = len(bench.sources["scanner"].refused)

    disk.full = False
    bench.take(CodeRead("scanner", b"OLU0011P"))

    eventually(lambda: bench.sources["scanner"].acknowledged)
    assert unheard == []
    assert sent_back == 1
    assert [event["code"] for event in bench.events()] == ["OLU0011P"]


def test_a_refused_scan_that_a_broker_keeps_is_tried_again_without_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullOutbox(bench.outbox, monkeypatch)
    bench.take(CodeRead("gate", b"OLU0011P", delivery=4))
    eventually(lambda: bench.counters["gate"].refused == 1)

    disk.full = False
    eventually(bench.flow.restless.is_set)
    bench.flow.sweep()

    eventually(lambda: bench.sources["gate"].acknowledged)
    assert bench.sources["gate"].refused == []
    assert [event["code"] for event in bench.events()] == ["OLU0011P"]


def test_a_refused_tag_gives_way_and_its_message_is_done(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    FullOutbox(bench.outbox, monkeypatch)

    bench.take(TagRead("gate", "303400000000000000000001"))

    eventually(lambda: bench.sources["gate"].acknowledged)
    assert bench.counters["gate"].refused == 1


def test_a_tag_that_found_no_room_is_told_once_there_is_some_while_it_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, tag = FullOutbox(bench.outbox, monkeypatch), TagRead("gate", "303400000000000000000001")
    bench.take(tag)
    eventually(lambda: bench.counters["gate"].refused == 1)
    bench.take(tag)
    eventually(lambda: bench.counters["gate"].filtered == 1)

    disk.full = False
    bench.flow.sweep()
    bench.take(tag)

    eventually(bench.events)
    assert [(event["kind"], event["epc"]) for event in bench.events()] == [("tag_arrived", tag.epc)]


def test_a_lost_reader_is_an_event_with_its_reason(bench: Bench) -> None:
    bench.flow.tell_lost("scanner", "The cable is out.")
    bench.flow.tell_recovered("scanner")

    eventually(lambda: len(bench.events()) == 2)
    lost, back = bench.events()
    assert (lost["kind"], lost["reader"], lost["detail"]) == ("reader_lost", "scanner", "The cable is out.")
    assert back["kind"] == "reader_recovered"
    # The start of the gateway is the first.
    assert bench.flow.own == 3


def test_whoever_watches_sees_reads_and_events(bench: Bench) -> None:
    seen: list[Any] = []
    bench.flow.watch = seen.append

    bench.take(CodeRead("scanner", b"OLU\xff"))
    bench.take(CodeRead("scanner", b"OLU\xff"))

    assert seen[0]["bytes"] == "OLU\xff"
    assert seen[0]["event"]["kind"] == "code_scanned"
    # Its number is given when it is stored.
    assert "sequence" not in seen[0]["event"]
    assert seen[1]["event"] is None


def test_a_flow_that_hangs_in_a_read_is_not_free(bench: Bench) -> None:
    assert bench.flow.is_free(0.01)

    with bench.flow._lock:
        assert not bench.flow.is_free(0.01)
