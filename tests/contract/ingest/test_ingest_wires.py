"""The gateway's own outbox and uplink against the whole server, over a wire that fails: each scan has one effect."""

import asyncio
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from gateway.outbox import Outbox, Quota
from gateway.uplink import deliver, http
from gateway.uplink.backoff import Backoff
from gateway.uplink.clock import GatewayClock
from gateway.uplink.deliver import Deliverer
from gateway.uplink.heartbeat import Heartbeat
from gateway.uplink.http import HttpTransport, Reply, Transport
from gateway.uplink.state import UplinkPhase
from orderlight.events import Answer, Event, EventKind, Status
from server.auth import gateways
from server.ingest import sources
from server.journal.models import EventRecord
from server.settings.clock import utc_now
from simulators.proxy import Fault, Proxy, Towards

pytestmark = pytest.mark.faults

QUOTA = Quota(min_free_bytes=0, ballast_bytes=0)
#: Every patience of the uplink, instead of ten and thirty seconds.
PATIENCE = 0.2


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "READ_SECONDS", PATIENCE)
    monkeypatch.setattr(http, "WHOLE_SECONDS", 3 * PATIENCE)


@pytest.fixture
def plant(sqlite_plant: Any) -> Any:
    """What wires do is not a matter of the engine."""
    return sqlite_plant


@pytest.fixture
def key(plant: Any) -> str:
    made = plant.database.write(
        lambda session: gateways.create_gateway(session, key="gw-1", name="Hall 1", actor="test", now=utc_now())
    )
    return str(made.text)


@pytest.fixture
def address(app: FastAPI, event_loop_thread: asyncio.AbstractEventLoop) -> Iterator[tuple[str, int]]:
    """The server, listening."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    served = asyncio.run_coroutine_threadsafe(server.serve(), event_loop_thread)
    while not server.started:
        time.sleep(0.005)
    yield "127.0.0.1", server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    served.result(10)


@pytest.fixture
def wire(address: tuple[str, int]) -> Iterator[Proxy]:
    with Proxy(address) as wire:
        yield wire


@dataclass
class Edge:
    """A gateway's outbox and uplink."""

    outbox: Outbox
    transport: Transport
    clock: GatewayClock
    answers: list[Answer] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    is_closed: bool = False

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """An uplink of its own."""
        self.uplink = Deliverer(
            self.outbox,
            self.transport,
            gateway="gw-1",
            on_answers=lambda _epoch, answers: self.answers.extend(answers),
            backoff=Backoff(share=lambda: 1.0),
        )

    def scan(self, code: str, at: str = "cut-end") -> None:
        """One scan; it is on disk when this returns, which is when the scanner beeps."""
        stamp = self.clock.now()
        event = Event(
            sequence=0,
            kind=EventKind.CODE_SCANNED,
            observed_at=stamp.at,
            clock_suspect=stamp.suspect,
            reader="scanner-1",
            read_point=at,
            code=code,
        )
        self.outbox.append(event).wait(10)
        self.stored.append(code)

    def deliver(self, seconds: float = 15.0) -> None:
        """Until nothing is left; without the pauses in between, which the tests of the back-off look at."""
        until = time.monotonic() + seconds
        while self.uplink.deliver_pending():
            assert time.monotonic() < until, self.uplink.state
        assert self.outbox.figures().backlog == 0

    def close(self) -> None:
        if not self.is_closed:
            self.transport.close()
            self.outbox.close()
        self.is_closed = True


@pytest.fixture
def make_edge(tmp_path: Path, key: str) -> Iterator[Callable[..., Edge]]:
    made: list[Edge] = []

    def make(url: str, folder: str = "outbox", clock: GatewayClock | None = None, front: Any = None) -> Edge:
        transport = HttpTransport(url, key, agent="test")
        used = clock or GatewayClock()
        outbox = Outbox.open(tmp_path / folder, QUOTA, clock=used.wall, clock_suspect=used.now().suspect)
        made.append(Edge(outbox, front(transport) if front else transport, used))
        return made[-1]

    yield make
    for edge in made:
        edge.close()


@pytest.fixture
def edge(make_edge: Callable[..., Edge], wire: Proxy) -> Edge:
    edge = make_edge(wire.url)
    edge.deliver()
    return edge


def units(plant: Any) -> list[str]:
    return [number for order in plant.orders.values() for number in order]


