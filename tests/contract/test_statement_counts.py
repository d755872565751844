"""No page and no list asks the database once per row: with ten times the rows it asks just as often."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from server.app import create_app
from server.auth import devices, gateways, keys, sessions, users
from server.auth.users import NewUser
from server.catalog.schemas import ProductIn, RoutingStepBody, WorkCenterIn
from server.catalog.service import create_product, create_work_center
from server.db import Database
from server.erp.floor.schemas import ReadPointIn, StationIn
from server.erp.floor.service import create_read_point, create_station
from server.erp.passages.rules import Kind
from server.erp.passages.schemas import PassageCheckIn
from server.erp.passages.service import close_check, open_check
from server.erp.production.models import Unit
from server.labels.queue.schemas import PrinterIn
from server.labels.queue.service import Order, create_printer, print_labels
from server.parties.repository import customer as find_customer
from server.settings import Settings
from server.settings.clock import utc_now
from server.tracking.states import Context
from simulators.crowd import addresses, multiply, seed_factory, things_of

#: Rows of each kind in the small house, and in the large one.
FEW, MANY = 3, 30
#: Orders of the demo factory, each copy of which has as many again.
ORDERS = 18
#: What a printer is set up with.
A_PRINTER: dict[str, Any] = {"name": "Dock", "host": "127.0.0.1", "width_mm": 70, "height_mm": 37}
#: Addresses that answer nothing but a cookie, a code or a token could open, and where they are tried instead.
ELSEWHERE = {
    "/api/v1/quarantine/{entry_id}": "an entry is made by an event alone; tests of ingest open it",
    "/admin/inbox/{entry_id}": "as above",
    "/quote/{token}": "a private link; its page is that of the quote",
    "/track/{token}": "a private link; its page is that of the order",
    "/set-password/{token}": "a private link to one form",
}


@dataclass
class House:
    """A server in this process, what is in it, its callers, and the statements it makes."""

    app: FastAPI
    things: Mapping[str, str]
    callers: dict[str, httpx.AsyncClient]
    statements: list[str]

    async def ask(self, who: str, address: str) -> tuple[int, list[str]]:
        """Status, and the statements that reading it took; once more, for the first time has things to prepare."""
        status, found = 0, list[str]()
        for _ in range(2):
            self.statements.clear()
            status, found = (await self.callers[who].get(address)).status_code, list(self.statements)
        return status, found


def fill(rows: int) -> Callable[[Session], None]:
    """So many of everything that does not grow with orders."""

    def work(session: Session) -> None:
        now = utc_now()
        steps = [RoutingStepBody(name="Cut", work_center="cut")]
        unit = session.scalars(select(Unit.number).order_by(Unit.id).limit(1)).one()
        for place in range(rows):
            name = f"{place:02}"
            center = WorkCenterIn(key=f"w{name}", name=name, position=place)
            create_work_center(session, center, actor="test", now=now)
            create_product(session, ProductIn(sku=f"P{name}", name=name, routing=steps), actor="test", now=now)
            create_station(session, StationIn(key=f"s{name}", name=name, work_center="cut"), actor="test", now=now)
            point = ReadPointIn(key=f"r{name}", name=name, station="cut", context=Context.END, checks_passages=True)
            made = create_read_point(session, point, actor="test", now=now)
            expected = PassageCheckIn(kind=Kind.LIST, subject=name, items=[unit])
            close_check(session, open_check(session, made, expected, actor="test", now=now), actor="test", now=now)
            gateways.create_gateway(session, key=f"g{name}", name=name, actor="test", now=now)
            keys.create_key(session, name=name, scopes=["orders:read"], actor="test", now=now)
            devices.add_device(session, name=name, station_key="cut", actor="test", now=now)
            printer = create_printer(session, PrinterIn(key=f"p{name}", **A_PRINTER), actor="test", now=now)
            order = Order("unit", name, 1, printer.dpi, ((name, "^XA^XZ"),))
            print_labels(session, printer, order, actor="test", now=now)
            users.add_user(session, NewUser(login=f"u{name}", name=name, role="sales"), actor="test", now=now)

    return work


def build(folder: Path, template: Path, rows: int) -> tuple[House, Database]:
    folder.mkdir()
    (folder / "house.db").write_bytes(template.read_bytes())
    database = Database(f"sqlite:///{folder / 'house.db'}")
    database.write(seed_factory)
    database.write(fill(rows))
    multiply(database, orders=ORDERS * rows, units=0)
    settings = Settings.load({"ORDERLIGHT_DATA_DIR": str(folder), "ORDERLIGHT_DATABASE_URL": database.url})
    app = create_app(settings, database)
    with database.read() as session:
        things = things_of(session)
        customer = find_customer(session, things["customer"])
        assert customer is not None
        customer_id = customer.id
    callers = {}
    for role, owner in (("admin", None), ("customer", customer_id)):
        token = database.write(lambda session, role=role, owner=owner: _sign_in(session, role, owner))  # type: ignore[misc]
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
        callers[role] = httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", cookies={settings.cookie("sid"): token}
        )
    statements: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, text: str, *_: object) -> None:
        if text.startswith("SELECT"):
            statements.append(text)

    return House(app, things, callers, statements), database


def _sign_in(session: Session, role: str, customer_id: int | None) -> str:
    now = utc_now()
    new = NewUser(login=f"the-{role}", name=role, role=role, customer_id=customer_id)
    return sessions.open_session(session, users.add_user(session, new, actor="test", now=now).id, now=now, days=1)


@pytest.fixture(scope="module")
def houses(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, House]]:
    """A small and a large house, for all tests of the file."""
    folder = tmp_path_factory.mktemp("houses")
    with pytest.MonkeyPatch.context() as patch:
        # Who asks is remembered for seconds, which a busy machine may need for the two readings of one address.
        patch.setattr("server.auth.authenticate.REMEMBER_SECONDS", 3600.0)
        few, first = build(folder / "few", sqlite_template, FEW)
        many, second = build(folder / "many", sqlite_template, MANY)
        yield few, many
        first.close()
        second.close()


def test_every_page_and_list_asks_as_often_for_thirty_rows_as_for_three(houses: tuple[House, House]) -> None:
    few, many = houses

    # when: everybody reads every address in both houses
    wanting, failing, differing = asyncio.run(compare(few, many))

    # then
    assert wanting == set(), "Say in simulators/crowd/addresses.py what these parameters mean, or here why not."
    assert failing == {}
    assert not differing, "\n".join(differing)


async def compare(few: House, many: House) -> tuple[set[str], dict[str, int], list[str]]:
    wanting, failing, differing = set(), dict[str, int](), list[str]()
    large = dict(addresses(many.app, many.things))
    for pattern, address in addresses(few.app, few.things):
        other = large[pattern]
        if pattern in ELSEWHERE:
            continue
        if address is None or other is None:
            wanting.add(pattern)
            continue
        for who in few.callers:
            # A session is looked up again every few seconds, an estimate every minute; what grows with rows stays.
            for _ in range(3):
                (status, one), (again, ten) = await few.ask(who, address), await many.ask(who, other)
                if len(one) == len(ten):
                    break
            if status >= 500 or again >= 500 or (status, who) == (404, "admin") or status != again:
                failing[f"{who} {address}"] = status if status != again or status >= 400 else again
            elif len(one) != len(ten):
                more = {text[:200] for text in ten if ten.count(text) > one.count(text)}
                differing.append(f"{who} {address}: {len(one)} statements became {len(ten)}: {sorted(more)[:3]}")
    return wanting, failing, differing


def test_addresses_left_out_are_still_there(houses: tuple[House, House]) -> None:
    known = {pattern for pattern, _address in addresses(houses[0].app, houses[0].things)}

    assert set(ELSEWHERE) <= known
