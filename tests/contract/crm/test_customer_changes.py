"""A customer asks for a change of his own order: by form and by program, from the wish to the floor's word."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

HTML = {"Accept": "text/html"}


@pytest.fixture
def buyer(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Aurora Bikes."""
    return signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)


@pytest.fixture
def work(buyer: httpx.Client, factory: Any) -> dict[str, Any]:
    """A work order of that customer that is in work."""
    order = factory.released("Aurora Bikes").number
    found: dict[str, Any] = buyer.get("/api/v1/work-orders", params={"order": order}).json()["items"][0]
    return found


def form_of(work: dict[str, Any], **more: str) -> dict[str, str]:
    return {"work_order": work["number"], "effectivity": "remaining"} | more


def test_a_wish_goes_from_the_customer_to_the_floor_and_back(
    buyer: httpx.Client, work: dict[str, Any], signed_in: Any
) -> None:
    # Given instructions of our own people that the customer does not know of
    planner, order = signed_in("planner"), work["order"]
    ours = {"work_order": work["number"], "changes": {"instructions": "Mind the crane."}}
    number = planner.post("/api/v1/change-requests", json=ours).json()["number"]
    for step in ("submit", "approve"):
        assert planner.post(f"/api/v1/change-requests/{number}/{step}").status_code == 200
    form = buyer.get(f"/orders/{order}/changes/new", headers=HTML).text
    assert "Mind the crane" not in form

    # When the customer asks
    asked = buyer.post(f"/orders/{order}/changes/new", data=form_of(work, packaging="In paper", instructions="No wax."))
    page = buyer.get(f"/orders/{order}", headers=HTML).text
    wish = planner.get("/api/v1/change-requests", params={"state": "submitted"}).json()["items"][0]

    # Then planning has it before it, and the customer sees that it is with us
    assert asked.headers["location"] == f"/orders/{order}#changes-head"
    assert (wish["origin"], wish["number"] in planner.get("/changes").text) == ("customer", True)
    assert ("With us" in page, "No wax." in page, "Mind the crane" in page) == (True, True, False)
    assert "With us" in buyer.get("/home", headers=HTML).text

    # And once it is approved and seen, he reads when; our own words still stand at the station
    planner.post(f"/changes/{wish['number']}/approve")
    made = planner.get(f"/api/v1/work-orders/{work['number']}").json()["snapshot"]
    assert (made["packaging"], made["instructions"]) == ("In paper", "Mind the crane.\nNo wax.")
    for row in planner.get(f"/api/v1/change-requests/{wish['number']}").json()["acknowledgements"]:
        planner.post(f"/api/v1/change-requests/{wish['number']}/acknowledge", json={"station": row["station"]})
    told = buyer.get(f"/api/v1/change-requests/{wish['number']}").json()
    assert told["state"] == "acknowledged"
    assert {each["field"]: each["after"] for each in told["difference"]} == {
        "packaging": "In paper", "instructions": "No wax.",
    }  # fmt: skip
    for address in (f"/orders/{order}", "/home"):
        assert "Confirmed on the floor, " in buyer.get(address, headers=HTML).text


def test_whoever_came_by_the_private_link_asks_for_a_change_of_that_order_alone(
    buyer: httpx.Client, work: dict[str, Any], signed_in: Any, new_client: Any
) -> None:
    # Given a visitor of the order, and work for another order of the same customer
    order = work["order"]
    other = next(each for each in buyer.get("/api/v1/work-orders").json()["items"] if each["order"] != order)
    planner, visitor = signed_in("planner"), new_client()
    token = signed_in("sales").post(f"/api/v1/orders/{order}/links").json()["url"].rpartition("/")[2]
    visitor.post(f"/track/{token}")

    # When he asks for his own, for the other, and for nothing
    offered = visitor.get("/track", headers=HTML).text
    form = visitor.get("/track/changes/new", headers=HTML)
    asked = visitor.post("/track/changes/new", data=form_of(work, packaging="In paper"))
    beyond = visitor.post("/track/changes/new", data=form_of(other, packaging="In paper"))
    empty = visitor.post("/track/changes/new", data=form_of(work))

    # Then the first is before planning, and the others are refused with a sentence
    wishes = planner.get("/api/v1/change-requests", params={"state": "submitted"}).json()["items"]
    assert (
        f'href="/track/of/{order}/changes/new"' in offered,
        form.status_code,
        other["number"] in form.text,
    ) == (
        True,
        200,
        False,
    )
    assert (asked.status_code, asked.headers["location"]) == (303, f"/track/of/{order}#changes-head")
    assert "With us" in visitor.get("/track", headers=HTML).text
    assert [(each["origin"], each["work_order"]) for each in wishes] == [("customer", work["number"])]
    assert (beyond.status_code, "There is no such work order." in beyond.text) == (422, True)
    assert (empty.status_code, "Say what shall change" in empty.text) == (422, True)
    assert new_client().post("/track/changes/new", data=form_of(work, packaging="In paper")).status_code == 401


