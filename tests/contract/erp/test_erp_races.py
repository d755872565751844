"""Two callers at once: the work is done once, on either engine."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from server.db import Database
from server.erp.orders import repository
from server.erp.seed import DemoWorld

CALLERS = 6


def at_once(call: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """The answers of several callers who begin together."""
    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(call, range(CALLERS)))


def test_a_request_sent_several_times_at_once_makes_one_order(planner: httpx.Client, world: DemoWorld) -> None:
    customer = world.customers["Kestrel Rail"].number
    body = {"customer": customer, "lines": [{"product": "STEP-RAIL", "quantity": 1}], "customer_reference": "RACE"}

    answers = at_once(lambda _: planner.post("/api/v1/orders", json=body, headers={"Idempotency-Key": "race"}))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert len(planner.get("/api/v1/orders", params={"text": "RACE"}).json()["items"]) == 1


def test_an_order_released_by_several_at_once_is_released_once(
    planner: httpx.Client, world: DemoWorld, database: Database
) -> None:
    answers = at_once(lambda _: planner.post("/api/v1/orders/SO-1006/release"))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * (CALLERS - 1)
    with database.read() as session:
        order = repository.order(session, "SO-1006")
        assert order is not None
        assert repository.progress(session, [order.id])[order.id].total == 30


def test_changes_against_one_version_let_one_through(planner: httpx.Client, world: DemoWorld) -> None:
    version = planner.get("/api/v1/orders/SO-1009").headers["etag"]

    answers = at_once(
        lambda n: planner.patch("/api/v1/orders/SO-1009", json={"priority": n + 1}, headers={"If-Match": version})
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * (CALLERS - 1)


def test_one_sku_is_given_once(planner: httpx.Client, world: DemoWorld) -> None:
    answers = at_once(lambda n: planner.post("/api/v1/products", json={"sku": "SAME", "name": f"Same {n}"}))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (CALLERS - 1)


def test_orders_made_at_once_get_different_numbers(planner: httpx.Client, world: DemoWorld) -> None:
    body = {
        "customer": world.customers["Kestrel Rail"].number,
        "lines": [{"product": "STEP-RAIL", "quantity": 1}],
    }

    answers = at_once(lambda _: planner.post("/api/v1/orders", json=body))

    assert len({answer.json()["number"] for answer in answers}) == CALLERS
