"""Revisions of products, their packaging, and work orders that keep what they were released with."""

from typing import Any

import httpx

from server.erp.seed import DemoWorld

FRAME = "/api/v1/products/FRAME-CITY"


def released_frame(planner: httpx.Client, world: DemoWorld, customer: str = "Aurora Bikes") -> dict[str, Any]:
    """A work order for two frames that is on the floor now."""
    body = {"customer": world.customers[customer].number, "lines": [{"product": "FRAME-CITY", "quantity": 2}]}
    number = planner.post("/api/v1/orders", json=body).json()["number"]
    planner.post(f"/api/v1/orders/{number}/confirm")
    assert planner.post(f"/api/v1/orders/{number}/release").status_code == 200
    found: dict[str, Any] = planner.get("/api/v1/work-orders", params={"order": number}).json()["items"][0]
    return found


def test_a_draft_is_changed_and_compared_before_it_becomes_the_current_revision(
    planner: httpx.Client, world: DemoWorld
) -> None:
    draft = planner.post(f"{FRAME}/revisions", json={"note": "Thicker tube"})
    bom = [{"component": "TUBE-34", "quantity": "5", "scrap_percent": 5}, {"component": "CARTON-L", "quantity": 1}]
    changed = planner.patch(f"{FRAME}/revisions/B", json={"bom": bom}, headers={"If-Match": draft.headers["etag"]})
    difference = planner.get(f"{FRAME}/revisions/B/difference").json()
    before = planner.get(FRAME).json()
    released = planner.post(f"{FRAME}/revisions/B/release")
    after = planner.get(FRAME).json()

    assert (draft.status_code, draft.json()["name"], draft.json()["state"]) == (201, "B", "draft")
    assert draft.headers["location"] == f"{FRAME}/revisions/B"
    assert changed.status_code == 200
    assert difference["changes"] == [{"area": "bom", "what": "TUBE-34 quantity", "before": "4", "after": "5"}]
    assert (before["revision"], before["bom"][0]["quantity"]) == ("A", "4")
    assert released.json()["state"] == "released"
    assert (after["revision"], after["bom"][0]["quantity"]) == ("B", "5")
    states = {found["name"]: found["state"] for found in planner.get(f"{FRAME}/revisions").json()["items"]}
    assert states == {"A": "obsolete", "B": "released"}


def test_a_change_of_a_released_revision_makes_a_draft_and_there_is_one_draft_at_most(
    planner: httpx.Client, world: DemoWorld
) -> None:
    made = planner.patch(f"{FRAME}/revisions/A", json={"routing": []}, headers={"If-Match": "*"})
    second = planner.post(f"{FRAME}/revisions", json={})
    stale = planner.patch(f"{FRAME}/revisions/B", json={"note": "x"}, headers={"If-Match": '"7"'})
    withdrawn = planner.post(f"{FRAME}/revisions/B/withdraw")
    again = planner.post(f"{FRAME}/revisions/B/release")

    assert (made.json()["name"], made.json()["state"]) == ("B", "draft")
    assert len(planner.get(FRAME).json()["routing"]) == 4
    assert (second.status_code, second.json()["reason"]) == (409, "draft_exists")
    assert (stale.status_code, stale.json()["reason"]) == (409, "stale_version")
    assert withdrawn.json()["state"] == "obsolete"
    assert "only a draft can be released" in again.json()["detail"]


def test_a_draft_with_a_circle_is_refused_with_its_way(planner: httpx.Client, world: DemoWorld) -> None:
    refused = planner.post(f"{FRAME}/revisions", json={"bom": [{"component": "BIKE-CITY", "quantity": 1}]})

    assert refused.status_code == 422
    assert "FRAME-CITY takes BIKE-CITY takes FRAME-CITY" in refused.json()["detail"]
    assert [found["name"] for found in planner.get(f"{FRAME}/revisions").json()["items"]] == ["A"]


