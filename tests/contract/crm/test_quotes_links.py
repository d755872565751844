"""Private links of quotes: one quote for one customer, and after his word the order that came of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from server.crm.quotes.models import QuoteVisit
from server.db import Database

HTML = {"Accept": "text/html"}
LINE = {"product": "FRAME-CITY", "quantity": "20", "unit_price": "120"}


@pytest.fixture
def sales(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who sells, in the demo factory."""
    return signed_in("sales")


@pytest.fixture
def sent(sales: httpx.Client, send_quote: Callable[..., str]) -> Callable[..., str]:
    """The path of a quote that was just sent."""

    return partial(send_quote, sales, lines=[LINE])


@pytest.fixture
def visit(
    sales: httpx.Client, sent: Callable[..., str], new_client: Callable[..., httpx.Client]
) -> Callable[[], tuple[httpx.Client, str, str]]:
    """A browser that came in by the link of a fresh quote, the quote's path, and the token."""

    def come() -> tuple[httpx.Client, str, str]:
        path = sent()
        token = sales.post(f"{path}/links").json()["url"].rpartition("/")[2]
        visitor = new_client()
        assert visitor.post(f"/quote/{token}").headers["location"] == f"/quote/of/{path.rpartition('/')[2]}"
        return visitor, path, token

    return come


def test_loading_the_link_of_a_quote_lets_nobody_in_yet(
    sales: httpx.Client, sent: Callable[..., str], client: httpx.Client, database: Database
) -> None:
    url = sales.post(f"{sent()}/links").json()["url"]

    page = client.get("/quote/" + url.rpartition("/")[2], headers=HTML)

    assert '<form method="post">' in page.text
    assert not client.cookies
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(QuoteVisit)) == 0
    assert client.get("/quote/" + "x" * 43, headers=HTML).status_code == 404
    assert client.post("/quote/%00", headers=HTML).status_code == 404


def test_a_visitor_sees_his_quote_alone_and_after_accepting_his_order(
    visit: Callable[[], tuple[httpx.Client, str, str]], sent: Callable[..., str], factory: Any, sales: httpx.Client
) -> None:
    visitor, path, _token = visit()
    other = sent()
    foreign = factory.released("Aurora Bikes").number

    page = visitor.get("/quote", headers=HTML)
    assert page.status_code == 200
    assert path.rpartition("/")[2] in page.text
    assert other.rpartition("/")[2] not in page.text
    assert visitor.get(other).status_code == visitor.get(f"/api/v1/orders/{foreign}").status_code == 404
    accepted = visitor.post("/quote/act/accept", data={"version": "1", "name": "Astrid Lund", "agreed": "1"})
    at = f"/quote/of/{path.rpartition('/')[2]}"
    assert accepted.headers["location"] == at

    order = visitor.get(path).json()["order"]
    assert visitor.get(f"/api/v1/orders/{order}").status_code == 200
    assert visitor.get(f"/api/v1/orders/{foreign}").status_code == 404
    assert visitor.get("/track", headers=HTML).headers["location"] == f"{at}/order"
    assert order in visitor.get("/quote/order", headers=HTML).text
    # Whoever came by a link is known by what he signed with, on the pages of the customer and of the order.
    customer = sales.get(path).json()["customer"]["number"]
    happened = sales.get(f"/api/v1/customers/{customer}/timeline").json()["items"]
    assert {item["kind"] for item in happened if item["who"] == "Astrid Lund"} >= {"quote_accepted", "order_confirmed"}
    assert "Astrid Lund" in sales.get(f"/orders/{order}", headers=HTML).text


def test_a_revoked_link_ends_the_visit_to_a_quote_at_once(
    visit: Callable[[], tuple[httpx.Client, str, str]], sales: httpx.Client, client: httpx.Client
) -> None:
    visitor, path, token = visit()
    link = sales.get(f"{path}/links").json()["items"][0]
    assert link["works"]

    sales.post(f"{path}/links/{link['id']}/revoke")

    assert visitor.get(path).status_code == 401
    assert client.get(f"/quote/{token}", headers=HTML).status_code == 404


def test_a_visit_to_an_order_and_one_to_a_quote_live_in_one_browser(
    visit: Callable[[], tuple[httpx.Client, str, str]], sales: httpx.Client, factory: Any
) -> None:
    # Given a browser with a quote open, in which the link of an order is opened, too
    visitor, path, token = visit()
    order = factory.released("Aurora Bikes").number
    link = sales.post(f"/api/v1/orders/{order}/links").json()["url"].rpartition("/")[2]
    visitor.post(f"/track/{link}")

    # Then both stay open, whichever came last, and each watches by its own cookie
    quote, track = visitor.get("/quote", headers=HTML).text, visitor.get("/track", headers=HTML).text
    assert (path.rpartition("/")[2] in quote, 'data-live-as="quote"' in quote) == (True, True)
    assert (order in track, 'data-live-as="visit"' in track) == (True, True)
    visitor.post(f"/quote/{token}")
    assert order in visitor.get("/track", headers=HTML).text

    # And what is ordered by the quote stands beside the other order, never in its place
    visitor.post("/quote/act/accept", data={"version": "1", "name": "Astrid Lund", "agreed": "1"})
    ordered = visitor.get("/quote/order", headers=HTML).text
    assert order not in ordered
    assert order in visitor.get("/track", headers=HTML).text
