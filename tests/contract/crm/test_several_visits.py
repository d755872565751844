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


@pytest.fixture
def service(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who takes care of cases."""
    return signed_in("service")


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


def complained(service: httpx.Client, order: str, subject: str) -> str:
    """A case about the order, taken down by the house."""
    body = {"subject": subject, "body": "Beneath the saddle.", "order": order}
    return str(service.post("/api/v1/cases", json=body).json()["number"])


def test_each_link_opens_the_cases_of_its_own_order_whichever_came_last(
    factory: Any, sales: httpx.Client, service: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    # Given two links in one browser, and a case about each order
    visitor, mine, theirs = new_client(), factory.released(AURORA).number, factory.released(KESTREL).number
    cases = [complained(service, mine, "A scratch"), complained(service, theirs, "A dent")]
    first, second = enter(visitor, sales, mine), enter(visitor, sales, theirs)

    orders = [visitor.get(path, headers=HTML).text for path in (first, second)]
    pages = [
        visitor.get(f"{path}/cases/{case}", headers=HTML) for path, case in zip((first, second), cases, strict=True)
    ]

    assert [
        f'href="{path}/cases/{case}"' in page for path, case, page in zip((first, second), cases, orders, strict=True)
    ]
    assert [f'href="{path}/cases/new"' in page for path, page in zip((first, second), orders, strict=True)] == [
        True
    ] * 2
    assert [page.status_code for page in pages] == [200, 200]
    assert ["A scratch" in page.text for page in pages] == [True, False]
    assert f'action="{first}/cases/{cases[0]}/reply"' in pages[0].text
    assert f'href="{first}"' in pages[0].text


def test_a_link_never_opens_the_case_of_another_order_of_the_same_browser(
    factory: Any, sales: httpx.Client, service: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    visitor, mine, theirs = new_client(), factory.released(AURORA).number, factory.released(KESTREL).number
    foreign = complained(service, theirs, "A dent")
    first = enter(visitor, sales, mine)
    enter(visitor, sales, theirs)

    there = visitor.get(f"{first}/cases/{foreign}", headers=HTML)
    missing = visitor.get(f"{first}/cases/CS-9999", headers=HTML)
    said = visitor.post(f"{first}/cases/{foreign}/reply", data={"body": "Mine now"})
    closed = new_client()
    enter(closed, sales, mine)

    assert (there.status_code, missing.status_code, said.status_code) == (404, 404, 404)
    assert "A dent" not in there.text
    assert closed.get(f"/track/of/{theirs}/cases/{foreign}", headers=HTML).status_code == 401
    messages = service.get(f"/api/v1/cases/{foreign}").json()["messages"]
    assert [each["body"] for each in messages] == ["Beneath the saddle."]


def test_what_is_written_by_a_link_is_about_its_order_whatever_the_form_says(
    factory: Any, sales: httpx.Client, service: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    # Given that the link of another customer's order was opened later
    visitor, mine, theirs = new_client(), factory.released(AURORA).number, factory.released(KESTREL).number
    first = enter(visitor, sales, mine)
    enter(visitor, sales, theirs)

    led = visitor.post(f"{first}/cases/new", data={"order": theirs, "subject": "Late", "body": "Where is it?"}).headers[
        "location"
    ]
    answered = visitor.post(f"{led}/reply", data={"body": "Still waiting."})
    case = service.get(f"/api/v1/cases/{led.rpartition('/')[2]}").json()
    foreign_unit = visitor.post(
        f"{first}/cases/new", data={"unit": factory.units(factory.released(KESTREL))[0], "subject": "x", "body": "y"}
    )

    assert led.startswith(f"{first}/cases/CS-")
    assert answered.headers["location"] == led
    assert (case["order"], [each["body"] for each in case["messages"]]) == (mine, ["Where is it?", "Still waiting."])
    assert foreign_unit.status_code == 422
    assert f'action="{first}/cases/new"' in foreign_unit.text


def test_a_quotes_link_opens_the_cases_of_what_was_ordered_by_it(
    sales: httpx.Client, new_client: Callable[..., httpx.Client], database: Database, factory: Any
) -> None:
    # Given an order placed by the link of a quote, and the link of another order opened later
    visitor = new_client()
    with database.read() as session:
        customer = session.scalar(select(Customer.number).where(Customer.name == AURORA))
    line = {"product": "FRAME-CITY", "quantity": "2", "unit_price": "100"}
    number = sales.post("/api/v1/quotes", json={"customer": customer, "lines": [line]}).json()["number"]
    sales.post(f"/api/v1/quotes/{number}/send")
    token = sales.post(f"/api/v1/quotes/{number}/links").json()["url"].rpartition("/")[2]
    path = visitor.post(f"/quote/{token}").headers["location"]
    visitor.post(f"{path}/act/accept", data={"version": "1", "name": "Astrid Lund", "agreed": "1"})
    enter(visitor, sales, factory.released(KESTREL).number)

    led = visitor.post(f"{path}/order/cases/new", data={"subject": "Colour", "body": "Red, please."}).headers[
        "location"
    ]
    page = visitor.get(led, headers=HTML)

    assert led.startswith(f"{path}/order/cases/CS-")
    assert (page.status_code, 'data-live-as="quote"' in page.text, "Red, please." in page.text) == (200, True, True)
    assert led in visitor.get(f"{path}/order", headers=HTML).text
