"""A small plant made by the services, and a gateway that sends what the tests scan there."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode, sscc96_hex
from orderlight.events import Answer, Batch, Receipt
from server.auth.users import NewUser, add_user
from server.catalog.schemas import ProductIn, RoutingStepBody, WorkCenterIn
from server.catalog.service import create_product, create_work_center
from server.db import Base, Database
from server.db.handover import leave
from server.db.topics import touched
from server.erp.floor.models import StationState
from server.erp.floor.schemas import ReadPointIn, StationIn
from server.erp.floor.service import create_read_point, create_station
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.production.models import Operation, Unit
from server.ingest import accept as accepting
from server.ingest import load as loading
from server.ingest import tables
from server.ingest.accept import accept
from server.ingest.door import Door
from server.ingest.encoding import json_text
from server.ingest.memory import Memory
from server.ingest.queries import ask, listed
from server.ingest.rare import load_stock_work
from server.journal.models import EventRecord, Fact, Quarantine
from server.parties.schemas import CustomerIn, SitePatch
from server.parties.service import create_customer, update_site
from server.tracking.states import Context
from server.tracking.world import Station as Place
from server.tracking.world import Tally, World
from simulators.services import Postgres

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
GTIN = "09506000134352"
PREFIX = "9506000"
ACTOR = "system"
CENTERS = ("cut", "weld", "pack", "ship")
#: Read points beyond one for each context: <station>-<context>.
POINTS = (
    ("cut", Context.END), ("cut", Context.START), ("cut", Context.TOGGLE), ("cut", Context.BADGE),
    ("cut", Context.COMMAND), ("weld", Context.TOGGLE), ("weld", Context.END), ("weld", Context.GATE),
    ("pack", Context.PACK), ("ship", Context.SHIP), ("ship", Context.DELIVER),
)  # fmt: skip


@dataclass
class Plant:
    """The plant, its units by order, and one gateway."""

    database: Database
    orders: dict[str, list[str]]
    customers: dict[str, str]
    gateway: str = "gw-1"
    epoch: str = "00000000000000aa"
    sequence: int = 0
    now: datetime = START
    topics: set[str] = field(default_factory=set)

    def event(self, code: str | None = None, at: str = "cut-end", **more: Any) -> dict[str, Any]:
        """The next event of the gateway, a second later."""
        self.sequence += 1
        self.now += timedelta(seconds=1)
        event: dict[str, Any] = {"sequence": self.sequence, "kind": "code_scanned", "read_point": at}
        event |= {"observed_at": self.now.isoformat(), **({"code": code} if code is not None else {})}
        return event | more

    def send(self, *events: dict[str, Any], door: Door | None = None, epoch: str | None = None) -> Receipt:
        """Send events in one batch."""
        body = {"gateway": self.gateway, "epoch": epoch or self.epoch, "events": list(events)}
        batch = Batch.parse(json.dumps(body).encode())
        through = door or Door(actor=f"gateway:{self.gateway}")

        def work(session: Session) -> Receipt:
            receipt = accept(session, batch, door=through, now=self.now)
            self.topics = touched(session)
            return receipt

        return self.database.write(work)

    def scan(self, code: str, at: str = "cut-end", **more: Any) -> Answer:
        """Scan one code and return its verdict."""
        return self.send(self.event(code, at, **more)).results[0]

    def tag(self, epc: str, at: str, kind: str = "tag_arrived", **more: Any) -> Answer:
        """Let a tag pass and return its verdict."""
        return self.send(self.event(None, at, kind=kind, epc=epc, **more)).results[0]

    def through(self, number: str, *points: str) -> list[Answer]:
        """Take a unit through read points; every scan must be applied."""
        answers = [self.scan(code(number), point) for point in points]
        assert [answer.status.value for answer in answers] == ["applied"] * len(points), answers
        return answers

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    # --- looking ---

    def rows(self, statement: Any) -> Sequence[Any]:
        """What a query finds."""
        with self.database.read() as session:
            return session.execute(statement).all()

    def sql(self, statement: str) -> Sequence[Any]:
        """What a query in SQL finds."""
        return self.rows(text(statement))

    def one(self, model: type[Any], **where: Any) -> Any:
        """The one row with these values."""
        with self.database.read() as session:
            return session.scalars(select(model).filter_by(**where)).one()

    def unit(self, number: str) -> Any:
        """The unit."""
        return self.one(Unit, number=number)

    def order(self, number: str) -> Any:
        """The sales order."""
        return self.one(SalesOrder, number=number)

    def operation(self, unit: str, step: int) -> Any:
        """The operation of the unit's work order."""
        return self.one(Operation, work_order_id=self.unit(unit).work_order_id, step=step)

    def facts(self) -> list[tuple[str, str]]:
        """Kind and subject of the facts that came from events."""
        found = select(Fact.kind, Fact.subject).where(Fact.event_id.is_not(None)).order_by(Fact.id)
        return [tuple(row) for row in self.rows(found)]

    def inbox(self) -> list[Any]:
        """The events that wait for a person."""
        with self.database.read() as session:
            return list(session.scalars(select(Quarantine).order_by(Quarantine.id)))

    def station(self, key: str) -> Any:
        """What a station remembers."""
        found = self.sql(f"SELECT id FROM station WHERE key = '{key}'")  # noqa: S608 - a key of this file
        return self.one(StationState, station_id=found[0][0])

    def change(self, statement: str) -> None:
        """Change something by hand."""
        self.database.write(lambda session: session.execute(text(statement)) and None)

    def count(self, model: type[Any]) -> int:
        """How many rows there are."""
        with self.database.read() as session:
            return session.query(model).count()


