"""Two people change one thing: the second is refused, sees what the first stored, and may then save over it."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("world")

_INPUT = re.compile(r'<input(?=[^>]* name="([^"]+)")(?=[^>]* value="([^"]*)")[^>]*>')
_CHOICE = re.compile(r'<select[^>]* name="([^"]+)"(?:(?!</select>).)*?<option value="([^"]*)" selected', re.DOTALL)

#: The form's page, the door that changes the same thing and what it stores, and what the second types.
CASES = {
    "station": ("/setup/stations/cut", "/stations/cut", {"name": "Saw"}, {"name": "Laser"}),
    "product": ("/setup/products/TUBE-34/edit", "/products/TUBE-34", {"name": "Tube"}, {"name": "Pipe"}),
    "work center": ("/setup/work-centers/weld", "/work-centers/weld", {"name": "Join"}, {"name": "Fuse"}),
    "level": ("/stock/TUBE-34", "/materials/TUBE-34", {"reorder_level": "70"}, {"reorder_level": "80"}),
}


def typed(page: str, form: Mapping[str, str]) -> dict[str, str]:
    """What a browser would send of the page, with what was typed."""
    found = [*_INPUT.findall(page), *_CHOICE.findall(page)]
    return {name: unescape(value) for name, value in found} | dict(form)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_form_that_somebody_overtook_shows_what_is_stored_and_keeps_what_was_typed(
    planner: httpx.Client, case: str
) -> None:
    path, door, first, second = CASES[case]
    if case == "level":
        planner.post("/api/v1/locations", json={"key": "rack", "name": "Rack"})
        receipt: dict[str, Any] = {"product": "TUBE-34", "kind": "receipt", "quantity": "5", "target": "rack"}
        planner.post("/api/v1/stock-moves", json=receipt)
    posted = path + "/level" if case == "level" else path
    mine = typed(planner.get(path).text, second)

    # when somebody else is faster
    changed = planner.patch(f"/api/v1{door}", json=first, headers={"If-Match": "*"})
    stale = planner.post(posted, data=mine)

    # then
    assert changed.status_code == 200, changed.text
    assert stale.status_code == 409
    assert f"Stored now: {next(iter(first.values()))}" in stale.text
    assert f'value="{next(iter(second.values()))}"' in stale.text
    # and whoever has read it may save
    assert planner.post(posted, data=typed(stale.text, second)).status_code == 303


def test_a_button_of_an_order_that_somebody_changed_tells_what_and_is_then_pressed_again(
    planner: httpx.Client, world: Any
) -> None:
    # Given the page of a draft, and somebody who changes the order after it was shown
    lines = [{"product": "FRAME-CITY", "quantity": 2, "unit_price": "10.00"}]
    body = {"customer": world.customers["Kestrel Rail"].number, "lines": lines}
    number = planner.post("/api/v1/orders", json=body).json()["number"]
    page = planner.get(f"/orders/{number}").text
    door = f"/api/v1/orders/{number}"
    lines[0]["quantity"] = 5
    planner.patch(door, json={"lines": lines, "priority": 1}, headers={"If-Match": "*"})

    # When the first presses a button
    stale = planner.post(f"/orders/{number}/confirm", data=typed(page, {"promise_date": "2031-03-04"}))

    # Then nothing is done, and the page says what is different by whom, with what was typed
    assert (stale.status_code, planner.get(door).json()["lifecycle"]) == (409, "draft")
    assert "was changed meanwhile, so nothing was done" in stale.text
    told = unescape(stale.text)
    assert re.search(
        r"Order changed, .+\. Priority: \d → 1; Ordered: 2 × FRAME-CITY \(10\) → 5 × FRAME-CITY \(10\)", told
    )
    assert 'value="2031-03-04"' in stale.text

    # And the button of the page as it stands now works
    assert planner.post(f"/orders/{number}/confirm", data=typed(stale.text, {})).status_code == 303
    assert planner.get(door).json()["lifecycle"] == "confirmed"