def test_a_work_order_keeps_product_options_and_packaging_whatever_changes_later(
    planner: httpx.Client, world: DemoWorld
) -> None:
    work_order = released_frame(planner, world)
    number = work_order["number"]
    untouched = planner.get(f"/api/v1/work-orders/{number}/difference").json()
    spec = work_order["snapshot"]["packaging_spec"]

    planner.patch(FRAME, json={"bom": [{"component": "TUBE-34", "quantity": 6}]}, headers={"If-Match": "*"})
    planner.patch(f"/api/v1/packaging-specs/{spec['number']}", json={"per_box": 3}, headers={"If-Match": "*"})
    planner.post(f"/api/v1/packaging-specs/{spec['number']}/release")

    assert (spec["box"], spec["per_box"], spec["version"]) == ("Aurora carton 120", 4, 1)
    assert untouched["changes"] == []
    assert planner.get(f"/api/v1/work-orders/{number}").json()["snapshot"] == work_order["snapshot"]
    changes = planner.get(f"/api/v1/work-orders/{number}/difference").json()["changes"]
    told = {(change["area"], change["what"]): (change["before"], change["after"]) for change in changes}
    assert told["product", "revision"] == ("A", "B")
    assert told["bom", "TUBE-34 quantity"] == ("4", "6")
    assert told["bom", "CARTON-L"] == ("Carton, large, 1, C62", None)
    assert told["packaging", "per_box"] == ("4", "3")


def test_the_customers_own_packaging_counts_before_the_products(planner: httpx.Client, world: DemoWorld) -> None:
    own = released_frame(planner, world, "Aurora Bikes")["snapshot"]["packaging_spec"]
    everybodys = released_frame(planner, world, "Kestrel Rail")["snapshot"]["packaging_spec"]

    assert (own["box"], own["per_box"]) == ("Aurora carton 120", 4)
    assert (everybodys["box"], everybodys["per_box"]) == ("Carton, large", 2)


def test_a_packaging_specification_is_made_once_and_lives_in_versions(planner: httpx.Client, world: DemoWorld) -> None:
    body = {"product": "STEP-RAIL", "customer": world.customers["Kestrel Rail"].number, "box": "Pallet", "per_box": 6}
    first = planner.post("/api/v1/packaging-specs", json=body)
    number = first.json()["number"]
    twice = planner.post("/api/v1/packaging-specs", json=body)
    nobody = planner.post("/api/v1/packaging-specs", json=body | {"customer": "C-9"})
    planner.post(f"/api/v1/packaging-specs/{number}/release")
    second = planner.patch(f"/api/v1/packaging-specs/{number}", json={"per_box": 8}, headers={"If-Match": "*"})
    difference = planner.get(f"/api/v1/packaging-specs/{number}/difference").json()

    assert (first.status_code, first.json()["state"], first.json()["version"]) == (201, "draft", 1)
    assert (twice.status_code, nobody.status_code) == (409, 422)
    assert (second.json()["version"], second.json()["state"]) == (2, "draft")
    assert difference["changes"] == [{"area": "packaging", "what": "per_box", "before": "6", "after": "8"}]
    listed = planner.get("/api/v1/packaging-specs", params={"product": "STEP-RAIL"}).json()["items"]
    assert [(found["number"], found["version"]) for found in listed] == [(number, 2)]


def test_packaging_that_is_withdrawn_counts_no_more(planner: httpx.Client, world: DemoWorld) -> None:
    own = released_frame(planner, world)["snapshot"]["packaging_spec"]["number"]

    draft, counting, nothing = (planner.post(f"/api/v1/packaging-specs/{own}/withdraw") for _time in range(3))

    assert [(one.json()["version"], one.json()["state"]) for one in (draft, counting)] == [
        (2, "obsolete"),
        (1, "obsolete"),
    ]
    assert "withdrawn already" in nothing.json()["detail"]
    everybodys = released_frame(planner, world)["snapshot"]["packaging_spec"]
    assert everybodys["number"] != own
    assert everybodys["box"] == "Carton, large"
