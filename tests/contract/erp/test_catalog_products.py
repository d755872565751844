"""Work centers and products through the programming interface."""

from collections.abc import Callable

import httpx

from server.erp.seed import DemoWorld, gtin

SignedIn = Callable[..., httpx.Client]


def test_a_product_gets_its_steps_in_tens_and_its_gtin_in_fourteen_digits(
    planner: httpx.Client, world: DemoWorld
) -> None:
    body = {
        "sku": "BENCH",
        "name": "Bench",
        "gtin": gtin(777)[1:],
        "bom": [{"component": "TUBE-34", "quantity": "2.5"}],
        "routing": [
            {"name": "Cut", "work_center": "cut", "setup_minutes": 2, "run_minutes": "0.5"},
            {"name": "Weld", "work_center": "weld", "transfer_quantity": 4},
        ],
    }

    made = planner.post("/api/v1/products", json=body).json()

    assert made["gtin"] == gtin(777)
    assert [(step["step"], step["run_minutes"]) for step in made["routing"]] == [(10, "0.5"), (20, "0")]
    assert made["bom"] == [
        {"component": "TUBE-34", "name": "Steel tube 34 mm", "quantity": "2.5", "uom": "MTR", "scrap_percent": "0"}
    ]


def test_every_mistake_in_a_product_is_told_at_once(planner: httpx.Client, world: DemoWorld) -> None:
    body = {
        "sku": "BENCH",
        "name": "Bench",
        "bom": [{"component": "NO-SUCH", "quantity": 1}, {"component": "BENCH", "quantity": 1}],
        "routing": [
            {"name": "Cut", "work_center": "laser"},
            {"step": 5, "name": "Weld", "work_center": "weld"},
        ],
    }

    answer = planner.post("/api/v1/products", json=body)

    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {
        "bom.0.component",
        "bom.1.component",
        "routing.0.work_center",
        "routing.1.step",
    }


def test_a_circle_in_the_bill_of_material_is_refused_with_its_way(planner: httpx.Client) -> None:
    for sku, component in (("HUB", None), ("WHEEL", "HUB"), ("FRAME", "WHEEL")):
        bom = [{"component": component, "quantity": 1}] if component else []
        assert planner.post("/api/v1/products", json={"sku": sku, "name": sku, "bom": bom}).status_code == 201

    answer = planner.patch(
        "/api/v1/products/HUB", json={"bom": [{"component": "FRAME", "quantity": 1}]}, headers={"If-Match": "*"}
    )

    assert answer.status_code == 422
    assert "HUB takes FRAME takes WHEEL takes HUB" in answer.json()["detail"]


def test_a_wrong_check_digit_and_a_gtin_of_another_product_are_refused(planner: httpx.Client, world: DemoWorld) -> None:
    wrong = planner.post("/api/v1/products", json={"sku": "A", "name": "A", "gtin": "7032069804989"})
    taken = planner.post("/api/v1/products", json={"sku": "A", "name": "A", "gtin": "9506000134352"})

    assert wrong.status_code == 422
    assert "expected check digit 8, got 9" in wrong.text
    assert taken.status_code == 409
    assert "FRAME-CITY" in taken.json()["detail"]


def test_a_changed_routing_replaces_the_old_one_and_raises_the_version(planner: httpx.Client, world: DemoWorld) -> None:
    before = planner.get("/api/v1/products/RACK-REAR")

    changed = planner.patch(
        "/api/v1/products/RACK-REAR",
        json={"routing": [{"name": "Cut", "work_center": "cut"}, {"name": "Paint", "work_center": "paint"}]},
        headers={"If-Match": before.headers["etag"]},
    )

    assert [step["name"] for step in changed.json()["routing"]] == ["Cut", "Paint"]
    assert changed.headers["etag"] != before.headers["etag"]
    stale = planner.patch(
        "/api/v1/products/RACK-REAR", json={"name": "Rack"}, headers={"If-Match": before.headers["etag"]}
    )
    assert stale.status_code == 409


def test_a_bought_product_has_no_routing(planner: httpx.Client, world: DemoWorld) -> None:
    answer = planner.patch("/api/v1/products/FRAME-CITY", json={"made": False}, headers={"If-Match": "*"})

    assert answer.status_code == 422
    assert "made, not bought" in answer.json()["detail"]


def test_what_a_product_costs_is_hidden_from_those_who_need_not_know(signed_in: SignedIn, world: DemoWorld) -> None:
    def cost(role: str) -> object:
        return signed_in(role).get("/api/v1/products/FRAME-CITY").json()["standard_cost"]

    assert cost("planner") == cost("finance") == "61"
    assert cost("operator") is None
    assert cost("sales") is None


def test_work_centers_are_listed_in_their_order_and_changed_against_their_version(
    planner: httpx.Client, world: DemoWorld
) -> None:
    keys = [center["key"] for center in planner.get("/api/v1/work-centers").json()["items"]]
    changed = planner.patch("/api/v1/work-centers/cut", json={"name": "Sawing"}, headers={"If-Match": '"1"'})
    twice = planner.post("/api/v1/work-centers", json={"key": "cut", "name": "Cut"})

    assert keys == ["cut", "weld", "paint", "assemble", "pack", "ship"]
    assert changed.json()["name"] == "Sawing"
    assert changed.headers["etag"] == '"2"'
    assert twice.status_code == 409
