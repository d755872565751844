"""A house under attack: the demo factory with work in it, one caller of every kind, and a list of all its doors."""

import asyncio
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Mount, Route

from orderlight.events import Answer, Batch, Event
from server.app import create_app
from server.auth import devices, gateways, keys, sessions, users
from server.auth.principal import Principal
from server.auth.users import NewUser
from server.crm.cases.schemas import CaseIn
from server.crm.cases.service import create_case
from server.crm.here import Here
from server.crm.links import begin_visit, create_link
from server.crm.quotes import service as quotes
from server.crm.quotes import thread
from server.crm.quotes.schemas import MessageIn, QuoteIn, QuoteLineIn
from server.db import Database
from server.erp.logistics import service as logistics
from server.erp.logistics.models import HandlingUnit
from server.erp.logistics.schemas import ShipmentIn
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.seed import DemoWorld
from server.ingest.accept import accept
from server.ingest.door import Door
from server.parties.models import Customer
from server.settings import Settings
from server.settings.clock import utc_now

BASE = "http://127.0.0.1:8000"
STAFF_ROLES = ("operator", "planner", "sales", "service", "finance", "manager", "admin")
GATEWAY = "gw-attack"
EPOCH = "00000000000000aa"
SYSTEM = Principal(kind="user", actor="user:root", name="root", role="admin")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One door: a method and a pattern of paths, and the right it asks for."""

    method: str
    path: str
    #: A permission, or "signed-in", "visit", or None where no dependency asks for anything.
    right: str | None
    is_api: bool
    #: The parameters of its query.
    query: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The path's parameters."""
        parts = (part for part in self.path.split("{")[1:])
        return tuple(part.partition("}")[0].partition(":")[0] for part in parts)

    def at(self, values: dict[str, str]) -> str:
        """The path with its parameters filled in; what is not given stays a word that names nothing."""
        path = self.path.replace(":path}", "}")
        for name in self.names:
            path = path.replace("{" + name + "}", values.get(name, "nothing"))
        return path


