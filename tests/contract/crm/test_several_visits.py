"""Several private links in one browser: each keeps its own page, and none ends another."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from server.auth.visits import MOST_VISITS
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.parties.models import Customer

HTML = {"Accept": "text/html"}
AURORA, KESTREL = "Aurora Bikes", "Kestrel Rail"


@pytest.fixture
def sales(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who makes links."""
    return signed_in("sales")


def orders_of(database: Database, name: str) -> list[str]:
    statement = select(SalesOrder.number).join(Customer, Customer.id == SalesOrder.customer_id)
    with database.read() as session:
        return list(session.scalars(statement.where(Customer.name == name).order_by(SalesOrder.id)))


def enter(visitor: httpx.Client, sales: httpx.Client, order: str) -> str:
    """Come by a fresh link to the order; the path of its page."""
    link = sales.post(f"/api/v1/orders/{order}/links").json()["url"].rpartition("/")[2]
    return visitor.post(f"/track/{link}").headers["location"]


def test_two_orders_stay_open_in_one_browser_each_at_its_own_address(
    factory: Any, sales: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    visitor, mine, theirs = new_client(), factory.released(AURORA), factory.released(KESTREL)
    unit = factory.units(mine)[0]

    first, second = enter(visitor, sales, mine.number), enter(visitor, sales, theirs.number)
    pages = [visitor.get(path, headers=HTML).text for path in (first, second)]

    assert (first, second) == (f"/track/of/{mine.number}", f"/track/of/{theirs.number}")
    assert [(mine.number in page, theirs.number in page) for page in pages] == [(True, False), (False, True)]
    assert f'href="{first}/units/{unit}"' in pages[0]
    assert visitor.get(f"{first}/units/{unit}", headers=HTML).status_code == 200
    # What one visit may see is nothing for the other, though both are of one browser.
    assert visitor.get(f"{second}/units/{unit}", headers=HTML).status_code == 404
    assert theirs.number in visitor.get("/track", headers=HTML).text


def test_each_order_shows_its_own_pictures_and_none_of_an_order_without_a_link(
    factory: Any, sales: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    # Given two links in one browser, of which the older order was released with a picture
    visitor, mine, theirs = new_client(), factory.released(AURORA).number, factory.released(KESTREL).number
    work = sales.get("/api/v1/work-orders", params={"order": mine}).json()["items"][0]["number"]
    picture = sales.get(f"/api/v1/work-orders/{work}").json()["snapshot"]["packaging_spec"]["picture"]
    enter(visitor, sales, mine)
    enter(visitor, sales, theirs)

    answers = [visitor.get(f"/orders/{order}/pictures/{picture}").status_code for order in (mine, theirs, "SO-9999")]
    closed = new_client()
    enter(closed, sales, theirs)

    assert (picture is not None, answers) == (True, [200, 404, 404])
    assert closed.get(f"/orders/{mine}/pictures/{picture}").status_code == 404


def test_an_order_that_no_link_of_this_browser_opens_is_refused_like_one_that_never_was(
    factory: Any, sales: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    visitor, foreign = new_client(), factory.released(KESTREL).number
    enter(visitor, sales, factory.released(AURORA).number)

    there = visitor.get(f"/track/of/{foreign}")
    missing = visitor.get("/track/of/SO-9999")

    assert (there.status_code, there.text.replace(foreign, "SO-9999")) == (401, missing.text)


def test_a_revoked_link_ends_its_own_visit_alone(
    factory: Any, sales: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    visitor, mine, theirs = new_client(), factory.released(AURORA).number, factory.released(KESTREL).number
    first, second = enter(visitor, sales, mine), enter(visitor, sales, theirs)
    link = sales.get(f"/api/v1/orders/{theirs}/links").json()["items"][0]["id"]

    sales.post(f"/api/v1/orders/{theirs}/links/{link}/revoke")

    assert visitor.get(second, headers=HTML).status_code == 401
    assert visitor.get(first, headers=HTML).status_code == 200
    # What asks for no number follows the newest visit that still holds.
    assert mine in visitor.get("/track", headers=HTML).text
    assert visitor.get(f"/api/v1/orders/{mine}").status_code == 200


def test_the_same_order_takes_one_place_and_the_oldest_of_many_gives_way(
    database: Database, factory: Any, sales: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    visitor = new_client()
    orders = [*orders_of(database, AURORA), *orders_of(database, KESTREL), *orders_of(database, "Nordwind Energie")]
    assert len(orders) > MOST_VISITS
    kept = orders[-MOST_VISITS:]
    for order in (orders[-MOST_VISITS - 1], *kept, kept[-1], kept[-1]):
        enter(visitor, sales, order)

    answers = {order: visitor.get(f"/track/of/{order}", headers=HTML).status_code for order in kept}

    assert answers == dict.fromkeys(kept, 200)
    assert visitor.get(f"/track/of/{orders[-MOST_VISITS - 1]}", headers=HTML).status_code == 401
    (cookie,) = [value for value in visitor.cookies.values() if "." in value]
    assert cookie.count(".") == MOST_VISITS - 1


def test_two_quotes_are_answered_from_one_browser_each_by_its_own_form(
    sales: httpx.Client, new_client: Callable[..., httpx.Client], database: Database
) -> None:
    visitor, paths, numbers = new_client(), [], []
    with database.read() as session:
        customer = session.scalar(select(Customer.number).where(Customer.name == AURORA))
    for quantity in ("2", "3"):
        line = {"product": "FRAME-CITY", "quantity": quantity, "unit_price": "100"}
        number = sales.post("/api/v1/quotes", json={"customer": customer, "lines": [line]}).json()["number"]
        sales.post(f"/api/v1/quotes/{number}/send")
        token = sales.post(f"/api/v1/quotes/{number}/links").json()["url"].rpartition("/")[2]
        paths.append(visitor.post(f"/quote/{token}").headers["location"])
        numbers.append(number)

    pages = [visitor.get(path, headers=HTML).text for path in paths]
    visitor.post(f"{paths[0]}/act/decline", data={"reason": "Too dear."})
    answer = {"version": "1", "name": "Astrid Lund", "agreed": "1"}
    visitor.post(f"{paths[1]}/act/accept", data=answer)
    states = [sales.get(f"/api/v1/quotes/{number}").json()["state"] for number in numbers]

    assert [f'action="{path}/act/accept"' in page for path, page in zip(paths, pages, strict=True)] == [True, True]
    assert states == ["declined", "converted"]
    assert "Follow order" in visitor.get(paths[1], headers=HTML).text
    assert visitor.get(f"{paths[1]}/order", headers=HTML).status_code == 200
