"""Nobody learns of what is not his: every door with an identifier, tried by every kind of caller.

The list of doors comes from the application itself, so a new route is tried without anybody remembering it.
"""

import asyncio
import re
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from sqlalchemy import select

from server.auth.permissions import ROLE_PERMISSIONS, Permission
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Identifier, Unit
from server.parties.models import Customer

OURS, THEIRS = "Aurora Bikes", "Nordwind Energie"
#: The doors that ask for nothing: signing in, links with a secret of their own, and what the whole world may see.
OPEN = {
    "GET /", "GET /openapi.json", "GET /docs", "GET /healthz", "GET /readyz", "GET /metrics", "GET /live",
    "POST /api/v1/session", "POST /api/v1/set-password", "POST /api/v1/devices/pair", "POST /api/v1/gateways/enrol",
    "GET /login", "POST /login", "GET /pair", "POST /pair", "GET /set-password/{token}", "POST /set-password/{token}",
    "GET /track/{token}", "POST /track/{token}", "GET /quote/{token}", "POST /quote/{token}",
    "GET /01/{gtin}/21/{serial:path}",
}  # fmt: skip
#: Names that stand nowhere, each as long and as plain as one that does.
MISSING = {
    "order": "SO-9999", "work_order": "WO-9999", "unit": "U-9999", "box": "HU-9999", "shipment": "SH-9999",
    "quote": "Q-9999", "case": "CS-9999", "code": "NOSUCHREASON",
    "customer": "C-999", "login": "nobody", "sku": "NO-SUCH-THING", "key": "nowhere", "prefix": "zzzz2345",
    "entry_id": "999999", "job_id": "999999", "device_id": "999999", "link_id": "999999", "message_id": "999999",
    "check_id": "999999", "picture": "0" * 64,
}  # fmt: skip
#: Which of a customer's things the parameter `number` of a path means.
NUMBERS = {
    "/orders/": "order", "/work-orders/": "work_order", "/units/": "unit", "/handling-units/": "box",
    "/shipments/": "shipment", "/customers/": "customer", "/quotes/": "quote", "/cases/": "case",
}  # fmt: skip
#: Every page tells when it was made, and every form which showing of it this is.
MOMENT = re.compile(rb'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z|\b\d\d:\d\d(?::\d\d)?\b|(?<= name="once" value=")[\w-]{16}')
CUSTOMERS = (f"customer of {OURS}", f"visit of {OURS}")
#: What a customer may read: his own.
OWN = (Permission.ORDERS_READ, Permission.QUOTES_READ, Permission.CASES_READ)
#: What his login may ask for besides, of his own orders.
ASKS = (*OWN, Permission.CHANGES_WRITE)
INSIDERS = ("operator", "planner", "sales", "service", "finance", "manager", "admin")


@pytest.fixture(scope="module")
def house_url(sqlite_house_url: str) -> str:
    """Rights do not depend on the engine, so one is enough."""
    return sqlite_house_url


def test_every_door_says_what_it_asks_for(house: Any) -> None:
    undeclared = {f"{door.method} {door.path}" for door in house.endpoints if door.right is None}

    assert undeclared == OPEN


def test_every_right_a_door_asks_for_exists(house: Any) -> None:
    asked = {door.right for door in house.endpoints} - {None, "visit", "signed-in"}

    assert asked <= set(Permission)


def things(door: Any, values: dict[str, str]) -> dict[str, str]:
    """The parameters of the door's path, filled from what somebody has, or with what nobody has."""
    number = next((key for prefix, key in NUMBERS.items() if prefix in door.path), "order")
    filled = {
        **MISSING,
        **values,
        "number": values[number],
        "visited": values["quote" if door.path.startswith("/quote/") else "order"],
        "reference": values["unit"],
        "action": "hold",
        "kind": "orders",
        "version": "1",
    }
    return {name: filled[name] for name in door.names if name in filled}


