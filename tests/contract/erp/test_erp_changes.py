"""Changes after release through the doors: who asks and decides, what is refused, and two who decide at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from server.erp.seed import DemoWorld

PATH = "/api/v1/change-requests"


@pytest.fixture
def released(planner: httpx.Client, world: DemoWorld) -> dict[str, Any]:
    """A work order that is in work, with the number of its order."""
    order = world.orders_in("processing")[0].number
    found: dict[str, Any] = planner.get("/api/v1/work-orders", params={"order": order}).json()["items"][0]
    return found


def asked(client: httpx.Client, work_order: str, **more: Any) -> httpx.Response:
    """A request for another box."""
    body = {"work_order": work_order, "changes": {"box": "B60", "inner_material": "foam"}} | more
    return client.post(PATH, json=body)


def submitted(client: httpx.Client, work_order: str, **more: Any) -> str:
    """The number of a request that waits for a decision."""
    number = str(asked(client, work_order, **more).json()["number"])
    assert client.post(f"{PATH}/{number}/submit").status_code == 200
    return number


def test_sales_asks_and_a_planner_approves(signed_in: Any, planner: httpx.Client, released: dict[str, Any]) -> None:
    # Given a request by sales
    sales = signed_in("sales")
    draft = asked(sales, released["number"], effectivity="immediate", reason="They asked by phone.").json()
    assert (draft["state"], draft["origin"]) == ("draft", "sales")
    assert [(each["field"], each["after"]) for each in draft["difference"]] == [
        ("box", "B60"), ("inner_material", "foam"),
    ]  # fmt: skip
    assert sum(draft["impact"].values()) > 0
    number = draft["number"]
    sales.post(f"{PATH}/{number}/submit")

    # When sales tries to approve it, it may not; a planner may
    assert sales.post(f"{PATH}/{number}/approve").status_code == 403
    approved = planner.post(f"{PATH}/{number}/approve").json()

    # Then the work order has another snapshot, and the packing station must see it
    assert approved["state"] == "applied"
    assert [each["station"] for each in approved["acknowledgements"]] == ["pack"]
    snapshot = planner.get(f"/api/v1/work-orders/{released['number']}").json()["snapshot"]
    assert (snapshot["version"], snapshot["packaging_spec"]["box"], snapshot["changed_by"]) == (2, "B60", [number])


def test_somebody_at_the_station_acknowledges_by_the_door(planner: httpx.Client, released: dict[str, Any]) -> None:
    number = submitted(planner, released["number"])
    planner.post(f"{PATH}/{number}/approve")

    unknown = planner.post(f"{PATH}/{number}/acknowledge", json={"station": "pack", "badge": "99"})
    elsewhere = planner.post(f"{PATH}/{number}/acknowledge", json={"station": "cut"})
    seen = planner.post(f"{PATH}/{number}/acknowledge", json={"station": "pack"})
    again = planner.post(f"{PATH}/{number}/acknowledge", json={"station": "pack"})

    assert (unknown.status_code, unknown.json()["reason"]) == (409, "unknown_operator")
    assert (elsewhere.status_code, elsewhere.json()["reason"]) == (409, "not_concerned")
    assert (seen.json()["state"], seen.json()["acknowledged_at"] is not None) == ("acknowledged", True)
    assert (again.status_code, again.json()["reason"]) == (409, "already_acknowledged")


def test_two_who_approve_at_once_make_one_new_snapshot(planner: httpx.Client, released: dict[str, Any]) -> None:
    # Given a request that waits
    number = submitted(planner, released["number"])

    # When two approve it at once
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: planner.post(f"{PATH}/{number}/approve"), range(2)))

    # Then one of them did, and the other is told in words
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refused["reason"], "was decided already by" in refused["detail"]) == ("wrong_state", True)
    assert planner.get(f"/api/v1/work-orders/{released['number']}").json()["snapshot"]["version"] == 2


def test_a_stale_edit_and_one_after_submission_are_refused(planner: httpx.Client, released: dict[str, Any]) -> None:
    draft = asked(planner, released["number"]).json()
    path, body = f"{PATH}/{draft['number']}", {"changes": {"box": "B80"}}

    first = planner.patch(path, json=body, headers={"If-Match": f'"{draft["row_version"]}"'})
    stale = planner.patch(path, json=body, headers={"If-Match": f'"{draft["row_version"]}"'})
    planner.post(f"{path}/submit")
    late = planner.patch(path, json=body, headers={"If-Match": "*"})

    assert first.json()["difference"][0]["after"] == "B80"
    assert (stale.status_code, stale.json()["reason"]) == (409, "stale_version")
    assert (late.status_code, late.json()["reason"]) == (409, "wrong_state")
    told = f"{draft['number']} is submitted; this is possible only while it is a draft. Load it again."
    assert late.json()["detail"] == told


def test_an_order_that_is_over_or_not_released_cannot_be_changed(
    signed_in: Any, planner: httpx.Client, released: dict[str, Any]
) -> None:
    # Given a request, whose order is cancelled meanwhile
    number = submitted(planner, released["number"])
    manager = signed_in("manager")
    cancelled = manager.post(f"/api/v1/orders/{released['order']}/cancel", json={"reason": "Called off"})
    assert cancelled.status_code == 200, cancelled.text

    # When it is approved, or another is asked for
    refused, another = planner.post(f"{PATH}/{number}/approve"), asked(planner, released["number"])

    # Then both are refused in words
    assert (refused.status_code, refused.json()["reason"]) == (409, "order_not_open")
    assert "can be changed any more" in another.json()["detail"]


def test_nothing_to_change_and_nonsense_are_refused(planner: httpx.Client, released: dict[str, Any]) -> None:
    nothing = asked(planner, released["number"], changes={"instructions": ""})
    empty = asked(planner, released["number"], changes={})
    odd = asked(planner, released["number"], changes={"per_box": 0})
    unknown = asked(planner, "WO-99999")

    assert (nothing.status_code, nothing.json()["reason"]) == (409, "no_difference")
    assert [empty.status_code, odd.status_code, unknown.status_code] == [422, 422, 404]


def test_a_list_needs_no_query_a_row(planner: httpx.Client, released: dict[str, Any], counted: Any) -> None:
    submitted(planner, released["number"])
    with counted() as few:
        planner.get(PATH)
    for box in ("B61", "B62", "B63"):
        submitted(planner, released["number"], changes={"box": box})
    with counted() as more:
        assert len(planner.get(PATH).json()["items"]) >= 4
    assert len(more) == len(few)


def test_a_box_may_be_named_for_what_has_no_specification(signed_in: Any, planner: httpx.Client) -> None:
    # Given a work order of a product that nobody said how to pack
    found = planner.get("/api/v1/work-orders", params={"limit": 200}).json()["items"]
    plain = next(
        each["number"]
        for each in found
        if each["product"] == "STEP-RAIL" and each["state"] in ("released", "in_progress")
    )

    # When its packaging alone changes, in a field or two
    for changes in ({"box": "B77"}, {"label_text": "FRAGILE"}):
        planner.post(f"{PATH}/{submitted(planner, plain, changes=changes)}/approve")

    # Then whoever looks at the work reads what is known
    queue = planner.get("/api/v1/work-centers/cut/queue", params={"limit": 200})
    words = {each["work_order"]: each["packaging"] for each in queue.json()["items"] + queue.json()["upcoming"]}
    assert words[plain].endswith("B77. Label: FRAGILE.")
    floor = signed_in("operator")
    assert floor.get("/station/cut").status_code == 200
    page = planner.get(f"/work-orders/{plain}")
    assert page.status_code == 200
    assert "FRAGILE" in page.text
