"""The demo factory with a scanner in hand: tests scan units there and look at what people see."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select

from orderlight.events import Answer, Batch, Event
from server.auth.principal import Principal
from server.crm.here import Here
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.erp.seed import DemoWorld
from server.ingest.accept import accept
from server.ingest.door import Door
from server.parties.models import Customer
from server.settings.clock import utc_now

STAFF = Principal(kind="user", actor="user:anna", name="Anna", role="sales")


@pytest.fixture(scope="session")
def sqlite_template(seeded_sqlite: tuple[Path, DemoWorld]) -> Path:
    """Tests in this folder begin with the demo factory."""
    return seeded_sqlite[0]


@pytest.fixture(scope="session")
def postgres_template(seeded_postgres: tuple[str, DemoWorld]) -> str:
    """Tests in this folder begin with the demo factory."""
    return seeded_postgres[0]


@pytest.fixture
def send_quote() -> Callable[..., str]:
    """`send_quote(sales, lines=[...])` sends Aurora Bikes a quote, and gives the path of it."""

    def send(sales: httpx.Client, **body: object) -> str:
        customer = sales.get("/api/v1/customers", params={"text": "Aurora"}).json()["items"][0]["number"]
        made = sales.post("/api/v1/quotes", json={"customer": customer} | body)
        path = f"/api/v1/quotes/{made.json()['number']}"
        assert sales.post(f"{path}/send").status_code == 200
        return path

    return send


@dataclass
class Factory:
    """The factory, and one scanner for all its read points."""

    database: Database
    now: datetime = field(default_factory=utc_now)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def here(self) -> Here:
        """The demo site's clock."""
        return Here(ZoneInfo("Europe/Berlin"), self.now)

    def scan(self, code: str, at: str, **more: object) -> Answer:
        """Scan a code a second later."""
        return self.send({"kind": "code_scanned", "code": code, "read_point": at, **more})

    def send(self, told: dict[str, object]) -> Answer:
        """Send one event of the scanner."""
        self.now += timedelta(seconds=1)
        observed = self.now.isoformat()
        made = Event.parse({"sequence": next(self.numbers), "reader": "scanner-3", "observed_at": observed, **told})
        batch = Batch("gw-test", "00000000000000aa", (made,), ())
        door = Door(actor="gateway:gw-test", guards_against_clones=False)
        return self.database.write(lambda session: accept(session, batch, door=door, now=self.now)).results[0]

    def released(self, customer: str) -> SalesOrder:
        """An order of this customer that is in production and not on hold."""
        statement = (
            select(SalesOrder)
            .join(Customer, Customer.id == SalesOrder.customer_id)
            .where(Customer.name == customer, SalesOrder.lifecycle == "processing", SalesOrder.on_hold.is_(False))
            .order_by(SalesOrder.id)
        )
        with self.database.read() as session:
            return session.scalars(statement).first()  # type: ignore[return-value]

    def units(self, order: SalesOrder) -> list[str]:
        """The numbers of the order's units."""
        with self.database.read() as session:
            return list(session.scalars(select(Unit.number).where(Unit.order_id == order.id).order_by(Unit.id)))

    def customer(self, name: str) -> Principal:
        """A login of this customer."""
        with self.database.read() as session:
            found = session.scalar(select(Customer.id).where(Customer.name == name))
        return Principal(kind="user", actor=f"user:{name}", name=name, role="customer", customer_id=found)


@pytest.fixture
def factory(database: Database) -> Factory:
    """The demo factory on each engine in turn."""
    return Factory(database)


@pytest.fixture
def staff() -> Principal:
    """Somebody of the house who sells."""
    return STAFF