def test_a_finished_order_and_one_not_begun_are_refused_with_a_sentence(
    buyer: httpx.Client, work: dict[str, Any], signed_in: Any
) -> None:
    manager, order = signed_in("manager"), work["order"]
    fresh = next(
        each["number"] for each in buyer.get("/api/v1/orders").json()["items"] if each["lifecycle"] == "confirmed"
    )
    manager.post(f"/orders/{order}/cancel", data={"reason": "Test"})

    shown = buyer.get(f"/orders/{order}/changes/new", headers=HTML).text
    sent = buyer.post(f"/orders/{order}/changes/new", data=form_of(work, packaging="In paper"))
    program = buyer.post(
        "/api/v1/change-requests", json={"work_order": work["number"], "changes": {"packaging": "In paper"}}
    )

    sentence = f"Nothing of {order} can be changed any more: it is cancelled."
    assert (sentence in shown, 'name="work_order"' in shown) == (True, False)
    assert (sent.status_code, sentence in sent.text) == (409, True)
    assert (program.status_code, program.json()["detail"]) == (409, sentence)
    assert "is not in work yet. Write to us" in buyer.get(f"/orders/{fresh}/changes/new", headers=HTML).text
    assert f"/orders/{order}/changes/new" not in buyer.get(f"/orders/{order}", headers=HTML).text


def test_a_customer_asks_of_his_own_orders_alone_and_decides_nothing(
    buyer: httpx.Client, work: dict[str, Any], factory: Any, signed_in: Any
) -> None:
    planner = signed_in("planner")
    foreign = factory.released("Kestrel Rail").number
    theirs = planner.get("/api/v1/work-orders", params={"order": foreign}).json()["items"][0]["number"]
    draft = planner.post(
        "/api/v1/change-requests", json={"work_order": work["number"], "changes": {"box": "B60"}}
    ).json()["number"]

    def answers(order: str, work_order: str) -> list[int]:
        body = {"work_order": work_order, "changes": {"packaging": "In paper"}}
        data = {"work_order": work_order, "effectivity": "remaining", "packaging": "In paper"}
        return [
            buyer.get(f"/orders/{order}/changes/new", headers=HTML).status_code,
            buyer.post(f"/orders/{order}/changes/new", data=data, headers=HTML).status_code,
            buyer.post("/api/v1/change-requests", json=body).status_code,
        ]

    assert answers(foreign, theirs) == answers("SO-99999", "WO-99999") == [404, 404, 404]
    # A draft of ours is not his to see, change or submit.
    path = f"/api/v1/change-requests/{draft}"
    hidden = [buyer.get(path), buyer.patch(path, json={"reason": "x"}, headers={"If-Match": "*"}),
              buyer.post(f"{path}/submit")]  # fmt: skip
    assert [answer.status_code for answer in hidden] == [404, 404, 404]
    assert buyer.post(f"{path}/approve").status_code == 403
    body = {"work_order": work["number"], "changes": {"packaging_notes": "x", "instructions": ""}}
    mistakes = buyer.post("/api/v1/change-requests", json=body)
    assert (mistakes.status_code, len(mistakes.json()["errors"])) == (422, 2)
    assert signed_in("sales").get(f"/orders/{work['order']}/changes/new").headers["location"].startswith("/changes/new")