def code(number: str) -> str:
    """The printed code of a unit."""
    return str(OwnCode("U", number.partition("-")[2]))


def card(command: str) -> str:
    """A command card."""
    return str(OwnCode("C", command))


def badge(body: str) -> str:
    """A badge."""
    return str(OwnCode("B", body))


def box_epc(sscc: str) -> str:
    """The tag of a box."""
    return sscc96_hex(sscc, len(PREFIX))


def make_plant(session: Session) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Stations cut, weld, pack, ship; two customers; three released orders of one product."""
    about: dict[str, Any] = {"actor": ACTOR, "now": START}
    update_site(session, SitePatch(name="Plant", time_zone="UTC", gs1_company_prefix=PREFIX), **about)
    for place, key in enumerate(CENTERS):
        create_work_center(session, WorkCenterIn(key=key, name=key.capitalize(), position=place), **about)
        create_station(session, StationIn(key=key, name=key.capitalize(), work_center=key), **about)
    for station, context in POINTS:
        key = f"{station}-{context.value}"
        # Scans of a test follow each other by a second.
        point = ReadPointIn(key=key, name=key, station=station, context=context, quiet_seconds=0)
        create_read_point(session, point, **about)
    steps = [
        RoutingStepBody(name=key.capitalize(), work_center=key, run_minutes=Decimal(1))
        for key in ("cut", "weld", "pack")
    ]
    create_product(session, ProductIn(sku="FRAME", name="Frame", gtin=GTIN, routing=steps), **about)
    add_user(session, NewUser(login="anna", name="Anna", role="operator", badge="17"), **about)
    names = ("Aurora Bikes", "Nordwind")
    customers = {name: create_customer(session, CustomerIn(name=name), **about).number for name in names}
    plan = (("Aurora Bikes", 3), ("Nordwind", 2), ("Aurora Bikes", 1))
    return {
        number: units for name, count in plan for number, units in [_order(session, customers[name], count)]
    }, customers


def _order(session: Session, customer: str, count: int) -> tuple[str, list[str]]:
    body = OrderIn(customer=customer, lines=[OrderLineIn(product="FRAME", quantity=Decimal(count))])
    order = create_order(session, body, actor=ACTOR, now=START)
    confirm_order(session, order, actor=ACTOR, now=START)
    release_order(session, order, actor=ACTOR, now=START)
    numbers = session.scalars(select(Unit.number).where(Unit.order_id == order.id).order_by(Unit.id))
    return order.number, list(numbers)


Made = tuple[dict[str, list[str]], dict[str, str]]


@pytest.fixture(scope="session")
def sqlite_made(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    """A plant on SQLite that tests copy, which is much faster than making it each time."""
    path = tmp_path_factory.mktemp("plant") / "orderlight.db"
    path.write_bytes(sqlite_template.read_bytes())
    return path, _make(f"sqlite:///{path}")


@pytest.fixture(scope="session")
def postgres_made(postgres: Postgres, postgres_template: str) -> Iterator[tuple[Database, Made, dict[str, bytes]]]:
    """One plant on PostgreSQL with a copy of its rows: putting them back is faster than a database for each test."""
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE plant TEMPLATE {postgres_template}"))
    engine.dispose()
    made = _make(postgres.url("plant"))
    database = Database(postgres.url("plant"))
    yield database, made, _copy_out(database)
    database.close()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _copy_out(database: Database) -> dict[str, bytes]:
    with database.engine.connect() as connection, _driver(connection).cursor() as cursor:
        rows = {}
        for table in Base.metadata.sorted_tables:
            with cursor.copy(f"COPY {table.name} TO STDOUT") as copy:
                rows[table.name] = b"".join(bytes(part) for part in copy)
        return rows


def _put_back(database: Database, rows: dict[str, bytes]) -> None:
    with database.engine.begin() as connection, _driver(connection).cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name, content in rows.items():
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - tables of ours
            if content:
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(content)


def _make(url: str) -> Made:
    database = Database(url)
    made = database.write(make_plant)
    database.close()
    return made


@pytest.fixture
def sqlite_plant(sqlite_made: tuple[Path, Made], tmp_path: Path) -> Iterator[Plant]:
    """The plant on SQLite alone, where the engine is not the subject."""
    template, made = sqlite_made
    path = tmp_path / "plant.db"
    path.write_bytes(template.read_bytes())
    yield from _open(f"sqlite:///{path}", made)


@pytest.fixture
def postgres_plant(postgres_made: tuple[Database, Made, dict[str, bytes]]) -> Iterator[Plant]:
    """The plant on PostgreSQL, as it was when it was made."""
    database, made, rows = postgres_made
    _put_back(database, rows)
    yield from _open(database.url, made)


def _open(url: str, made: Made) -> Iterator[Plant]:
    database = Database(url)
    orders, customers = made
    yield Plant(database, orders, customers)
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def plant(request: pytest.FixtureRequest) -> Plant:
    """The plant on each engine in turn."""
    made: Plant = request.getfixturevalue(f"{request.param}_plant")
    return made


@pytest.fixture
def database(plant: Plant) -> Database:
    """The plant's database, for the fixtures that run the whole server on it."""
    return plant.database


