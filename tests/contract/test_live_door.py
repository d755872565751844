"""`/live` over a real socket: who may watch what, what a stream looks like, and how it ends."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.app.problems import problem_of
from server.app.rights import visit_of, watching_rights
from server.auth import devices, sessions, users
from server.auth.authenticate import Authenticator
from server.auth.principal import Principal
from server.auth.tokens import hash_token
from server.auth.users import NewUser
from server.crm.models import CustomerLink, CustomerVisit
from server.db import Database, touch
from server.erp.orders.models import SalesOrder
from server.errors import OrderlightError
from server.live.door import LiveDoor
from server.live.hub import Hub
from server.live.viewer import Pace
from server.parties.models import Customer
from server.settings import Settings

NOW = datetime.now(UTC)
MOST_VIEWERS = 40


@dataclass(frozen=True)
class Drawn:
    version: int
    html: str


@dataclass(frozen=True)
class House:
    """Two customers with an order each, and everybody who might watch."""

    database: Database
    settings: Settings
    base: str
    hub: Hub
    cookies: dict[str, dict[str, str]]

    @contextmanager
    def watch(self, who: str, *topics: str, **query: str) -> Iterator["Stream"]:
        with (
            httpx.Client(base_url=self.base, cookies=self.cookies[who], timeout=10) as client,
            client.stream("GET", "/live", params=[("t", topic) for topic in topics] + list(query.items())) as answer,
        ):
            yield Stream(answer)

    def status(self, who: str, *topics: str) -> int:
        with self.watch(who, *topics) as stream:
            return stream.answer.status_code


class Stream:
    """The frames of an open stream, one by one."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def next(self) -> tuple[str, Any]:
        name, data = "", ""
        for line in self._lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data = line.removeprefix("data: ")
            elif line == "" and name:
                return name, json.loads(data)
        return "end", None

    def until(self, wanted: str) -> Any:
        while True:
            name, data = self.next()
            assert name != "end", f"the stream ended before {wanted} came"
            if name == wanted:
                return data


def _customer(session: Session, number: str) -> Customer:
    customer = Customer(number=number, name=number, search_name=number.lower(), created_at=NOW)
    session.add(customer)
    session.flush()
    session.add(
        SalesOrder(
            number=f"SO-{number}", customer_id=customer.id, lifecycle="confirmed", currency="EUR",
            promise_date=date(2026, 11, 27), created_at=NOW, created_by="test",
        )
    )  # fmt: skip
    session.flush()
    return customer


def _furnish(session: Session) -> dict[str, dict[str, str]]:
    aurora, _kestrel = _customer(session, "C-1"), _customer(session, "C-2")
    order = session.query(SalesOrder).filter_by(customer_id=aurora.id).one()
    cookies: dict[str, dict[str, str]] = {"stranger": {}}
    for role, customer_id in (("sales", None), ("operator", None), ("customer", aurora.id)):
        new = NewUser(login=role, name=role, role=role, customer_id=customer_id)
        user = users.add_user(session, new, actor="test", now=NOW)
        cookies[role] = {"sid": sessions.open_session(session, user.id, now=NOW, days=7)}
    for name, station in (("screen", "cut"), ("wall", None)):
        pairing = devices.add_device(session, name=name, station_key=station, actor="test", now=NOW)
        cookies[name] = {"device": devices.pair(session, pairing.code, now=NOW).token}
    later = NOW + timedelta(days=30)
    link = CustomerLink(
        order_id=order.id, token_hash=hash_token("link"), created_by="test", created_at=NOW, expires_at=later
    )
    session.add(link)
    session.flush()
    session.add(CustomerVisit(token_hash=hash_token("visit"), link_id=link.id, created_at=NOW, expires_at=later))
    cookies["visitor"] = {"visit": "visit"}
    cookies["both"] = cookies["sales"] | cookies["visitor"]
    return cookies


async def _refuse(_request: Request, error: OrderlightError) -> Response:
    return problem_of(error)


def _language(wish: str | None, principal: Principal) -> str:
    return wish or principal.language


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[House]:
    settings = Settings.load({"ORDERLIGHT_DATA_DIR": str(tmp_path), "ORDERLIGHT_LIVE_MAX_VIEWERS": str(MOST_VIEWERS)})
    hub = Hub(sqlite_database, lambda topic, language, audience: Drawn(0, f"{topic} {language} {audience}"))
    sqlite_database.on_commit(hub.woken)
    door = LiveDoor(
        hub,
        settings,
        Authenticator(sqlite_database, settings, clock=lambda: datetime.now(UTC), visit=visit_of),
        may_watch=watching_rights(sqlite_database),
        language_of=_language,
        refuse=_refuse,
        build="build-1",
        pace=Pace(recheck=0.1),
    )
    cookies = sqlite_database.write(_furnish)
    app = Starlette(routes=[Route("/live", door)])
    with _served(app, hub) as base:
        yield House(sqlite_database, settings, base, hub, cookies)


@contextmanager
def _served(app: Starlette, hub: Hub) -> Iterator[str]:
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    begun = threading.Event()

    async def run() -> None:
        hub.start()
        begun.set()
        await server.serve()

    thread = threading.Thread(target=lambda: config.get_loop_factory()().run_until_complete(run()))
    thread.start()
    assert begun.wait(10)
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    hub.close()
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def _change(house: House, topic: str) -> None:
    house.database.write(lambda session: touch(session, topic))


