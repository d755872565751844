"""The code on a product: its owner comes to his unit, and to everybody else all codes are the same."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Identifier, Unit

HTML = {"Accept": "text/html"}


@pytest.fixture
def code(factory: Any, database: Database) -> tuple[str, str, str]:
    """The path of the code on a unit of Aurora Bikes, that unit, and its order."""
    order = factory.released("Aurora Bikes")
    with database.read() as session:
        found = session.execute(
            select(Identifier.value, Unit.number)
            .join(Unit, Unit.id == Identifier.unit_id)
            .where(Unit.order_id == order.id, Identifier.scheme == "sgtin")
            .order_by(Unit.id)
        ).first()
    assert found is not None
    return f"/{found[0]}", found[1], order.number


@pytest.fixture
def visitor(
    factory: Any, signed_in: Callable[..., httpx.Client], new_client: Callable[..., httpx.Client]
) -> Callable[[str], httpx.Client]:
    """A browser that came in by the private link of an order of this customer."""

    def come(customer: str) -> httpx.Client:
        number = factory.released(customer).number
        token = signed_in("sales").post(f"/api/v1/orders/{number}/links").json()["url"].rpartition("/")[2]
        made = new_client()
        made.post(f"/track/{token}")
        return made

    return come


def told(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Everything of an answer that its reader can tell apart."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    return answer.status_code, answer.content, headers


def test_all_codes_say_the_same_to_whoever_does_not_own_them(
    code: tuple[str, str, str], client: httpx.Client, visitor: Any, signed_in: Any, factory: Any, counted: Any
) -> None:
    path, _unit, _order = code
    never, unknown = path.rpartition("/")[0] + "/NEVER-MADE", "/01/04012345678901/21/1"
    foreign = signed_in("customer", customer_id=factory.customer("Kestrel Rail").customer_id)

    for who in (client, foreign, visitor("Kestrel Rail")):
        who.get(path, headers=HTML)
        answers, work = [], []
        for each in (path, never, unknown):
            with counted() as statements:
                answers.append(told(who.get(each, headers=HTML)))
            work.append(list(statements))

        # Not a letter differs, and the same questions are put to the database.
        assert answers[0] == answers[1] == answers[2]
        assert work[0] == work[1] == work[2]
        assert answers[0][0] == 200
        assert b"Made by Orderlight Demo Works" in answers[0][1]
    # Strangers and foreign customers read the same page, whose sign-in leads back to the code.
    assert told(client.get(path, headers=HTML)) == told(foreign.get(path, headers=HTML))
    assert client.get(f"{path}?sign-in").headers["location"] == f"/login?next={path}"
    assert client.get("/01/abc/21/1", headers=HTML).status_code == 404


def test_the_owner_comes_to_his_unit_by_login_and_by_link(
    code: tuple[str, str, str], visitor: Any, signed_in: Any, factory: Any
) -> None:
    path, unit, order = code
    owner = signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)
    factory.scan(unit, "cut-1")

    by_link, staff = visitor("Aurora Bikes"), signed_in("sales")
    pages = [
        owner.get(path, headers=HTML, follow_redirects=True),
        by_link.get(path, headers=HTML, follow_redirects=True),
    ]

    assert [page.url.path for page in pages] == [f"/orders/{order}/units/{unit}", f"/track/of/{order}/units/{unit}"]
    assert staff.get(path).headers["location"] == f"/orders/{order}/units/{unit}"
    forms = (f"/cases/new?order={order}&amp;unit={unit}", f"/track/of/{order}/cases/new?unit={unit}")
    for page, form in zip(pages, forms, strict=True):
        assert page.status_code == 200
        assert "Waits for Weld" in page.text
        assert "Cut done" in page.text
        assert form in page.text
        # No reader, no station, nobody's name.
        assert "scanner-3" not in page.text
        assert "cut-1" not in page.text
    assert "test" in staff.get(path, follow_redirects=True).text


def test_a_case_about_a_unit_stands_on_its_page(code: tuple[str, str, str], visitor: Any) -> None:
    path, unit, order = code
    by_link = visitor("Aurora Bikes")

    form = by_link.get(f"/cases/new?order={order}&unit={unit}", headers=HTML).text
    made = by_link.post("/cases", data={"subject": "A dent", "body": "Near the weld.", "order": order, "unit": unit})

    assert f'value="{unit}"' in form
    assert made.status_code == 303
    assert "A dent" in by_link.get(path, follow_redirects=True).text
    assert by_link.get("/track/units/U-9999", headers=HTML).status_code == 404


def test_the_page_of_a_unit_costs_the_same_in_a_large_order(
    factory: Any, database: Database, signed_in: Any, counted: Any
) -> None:
    owner = signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)
    with database.read() as session:
        statement = select(SalesOrder.number, func.min(Unit.number), func.count()).join(
            Unit, Unit.order_id == SalesOrder.id
        )
        rows = session.execute(
            statement.where(SalesOrder.customer_id == factory.customer("Aurora Bikes").customer_id)
            .group_by(SalesOrder.number)
        ).all()  # fmt: skip
    spent = {}
    for order, unit, units in rows:
        owner.get(f"/orders/{order}/units/{unit}")
        with counted() as statements:
            assert owner.get(f"/orders/{order}/units/{unit}").status_code == 200
        spent[units] = len(statements)

    assert set(spent) == {12, 20}
    assert len(set(spent.values())) == 1
    assert max(spent.values()) <= 14