def assert_one_effect_each(plant: Any, edge: Edge, scanned: Sequence[str]) -> None:
    """Each unit scanned at the end of a step went one step on, in order of the scans; no event is kept twice."""
    assert plant.facts() == [("operation_completed", number) for number in scanned]
    kept = [row.sequence for row in plant.rows(select(EventRecord.sequence).order_by(EventRecord.id))]
    assert kept == list(range(1, len(edge.stored) + 2))
    judged = {answer.sequence: answer.status for answer in edge.answers if answer.status is not Status.DUPLICATE}
    assert set(judged.values()) <= {Status.APPLIED}


BROKEN: list[dict[str, Any]] = [
    {"fault": Fault.BLACK_HOLE},
    {"fault": Fault.BLACK_HOLE, "towards": Towards.CLIENT},
    {"fault": Fault.RESET},
    {"fault": Fault.CUT, "after": 150, "towards": Towards.SERVER},
    {"fault": Fault.CUT, "after": 60, "towards": Towards.CLIENT},
    {"fault": Fault.DRIP, "seconds": PATIENCE / 10, "towards": Towards.CLIENT},
    {"fault": Fault.DRIP, "seconds": PATIENCE / 10, "towards": Towards.SERVER},
    {"fault": Fault.DELAY, "seconds": 2 * PATIENCE},
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: f"{one['fault']} {one.get('towards', 'both')}")
def test_a_wire_that_fails_and_heals_leaves_each_scan_one_effect(
    plant: Any, tools: Any, edge: Edge, wire: Proxy, broken: dict[str, Any]
) -> None:
    first, *others = units(plant)[:4]
    edge.scan(tools.code(first))
    edge.deliver()

    wire.be(**broken)
    began = time.monotonic()
    for number in others:
        edge.scan(tools.code(number))
        edge.uplink.deliver_pending()
    assert edge.uplink.state.phase is UplinkPhase.OFFLINE
    # Each try ends in time, whatever the wire does.
    assert time.monotonic() - began < len(others) * 10 * PATIENCE
    wire.be(Fault.NONE)
    edge.deliver()

    assert_one_effect_each(plant, edge, [first, *others])


def test_answers_that_were_lost_come_again_as_duplicates(plant: Any, tools: Any, edge: Edge, wire: Proxy) -> None:
    wire.be(Fault.BLACK_HOLE, towards=Towards.CLIENT)
    edge.scan(tools.code(units(plant)[0]))
    edge.uplink.deliver_pending()
    # The server has it, and the gateway does not know.
    until = time.monotonic() + 5
    while not plant.facts() and time.monotonic() < until:
        time.sleep(0.01)
    wire.be(Fault.NONE)
    edge.deliver()

    assert edge.answers[-1].status is Status.DUPLICATE
    assert_one_effect_each(plant, edge, units(plant)[:1])