@dataclass
class Belongings:
    """What one customer has in the house."""

    name: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class House:
    """The server in this process, what is in it, and a client for each kind of caller."""

    app: FastAPI
    database: Database
    settings: Settings
    loop: asyncio.AbstractEventLoop
    endpoints: tuple[Endpoint, ...]
    callers: dict[str, httpx.Client] = field(default_factory=dict)
    belongings: dict[str, Belongings] = field(default_factory=dict)
    sequence: int = 0
    now: datetime = field(default_factory=lambda: utc_now() - timedelta(minutes=30))

    def client(self, **headers: str) -> httpx.Client:
        """A new browser on a page of this server."""
        given = {"Sec-Fetch-Site": "same-origin", "X-Request-ID": "same"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Client(transport=Straight(self.app, self.loop), base_url=BASE, headers=given)

    def scan(self, code: str, at: str, **more: Any) -> Answer:
        """Scan a code a second later."""
        self.sequence += 1
        self.now += timedelta(seconds=1)
        told = {"sequence": self.sequence, "kind": "code_scanned", "code": code, "read_point": at}
        event = Event.parse({**told, "reader": "scanner-1", "observed_at": self.now.isoformat(), **more})
        batch = Batch(GATEWAY, EPOCH, (event,), ())
        door = Door(actor=f"gateway:{GATEWAY}", guards_against_clones=False)
        return self.database.write(lambda session: accept(session, batch, door=door, now=self.now)).results[0]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with self.database.read() as session:
            return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608 - tables of ours


class Straight(httpx.BaseTransport):
    """Calls the application on its event loop, with the address as raw as it was given."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return asyncio.run_coroutine_threadsafe(self._call(request), self._loop).result(30)

    async def _call(self, request: httpx.Request) -> httpx.Response:
        inner = httpx.ASGITransport(self._app, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
        answer = await inner.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        body = b"".join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@pytest.fixture(scope="module")
def sqlite_house_url(seeded_sqlite: tuple[Path, DemoWorld], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a demo factory of this file's own."""
    return f"sqlite:///{shutil.copy(seeded_sqlite[0], tmp_path_factory.mktemp('attack') / 'house.db')}"


@pytest.fixture(scope="module")
def postgres_house_url(seeded_postgres: tuple[str, DemoWorld], create_postgres: Callable[..., str]) -> str:
    """The same on PostgreSQL."""
    return create_postgres(f"attack_{secrets.token_hex(4)}", template=seeded_postgres[0])


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house_url(request: pytest.FixtureRequest) -> str:
    """The address of a demo factory, on each engine in turn."""
    url: str = request.getfixturevalue(f"{request.param}_house_url")
    return url


@pytest.fixture(scope="module")
def house(
    house_url: str,
    event_loop_thread: asyncio.AbstractEventLoop,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """One house for all tests of a file: they leave it as they found it, or worse."""
    database = Database(house_url)
    folder = tmp_path_factory.mktemp("data")
    settings = Settings.load({"ORDERLIGHT_DATA_DIR": str(folder), "ORDERLIGHT_DATABASE_URL": database.url})
    app = create_app(settings, database)
    made = House(app, database, settings, event_loop_thread, tuple(endpoints_of(app)))
    _work(made)
    _invite(made)
    with _running(app, event_loop_thread):
        yield made
    for caller in made.callers.values():
        caller.close()
    database.close()


class _running:  # noqa: N801 - used as a context manager alone
    """The application's lifespan, on the event loop."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self._app, self._loop = app, loop
        self._ended = asyncio.Event()

    def __enter__(self) -> None:
        begun = threading.Event()

        async def live() -> None:
            async with self._app.router.lifespan_context(self._app):
                begun.set()
                await self._ended.wait()

        self._future = asyncio.run_coroutine_threadsafe(live(), self._loop)
        while not begun.wait(0.05):
            if self._future.done():
                self._future.result()

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._future.result(10)


# --- the doors ---


def endpoints_of(app: FastAPI) -> Iterator[Endpoint]:
    """Every method of every route, those of included routers too."""
    for route in _flat(app.router.routes):
        if isinstance(route, Mount):
            continue
        methods = sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD", "OPTIONS"})
        for method in methods:
            path = str(route.path)  # type: ignore[attr-defined]
            yield Endpoint(method, path, right_of(route), path.startswith("/api/"), tuple(_query_names(route)))


def _flat(routes: list[Any]) -> Iterator[BaseRoute]:
    for route in routes:
        candidates = getattr(route, "effective_candidates", None)
        if candidates is None:
            yield route
        else:
            yield from _flat(candidates())


def right_of(route: Any) -> str | None:
    """What the route's dependencies ask for; None when they ask for nothing."""
    if isinstance(route, Route) and not hasattr(route, "dependant"):
        return None
    calls = list(_calls(route.dependant))
    for call in calls:
        if getattr(call, "__qualname__", "") == "require.<locals>.permitted":
            return str(call.__closure__[0].cell_contents.value)
    names = {getattr(call, "__name__", "") for call in calls}
    if names & {"visit_principal", "quote_principal", "order_visitor"}:
        return "visit"
    return "signed-in" if "current_principal" in names else None


def _query_names(route: Any) -> Iterator[str]:
    dependant = getattr(route, "dependant", None)
    yield from (parameter.alias for parameter in getattr(dependant, "query_params", ()))


def _calls(dependant: Any) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


# --- what is in the house ---

OURS, THEIRS = "Aurora Bikes", "Nordwind Energie"


def _work(house: House) -> None:
    """Make a unit of each of two customers ready, packed and announced for shipment."""
    for name in (OURS, THEIRS):
        order, work_order, units = _first_released(house.database, name)
        for point in ("cut-1", "weld-1", "weld-1", "paint-gate", "assemble-1", "pack-1"):
            # A box takes as many as its packaging says, which is one for a mount.
            for unit in units[: 1 if point == "pack-1" else 2]:
                assert house.scan(unit, point).status == "applied"
        box = _close_box(house.database, order)
        shipment = house.database.write(lambda session, order=order.number, box=box: _ship(session, order, box))
        customer = order.customer_id
        with house.database.read() as session:
            number = session.get_one(Customer, customer).number
        house.belongings[name] = Belongings(
            name, {"order": order.number, "work_order": work_order, "unit": units[0], "box": box,
                   "shipment": shipment, "customer": number, "customer_id": str(customer),
                   "quote": house.database.write(lambda session, customer=number: _offer(session, customer)),
                   "case": house.database.write(lambda session, order=order.number: _complain(session, order))},
        )  # fmt: skip


def _first_released(database: Database, customer: str) -> tuple[SalesOrder, str, list[str]]:
    with database.read() as session:
        statement = (
            select(SalesOrder)
            .join(Customer, Customer.id == SalesOrder.customer_id)
            .where(Customer.name == customer, SalesOrder.lifecycle == "processing")
            .order_by(SalesOrder.id)
        )
        order = session.scalars(statement).first()
        assert order is not None
        work_order = session.scalars(select(WorkOrder.number).where(WorkOrder.order_id == order.id)).first()
        units = session.scalars(select(Unit.number).where(Unit.order_id == order.id).order_by(Unit.id)).all()
        return order, str(work_order), list(units)


def _close_box(database: Database, order: SalesOrder) -> str:
    def work(session: Session) -> str:
        box = session.scalars(select(HandlingUnit).where(HandlingUnit.order_id == order.id)).one()
        if box.state == "open":
            logistics.close_box(session, box, actor="test", now=utc_now())
        return box.number

    return database.write(work)


def _ship(session: Session, order: str, box: str) -> str:
    body = ShipmentIn(order=order, handling_units=[box])
    return logistics.create_shipment(session, body, actor="test", now=utc_now()).number


def _offer(session: Session, customer: str) -> str:
    """A quote that lies before the customer, with a message."""
    here = Here(ZoneInfo("Europe/Berlin"), utc_now())
    line = QuoteLineIn(product="FRAME-CITY", quantity=Decimal(3), unit_price=Decimal("149.00"))
    quote = quotes.create_quote(session, QuoteIn(customer=customer, lines=[line]), actor="user:root", here=here)
    quotes.send_quote(session, quote, actor="user:root", here=here)
    writer = thread.Writer(thread.SALES, "Root", "user:root")
    thread.write_message(session, quote, MessageIn(body=f"For {quote.customer.name} alone."), by=writer, here=here)
    return quote.number


def _complain(session: Session, order: str) -> str:
    """A case about the order, taken down by the house."""
    service = Principal(kind="user", actor="user:root", name="Root", role="admin")
    return create_case(
        session, CaseIn(subject="A scratch", body="Beneath.", order=order), service, now=utc_now()
    ).number


# --- who comes ---


def _invite(house: House) -> None:
    for role in STAFF_ROLES:
        house.callers[role] = _person(house, role)
    for name in (OURS, THEIRS):
        belongings = house.belongings[name].values
        customer_id = int(belongings["customer_id"])
        house.callers[f"customer of {name}"] = _person(house, "customer", customer_id=customer_id)
        house.callers[f"visit of {name}"] = _visitor(house, belongings)
    house.callers["screen"] = _screen(house)
    house.callers["gateway"] = _gateway(house)
    house.callers["program without rights"] = _program(house, "metrics:read")
    house.callers["program that reads orders"] = _program(house, "orders:read")
    house.callers["stranger"] = house.client()


def _person(house: House, role: str, **more: Any) -> httpx.Client:
    now = utc_now()
    login = f"{role}{more.get('customer_id', '')}"

    def work(session: Session) -> str:
        user = users.add_user(session, NewUser(login=login, name=login, role=role, **more), actor="test", now=now)
        return sessions.open_session(session, user.id, now=now, days=1)

    caller = house.client()
    caller.cookies.set(house.settings.cookie("sid"), house.database.write(work))
    return caller


def _visitor(house: House, belongings: dict[str, str]) -> httpx.Client:
    def work(session: Session) -> tuple[str, str]:
        token = create_link(session, SYSTEM, belongings["order"], now=utc_now()).token
        return token, begin_visit(session, token, now=utc_now())

    belongings["token"], visit = house.database.write(work)
    caller = house.client()
    caller.cookies.set(house.settings.cookie("visit"), visit)
    return caller


def _screen(house: House) -> httpx.Client:
    def work(session: Session) -> str:
        pairing = devices.add_device(session, name="Cut", station_key="cut", actor="test", now=utc_now())
        return devices.pair(session, pairing.code, now=utc_now()).token

    caller = house.client()
    caller.cookies.set(house.settings.cookie("device"), house.database.write(work))
    return caller


def _gateway(house: House) -> httpx.Client:
    made = house.database.write(
        lambda session: gateways.create_gateway(session, key=GATEWAY, name="Hall", actor="test", now=utc_now())
    )
    return _with_key(house, made.text)


def _program(house: House, *scopes: str) -> httpx.Client:
    made = house.database.write(
        lambda session: keys.create_key(session, name=scopes[0], scopes=scopes, actor="test", now=utc_now())
    )
    return _with_key(house, made.text)


def _with_key(house: House, key: str) -> httpx.Client:
    caller = house.client(Authorization=f"Bearer {key}")
    del caller.headers["Sec-Fetch-Site"]
    return caller