def ask(caller: httpx.Client, door: Any, values: dict[str, str], *, accept: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and telling headers of the answer, with the names that were asked for taken out."""
    given = things(door, values)
    answer = caller.request(door.method, door.at(given), headers={"Accept": accept})
    body, location = MOMENT.sub(b"@", answer.content), answer.headers.get("location", "")
    for name in sorted(given.values(), key=len, reverse=True):
        body = body.replace(name.encode(), b"#")
        location = location.replace(name, "#").replace(quote(quote(name)), "#")
    told = {name: value for name, value in answer.headers.items() if name not in ("location", "content-length")}
    return answer.status_code, body, told | {"location": location}


def may(caller: str, right: str) -> bool:
    """Whether this kind of caller has the right, by the table of rights."""
    if caller in INSIDERS:
        return right in ROLE_PERMISSIONS[caller]
    if caller.startswith(("customer", "visit")):
        return right in (ASKS if caller.startswith("customer") else OWN)
    if caller == "screen":
        return right in (Permission.SCAN, Permission.UNDO, Permission.FLOOR_READ, Permission.LABELS_PRINT)
    wanted = {"gateway": Permission.EVENTS_WRITE, "program that reads orders": Permission.ORDERS_READ}
    return right == wanted.get(caller, Permission.METRICS_READ if caller.startswith("program") else None)


OUTSIDE = ("operator", "finance", *CUSTOMERS, "screen", "gateway", "program that reads orders", "stranger")


@pytest.mark.parametrize("who", OUTSIDE)
def test_without_the_right_there_and_not_there_look_the_same(house: Any, who: str) -> None:
    caller, differing = house.callers[who], []
    accept = "text/html" if who in ("finance", f"customer of {OURS}") else "application/json"
    for door in house.endpoints:
        if f"{door.method} {door.path}" in OPEN or door.right in ("signed-in", "visit") or may(who, door.right):
            continue
        there = ask(caller, door, house.belongings[THEIRS].values, accept=accept)
        missing = ask(caller, door, MISSING, accept=accept) if door.names else there
        if there != missing or there[0] not in (401, 403):
            differing.append((door.method, door.path, there[0], missing[0]))

    assert not differing, "\n".join(map(str, differing))


def test_a_stranger_at_a_page_is_led_to_the_sign_in_whatever_he_asked_for(house: Any) -> None:
    stranger = house.callers["stranger"]
    for door in house.endpoints:
        if door.method == "GET" and door.right not in (None, "visit") and not door.is_api:
            there = ask(stranger, door, house.belongings[THEIRS].values, accept="text/html")
            assert there == ask(stranger, door, MISSING, accept="text/html")
            assert there[2]["location"].startswith("/login?next="), door.path


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("who", CUSTOMERS)
def test_what_belongs_to_another_customer_does_not_exist(house: Any, who: str, accept: str) -> None:
    caller, differing, tried = house.callers[who], [], 0
    for door in house.endpoints:
        if door.right not in ASKS or not door.names:
            continue
        foreign = ask(caller, door, house.belongings[THEIRS].values, accept=accept)
        missing = ask(caller, door, MISSING, accept=accept)
        tried += 1
        # A page that acts, and a visitor's way back to his own order, are closed whatever the number; a door that
        # wants a body and gets none does not look at the number at all.
        if foreign != missing or foreign[0] not in (404, 403, 303, 422):
            differing.append((door.method, door.path, foreign[0], missing[0]))

    assert not differing, "\n".join(map(str, differing))
    assert tried >= 9


@pytest.mark.parametrize("path", [
    "/api/v1/orders/{order}", "/api/v1/orders/{order}/estimate", "/api/v1/work-orders/{work_order}",
    "/api/v1/units/{unit}", "/api/v1/handling-units/{box}", "/api/v1/shipments/{shipment}",
])  # fmt: skip
@pytest.mark.parametrize("who", CUSTOMERS)
def test_what_is_ones_own_is_there_and_what_is_not_is_404(house: Any, who: str, path: str) -> None:
    caller = house.callers[who]

    assert caller.get(path.format(**house.belongings[OURS].values)).status_code == 200
    assert caller.get(path.format(**house.belongings[THEIRS].values)).status_code == 404


#: What somebody would send to act on a thing that is not his; a door that wants a body looks at the number with one.
ACTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PATCH", "/api/v1/cases/{case}", {"subject": "Mine now"}),
    ("POST", "/api/v1/cases/{case}/reply", {"body": "Mine now"}),
    ("POST", "/api/v1/cases/{case}/resolve", {"body": "Mine now"}),
    ("POST", "/api/v1/cases/{case}/open", {}),
    ("POST", "/api/v1/cases/{case}/close", {}),
    ("POST", "/api/v1/quotes/{quote}/messages", {"body": "Mine now"}),
    ("POST", "/api/v1/quotes/{quote}/accept", {"version": 1, "name": "Somebody", "agreed": True}),
    ("POST", "/api/v1/quotes/{quote}/decline", {"reason": "Mine now"}),
    ("POST", "/api/v1/change-requests", {"work_order": "{work_order}", "changes": {"box": "MINE"}}),
    ("POST", "/api/v1/cases", {"subject": "Mine now", "body": "x", "order": "{order}"}),
)


@pytest.mark.parametrize("who", [*CUSTOMERS, "operator", "finance", "program that reads orders", "stranger"])
def test_acting_on_what_is_anothers_is_as_acting_on_nothing(house: Any, who: str) -> None:
    theirs, caller, before = house.belongings[THEIRS].values, house.callers[who], _said(house)

    for method, path, body in ACTS:
        answers = []
        for values in (theirs, MISSING):
            sent = {name: word.format(**values) if isinstance(word, str) else word for name, word in body.items()}
            answer = caller.request(method, path.format(**values), json=sent, headers={"If-Match": "*"})
            named = answer.content
            for word in {values[key] for key in ("case", "quote", "work_order", "order")}:
                named = named.replace(word.encode(), b"#")
            answers.append((answer.status_code, named))
        assert answers[0] == answers[1], path
        assert answers[0][0] in (401, 403, 404, 422), path

    assert _said(house) == before


def _said(house: Any) -> tuple[int, ...]:
    return tuple(house.count(table) for table in ("case_message", "case_file", "quote_message", "change_request"))


def secrets_of(house: Any, name: str) -> set[str]:
    """Words that only somebody of this customer, or of the house, may read."""
    statement = select(SalesOrder).join(Customer, Customer.id == SalesOrder.customer_id).where(Customer.name == name)
    with house.database.read() as session:
        orders = session.scalars(statement).all()
    words = {word for order in orders for word in (order.number, order.customer_reference) if word}
    return words | {
        name,
        *(house.belongings[name].values[key] for key in ("work_order", "unit", "box", "shipment", "quote", "case")),
    }


@pytest.mark.parametrize("who", [*CUSTOMERS, "screen", "gateway", "program without rights", "stranger"])
def test_no_list_search_or_page_tells_of_another_customer(house: Any, who: str) -> None:
    caller, told = house.callers[who], []
    theirs = house.belongings[THEIRS].values
    secrets = {word.encode() for word in secrets_of(house, THEIRS)}
    if who == "screen":
        # The screens of the floor name the customers whose pieces they show.
        secrets = {theirs["customer"].encode(), b"4500081254"}
    for door in house.endpoints:
        if door.method != "GET" or door.path == "/live":
            continue
        for query in (*_queries(door, theirs), ""):
            address = door.at(things(door, house.belongings[OURS].values)) + query
            answer = caller.get(address, headers={"Accept": "text/html"})
            # What was asked for may be repeated: "nothing was found for ...".
            asked = unquote(query.partition("=")[2])
            body = answer.content.replace(asked.encode(), b"#") if asked else answer.content
            found = sorted(word for word in secrets if word in body)
            if found and answer.status_code == 200:
                told.append((address, found))

    assert not told, "\n".join(map(str, told))


def _queries(door: Any, theirs: dict[str, str]) -> list[str]:
    values = {"order": "order", "number": "order", "customer": "customer", "work_order": "work_order", "unit": "unit"}
    named = [f"?{name}={theirs[values[name]]}" for name in door.query if name in values]
    texts = [f"?{name}={theirs[key]}" for name in ("q", "after", "before", "text") if name in door.query
             for key in ("order", "unit", "box", "shipment", "customer")]  # fmt: skip
    return [*named, *texts, *([f"?q={quote(THEIRS)}"] if "q" in door.query else [])]


@pytest.mark.parametrize("who", CUSTOMERS)
def test_a_filter_by_what_is_foreign_finds_what_a_filter_by_nothing_finds(house: Any, who: str) -> None:
    caller, differing = house.callers[who], []
    for door in house.endpoints:
        if door.right not in OWN or door.method != "GET" or door.names:
            continue
        for foreign in _queries(door, house.belongings[THEIRS].values):
            name, _, word = foreign.partition("=")
            kind = next((key for key, value in house.belongings[THEIRS].values.items() if value == word), "")
            missing = MISSING.get(kind, "Nobody At All")
            bodies = [
                MOMENT.sub(b"@", caller.get(door.path + name + "=" + text).content).replace(text.encode(), b"#")
                for text in (word, missing)
            ]
            if bodies[0] != bodies[1]:
                differing.append((door.path, foreign))

    assert not differing, "\n".join(map(str, differing))


# --- links, products, screens ---


def test_a_link_opens_its_own_order_and_a_wrong_one_nothing(house: Any) -> None:
    visitor = house.client()
    token = house.belongings[OURS].values["token"]

    right = visitor.get(f"/track/{token}")
    wrong = [visitor.get(f"/track/{other}") for other in (token[:-1] + "x", "x" * len(token), "%00", token.swapcase())]

    assert right.status_code == 200
    assert house.belongings[OURS].values["order"] not in right.text
    assert {answer.status_code for answer in wrong} == {404}
    assert len({answer.content for answer in wrong}) == 1
    assert {visitor.post(f"/track/{other}").status_code for other in ("x" * len(token), "%00")} == {404}


def test_a_products_code_tells_a_stranger_nothing_of_its_order(house: Any) -> None:
    unit = house.belongings[THEIRS].values["unit"]
    statement = select(Identifier.value).join(Unit, Unit.id == Identifier.unit_id)
    with house.database.read() as session:
        value = session.scalar(statement.where(Unit.number == unit, Identifier.value.startswith("01/")))
    address = f"/{value}"
    never = address.rpartition("/")[0] + "/NEVER-MADE"

    for who in ("stranger", f"customer of {OURS}", f"visit of {OURS}"):
        there, missing = (house.callers[who].get(one, headers={"Accept": "text/html"}) for one in (address, never))
        assert (there.status_code, there.content, dict(there.headers)) == (200, missing.content, dict(missing.headers))
    owner, theirs = house.callers[f"customer of {THEIRS}"].get(address), house.belongings[THEIRS].values["order"]
    assert owner.headers["location"] == f"/orders/{theirs}/units/{unit}"


def test_a_screen_scans_and_looks_at_its_own_station_alone(house: Any) -> None:
    screen = house.callers["screen"]

    assert screen.get("/station/weld").headers["location"] == "/station/cut"
    assert screen.post("/station/weld/scan", data={"code": "x"}).headers["location"] == "/station/cut"
    refused = screen.post("/api/v1/stations/weld/scans", json={"gateway": "web-1", "epoch": "0" * 16, "events": []})
    assert (refused.status_code, refused.json()["reason"]) == (403, "wrong_station")


def test_a_gateway_speaks_for_itself_alone(house: Any) -> None:
    gateway = house.callers["gateway"]
    there = gateway.post("/api/v1/gateways/gw-other/health", json={})
    batch = gateway.post("/api/v1/events", json={"gateway": "gw-other", "epoch": "0" * 16, "events": []})

    assert (there.status_code, batch.status_code) == (403, 403)
    assert batch.json()["detail"] == "This key speaks for gw-attack, not for gw-other."


# --- live ---


def watch(house: Any, caller: httpx.Client, *topics: str, **query: str) -> tuple[int, bytes]:
    """Status and first bytes of a live stream, which is left at once."""
    request = caller.build_request("GET", "/live", params=[("t", topic) for topic in topics] + list(query.items()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/live", "raw_path": b"/live", "query_string": request.url.query, "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip
    status, body = [0], bytearray()

    async def run() -> None:
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            body.extend(message.get("body", b""))
            if status[0] == 200 and b"fragment" in body:
                gone.set()

        async with asyncio.timeout(20):
            waiting = asyncio.create_task(house.app(scope, receive, send))
            await asyncio.wait({waiting}, timeout=1.5)
            gone.set()
            await waiting

    asyncio.run_coroutine_threadsafe(run(), house.loop).result(30)
    return status[0], bytes(body)


def topics_of(house: Any, name: str) -> dict[str, str]:
    values = house.belongings[name].values
    return {"order": f"order:{values['order']}", "customer": f"customer:{values['customer']}"}


@pytest.mark.parametrize("who", CUSTOMERS)
def test_live_topics_of_another_customer_do_not_exist(house: Any, who: str) -> None:
    caller, own, foreign = house.callers[who], topics_of(house, OURS), topics_of(house, THEIRS)
    never = watch(house, caller, "order:SO-9999")

    assert never[0] == 404
    for topic in (
        *foreign.values(),
        "customer:C-999",
        "board",
        "orders",
        "inbox",
        "gateways",
        "station:cut",
        "auth",
        "x",
    ):
        assert watch(house, caller, topic) == never, topic
        assert watch(house, caller, own["order"], topic) == never, topic


def test_a_customer_watches_his_own(house: Any) -> None:
    order = topics_of(house, OURS)["order"]
    for who in CUSTOMERS:
        status, body = watch(house, house.callers[who], f"{order}@0")
        assert status == 200
        assert b"hello" in body


@pytest.mark.parametrize("who", ["stranger", "gateway", "program without rights"])
def test_who_has_no_right_watches_nothing(house: Any, who: str) -> None:
    answers = {
        watch(house, house.callers[who], topic)
        for topic in (
            "order:SO-1000",
            "order:SO-9999",
            "board",
            "station:cut",
            "station:nowhere",
            "customer:C-100",
            "inbox",
        )
    }

    assert len(answers) == 1
    assert answers.pop()[0] in (401, 404)


def test_a_screen_watches_its_own_station_alone(house: Any) -> None:
    screen = house.callers["screen"]

    assert watch(house, screen, "station:weld") == watch(house, screen, "station:nowhere")
    assert watch(house, screen, "station:weld")[0] == 404
    assert watch(house, screen, "order:SO-1000")[0] == 404
    assert watch(house, screen, "station:cut@0")[0] == 200


def test_a_visitors_cookie_is_asked_for_by_name(house: Any) -> None:
    browser = house.client()
    for who in ("sales", f"visit of {OURS}"):
        browser.cookies.update(house.callers[who].cookies)
    foreign = topics_of(house, THEIRS)["order"]

    assert watch(house, browser, f"{foreign}@0")[0] == 200
    assert watch(house, browser, foreign, **{"as": "visit"})[0] == 404
