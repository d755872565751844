"""Among more customers than a list can hold, whoever fills in a form names his by number or name."""

import httpx
import pytest

from server.erp.seed import DemoWorld
from server.web import named_choice

NEW = "/setup/orders/new"


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of one is a long list here."""
    monkeypatch.setattr(named_choice, "MOST", 1)


def ordered(planner: httpx.Client, customer: str) -> httpx.Response:
    """The answer to an order of one frame for whoever was typed."""
    line = {"lines.0.product": "FRAME-CITY", "lines.0.quantity": "1"}
    return planner.post(NEW, data={"customer": customer, **line})


@pytest.mark.parametrize("typed", ["Kestrel Rail", "kestrel", " KESTREL RAIL "])
def test_a_customer_is_found_by_a_part_of_his_name(planner: httpx.Client, world: DemoWorld, typed: str) -> None:
    form = planner.get(NEW).text

    made = ordered(planner, typed)

    assert ('<select id="field-customer"' in form, '<input id="field-customer"' in form) == (False, True)
    assert made.status_code == 303
    order = planner.get(f"/api/v1{made.headers['location']}").json()
    assert order["customer"]["number"] == world.customers["Kestrel Rail"].number


def test_a_name_that_several_have_is_refused_with_their_numbers(
    planner: httpx.Client, manager: httpx.Client, world: DemoWorld
) -> None:
    second = manager.post("/api/v1/customers", json={"name": "Kestrel Air"}).json()["number"]

    answer = ordered(planner, "kestrel")

    assert answer.status_code == 422
    first = world.customers["Kestrel Rail"].number
    assert f"Kestrel Air ({second}), Kestrel Rail ({first}). Write the number." in answer.text
    assert 'value="kestrel"' in answer.text
    assert ordered(planner, second).status_code == 303


@pytest.mark.parametrize("typed", ["Nobody of that name", "%", "a\x00b", "😀", "x" * 10_000])
def test_whom_nobody_knows_is_refused_with_a_sentence(planner: httpx.Client, world: DemoWorld, typed: str) -> None:
    answer = ordered(planner, typed)

    assert answer.status_code == 422
    assert "Please look at this again" in answer.text
