"""Private links, and the customer's view by allow-list, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from server.crm.models import CustomerVisit
from server.db import Database

HTML = {"Accept": "text/html"}


def make_link(browser: httpx.Client, number: str) -> str:
    answer = browser.post(f"/orders/{number}/links", headers=HTML)
    assert answer.status_code == 200
    return answer.text.split("/track/")[1].split('"')[0]


@pytest.fixture
def open_link(
    factory: Any, signed_in: Callable[..., httpx.Client], new_client: Callable[..., httpx.Client]
) -> Callable[[], tuple[httpx.Client, str, str]]:
    """A browser that came in by a fresh link, the order's number, and the token."""

    def open_it() -> tuple[httpx.Client, str, str]:
        order = factory.released("Aurora Bikes")
        token = make_link(signed_in("sales"), order.number)
        visitor = new_client()
        assert visitor.post(f"/track/{token}").headers["location"] == f"/track/of/{order.number}"
        return visitor, order.number, token

    return open_it


def test_loading_the_link_lets_nobody_in_yet(
    factory: Any, signed_in: Callable[..., httpx.Client], client: httpx.Client, database: Database
) -> None:
    token = make_link(signed_in("sales"), factory.released("Aurora Bikes").number)

    answer = client.get(f"/track/{token}", headers=HTML)

    assert answer.status_code == 200
    assert '<form method="post">' in answer.text
    assert not client.cookies
    with database.read() as session:
        assert session.execute(select(func.count()).select_from(CustomerVisit)).scalar_one() == 0


def test_the_card_of_links_is_left_out_where_it_would_be_empty(
    factory: Any, signed_in: Callable[..., httpx.Client]
) -> None:
    number, reader, sales = factory.released("Aurora Bikes").number, signed_in("finance"), signed_in("sales")
    pages = [who.get(f"/orders/{number}", headers=HTML).text for who in (reader, sales)]

    make_link(sales, number)
    then = reader.get(f"/orders/{number}", headers=HTML).text

    assert ['id="links"' in page for page in pages] == [False, True]
    assert 'id="links"' in then
    assert "Make a link" not in then


def test_the_button_opens_the_one_order_and_nothing_else(open_link: Any, factory: Any) -> None:
    visitor, number, _token = open_link()
    foreign = factory.released("Kestrel Rail").number

    page = visitor.get("/track", headers=HTML)

    assert page.status_code == 200
    assert number in page.text
    assert "noindex" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert foreign not in page.text
    assert visitor.get(f"/orders/{foreign}", headers=HTML).headers["location"] == "/track"
    assert visitor.get("/board", headers=HTML).status_code == 403


def test_the_customer_sees_nothing_that_is_not_on_the_list(open_link: Any, factory: Any) -> None:
    visitor, _number, _token = open_link()
    order = factory.released("Aurora Bikes")
    factory.scan("OLB17", "cut-1")
    for unit in factory.units(order)[:3]:
        factory.scan(unit, "cut-1", operator="B17")

    page = visitor.get("/track", headers=HTML).text

    assert "through Cut" in page
    for hidden in ("scanner-3", "gw-test", "cut-1", "Frame number up", "Kestrel", "Nordwind", "EUR", "operator", "WO-"):
        assert hidden not in page, hidden


def test_a_revoked_link_ends_the_visit_at_once(open_link: Any, signed_in: Any, client: httpx.Client) -> None:
    visitor, number, token = open_link()
    assert visitor.get("/track", headers=HTML).status_code == 200

    sales = signed_in("sales")
    page = sales.get(f"/orders/{number}", headers=HTML).text
    action = page.split('/revoke"')[0].rsplit('action="', 1)[1]
    assert sales.post(f"{action}/revoke").status_code == 303

    assert visitor.get("/track", headers=HTML).status_code == 401
    assert client.get(f"/track/{token}", headers=HTML).status_code == 404
    assert client.post(f"/track/{token}", headers=HTML).status_code == 404


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/track", "Open your order by the link"),
        ("/track/units/U-1", "Open your order by the link"),
        ("/quote", "Open your quote by the link"),
    ],
)
def test_who_has_no_link_is_told_so_whether_he_is_signed_in_or_not(
    client: httpx.Client, signed_in: Any, address: str, words: str
) -> None:
    for caller in (client, signed_in("sales")):
        answer = caller.get(address, headers=HTML)
        assert answer.status_code == 401
        assert words in answer.text
        assert "This opens by its link" in answer.text


@pytest.mark.parametrize("token", ["x", "a" * 300, "%00", "%3Cscript%3E", "..%2f..%2fetc"])
def test_a_made_up_link_opens_nothing(client: httpx.Client, factory: Any, token: str) -> None:
    assert client.get(f"/track/{token}", headers=HTML).status_code == 404
    assert client.post(f"/track/{token}", headers=HTML).status_code == 404


def test_a_link_needs_the_right_to_write_orders(factory: Any, signed_in: Callable[..., httpx.Client]) -> None:
    number = factory.released("Aurora Bikes").number

    assert signed_in("operator").post(f"/orders/{number}/links", headers=HTML).status_code == 403
    assert signed_in("finance").post(f"/orders/{number}/links", headers=HTML).status_code == 403


def test_programs_make_list_and_revoke_links(factory: Any, program: Callable[..., httpx.Client]) -> None:
    order = factory.released("Aurora Bikes").number
    writer, reader = program("orders:write", "orders:read"), program("orders:read")
    path = f"/api/v1/orders/{order}/links"

    made = writer.post(path)
    answer = writer.get(path)
    assert answer.status_code == 200, answer.text
    listed = answer.json()["items"]
    revoked = writer.post(f"{path}/{listed[0]['id']}/revoke")

    assert made.status_code == 201
    assert "/track/" in made.json()["url"]
    assert listed[0]["works"]
    assert not revoked.json()["works"]
    assert reader.post(path).status_code == 403
    assert writer.post("/api/v1/orders/SO-99999/links").status_code == 404
    assert writer.post(f"{path}/999999/revoke").status_code == 404


@pytest.mark.parametrize("kind", ["orders", "quotes"])
def test_a_link_that_is_asked_for_again_is_made_and_shown_once(
    kind: str, factory: Any, signed_in: Callable[..., httpx.Client]
) -> None:
    # given an order and a quote, and a request whose answer was lost
    sales = signed_in("sales")
    order = factory.released("Aurora Bikes").number
    line = {"product": "FRAME-CITY", "quantity": "1", "unit_price": "149"}
    body = {"customer": "C-100", "lines": [line]}
    number = order if kind == "orders" else sales.post("/api/v1/quotes", json=body).json()["number"]
    path, once = f"/api/v1/{kind}/{number}/links", {"Idempotency-Key": "lost-1"}

    # when it comes again
    first, again = sales.post(path, headers=once), sales.post(path, headers=once)

    # then there is one link, whose address is not shown twice
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert first.headers["Location"] == f"{path}/{first.json()['id']}"
    assert again.json() == first.json() | {"url": None}
    assert [link["id"] for link in sales.get(path).json()["items"]] == [first.json()["id"]]

    # and it is ended once as well; the key of one request serves no other
    end = f"{path}/{first.json()['id']}/revoke"
    assert sales.post(end, headers=once).status_code == 422
    ended = [sales.post(end, headers={"Idempotency-Key": "lost-2"}) for _ in range(2)]
    assert ended[0].json() == ended[1].json()
    assert not ended[0].json()["works"]