def test_a_stream_says_hello_and_then_what_changes(house: House) -> None:
    with house.watch("sales", "order:SO-C-1@0", "orders@0", lang="en") as stream:
        assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.answer.headers["x-accel-buffering"] == "no"
        assert stream.next() == ("hello", {"build": "build-1"})

        _change(house, "order:SO-C-1")

        assert stream.until("fragment") == {"topic": "order:SO-C-1", "version": 1, "html": "order:SO-C-1 en staff"}


def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_else(house: House) -> None:
    for _ in range(3):
        _change(house, "order:SO-C-1")
    _change(house, "orders")

    with house.watch("sales", "orders@1", "order:SO-C-1@2") as stream:
        assert stream.until("fragment")["topic"] == "order:SO-C-1"
        _change(house, "orders")
        assert stream.until("fragment") == {"topic": "orders", "version": 2, "html": "orders en staff"}


MAY_WATCH = {
    "stranger": set[str](),
    "sales": {
        "order:SO-C-1",
        "order:SO-C-2",
        "orders",
        "board",
        "station:cut",
        "customer:C-1",
        "customer:C-2",
        "gateways",
        "inbox",
    },
    "operator": {"order:SO-C-1", "order:SO-C-2", "orders", "board", "station:cut", "gateways", "inbox"},
    "customer": {"order:SO-C-1", "customer:C-1"},
    "screen": {"station:cut", "board", "gateways", "inbox"},
    "wall": {"station:cut", "station:weld", "board", "gateways", "inbox"},
    "visitor": {"order:SO-C-1"},
}
TOPICS = ["order:SO-C-1", "order:SO-C-2", "orders", "board", "station:cut", "customer:C-1", "customer:C-2", "gateways",
          "inbox", "auth", "order:SO-none", "nothing"]  # fmt: skip


@pytest.mark.parametrize("who", MAY_WATCH)
def test_everybody_watches_what_he_may_see_and_nothing_more(house: House, who: str) -> None:
    refused = 401 if who == "stranger" else 404

    answers = {topic: house.status(who, topic) for topic in TOPICS}

    assert answers == {topic: 200 if topic in MAY_WATCH[who] else refused for topic in TOPICS}


def test_a_foreign_order_answers_word_for_word_like_one_that_does_not_exist(house: House) -> None:
    with house.watch("customer", "order:SO-C-2") as foreign, house.watch("customer", "order:SO-none") as none:
        assert foreign.answer.read() == none.answer.read()


def test_one_forbidden_topic_closes_the_whole_door(house: House) -> None:
    assert house.status("customer", "order:SO-C-1@0", "order:SO-C-2@0") == 404


@pytest.mark.parametrize(
    ("who", "audience"),
    [("sales", "staff"), ("visitor", "visit:1"), ("customer", "customer:1"), ("both", "staff")],
)
def test_everybody_is_shown_the_rendering_of_his_audience(house: House, who: str, audience: str) -> None:
    _change(house, "order:SO-C-1")

    with house.watch(who, "order:SO-C-1@0") as stream:
        assert stream.until("fragment")["html"].endswith(audience)


def test_the_customers_page_is_watched_by_the_visit_whoever_else_is_signed_in(house: House) -> None:
    _change(house, "order:SO-C-1")

    with house.watch("both", "order:SO-C-1@0", **{"as": "visit"}) as stream:
        assert stream.until("fragment")["html"].endswith("visit:1")


def test_a_stream_ends_with_goodbye_when_its_session_ends(house: House) -> None:
    with house.watch("sales", "board@0") as stream:
        stream.until("hello")

        token = house.cookies["sales"]["sid"]
        house.database.write(lambda session: sessions.sign_out(session, token, actor="user:sales", now=NOW))

        assert stream.until("bye") == {"reason": "rights_ended"}
        assert stream.next() == ("end", None)


def test_who_becomes_a_customer_is_shown_nothing_more_of_what_staff_see(house: House) -> None:
    # Given somebody of ours who watches an order of the customer that he is going to work for
    with house.watch("sales", "order:SO-C-1@0") as stream:
        stream.until("hello")

        # When his account becomes one of that customer's, who may see the order, too
        def change(session: Session) -> None:
            user = users.get_user(session, "sales")
            aurora = session.query(Customer).filter_by(number="C-1").one()
            users.change_user(session, user, {"role": "customer", "customer_id": aurora.id}, actor="test", now=NOW)

        house.database.write(change)

        # Then the page has to ask anew, and is drawn for a customer
        assert stream.until("bye") == {"reason": "rights_ended"}


def test_a_full_house_says_when_to_come_back(house: House) -> None:
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(house.watch("sales", "board@0")) for _ in range(MOST_VIEWERS)]
        for stream in streams:
            stream.until("hello")

        with house.watch("sales", "board@0") as one_more:
            assert one_more.answer.status_code == 503
            assert one_more.answer.headers["retry-after"] == "5"


def test_a_browser_that_goes_is_forgotten(house: House) -> None:
    with house.watch("sales", "board@0") as stream:
        stream.until("hello")
        assert house.hub.viewers == 1

    gone = threading.Event()
    for _ in range(500):
        if house.hub.viewers == 0:
            return
        gone.wait(0.01)
    pytest.fail("The hub still counts a viewer that has gone.")


def test_a_closing_server_ends_the_stream_without_a_goodbye(house: House) -> None:
    with house.watch("sales", "board@0") as stream:
        stream.until("hello")

        house.hub.close()

        assert stream.next() == ("end", None)