def test_while_a_server_takes_its_time_scans_are_stored_at_once_and_requests_grow(
    plant: Any, tools: Any, edge: Edge, wire: Proxy
) -> None:
    answer_seconds = PATIENCE / 2
    wire.be(Fault.DELAY, seconds=answer_seconds, towards=Towards.CLIENT)
    before = edge.uplink.counters.requests
    thread = threading.Thread(target=edge.uplink.run)
    started = time.monotonic()
    thread.start()
    waits: list[float] = []
    for number in range(120):
        began = time.monotonic()
        edge.scan(f"STRAY-{number}")
        waits.append(time.monotonic() - began)
        time.sleep(answer_seconds / 30)
    edge.uplink.stop(PATIENCE)
    thread.join()
    # One in flight: no more requests than answers fit into the time, and the one of the goodbye.
    assert edge.uplink.counters.requests - before <= (time.monotonic() - started) / answer_seconds + 2
    # Scans do not wait for answers.
    assert sorted(waits)[len(waits) // 2] < answer_seconds
    wire.be(Fault.NONE)
    # A stopped uplink stays stopped; what it left is the next one's.
    edge.renew()
    edge.deliver()

    assert plant.sql("SELECT count(*) FROM event WHERE kind = 'code_scanned'")[0][0] == 120


class Unavailable:
    """A server that answers 503 until a moment of the test's clock, and is there from then on."""

    def __init__(self, inner: Transport, now: Callable[[], float], until: float) -> None:
        self._inner, self._now, self._until = inner, now, until
        self.refused: Counter[str] = Counter()

    def post(self, path: str, body: bytes, timeout: float = 10.0) -> Reply:
        if self._now() < self._until:
            self.refused[path] += 1
            return Reply(503, b'{"detail": "Maintenance."}', retry_after="5")
        return self._inner.post(path, body, timeout)

    def close(self) -> None:
        self._inner.close()


def test_after_an_hour_of_503_everything_arrives_in_order(
    plant: Any, tools: Any, wire: Proxy, make_edge: Callable[..., Edge]
) -> None:
    now = [0.0]
    fronts: list[Unavailable] = []

    def front(inner: Transport) -> Unavailable:
        fronts.append(Unavailable(inner, lambda: now[0], 3600.0))
        return fronts[-1]

    edge = make_edge(wire.url, front=front)
    codes = [tools.code(number) for number in units(plant)] + [f"STRAY-{number}" for number in range(1200)]
    waiting = iter(codes)
    while now[0] < 3600.0:
        for code in (next(waiting, None) for _ in range(12)):
            if code is not None:
                edge.scan(code)
        pause = edge.uplink.deliver_pending()
        assert pause >= 5.0
        now[0] += pause
    assert next(waiting, None) is None
    # Five seconds as asked and up to thirty of the back-off: no storm, and no sleep that outlasts the server's by much.
    assert 3600 / 40 <= sum(fronts[0].refused.values()) <= 3600 / 30
    assert edge.uplink.state.phase is UplinkPhase.BUSY
    edge.deliver()

    assert plant.facts() == [("operation_completed", number) for number in units(plant)]
    kept = [row.payload.get("code") for row in plant.rows(select(EventRecord.payload).order_by(EventRecord.id))]
    assert kept == [None, *codes]


class Time:
    """A wall clock that a test sets, beside one that only goes on."""

    def __init__(self, wall: datetime) -> None:
        self.ahead = wall.timestamp() - time.time()

    def clock(self) -> GatewayClock:
        return GatewayClock(lambda: time.time() + self.ahead, time.monotonic)

    def step(self, by: timedelta) -> None:
        self.ahead += by.total_seconds()


def times(plant: Any) -> dict[str, tuple[float, bool]]:
    """Of each code: its age in seconds, as the server holds it, and whether that is doubted."""
    found = plant.rows(select(EventRecord.payload, EventRecord.observed_at, EventRecord.clock_suspect))
    now = utc_now()
    return {row[0]["code"]: ((now - row[1]).total_seconds(), row[2]) for row in found if "code" in row[0]}


@pytest.mark.parametrize("wrong", [timedelta(hours=2), timedelta(hours=-2), None], ids=["+2 h", "-2 h", "year 2000"])
def test_whatever_the_gateways_clock_says_the_server_knows_when_it_was_and_what_to_doubt(
    plant: Any, tools: Any, wire: Proxy, make_edge: Callable[..., Edge], wrong: timedelta | None
) -> None:
    at_boot, before, after = units(plant)[:3]
    clock = Time(utc_now() if wrong else datetime(2000, 1, 1, tzinfo=UTC))
    edge = make_edge(wire.url, clock=clock.clock())
    # Nobody has confirmed the clock yet.
    edge.scan(tools.code(at_boot))
    heartbeat = Heartbeat(edge.transport, dict, gateway="gw-1", clock=edge.clock)
    heartbeat.beat()
    assert heartbeat.last_error is None
    edge.scan(tools.code(before))
    clock.step(wrong or timedelta(days=9000))
    assert edge.clock.notice_step() is not None
    edge.scan(tools.code(after))
    edge.deliver()

    assert plant.facts() == [("operation_completed", number) for number in (at_boot, before, after)]
    found = times(plant)
    assert all(-5 < age < 60 for age, _doubted in found.values()), found
    doubted = [found[tools.code(number)][1] for number in (at_boot, before, after)]
    assert doubted == [True, wrong is None, True]


def test_two_copies_of_one_gateway_lose_nothing_and_are_told(
    plant: Any, tools: Any, wire: Proxy, make_edge: Callable[..., Edge], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory card is copied with the key on it, and both devices are switched on."""
    numbers = units(plant)
    first = make_edge(wire.url, "card")
    first.scan(tools.code(numbers[0]))
    first.deliver()
    first.close()
    shutil.copytree(tmp_path / "card", tmp_path / "copy")
    original, double = make_edge(wire.url, "card"), make_edge(wire.url, "copy")

    original.deliver()
    time.sleep(0.01)
    double.deliver()
    original.scan(tools.code(numbers[1]))
    double.scan(tools.code(numbers[2]))
    assert original.uplink.deliver_pending() > 0
    double.deliver()

    assert original.uplink.state.phase is UplinkPhase.REFUSED
    assert "Two programs speak as gw-1" in str(original.uplink.state.detail)
    # What the refused one holds is on its disk until somebody stops its double.
    assert original.outbox.figures().backlog == 1
    double.close()
    monkeypatch.setattr(sources, "DOUBLE_QUIET", timedelta(0))
    original.deliver()
    assert sorted(plant.facts()) == [("operation_completed", number) for number in numbers[:3]]
