"""Power cuts at the worst moments, over and over: nothing that was acknowledged is lost, and nothing counts twice.

Both programs kill themselves with SIGKILL at a named point (ORDERLIGHT_CRASH_AT) after some passes
(ORDERLIGHT_CRASH_AFTER); the gateway is also killed from outside.
"""

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway import crash_points
from gateway.outbox import Outbox
from gateway.uplink.deliver import Deliverer
from gateway.uplink.http import HttpTransport
from orderlight.events import Event, EventKind
from server.ingest import crash
from simulators.api import Api
from simulators.day.floor import unit_piece
from simulators.day.hands import ScannerHand
from simulators.demo.prepare import GATEWAY, Access, prepare
from simulators.devices.scanner import Scanner, ScannerSettings
from simulators.devices.transport import NotPlugged
from simulators.processes import Child
from simulators.rig import Rig
from simulators.services import free_port
from simulators.warm import start_warm_server

pytestmark = pytest.mark.faults

#: Kills of each program; a hundred are asked for by the environment (CONTRIBUTING.md, Tests).
CYCLES = int(os.environ.get("ORDERLIGHT_FAULT_CYCLES", "20"))
#: A gateway that lives longer than this under fire will not die of the point it was told.
LIFE_SECONDS = 30.0
FROM_OUTSIDE = "kill from outside"
GATEWAY_POINTS = (*crash_points.POINTS, FROM_OUTSIDE)
SERVER_POINTS = crash.POINTS


@dataclass
class Floor:
    """A factory under attack: its codes to scan, and the books of what was scanned."""

    rig: Rig
    access: Access
    codes: Iterator[str]
    #: How often each code went over the line, and which codes the gateway acknowledged.
    sent: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)

    @property
    def scanner(self) -> Scanner:
        assert self.rig.line is not None
        hand = self.rig.line.hands["cut-1"]
        assert isinstance(hand, ScannerHand)
        return hand.scanner

    def scan(self, code: str) -> bool:
        """Send the code once; whether the gateway said that it is stored."""
        self.sent[code] += 1
        try:
            taken = self.scanner.scan(code, "]C0")
        except NotPlugged:
            taken = False
        if taken:
            self.acknowledged.add(code)
        return taken

    def settled(self) -> bool:
        """Whether everything in the outbox has been answered."""
        return self.rig.gateway_status().get("outbox", {}).get("backlog") == 0

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        engine = create_engine(self.access.database_url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(statement))]
        engine.dispose()
        return found


@pytest.fixture
def floor(tmp_path: Path, database_url: str) -> Iterator[Floor]:
    access = prepare(database_url)
    with Rig(tmp_path, database_url=database_url, port=free_port()) as rig:
        rig.start_server()
        api = Api(rig.url, access.api_key)
        scanners = ScannerSettings(ack=True, attempts=1, patience=2.0)
        rig.set_up_line(api, broker=None, seed=7, only={"cut-1"}, scanners=scanners)
        rig.write_gateway_config(GATEWAY, access.gateway_key)
        orders = list(api.items("/api/v1/orders"))
        for order in orders:
            if order["lifecycle"] == "confirmed" and not order["on_hold"]:
                api.post(f"/api/v1/orders/{order['number']}/release")
        held = {order["number"] for order in orders if order["on_hold"]}
        waiting = [unit for unit in api.items("/api/v1/units", state="queued") if unit["step"] == 10]
        codes = [
            unit_piece(unit).label.code for unit in waiting if unit["order"] not in held and not unit["hold_reason"]
        ]
        yield Floor(rig, access, iter(codes))


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def died(child: Child, seconds: float) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.process.wait(timeout=seconds)
    return child.process.poll() is not None


def assert_nothing_lost_and_nothing_twice(floor: Floor) -> None:
    """Each acknowledged code took effect exactly once, and every event that was stored was recorded exactly once."""
    effects = Counter(
        str(code) for (code,) in floor.rows(
            "SELECT i.value FROM fact f JOIN identifier i ON i.unit_id = f.unit_id AND i.scheme = 'own' "
            "WHERE f.kind = 'operation_completed' AND f.event_id IS NOT NULL"
        )
    )  # fmt: skip
    bodies = {code: f"ol:U{code[3:-1]}" for code in floor.sent}
    assert {code: effects[bodies[code]] for code in floor.acknowledged} == dict.fromkeys(floor.acknowledged, 1)
    assert set(effects) <= set(bodies.values())
    assert set(effects.values()) == {1}

    gaps = floor.rows("SELECT gateway, epoch FROM event_source WHERE contiguous_sequence <> max_sequence")
    events, identities, distinct = floor.rows(
        "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM event_identity), "
        "(SELECT count(*) FROM (SELECT DISTINCT source_id, sequence FROM event) AS each)"
    )[0]
    assert gaps == []
    assert events == identities == distinct


