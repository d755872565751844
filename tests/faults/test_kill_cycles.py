"""Power cuts at the worst moments, twenty times over: nothing that was acknowledged is lost, and nothing counts twice.

Both programs kill themselves with SIGKILL at a named point (ORDERLIGHT_CRASH_AT) after some passes
(ORDERLIGHT_CRASH_AFTER); the gateway is also killed from outside.
"""

import contextlib
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from simulators.api import Api
from simulators.day.floor import unit_piece
from simulators.day.hands import ScannerHand
from simulators.demo.prepare import GATEWAY, Access, prepare
from simulators.devices.scanner import Scanner, ScannerSettings
from simulators.devices.transport import NotPlugged
from simulators.processes import Child
from simulators.rig import Rig
from simulators.services import free_port

pytestmark = pytest.mark.faults

CYCLES = 20
GATEWAY_POINTS = ("after_outbox_commit", "after_send", "before_delete", "kill from outside")
SERVER_POINTS = ("before_commit", "after_commit")


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
        rig.set_up_line(api, broker=None, seed=7, scanners=ScannerSettings(ack=True, attempts=1, patience=2.0))
        rig.write_gateway_config(GATEWAY, access.gateway_key)
        waiting = [unit for unit in api.items("/api/v1/units", state="queued") if unit["step"] == 10]
        held = {order["number"] for order in api.items("/api/v1/orders") if order["on_hold"]}
        codes = [unit_piece(unit).label.code for unit in waiting if unit["order"] not in held]
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
            "WHERE f.kind = 'operation_completed'"
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


def test_a_gateway_killed_twenty_times_loses_nothing_and_tells_nothing_twice(floor: Floor) -> None:
    chance = random.Random(7)
    kills: Counter[str] = Counter()
    unsure: str | None = None

    for cycle in range(CYCLES):
        point = GATEWAY_POINTS[cycle % len(GATEWAY_POINTS)]
        # The first pass of every point belongs to gateway_started, which each new life tells first.
        env = {} if point == GATEWAY_POINTS[-1] else crash_at(point, after=1)
        gateway = floor.rig.start_gateway(env)
        assert floor.scanner.wait_for_host(10)
        unsure = unsure or next(floor.codes)
        if floor.scan(unsure):
            unsure = None
        if not env:
            time.sleep(chance.uniform(0.0, 0.05))
            floor.rig.children.end(gateway, by_force=True)
        assert died(gateway, 10), f"cycle {cycle}: the gateway did not reach {point}"
        assert gateway.process.returncode == -9
        kills[point] += 1
        if env:
            floor.rig.children.end(gateway, by_force=True)
    floor.rig.start_gateway()
    while unsure is not None and not floor.scan(unsure):
        time.sleep(0.1)

    assert until(floor.settled)
    assert sum(kills.values()) == CYCLES
    assert len(floor.acknowledged) >= CYCLES // 2
    assert_nothing_lost_and_nothing_twice(floor)


def test_a_server_killed_around_its_commit_loses_nothing_and_counts_nothing_twice(floor: Floor) -> None:
    cycles = CYCLES if floor.access.database_url.startswith("sqlite") else CYCLES // 4
    floor.rig.start_gateway()
    assert until(floor.settled)
    server = floor.rig.children.running()[0]

    for cycle in range(cycles):
        point = SERVER_POINTS[cycle % len(SERVER_POINTS)]
        floor.rig.children.end(server)
        server = floor.rig.start_server(crash_at(point, after=0))
        assert floor.scan(next(floor.codes)), "the gateway stores a scan whatever the server does"
        assert died(server, 20), f"cycle {cycle}: the server did not reach {point}"
        assert server.process.returncode == -9
        assert floor.scan(next(floor.codes))
    floor.rig.children.end(server)
    floor.rig.start_server()

    assert until(floor.settled)
    assert len(floor.acknowledged) == 2 * cycles
    assert_nothing_lost_and_nothing_twice(floor)


def crash_at(point: str, *, after: int) -> dict[str, str]:
    return {"ORDERLIGHT_CRASH_AT": point, "ORDERLIGHT_CRASH_AFTER": str(after)}
