"""Events a second from bytes to effect, as a ratio to the raw insert rate of the same rows in the same run.

Rounds alternate A B A B A: A inserts the event rows bare, B takes the same events in as the door for gateways does
(parse, judge, events, identities, facts, units, operations, work orders, orders, stations, topics, answers). Several
gateways send at the same time, each a batch when its last one is durable and answered; each has units of its own.
The ratio of a B is to the mean of the As beside it; the figure is the median over the Bs.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import factory
from cluster import create_databases
from figures import Figure, cpu_seconds, drift, family
from raw import BareSqlite, Raw, RawCopy, RawPostgres, RawSqlite, WholeSqlite
from sqlalchemy import text

from orderlight.events import Receipt
from server.app.serve import spare_the_collector
from server.db import Database
from server.ingest.accept import Ask, Taken
from server.ingest.door import Door
from server.ingest.http import take_in
from server.ingest.wire import read_request
from server.migrations import upgrade
from server.settings.clock import utc_now
from simulators.services import Postgres, ServiceMissing, private_postgres


class Case(NamedTuple):
    """So many gateways that send batches of such a size, and the ratio asked for."""

    size: int
    gateways: int
    goal: float | None = None

    def __str__(self) -> str:
        return f"{self.gateways} x {self.size}"


#: The first step asked for is 0.15; the design aims at 0.8.
DOOR = Door(actor=f"gateway:{factory.GATEWAY}")
CASES = (Case(100, 16, 0.15), Case(100, 4), Case(100, 1), Case(500, 4))


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; a first round of each case does not count."""

    rounds: int
    events_a_round: int

    def units_of(self, case: Case) -> int:
        """Units of each gateway of a case; each passes every station once in all rounds together."""
        return -(-(self.rounds + 1) * self.events_a_round // (len(factory.STATIONS) * case.gateways))

    @property
    def units(self) -> int:
        """Units of all cases."""
        return sum(self.units_of(case) * case.gateways for case in CASES)


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


def measure(plan: Plan, folder: Path, engines: Sequence[str]) -> list[Figure]:
    """The figures of these engines; PostgreSQL is left out with a word where it is not installed."""
    # The server does the same when it starts (server/app/serve.py); the events themselves are made before.
    spare_the_collector()
    found = _on_engine(plan, _sqlite(folder)) if "sqlite" in engines else []
    if "postgresql" not in engines:
        return found
    try:
        with private_postgres() as cluster, _postgres(cluster) as engine:
            return found + _on_engine(plan, engine)
    except ServiceMissing as missing:
        print(f"PostgreSQL is left out: {missing}")
        return found


def _sqlite(folder: Path) -> Engine:
    for name in ("ours.db", "raw.db", "bare.db", "whole.db"):
        _migrated(f"sqlite:///{folder / name}").close()
    raws = (
        RawSqlite(str(folder / "raw.db")),
        BareSqlite(str(folder / "bare.db")),
        WholeSqlite(str(folder / "whole.db")),
    )
    return Engine("sqlite", Database(f"sqlite:///{folder / 'ours.db'}"), raws, list)


@contextmanager
def _postgres(cluster: Postgres) -> Iterator[Engine]:
    names = ("ours", "raw", "copied")
    create_databases(cluster, *names)
    for name in names:
        _migrated(cluster.url(name)).close()
    raws = (RawPostgres(cluster.url("raw")), RawCopy(cluster.url("copied")))
    yield Engine("postgresql", Database(cluster.url("ours")), raws, lambda: family(cluster.process.pid))


def _migrated(url: str) -> Database:
    database = Database(url)
    upgrade(database.engine)
    return database


def _on_engine(plan: Plan, engine: Engine) -> list[Figure]:
    with closing(engine.database):
        made = factory.build(engine.database, units=plan.units, now=utc_now())
        units, began = iter(made.units), utc_now() - timedelta(hours=8)
        figures: list[Figure] = []
        answered = Told()
        for number, case in enumerate(CASES, 1):
            shares = [list(islice(units, plan.units_of(case))) for _ in range(case.gateways)]
            days = [factory.events(factory.Factory(share), began) for share in shares]
            figures += _case(plan, engine, case, days, answered, f"{number:016x}")
        figures.append(_lost_and_doubled(engine, answered, _bodies(case, days, range(1), f"{number:016x}")[0][0]))
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


Days = Sequence[Sequence[dict[str, Any]]]
Bodies = list[list[bytes]]


def _case(plan: Plan, engine: Engine, case: Case, days: Days, answered: Told, epoch: str) -> list[Figure]:
    rates = Rates([], [[] for _ in engine.raws], [], [])
    each = plan.events_a_round // case.gateways
    rounds = [range(start * each, (start + 1) * each) for start in range(plan.rounds + 1)]
    _read(_take_all(engine.database, _bodies(case, days, rounds[0], epoch)), answered)
    for part in rounds[1:]:
        _anchor(engine, rates, case, _events(days, part))
        _timed_take(engine, rates, _bodies(case, days, part, epoch), answered)
    _anchor(engine, rates, case, _events(days, rounds[-1]))
    return [_figure(engine, rates, case, place) for place in range(len(engine.raws))] + [_cpu(engine, rates, case)]


def _events(days: Days, part: range) -> list[dict[str, Any]]:
    return [event for day in days for event in day[part.start : part.stop]]


def _bodies(case: Case, days: Days, part: range, epoch: str) -> Bodies:
    """The requests of each gateway, each case a life of its own."""
    return [
        factory.batches(day[part.start : part.stop], case.size, epoch=epoch, gateway=f"{factory.GATEWAY}-{number}")
        for number, day in enumerate(days)
    ]


def _anchor(engine: Engine, rates: Rates, case: Case, events: Sequence[dict[str, Any]]) -> None:
    for place, raw in enumerate(engine.raws):
        rows = raw.rows(events)
        began = time.perf_counter()
        for start in range(0, len(rows), case.size):
            raw.insert(rows[start : start + case.size])
        rates.raw[place].append(len(rows) / (time.perf_counter() - began))


def _timed_take(engine: Engine, rates: Rates, bodies: Bodies, answered: Told) -> None:
    # Making requests and reading answers is the gateway's work and is not counted.
    pids = engine.pids()
    began, cpu, other = time.perf_counter(), time.process_time(), cpu_seconds(pids)
    answers = _take_all(engine.database, bodies)
    seconds, used, lent = time.perf_counter() - began, time.process_time() - cpu, cpu_seconds(pids) - other
    count = _read(answers, answered)
    rates.ours.append(count / seconds)
    rates.cpu.append(used / count * 1e6)
    rates.database_cpu.append(lent / count * 1e6)


def _take_all(database: Database, bodies: Bodies) -> list[bytes]:
    """All gateways at once, each with one request on the way; one thread serves them, as in the server."""
    answers: list[bytes] = []
    ready: SimpleQueue[tuple[int, Future[Taken] | None]] = SimpleQueue()
    for place in range(len(bodies)):
        ready.put((place, None))
    left = [iter(own) for own in bodies]
    open_gateways = len(bodies)
    while open_gateways:
        place, future = ready.get()
        if future is not None:
            answers.append(future.result().encode())
        body = next(left[place], None)
        if body is None:
            open_gateways -= 1
            continue
        submit(database, body).add_done_callback(partial(_note, ready, place))
    return answers


def _note(ready: "SimpleQueue[tuple[int, Future[Taken] | None]]", place: int, future: Future[Taken]) -> None:
    ready.put((place, future))


def _read(answers: Sequence[bytes], answered: Told) -> int:
    """Note what was answered; returns the number of events."""
    receipts = [Receipt.parse(answer) for answer in answers]
    results = [one for receipt in receipts for one in receipt.results]
    answered.sent += len(results)
    answered.applied += sum(one.status == "applied" for one in results)
    return len(results)


def take(database: Database, body: bytes) -> bytes:
    """From the bytes of a request to the bytes of its answer, which is given after the commit."""
    return submit(database, body).result().encode()


def submit(database: Database, body: bytes) -> Future[Taken]:
    """Hand the request to the writer."""
    return database.submit_jointly(take_in, Ask(read_request(body), DOOR))


def _figure(engine: Engine, rates: Rates, case: Case, place: int) -> Figure:
    raw = rates.raw[place]
    ratios = [ours / statistics.mean(raw[number : number + 2]) for number, ours in enumerate(rates.ours)]
    return Figure(
        name=f"ingest to effect, {engine.name}, {case}",
        value=statistics.median(rates.ours),
        unit="events/s",
        ratio=statistics.median(ratios),
        ratio_of=f"{engine.raws[place].name} ({statistics.median(raw):,.0f}/s)",
        goal=case.goal if place == 0 else None,
        more={
            "best": max(rates.ours), "ratios": [round(ratio, 4) for ratio in ratios], "anchor": statistics.median(raw),
            "drift": round(drift(raw), 3), "load": os.getloadavg()[0],
        },
    )  # fmt: skip


def _cpu(engine: Engine, rates: Rates, case: Case) -> Figure:
    own, other = statistics.median(rates.cpu), statistics.median(rates.database_cpu)
    return Figure(
        name=f"processor time, {engine.name}, {case}",
        value=own + other,
        unit="µs/event",
        more={"server": own, "database": other, "best": min(rates.cpu)},
    )


def _lost_and_doubled(engine: Engine, answered: Told, first: bytes) -> Figure:
    """Send some again, then count: each event once, each applied one with its fact, each piece counted once."""
    again = Receipt.parse(take(engine.database, first))
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
