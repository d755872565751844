"""A form that is sent twice, by a second click or after going back, does its work once."""

import re

import httpx
import pytest

from server.erp.seed import DemoWorld

pytestmark = pytest.mark.usefixtures("world")

_ONCE = re.compile(r'name="once" value="([\w-]+)"')
_DAY = "2026-01-02"
_LINE = {"lines.0.product": "STEP-RAIL", "lines.0.quantity": "2"}

#: The form, the list of what it makes, and what is typed.
FORMS = {
    "order": ("/setup/orders/new", "/api/v1/orders?lifecycle=draft", {"customer": "C-102", **_LINE}),
    "work for stock": ("/work-orders/new", "/api/v1/work-orders", _LINE),
    "receipt": ("/stock/receive", "/api/v1/stock-moves", {"product": "TUBE-34", "quantity": "5", "target": "rack"}),
    "payment": (
        "/payments/new",
        "/api/v1/payments",
        {"customer": "C-102", "amount": "10", "received_on": _DAY},
    ),
}


@pytest.mark.parametrize("case", FORMS, ids=str)
def test_the_same_form_sent_twice_does_its_work_once(manager: httpx.Client, case: str) -> None:
    path, made, typed = FORMS[case]
    manager.post("/api/v1/locations", json={"key": "rack", "name": "Rack"})
    token = _ONCE.search(manager.get(path).text)
    assert token is not None

    def count() -> int:
        return len(manager.get(made).json()["items"])

    # when it is clicked twice
    before = count()
    first, second = (manager.post(path, data={**typed, "once": token[1]}) for _ in range(2))

    # then it is done once and told twice
    assert (first.status_code, second.status_code) == (303, 303), first.text
    assert first.headers["location"] == second.headers["location"]
    assert count() == before + 1
    # and the same typed into the form as it is shown anew is meant
    again = _ONCE.search(manager.get(path).text)
    assert again is not None
    assert manager.post(path, data={**typed, "once": again[1]}).status_code == 303
    assert count() == before + 2


def test_a_note_and_a_message_are_written_once(manager: httpx.Client, world: DemoWorld) -> None:
    customer = world.customers["Kestrel Rail"].number
    line = {"product": "STEP-RAIL", "quantity": "2", "unit_price": "10"}
    quote = manager.post("/api/v1/quotes", json={"customer": customer, "lines": [line]}).json()["number"]
    manager.post(f"/api/v1/quotes/{quote}/send")
    case = manager.post("/api/v1/cases", json={"customer": customer, "subject": "Dent", "body": "A dent."}).json()

    for path, shown, typed in (
        (f"/customers/{customer}/notes", f"/customers/{customer}/timeline", {"kind": "note", "text": "Only once."}),
        (f"/quotes/{quote}/message", f"/quotes/{quote}", {"body": "Only once."}),
        (f"/cases/{case['number']}/reply", f"/cases/{case['number']}", {"body": "Only once."}),
    ):
        token = _ONCE.search(manager.get(shown).text)
        assert token is not None, shown
        answers = [manager.post(path, data={**typed, "once": token[1]}) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [303, 303], path
        assert manager.get(shown).text.count("Only once.") == 1
