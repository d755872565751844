"""The pages of changes after release: asking, deciding, seeing at the station, and the report of requirements."""

from typing import Any

import httpx
import pytest

from server.erp.seed import DemoWorld


@pytest.fixture
def work(planner: httpx.Client, world: DemoWorld) -> dict[str, Any]:
    """A work order that is in work."""
    order = world.orders_in("processing")[0].number
    found: dict[str, Any] = planner.get("/api/v1/work-orders", params={"order": order}).json()["items"][0]
    return found


def asked(client: httpx.Client, work: dict[str, Any], **fields: str) -> httpx.Response:
    """The form, sent."""
    typed = {"order": work["order"], "work_order": work["number"], "effectivity": "remaining", "box": "B60"} | fields
    return client.post("/changes/new", data=typed)


def test_a_change_goes_from_the_form_to_the_station_and_back_to_the_order(
    planner: httpx.Client, signed_in: Any, work: dict[str, Any]
) -> None:
    # Given the form of an order in work
    assert "Ask for a change" in planner.get(f"/orders/{work['order']}").text
    form = planner.get("/changes/new", params={"order": work["order"]})
    assert (form.status_code, work["number"] in form.text) == (200, True)

    # When it is sent, it waits for a decision, and says what it meets
    answer = asked(planner, work)
    path = answer.headers["location"].partition("?")[0]
    waits = planner.get(path).text
    assert ("To be decided" in waits, "Not started" in waits, "B60" in waits) == (True, True, True)
    assert path in planner.get("/changes").text

    # When it is approved, the station shows it and the report names it
    planner.post(f"{path}/approve")
    assert ("I have seen it" in planner.get("/station/pack").text) is True
    report = planner.get(f"/orders/{work['order']}/requirements").text
    assert ("1 requirement is not met" in report, "Not met" in report) == (True, True)

    # When somebody presses the button there, everybody is told
    planner.post("/station/pack/acknowledge", data={"change": path.rpartition("/")[2]})
    assert "I have seen it" not in planner.get("/station/pack").text
    assert "Confirmed on the floor" in planner.get(f"/orders/{work['order']}").text
    assert "Every station concerned has seen every change." in planner.get(f"/orders/{work['order']}/requirements").text
    assert planner.post(f"{path}/approve", follow_redirects=True).text.count("was decided already by") == 1


def test_a_form_without_a_change_is_shown_again(planner: httpx.Client, work: dict[str, Any]) -> None:
    answer = asked(planner, work, box="")

    assert (answer.status_code, "Say what shall change" in answer.text) == (422, True)


def test_an_operator_does_not_ask_or_decide(signed_in: Any, work: dict[str, Any]) -> None:
    operator = signed_in("operator")

    assert operator.get("/changes").status_code == 200
    assert operator.get("/changes/new", params={"order": work["order"]}).status_code == 403
    assert operator.post("/changes/CR-1/approve").status_code == 403