def test_a_gateway_killed_over_and_over_loses_nothing_and_tells_nothing_twice(floor: Floor) -> None:
    chance = random.Random(7)
    unsure: list[str] = []

    for cycle in range(CYCLES):
        point = GATEWAY_POINTS[cycle % len(GATEWAY_POINTS)]
        # The first pass belongs to gateway_started or to what the life before left behind.
        env = {} if point == FROM_OUTSIDE else crash_at(point, after=1 + cycle // len(GATEWAY_POINTS) % 3)
        gateway = floor.rig.start_gateway(env, wait=False)
        if not env:
            kill_soon(gateway, chance.uniform(0.0, 0.3), floor.scanner)
        deadline, scans = time.monotonic() + LIFE_SECONDS, 0
        while not died(gateway, 0.03):
            assert time.monotonic() < deadline, f"cycle {cycle}: the gateway never reached {point}"
            # A gateway that is killed from outside would else take more codes than there are.
            if env or scans < 5:
                scans += scan_what_is_due(floor, unsure)
        assert gateway.process.wait(10) == -signal.SIGKILL, f"cycle {cycle}, {point}: {gateway.tail()}"
        floor.rig.children.end(gateway)
    floor.rig.start_gateway()
    while unsure:
        scan_what_is_due(floor, unsure)

    assert until(floor.settled)
    assert len(floor.acknowledged) >= CYCLES // 4
    assert_nothing_lost_and_nothing_twice(floor)


def scan_what_is_due(floor: Floor, unsure: list[str]) -> bool:
    """Scan the code that was not acknowledged again, as its scanner does, or else the next one; whether one was."""
    if not floor.scanner.wait_for_host(0.1):
        return False
    code = unsure.pop() if unsure else next(floor.codes)
    if not floor.scan(code):
        unsure.append(code)
    return True


def kill_soon(gateway: Child, seconds: float, scanner: Scanner) -> None:
    """Kill the gateway from outside a moment after it has opened the scanner."""

    def wait_and_kill() -> None:
        scanner.wait_for_host(20)
        time.sleep(seconds)
        gateway.process.kill()

    threading.Thread(target=wait_and_kill, daemon=True).start()


def test_a_server_killed_around_its_commit_loses_nothing_and_counts_nothing_twice(floor: Floor, tmp_path: Path) -> None:
    cycles = CYCLES if floor.access.database_url.startswith("sqlite") else CYCLES // 5
    floor.rig.children.end(floor.rig.children.running()[0])

    with contextlib.closing(Outbox.open(tmp_path / "outbox")) as outbox, _uplink(outbox, floor) as uplink:
        for cycle in range(cycles):
            point = SERVER_POINTS[cycle % len(SERVER_POINTS)]
            with warm_server(floor, crash_at(point, after=cycle // len(SERVER_POINTS) % 3)) as server:
                while server.is_alive():
                    store(outbox, floor)
                    uplink.deliver_pending()
                    server.join(0.01)
                assert server.exitcode == -signal.SIGKILL, f"cycle {cycle}, {point}"
        with warm_server(floor, {}):
            uplink.deliver_pending()
        figures = outbox.figures()
        assert figures.backlog == 0

    assert figures.last_sequence > cycles
    reached = floor.rows("SELECT contiguous_sequence FROM event_source ORDER BY id DESC LIMIT 1")
    assert reached == [(figures.last_sequence,)]
    assert_nothing_lost_and_nothing_twice(floor)


@contextlib.contextmanager
def warm_server(floor: Floor, env: dict[str, str]) -> Iterator[ForkServerProcess]:
    """One life of the server, ready; it is ended at the latest here."""
    server = start_warm_server({**floor.rig.server_env, **env}, floor.rig.folder / "logs" / "warm.log")
    try:
        api = Api(floor.rig.url)
        assert until(lambda: api.is_ready() or not server.is_alive())
        assert server.is_alive(), (floor.rig.folder / "logs" / "warm.log").read_text()
        yield server
    finally:
        server.kill()
        server.join()


def store(outbox: Outbox, floor: Floor) -> None:
    """Store a scan as the gateway does; once it is on disk it is acknowledged."""
    code = next(floor.codes, None)
    event = Event(
        sequence=1,
        kind=EventKind.CODE_SCANNED,
        observed_at=datetime.now(UTC),
        read_point="cut-1",
        reader="s",
        # A hundred kills take more scans than there are pieces; a code that nobody knows is an event as well.
        code=code or "NOBODY-KNOWS-IT",
    )
    outbox.append(event).wait(10)
    if code is not None:
        floor.sent[code] += 1
        floor.acknowledged.add(code)


@contextlib.contextmanager
def _uplink(outbox: Outbox, floor: Floor) -> Iterator[Deliverer]:
    """The gateway's own uplink, in this process: it delivers when it is told, so no back-off slows the cycles."""
    with contextlib.closing(HttpTransport(floor.rig.url, floor.access.gateway_key, agent="test")) as transport:
        yield Deliverer(outbox, transport, gateway=GATEWAY, on_answers=lambda _epoch, _answers: None)


def crash_at(point: str, *, after: int) -> dict[str, str]:
    return {"ORDERLIGHT_CRASH_AT": point, "ORDERLIGHT_CRASH_AFTER": str(after)}