@pytest.fixture
def fresh_sqlite_plant(sqlite_made: tuple[Path, Made], tmp_path: Path) -> Iterator[Callable[[], Plant]]:
    """A maker of plants, for tests that need one after the other."""
    opened: list[Database] = []
    template, (orders, customers) = sqlite_made

    def make() -> Plant:
        while opened:
            opened.pop().close()
        for left in tmp_path.glob("plant.db*"):
            left.unlink()
        (tmp_path / "plant.db").write_bytes(template.read_bytes())
        opened.append(Database(f"sqlite:///{tmp_path / 'plant.db'}"))
        return Plant(opened[0], orders, customers)

    yield make
    while opened:
        opened.pop().close()


@pytest.fixture
def fresh_postgres_plant(postgres_made: tuple[Database, Made, dict[str, bytes]]) -> Callable[[], Plant]:
    """A maker of plants, for tests that need one after the other."""
    database, (orders, customers), rows = postgres_made

    def make() -> Plant:
        _put_back(database, rows)
        return Plant(database, orders, customers)

    return make


@dataclass(frozen=True)
class Tools:
    """What tests need beside the plant, since they cannot import from here."""

    code = staticmethod(code)
    card = staticmethod(card)
    badge = staticmethod(badge)
    box_epc = staticmethod(box_epc)
    start: datetime = START
    gtin: str = GTIN
    models: tuple[type[Any], ...] = (EventRecord, Fact, HandlingUnit, Shipment)


@pytest.fixture
def tools() -> Tools:
    """Codes, cards and badges."""
    return Tools()


# --- what is remembered from one batch to the next ---


@pytest.fixture(autouse=True)
def memory_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test sends: what its batches leave to the next ones is what the database would say."""

    def leave_the_truth(session: Session, memory: Memory) -> None:
        session.flush()
        assert remembered(memory.world) == stored(session, memory.world)
        leave(session, memory)

    monkeypatch.setattr(accepting, "leave", leave_the_truth)


def remembered(world: World) -> dict[str, Any]:
    """Every row of a memory, as it can be compared."""
    names = (
        "units",
        "operations",
        "routes",
        "work_orders",
        "order_work",
        "orders",
        "alerts",
        "stations",
        "read_points",
    )
    found: dict[str, Any] = {name: dict(getattr(world, name)) for name in names}
    # Nobody is the same as a work order of which nothing was counted.
    found["tallies"] = {key: tally for key, tally in world.tallies.items() if tally != Tally()}
    found["identifiers"] = dict(world.identifiers)
    found["contexts"] = {key: (*row[:9], *map(json_text, row[9:])) for key, row in world.contexts.items()}
    return found


def stored(session: Session, known: World) -> dict[str, Any]:
    """The same rows, asked for anew."""
    connection, world = session.connection(), World()
    ids = listed(known.units)
    orders, works = {"ids": listed(known.orders)}, {"ids": listed(known.routes)}
    loading._put_things(
        world,
        ask(
            connection,
            {
                "units": tables.UNITS.of(ids=ids),
                "operations": tables.OPERATIONS_OF.of(**works),
                "orders": tables.ORDERS.of(**orders),
                "work": tables.WORK_ORDERS.of(**orders),
                "tallies": tables.TALLIES.of(**orders),
            },
        ),
    )
    load_stock_work(connection, world, {unit.id for unit in known.units.values() if unit.order_id is None})
    points = tables.READ_POINTS.rows(connection, keys=listed(known.read_points))
    # Where only a unit was begun that came by here, nobody asked what the station remembers.
    asked = known.contexts.keys() | {point.station_id for point in known.read_points.values()}
    loading._put_stations(world, points, tables.CONTEXTS_OF.rows(connection, ids=listed(asked)))
    world.stations.update({row[0]: Place(*row) for row in tables.STATIONS.rows(connection, ids=listed(known.stations))})
    values = listed(known.identifiers)
    for row in (*tables.IDENTIFIERS.rows(connection, values=values), *tables.NUMBERS.rows(connection, values=values)):
        world.identifiers[row[0]] = row[1]
    return remembered(world)
