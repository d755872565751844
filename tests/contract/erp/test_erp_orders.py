"""An order from draft to production, through the programming interface."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from server.db import Database
from server.erp.seed import DemoWorld
from server.journal.models import Fact
from server.settings.clock import utc_now

SignedIn = Callable[..., httpx.Client]


def draft(world: DemoWorld, *lines: tuple[str, object], **more: object) -> dict[str, object]:
    """The body of a new order of Aurora Bikes."""
    return {
        "customer": world.customers["Aurora Bikes"].number,
        "lines": [{"product": sku, "quantity": quantity} for sku, quantity in lines],
        **more,
    }


def make(planner: httpx.Client, world: DemoWorld, *lines: tuple[str, object]) -> str:
    """The number of a new draft."""
    answer = planner.post("/api/v1/orders", json=draft(world, *lines or (("RACK-REAR", 3),)))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


def test_a_draft_is_confirmed_with_a_computed_promise_and_released(planner: httpx.Client, world: DemoWorld) -> None:
    number = make(planner, world, ("RACK-REAR", 3))

    confirmed = planner.post(f"/api/v1/orders/{number}/confirm").json()
    released = planner.post(f"/api/v1/orders/{number}/release").json()

    assert confirmed["lifecycle"] == "confirmed"
    assert confirmed["promise_date"] >= utc_now().date().isoformat()
    assert confirmed["prediction"]["label"] == "estimate"
    assert released["lifecycle"] == "processing"
    assert released["units"] == {"queued": 3}
    assert released["promise_date"] == confirmed["promise_date"]


def test_a_draft_takes_priority_price_and_instructions_from_customer_and_product(
    planner: httpx.Client, world: DemoWorld
) -> None:
    order = planner.get(f"/api/v1/orders/{make(planner, world)}").json()

    assert order["priority"] == 3
    assert order["special_instructions"] == "Frame number up when packing."
    assert order["lines"][0]["unit_price"] == "29"


def test_a_draft_may_change_and_a_confirmed_order_only_its_priority(planner: httpx.Client, world: DemoWorld) -> None:
    number = make(planner, world)
    changed = planner.patch(
        f"/api/v1/orders/{number}",
        json={"lines": [{"product": "FRAME-CITY", "quantity": 1}, {"product": "RACK-REAR", "quantity": 2}]},
        headers={"If-Match": '"1"'},
    )
    planner.post(f"/api/v1/orders/{number}/confirm")

    refused = planner.patch(f"/api/v1/orders/{number}", json={"promise_date": "2030-01-01"}, headers={"If-Match": "*"})
    urgent = planner.patch(f"/api/v1/orders/{number}", json={"priority": 1}, headers={"If-Match": "*"})

    assert [line["product"] for line in changed.json()["lines"]] == ["FRAME-CITY", "RACK-REAR"]
    assert changed.headers["etag"] == '"2"'
    assert refused.status_code == 409
    assert refused.json()["detail"] == f"{number} cannot be changed: it is confirmed."
    assert urgent.json()["priority"] == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("BOLT-M8", 4), "is bought"),
        (("PLAN-ONLY", 1), "has no routing"),
    ],
)
def test_what_cannot_be_made_is_not_promised_and_the_reason_is_told(
    planner: httpx.Client, world: DemoWorld, line: tuple[str, object], words: str
) -> None:
    planner.post("/api/v1/products", json={"sku": "PLAN-ONLY", "name": "A plan"})
    number = make(planner, world, line)

    answer = planner.post(f"/api/v1/orders/{number}/confirm")

    assert answer.status_code == 409
    assert answer.json()["reason"] == "not_makeable"
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("1.5", "comes in whole pieces, not 1.5"),
        (10_001, "at most 10000"),
        (0, "more than 0"),
        (-4, "more than 0"),
        ("9e99", ""),
    ],
)
def test_a_quantity_that_nobody_can_order_is_refused_at_entry(
    planner: httpx.Client, world: DemoWorld, quantity: object, words: str
) -> None:
    answer = planner.post("/api/v1/orders", json=draft(world, ("RACK-REAR", quantity)))

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["lines.0.quantity"]
    assert words in answer.json()["errors"][0]["message"]


def test_a_promise_in_the_past_is_refused(planner: httpx.Client, world: DemoWorld) -> None:
    number = make(planner, world)
    past = (utc_now() - timedelta(days=3)).date().isoformat()

    answer = planner.post(f"/api/v1/orders/{number}/confirm", json={"promise_date": past})

    assert answer.status_code == 409
    assert answer.json()["reason"] == "promise_past"


def test_a_second_release_is_refused_but_a_retried_one_gets_the_first_answer(
    planner: httpx.Client, world: DemoWorld
) -> None:
    number = make(planner, world)
    planner.post(f"/api/v1/orders/{number}/confirm")
    key = {"Idempotency-Key": "release-1"}

    first = planner.post(f"/api/v1/orders/{number}/release", headers=key)
    again = planner.post(f"/api/v1/orders/{number}/release", headers=key)
    other = planner.post(f"/api/v1/orders/{number}/release")

    assert first.json() == again.json()
    assert other.status_code == 409
    assert other.json()["detail"] == f"{number} cannot be released: it is in production."


def test_a_held_order_says_why_and_goes_on_when_it_is_resumed(planner: httpx.Client, world: DemoWorld) -> None:
    number = make(planner, world)
    planner.post(f"/api/v1/orders/{number}/confirm")

    held = planner.post(f"/api/v1/orders/{number}/hold", json={"reason": "Colour is not settled."})
    release = planner.post(f"/api/v1/orders/{number}/release")
    twice = planner.post(f"/api/v1/orders/{number}/hold", json={"reason": "Again."})
    resumed = planner.post(f"/api/v1/orders/{number}/resume")

    assert held.json()["hold_reason"] == "Colour is not settled."
    assert held.json()["prediction"] is None
    assert "resume" in held.json()["actions"]
    assert release.json()["reason"] == "on_hold"
    assert twice.json()["reason"] == "already_on_hold"
    assert not resumed.json()["on_hold"]
    assert resumed.json()["prediction"] is not None


def test_an_order_in_production_is_cancelled_by_a_manager_alone(
    planner: httpx.Client, manager: httpx.Client, world: DemoWorld
) -> None:
    number = make(planner, world)
    planner.post(f"/api/v1/orders/{number}/confirm")
    planner.post(f"/api/v1/orders/{number}/release")
    reason = {"reason": "The customer went elsewhere."}

    refused = planner.post(f"/api/v1/orders/{number}/cancel", json=reason)
    cancelled = manager.post(f"/api/v1/orders/{number}/cancel", json=reason)

    assert refused.json()["reason"] == "manager_needed"
    assert cancelled.json()["lifecycle"] == "cancelled"
    work = manager.get("/api/v1/work-orders", params={"order": number}).json()["items"]
    assert [found["state"] for found in work] == ["cancelled"]
    assert manager.post(f"/api/v1/orders/{number}/resume").status_code == 409


def test_every_step_leaves_a_fact_with_its_author(planner: httpx.Client, world: DemoWorld, database: Database) -> None:
    number = make(planner, world)
    planner.post(f"/api/v1/orders/{number}/confirm")
    planner.post(f"/api/v1/orders/{number}/release")

    with database.read() as session:
        facts = session.scalars(select(Fact).where(Fact.subject == number).order_by(Fact.id)).all()

    assert [fact.kind for fact in facts] == ["order_created", "order_confirmed", "order_released"]
    assert {fact.actor.partition(":")[0] for fact in facts} == {"user"}
    key = f"sales_order:{facts[-1].order_id}"
    assert facts[-1].detail["after"] == {key: {"lifecycle": "processing"}}


def test_unknown_customers_and_products_are_named(planner: httpx.Client, world: DemoWorld) -> None:
    customer = planner.post("/api/v1/orders", json={**draft(world, ("RACK-REAR", 1)), "customer": "C-999"})
    products = planner.post("/api/v1/orders", json=draft(world, ("NO-1", 1), ("RACK-REAR", 1), ("NO-2", 1)))

    assert customer.json()["errors"][0]["field"] == "customer"
    assert [error["field"] for error in products.json()["errors"]] == ["lines.0.product", "lines.2.product"]


@pytest.mark.parametrize("quantity", [0, -1, "NaN", "Infinity", "1e30", "0.0000001", True, None, "many"])
def test_a_quantity_is_a_finite_number_above_nothing(planner: httpx.Client, world: DemoWorld, quantity: object) -> None:
    answer = planner.post("/api/v1/orders", json=draft(world, ("RACK-REAR", quantity)))

    assert answer.status_code == 422


def test_orders_are_filtered_and_paged(planner: httpx.Client, world: DemoWorld) -> None:
    def numbers(**params: object) -> list[str]:
        answer = planner.get("/api/v1/orders", params=params)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return [item["number"] for item in answer.json()["items"]]

    assert len(numbers()) == 12
    assert numbers(lifecycle="draft") == ["SO-1009", "SO-1010"]
    assert numbers(on_hold="true") == ["SO-1005"]
    assert numbers(text="nordwind") == ["SO-1001", "SO-1004", "SO-1007", "SO-1010"]
    assert numbers(text="4500081217") == ["SO-1004"]
    assert numbers(limit=2, after="SO-1010") == ["SO-1011"]
    assert planner.get("/api/v1/orders", params={"lifecycle": "lost"}).status_code == 422
    assert planner.get("/api/v1/orders", params={"limit": 201}).status_code == 422
