"""Events a second from bytes to effect, as a ratio to the raw insert rate of the same rows in the same run.

Rounds alternate A B A B A: A inserts the event rows bare, B takes the same events in through `accept` (parse, judge,
events, identities, facts, units, operations, work orders, orders, stations, topics, answers), each batch durable
before the next. The ratio of a B is to the mean of the As beside it; the figure is the median over the Bs.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import factory
from figures import Figure, cpu_seconds, drift, family
from raw import Raw, RawCopy, RawPostgres, RawSqlite, WholeSqlite
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from orderlight.events import Receipt
from server.app.serve import spare_the_collector
from server.db import Database
from server.ingest.accept import accept
from server.ingest.door import Door
from server.ingest.wire import read_request
from server.migrations import upgrade
from server.settings.clock import utc_now
from simulators.services import Postgres, ServiceMissing, private_postgres

SIZES = (100, 500)
#: The first step asked for; the design aims at 0.8.
GOAL = {100: 0.15, 500: None}
DOOR = Door(actor=f"gateway:{factory.GATEWAY}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    events_a_round: int

    @property
    def units(self) -> int:
        """Units that pass every station once in all rounds of all sizes, and in a first one that does not count."""
        events = len(SIZES) * (self.rounds + 1) * self.events_a_round
        return events // len(factory.STATIONS) + factory.UNITS_OF_AN_ORDER


@dataclass(frozen=True, slots=True)
class Engine:
    """One database engine with its anchors."""

    name: str
    database: Database
    raws: tuple[Raw, ...]
    #: Processes of the database server, whose processor time counts too.
    pids: Callable[[], Sequence[int]]


@dataclass(slots=True)
class Told:
    """What was sent and answered."""

    sent: int = 0
    applied: int = 0


def measure(plan: Plan, folder: Path) -> list[Figure]:
    """The figures of both engines; PostgreSQL is left out with a word where it is not installed."""
    # The server does the same when it starts (server/app/serve.py); the events themselves are made before.
    spare_the_collector()
    found = _on_engine(plan, _sqlite(folder))
    try:
        with private_postgres() as cluster, _postgres(cluster) as engine:
            return found + _on_engine(plan, engine)
    except ServiceMissing as missing:
        print(f"PostgreSQL is left out: {missing}")
        return found


def _sqlite(folder: Path) -> Engine:
    for name in ("ours.db", "raw.db", "whole.db"):
        _migrated(f"sqlite:///{folder / name}").close()
    raws = (RawSqlite(str(folder / "raw.db")), WholeSqlite(str(folder / "whole.db")))
    return Engine("sqlite", Database(f"sqlite:///{folder / 'ours.db'}"), raws, list)


@contextmanager
def _postgres(cluster: Postgres) -> Iterator[Engine]:
    server = create_engine(cluster.url(), isolation_level="AUTOCOMMIT")
    _wait_for(server)
    with server.connect() as connection:
        for name in ("ours", "raw", "copied"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    for name in ("ours", "raw", "copied"):
        _migrated(cluster.url(name)).close()
    server.dispose()
    raws = (RawPostgres(cluster.url("raw")), RawCopy(cluster.url("copied")))
    yield Engine("postgresql", Database(cluster.url("ours")), raws, lambda: family(cluster.process.pid))


def _wait_for(server: SqlEngine) -> None:
    """A new cluster listens a moment before it lets anybody in."""
    deadline = time.monotonic() + 20
    while True:
        try:
            server.connect().close()
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _migrated(url: str) -> Database:
    database = Database(url)
    upgrade(database.engine)
    return database


def _on_engine(plan: Plan, engine: Engine) -> list[Figure]:
    with closing(engine.database):
        made = factory.build(engine.database, units=plan.units, now=utc_now())
        told = factory.events(made, utc_now() - timedelta(hours=8))
        figures: list[Figure] = []
        each = (plan.rounds + 1) * plan.events_a_round
        answered = Told()
        for place, size in enumerate(SIZES):
            events = told[place * each : (place + 1) * each]
            figures += _size(plan, engine, events, size, answered)
        figures.append(_lost_and_doubled(engine, answered, told[: SIZES[-1]]))
    for raw in engine.raws:
        raw.close()
    return figures


@dataclass(slots=True)
class Rates:
    """Events a second of each round, and processor time per event."""

    ours: list[float]
    raw: list[list[float]]
    cpu: list[float]
    database_cpu: list[float]


def _size(plan: Plan, engine: Engine, events: Sequence[dict[str, Any]], size: int, answered: Told) -> list[Figure]:
    rates = Rates([], [[] for _ in engine.raws], [], [])
    rounds = [events[start : start + plan.events_a_round] for start in range(0, len(events), plan.events_a_round)]
    _read([take(engine.database, body) for body in factory.batches(rounds[0], size, epoch=f"{size:016x}")], answered)
    for number, part in enumerate(rounds[1:]):
        _anchor(engine, rates, part, size, number)
        _timed_take(engine, rates, part, size, answered)
    _anchor(engine, rates, rounds[-1], size, len(rounds))
    return [_figure(engine, rates, size, place) for place in range(len(engine.raws))] + [_cpu(engine, rates, size)]


def _anchor(engine: Engine, rates: Rates, part: Sequence[dict[str, Any]], size: int, number: int) -> None:
    for place, raw in enumerate(engine.raws):
        rows = raw.rows(part, first_id=(size * 1000 + number) * 1_000_000)
        began = time.perf_counter()
        for start in range(0, len(rows), size):
            raw.insert(rows[start : start + size])
        rates.raw[place].append(len(rows) / (time.perf_counter() - began))


def _timed_take(engine: Engine, rates: Rates, part: Sequence[dict[str, Any]], size: int, answered: Told) -> None:
    # Each size is a life of its own. Making requests and reading answers is the gateway's work and is not counted.
    bodies, pids = factory.batches(part, size, epoch=f"{size:016x}"), engine.pids()
    began, cpu, other = time.perf_counter(), time.process_time(), cpu_seconds(pids)
    answers = [take(engine.database, body) for body in bodies]
    rates.ours.append(len(part) / (time.perf_counter() - began))
    rates.cpu.append((time.process_time() - cpu) / len(part) * 1e6)
    rates.database_cpu.append((cpu_seconds(pids) - other) / len(part) * 1e6)
    _read(answers, answered)


def _read(answers: Sequence[bytes], answered: Told) -> None:
    for answer in answers:
        receipt = Receipt.parse(answer)
        answered.sent += len(receipt.results)
        answered.applied += sum(one.status == "applied" for one in receipt.results)


def take(database: Database, body: bytes) -> bytes:
    """From the bytes of a request to the bytes of its answer, which is given after the commit."""
    batch = read_request(body)

    def work(session: Session) -> Receipt:
        return accept(session, batch, door=DOOR, now=utc_now())

    return database.write(work).encode()


def _figure(engine: Engine, rates: Rates, size: int, place: int) -> Figure:
    raw = rates.raw[place]
    ratios = [ours / statistics.mean(raw[number : number + 2]) for number, ours in enumerate(rates.ours)]
    return Figure(
        name=f"ingest to effect, {engine.name}, batches of {size}",
        value=statistics.median(rates.ours),
        unit="events/s",
        ratio=statistics.median(ratios),
        ratio_of=f"{engine.raws[place].name} ({statistics.median(raw):,.0f}/s)",
        goal=GOAL[size] if place == 0 else None,
        more={
            "best": max(rates.ours), "ratios": [round(ratio, 4) for ratio in ratios], "anchor": statistics.median(raw),
            "drift": round(drift(raw), 3), "load": os.getloadavg()[0],
        },
    )  # fmt: skip


def _cpu(engine: Engine, rates: Rates, size: int) -> Figure:
    own, other = statistics.median(rates.cpu), statistics.median(rates.database_cpu)
    return Figure(
        name=f"processor time, {engine.name}, batches of {size}",
        value=own + other,
        unit="µs/event",
        more={"server": own, "database": other, "best": min(rates.cpu)},
    )


def _lost_and_doubled(engine: Engine, answered: Told, first: Sequence[dict[str, Any]]) -> Figure:
    """Send some again, then count: each event once, each applied one with its fact, each piece counted once."""
    again = Receipt.parse(take(engine.database, factory.batches(first, SIZES[-1], epoch=f"{SIZES[0]:016x}")[0]))
    refused = [answer for answer in again.results if answer.status != "duplicate"]
    with engine.database.read() as session:
        events, facts, good, seen = session.execute(
            text(
                "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM fact WHERE event_id IS NOT NULL), "
                "(SELECT sum(good) FROM operation), (SELECT count(DISTINCT event_id) FROM fact)"
            )
        ).one()
    lost = max(answered.sent - events, answered.applied - int(good), 0) + len(refused)
    doubled = max(events - answered.sent, facts - answered.applied, int(good) - answered.applied, 0)
    return Figure(
        name=f"lost + doubled, {engine.name}",
        value=float(lost + doubled),
        unit="events",
        more={"sent": answered.sent, "applied": answered.applied, "lost": lost, "doubled": doubled, "proven": seen},
    )
