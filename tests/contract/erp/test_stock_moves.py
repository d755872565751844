"""Goods are received, moved and counted; balances follow from the moves, and nothing leaves that does not lie there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from server.db import Database
from server.erp.seed import DemoWorld
from server.erp.stock.models import StockBalance
from server.ingest.rebuild import rebuild
from server.journal.models import Fact

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def places(planner: httpx.Client) -> None:
    """Two places where goods lie."""
    for key in ("store", "line-side"):
        assert planner.post("/api/v1/locations", json={"key": key, "name": key.title()}).status_code == 201


def move(client: httpx.Client, kind: str, quantity: str, **ends: Any) -> httpx.Response:
    """Move bolts."""
    return client.post("/api/v1/stock-moves", json={"product": "BOLT-M8", "kind": kind, "quantity": quantity, **ends})


def lying(client: httpx.Client) -> dict[str, str]:
    """How many bolts lie where."""
    items = client.get("/api/v1/stock?product=BOLT-M8").json()["items"]
    return {item["location"]: item["quantity"] for item in items}


@pytest.mark.usefixtures("places")
def test_balances_follow_every_move_and_each_move_has_a_fact(planner: httpx.Client, database: Database) -> None:
    made = move(planner, "receipt", "500", target="store", cause="Delivery note 77")
    move(planner, "transfer", "120.5", source="store", target="line-side")
    move(planner, "issue", "20", source="line-side")
    move(planner, "scrap", "0.5", source="line-side")

    assert made.status_code == 201
    assert made.json()["number"] == "MV-1000"
    assert lying(planner) == {"store": "379.5", "line-side": "100"}
    with database.read() as session:
        kinds = session.scalars(select(Fact.kind).where(Fact.subject.like("MV-%"))).all()
    assert kinds == ["stock_moved"] * 4


@pytest.mark.usefixtures("places")
def test_a_count_moves_the_difference_and_one_that_finds_none_is_refused(planner: httpx.Client) -> None:
    move(planner, "receipt", "500", target="store")

    less = move(planner, "count", "480", target="store").json()
    more = move(planner, "count", "481", target="store").json()
    same = move(planner, "count", "481", target="store")

    assert (less["source"], less["target"], less["quantity"]) == ("store", None, "20")
    assert (more["source"], more["target"], more["quantity"]) == (None, "store", "1")
    assert (same.status_code, same.json()["reason"]) == (409, "nothing_to_change")
    assert lying(planner) == {"store": "481"}


@pytest.mark.usefixtures("places")
def test_what_does_not_lie_there_cannot_leave_and_nothing_is_half_done(planner: httpx.Client) -> None:
    move(planner, "receipt", "10", target="store")

    refused = move(planner, "transfer", "10.000001", source="store", target="line-side")

    assert refused.status_code == 409
    assert refused.json()["reason"] == "not_enough_stock"
    assert refused.json()["detail"].startswith("10.000001 of BOLT-M8 cannot leave store: 10 lie there.")
    assert lying(planner) == {"store": "10"}
    assert len(planner.get("/api/v1/stock-moves").json()["items"]) == 1


@pytest.mark.parametrize(
    ("kind", "quantity", "ends"),
    [
        ("receipt", "0", {"target": "store"}),
        ("receipt", "-1", {"target": "store"}),
        ("receipt", "0.0000001", {"target": "store"}),
        ("receipt", "1e30", {"target": "store"}),
        ("receipt", "1", {"source": "store"}),
        ("receipt", "1", {"target": "nowhere"}),
        ("transfer", "1", {"source": "store", "target": "store"}),
        ("vanish", "1", {"source": "store"}),
    ],
)
@pytest.mark.usefixtures("places")
def test_a_move_that_cannot_be_is_refused(
    planner: httpx.Client, kind: str, quantity: str, ends: dict[str, str]
) -> None:
    assert move(planner, kind, quantity, **ends).status_code == 422
    assert lying(planner) == {}


@pytest.mark.usefixtures("places")
def test_a_place_never_holds_more_than_a_quantity_can_say(planner: httpx.Client) -> None:
    move(planner, "receipt", "999999999", target="store")

    refused = move(planner, "receipt", "999999999", target="store")

    assert (refused.status_code, refused.json()["reason"]) == (409, "too_much_stock")


@pytest.mark.usefixtures("places")
def test_rebuild_finds_a_balance_that_its_moves_do_not_tell(planner: httpx.Client, database: Database) -> None:
    move(planner, "receipt", "500", target="store")
    database.write(lambda session: session.execute(update(StockBalance).values(quantity=Decimal(7))))

    report = database.write(rebuild)

    wrong = [found for found in report.differences if found.row.startswith("stock_balance:")]
    assert [(found.was, found.now) for found in wrong] == [(Decimal(7), Decimal(500))]
    assert lying(planner) == {"store": "500"}


@pytest.mark.usefixtures("places")
def test_a_list_asks_the_same_few_questions_however_long_it_is(
    planner: httpx.Client, world: DemoWorld, counted: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    def asked() -> int:
        with counted() as statements:
            planner.get("/api/v1/stock-moves")
            planner.get("/api/v1/stock")
        return len(statements)

    move(planner, "receipt", "5", target="store")
    one = asked()
    for sku in world.products:
        body = {"product": sku, "kind": "receipt", "quantity": "5", "target": "line-side"}
        planner.post("/api/v1/stock-moves", json=body)

    move(planner, "transfer", "5", source="store", target="line-side")
    assert asked() == one


@pytest.mark.usefixtures("places")
def test_who_only_looks_cannot_move(signed_in: Callable[..., httpx.Client], world: DemoWorld) -> None:
    sales = signed_in("sales")

    assert sales.get("/api/v1/stock").status_code == 200
    assert move(sales, "receipt", "1", target="store").status_code == 403
    customer = signed_in("customer", customer_id=world.customers["Aurora Bikes"].id)
    assert customer.get("/api/v1/stock").status_code == 403
