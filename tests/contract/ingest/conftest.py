"""A small plant made by the services, and a gateway that sends what the tests scan there."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode, sscc96_hex
from orderlight.events import Answer, Batch, Receipt
from server.auth.users import NewUser, add_user
from server.catalog.schemas import ProductIn, RoutingStepBody, WorkCenterIn
from server.catalog.service import create_product, create_work_center
from server.db import Database
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
from server.ingest.accept import accept
from server.ingest.door import Door
from server.journal.models import EventRecord, Fact, Quarantine
from server.parties.schemas import CustomerIn, SitePatch
from server.parties.service import create_customer, update_site
from server.tracking.states import Context

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
GTIN = "09506000134352"
PREFIX = "9506000"
ACTOR = "system"
CENTERS = ("cut", "weld", "pack", "ship")
#: Read points beyond one for each context: <station>-<context>.
POINTS = (
    ("cut", Context.END), ("cut", Context.START), ("cut", Context.TOGGLE), ("cut", Context.BADGE),
    ("cut", Context.COMMAND), ("weld", Context.TOGGLE), ("weld", Context.END), ("weld", Context.GATE),
    ("pack", Context.PACK), ("ship", Context.SHIP),
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
        create_read_point(session, ReadPointIn(key=key, name=key, station=station, context=context), **about)
    steps = [
        RoutingStepBody(name=key.capitalize(), work_center=key, run_minutes=Decimal(1)) for key in ("cut", "weld", "pack")
    ]
    create_product(session, ProductIn(sku="FRAME", name="Frame", gtin=GTIN, routing=steps), **about)
    add_user(session, NewUser(login="anna", name="Anna", role="operator", badge="17"), **about)
    names = ("Aurora Bikes", "Nordwind")
    customers = {name: create_customer(session, CustomerIn(name=name), **about).number for name in names}
    plan = (("Aurora Bikes", 3), ("Nordwind", 2), ("Aurora Bikes", 1))
    return {number: units for name, count in plan for number, units in [_order(session, customers[name], count)]}, customers


def _order(session: Session, customer: str, count: int) -> tuple[str, list[str]]:
    body = OrderIn(customer=customer, lines=[OrderLineIn(product="FRAME", quantity=Decimal(count))])
    order = create_order(session, body, actor=ACTOR, now=START)
    confirm_order(session, order, actor=ACTOR, now=START)
    release_order(session, order, actor=ACTOR, now=START)
    numbers = session.scalars(select(Unit.number).where(Unit.order_id == order.id).order_by(Unit.id))
    return order.number, list(numbers)


@pytest.fixture
def plant(database: Database) -> Iterator[Plant]:
    """The plant on each engine in turn."""
    orders, customers = database.write(make_plant)
    yield Plant(database, orders, customers)


@pytest.fixture
def sqlite_plant(sqlite_database: Database) -> Plant:
    """The plant on SQLite alone, where the engine is not the subject."""
    orders, customers = sqlite_database.write(make_plant)
    return Plant(sqlite_database, orders, customers)


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
