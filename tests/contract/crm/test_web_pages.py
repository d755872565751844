"""The pages over HTTP: who may open what, forms that answer with a redirect, and text that stays text."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

HTML = {"Accept": "text/html"}
SignedIn = Callable[..., httpx.Client]


@pytest.mark.parametrize(
    "path", ["/orders", "/orders/SO-1000", "/board", "/station", "/station/cut", "/search?q=x", "/password"]
)
def test_a_stranger_is_led_to_the_door_and_back(client: httpx.Client, factory: Any, path: str) -> None:
    answer = client.get(path, headers=HTML)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/")


@pytest.mark.parametrize("role", ["operator", "planner", "sales", "service", "finance", "manager", "admin"])
def test_every_role_can_open_its_pages(signed_in: SignedIn, factory: Any, role: str) -> None:
    browser = signed_in(role)
    number = factory.released("Aurora Bikes").number

    for path in ("/orders", f"/orders/{number}", "/board", "/station", "/station/cut", "/search?q=aurora"):
        assert browser.get(path, headers=HTML).status_code == 200, path
    assert browser.get("/", headers=HTML).headers["location"] in ("/orders", "/station")


def test_a_customer_sees_his_orders_and_not_the_floor(signed_in: SignedIn, factory: Any) -> None:
    own, foreign = factory.released("Aurora Bikes"), factory.released("Kestrel Rail")
    browser = signed_in("customer", customer_id=own.customer_id)

    listed = browser.get("/orders", headers=HTML).text

    assert own.number in listed
    assert foreign.number not in listed
    assert "Kestrel" not in browser.get("/orders?customer=C-102", headers=HTML).text
    assert browser.get(f"/orders/{own.number}", headers=HTML).status_code == 200
    missing = browser.get("/orders/SO-99999", headers=HTML)
    refused = browser.get(f"/orders/{foreign.number}", headers=HTML)
    assert refused.status_code == missing.status_code == 404
    for path in ("/board", "/station", "/station/cut"):
        assert browser.get(path, headers=HTML).status_code == 403, path


def test_signing_in_leads_to_where_the_person_wanted_to(client: httpx.Client, database: Any, factory: Any) -> None:
    _add_anna(database)

    wrong = client.post("/login", data={"login": "anna", "password": "not this one", "next": "/board"}, headers=HTML)
    empty = client.post("/login", data={"login": "", "password": ""}, headers=HTML)
    right = client.post("/login", data={"login": "anna", "password": "a quiet lamp burns", "next": "/board"})

    assert wrong.status_code == 401
    assert "do not belong together" in wrong.text
    assert empty.status_code == 422
    assert right.status_code == 303
    assert right.headers["location"] == "/board"
    assert client.get("/board", headers=HTML).status_code == 200
    assert client.post("/logout").headers["location"] == "/login"
    assert client.get("/board", headers=HTML).status_code == 303


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_host(client: httpx.Client, database: Any, factory: Any, target: str) -> None:
    _add_anna(database)

    answer = client.post("/login", data={"login": "anna", "password": "a quiet lamp burns", "next": target})

    assert answer.headers["location"] == "/orders"


def test_an_order_goes_through_its_life_by_forms(signed_in: SignedIn, factory: Any, database: Any) -> None:
    planner = signed_in("planner")
    number = _draft(database)

    def act(action: str, **data: str) -> str:
        answer = planner.post(f"/orders/{number}/{action}", data=data)
        assert answer.status_code == 303, answer.text
        return planner.get(answer.headers["location"], headers=HTML).text

    assert "the promised date Thursday 2 January 2020 is past" in act("confirm", promise_date="2020-01-02")
    assert "is confirmed for" in act("confirm")
    assert "Its units can be scanned now" in act("release")
    assert "Say why in a few words" in act("hold", reason="  ")
    assert "Waiting for paint" in act("hold", reason="Waiting for paint")
    assert "cannot be confirmed" in act("confirm")
    assert "goes on" in act("resume")


def test_a_button_a_role_does_not_have_does_nothing_for_it(signed_in: SignedIn, factory: Any, database: Any) -> None:
    number = _draft(database)

    assert signed_in("operator").post(f"/orders/{number}/confirm", headers=HTML).status_code == 403
    assert signed_in("sales").post(f"/orders/{number}/release", headers=HTML).status_code == 403


def test_whoever_may_not_scan_looks_on_at_a_station(signed_in: SignedIn, factory: Any) -> None:
    factory.released("Aurora Bikes")

    seen = {role: signed_in(role).get("/station/cut", headers=HTML).text for role in ("operator", "sales")}

    assert 'id="typed"' in seen["operator"]
    assert "You look on." not in seen["operator"]
    assert "You look on." in seen["sales"]
    for part in ('id="typed"', "station.js", "wedge"):
        assert part not in seen["sales"]


def test_a_typed_scan_is_booked_once_however_often_the_form_is_sent(signed_in: SignedIn, factory: Any) -> None:
    operator, unit = signed_in("operator"), factory.units(factory.released("Aurora Bikes"))[0]
    form = {"code": unit, "read_point": "cut-1", "own_epoch": "0123456789abcdef"}

    for _ in range(3):
        assert operator.post("/station/cut/scan", data=form).status_code == 303

    page = operator.get("/station/cut", headers=HTML).text
    assert page.count('<li id="scan-web-form') == 1
    assert "Cut done" in page


def test_the_undo_button_takes_the_last_scan_back_without_javascript(signed_in: SignedIn, factory: Any) -> None:
    operator, unit = signed_in("operator"), factory.units(factory.released("Aurora Bikes"))[0]
    operator.post("/station/cut/scan", data={"code": unit, "read_point": "cut-1", "own_epoch": "0123456789abcdef"})
    page = operator.get("/station/cut", headers=HTML).text
    undo = page.split('id="undo"')[1].split("</form>")[0]
    fields = {
        name: undo.split(f'name="{name}" value="')[1].split('"')[0]
        for name in ("gateway", "epoch", "sequence", "own_epoch")
    }

    assert operator.post("/station/cut/undo", data=fields).status_code == 303

    assert "Taken back" in operator.get("/station/cut", headers=HTML).text


@pytest.mark.parametrize(
    "code", ["<script>alert(1)</script>", "'; DROP TABLE unit; --", "\x00\x01", "x" * 10_000, "]C1"]
)
def test_a_hostile_code_is_answered_in_words_and_shown_as_text(signed_in: SignedIn, factory: Any, code: str) -> None:
    operator = signed_in("operator")

    answer = operator.post("/station/cut/scan", data={"code": code, "read_point": "cut-1"})

    assert answer.status_code == 303
    page = operator.get("/station/cut", headers=HTML)
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_pages_are_whole_and_keep_to_the_house(signed_in: SignedIn, factory: Any) -> None:
    answer = signed_in("sales").get(f"/orders/{factory.released('Aurora Bikes').number}", headers=HTML)

    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert " style=" not in answer.text
    assert "<style" not in answer.text
    assert "onclick" not in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


def test_errors_are_pages_for_people_and_problems_for_programs(client: httpx.Client, factory: Any) -> None:
    for_person = client.get("/no-such-page", headers=HTML)
    for_program = client.get("/no-such-page", headers={"Accept": "application/json"})

    assert for_person.status_code == for_program.status_code == 404
    assert "<h1>" in for_person.text
    assert for_program.headers["content-type"].startswith("application/problem+json")


def test_a_flash_message_is_shown_once(signed_in: SignedIn, factory: Any, database: Any) -> None:
    planner, number = signed_in("planner"), _draft(database)
    planner.post(f"/orders/{number}/confirm")

    first = planner.get(f"/orders/{number}", headers=HTML).text
    second = planner.get(f"/orders/{number}", headers=HTML).text

    assert "is confirmed for" in first
    assert "is confirmed for" not in second


def _add_anna(database: Any) -> None:
    from server.auth import users
    from server.auth.passwords import hash_password
    from server.settings.clock import utc_now

    new = users.NewUser(login="anna", name="Anna", role="sales", password_hash=hash_password("a quiet lamp burns"))
    database.write(lambda session: users.add_user(session, new, actor="test", now=utc_now()))


def _draft(database: Any) -> str:
    from sqlalchemy import select

    from server.erp.orders.models import SalesOrder

    with database.read() as session:
        number = session.scalar(select(SalesOrder.number).where(SalesOrder.lifecycle == "draft").limit(1))
    assert number is not None
    return str(number)


@pytest.mark.parametrize(
    "path",
    [
        "/orders/%00",
        "/orders/SO-1000/units/%00",
        "/orders/SO-1000?before=99999999999999999999999999",
        "/orders/SO-1000?before=-1",
        "/orders?customer=%00",
        "/orders?after=%00",
        "/orders?show=%00",
        "/station/%00",
        "/search?q=%00",
        "/01/%00/21/%00",
        "/01/09506000134352/21/a%2Fb",
        "/login?next=%00",
        "/?lang=%00",
        "/orders/" + "x" * 5000,
    ],
)
def test_nonsense_in_an_address_never_breaks_the_server(signed_in: SignedIn, factory: Any, path: str) -> None:
    assert signed_in("manager").get(path, headers=HTML).status_code < 500


@pytest.mark.parametrize("promise", ["9999-12-31", "0001-01-01", "soon", "\x00"])
def test_an_impossible_promise_is_answered_in_words(
    signed_in: SignedIn, factory: Any, database: Any, promise: str
) -> None:
    planner, number = signed_in("planner"), _draft(database)

    assert planner.post(f"/orders/{number}/confirm", data={"promise_date": promise}).status_code == 303
    assert planner.get(f"/orders/{number}", headers=HTML).status_code == 200
    assert planner.get("/orders", headers=HTML).status_code == 200
    assert planner.get("/board", headers=HTML).status_code == 200
    assert planner.post("/login", data={"login": "\x00", "password": "\x00"}, headers=HTML).status_code in (401, 422)
