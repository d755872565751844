"""How much longer each page and list takes in a big database than in an empty one, for everybody who reads it."""

import asyncio
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from cluster import create_databases
from figures import Figure
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.app import create_app
from server.auth import sessions, users
from server.auth.models import User
from server.auth.users import NewUser
from server.db import Database
from server.migrations import upgrade
from server.parties.models import Customer
from server.parties.schemas import CustomerIn
from server.parties.service import create_customer
from server.settings import Settings
from server.settings.clock import utc_now
from simulators.crowd import QUERIES, addresses, count, multiply, seed_empty, seed_factory, things_of
from simulators.services import ServiceMissing, private_postgres

BASE = "http://127.0.0.1:8000"
GOAL = 3.0
ROLES = ("admin", "sales", "customer")
#: Addresses that give out all there is, and of what: they are judged by the time that each row takes.
BY_ROW = {"/customers/export": "customer"}


@dataclass(frozen=True, slots=True)
class Size:
    """How big the big database is, and how often each address is asked for."""

    orders: int
    units: int
    rounds: int


class House:
    """A server in this process on a database of its own, and a caller of each role."""

    def __init__(self, name: str, url: str, folder: Path) -> None:
        self.name = name
        self.database = Database(url)
        self.settings = Settings.load({"ORDERLIGHT_DATA_DIR": str(folder), "ORDERLIGHT_DATABASE_URL": url})
        self.things: dict[str, str] = {}
        self.callers: dict[str, httpx.AsyncClient] = {}

    def open(self) -> None:
        """Let everybody in whose reading is measured."""
        self.app = create_app(self.settings, self.database)
        with self.database.read() as session:
            self.things = things_of(session)
        for role in ROLES:
            token = self.database.write(lambda session, role=role: _sign_in(session, role))  # type: ignore[misc]
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
            cookies = {self.settings.cookie("sid"): token}
            self.callers[role] = httpx.AsyncClient(transport=transport, base_url=BASE, cookies=cookies)

    async def took(self, role: str, address: str) -> float:
        """The processor time of one request; on PostgreSQL, which works in processes of its own, the time it takes."""
        clock = time.process_time if self.database.is_sqlite else time.perf_counter
        began = clock()
        await self.callers[role].get(address)
        return clock() - began


def _sign_in(session: Session, role: str) -> str:
    now = utc_now()
    known = session.scalar(select(User.id).where(User.login == f"bench-{role}"))
    if known is None:
        owner = session.scalar(select(func.min(Customer.id))) if role == "customer" else None
        new = NewUser(login=f"bench-{role}", name=role, role=role, customer_id=owner)
        known = users.add_user(session, new, actor="bench", now=now).id
    return sessions.open_session(session, known, now=now, days=1)


def _empty(session: Session) -> None:
    seed_empty(session)
    create_customer(session, CustomerIn(name="Aurora Bikes"), actor="bench", now=utc_now())


def measure(folder: Path, *, size: Size, engines: Sequence[str], keep: bool = False) -> list[Figure]:
    """Every address, for an administrator, for sales and for a customer; PostgreSQL is left out where it is missing."""
    found = []
    if "sqlite" in engines:
        found += _measured("sqlite", {name: f"sqlite:///{folder / name}.db" for name in _SEEDS}, folder, size=size)
    if "postgresql" in engines:
        try:
            with private_postgres(fsync=False, keep=folder / "postgresql" if keep else None) as cluster:
                create_databases(cluster, *_SEEDS)
                urls = {name: cluster.url(name) for name in _SEEDS}
                found += _measured("postgresql", urls, folder, size=size)
        except ServiceMissing as missing:
            print(f"PostgreSQL is left out: {missing}")
    return found


_SEEDS = {"empty": _empty, "factory": seed_factory, "full": seed_factory}


def _measured(engine: str, urls: Mapping[str, str], folder: Path, *, size: Size) -> list[Figure]:
    with _houses(urls, folder, size=size) as houses:
        return asyncio.run(_ask(engine, houses, size.rounds))


@contextmanager
def _houses(urls: Mapping[str, str], folder: Path, *, size: Size) -> Iterator[dict[str, House]]:
    made: dict[str, House] = {}
    for name, url in urls.items():
        database = Database(url)
        upgrade(database.engine)
        if not count(database, "site"):
            database.write(_SEEDS[name])
        # A run that was ended between seeding and multiplying has kept a house no bigger than the factory.
        if name == "full" and _orders(database) == _orders(made["factory"].database):
            multiply(database, orders=size.orders, units=size.units)
        database.close()
        made[name] = House(name, url, folder)
        made[name].open()
    full = made["full"].database
    print(f"  {_orders(full):,} orders, {count(full, 'unit'):,} units", flush=True)
    yield made
    for house in made.values():
        house.database.close()


def _orders(database: Database) -> int:
    return count(database, "sales_order")


async def _ask(engine: str, houses: Mapping[str, House], rounds: int) -> list[Figure]:
    full, found = houses["full"], []
    known = {name: dict(addresses(house.app, house.things)) for name, house in houses.items()}
    for pattern in known["full"]:
        # What needs a thing is compared with the same page where there is little else.
        takes_one = pattern in BY_ROW or "{" in pattern + QUERIES.get(pattern, "")
        anchor = houses["factory" if takes_one else "empty"]
        address, other = known["full"][pattern], known[anchor.name][pattern]
        for role in ROLES if address and other else ():
            asked = ((full, address or ""), (anchor, other or ""))
            figure = await _compare(engine, pattern, role, asked=asked, rounds=1 if pattern in BY_ROW else rounds)
            if figure is not None:
                found.append(figure)
    return found


async def _compare(
    engine: str, pattern: str, role: str, *, asked: Sequence[tuple[House, str]], rounds: int
) -> Figure | None:
    """Both in turn, so that whatever else the machine does meets both alike; nothing for what the role may not read."""
    (full, address), (anchor, _other) = asked
    statuses = [(await house.callers[role].get(path)).status_code for house, path in asked]
    if max(statuses) >= 500:
        raise RuntimeError(f"Failed to measure {address} for {role}: expected pages, got status {statuses}.")
    if statuses != [200, 200]:
        if role == "admin":
            print(f"  {address} is left out: it answers {statuses}", flush=True)
        return None
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for (house, path), took in zip(asked, times, strict=True):
            took.append(await house.took(role, path))
    value, small = statistics.median(times[0]), statistics.median(times[1])
    ratio, than = value / small, f"{anchor.name}, {small * 1000:.1f} ms"
    if pattern in BY_ROW:
        ratio *= count(anchor.database, BY_ROW[pattern]) / count(full.database, BY_ROW[pattern])
        than += ", by row"
    return Figure(
        name=f"{pattern} {role}" + ("" if engine == "sqlite" else f" {engine}"),
        value=value * 1000,
        unit="ms cpu" if engine == "sqlite" else "ms",
        ratio=ratio,
        ratio_of=than,
        goal=GOAL,
        higher_is_better=False,
        more={"load": os.getloadavg()[0], "engine": engine},
    )
