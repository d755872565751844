"""Whoever loads the address of an action gets a page of the house, whoever he is: no such address is a dead end.

The list of doors comes from the application itself, so a new form is tried without anybody remembering it.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

OURS = "Aurora Bikes"
PEOPLE = (
    "operator", "planner", "sales", "service", "finance", "manager", "admin", f"customer of {OURS}",
    f"visit of {OURS}", "screen", "stranger",
)  # fmt: skip
HTML = {"Accept": "text/html"}
#: Of the path's parameters: those of our customer where he has one, else a word that names nothing.
_NUMBERS = {"orders": "order", "work-orders": "work_order", "handling-units": "box", "customers": "customer",
            "quotes": "quote", "cases": "case"}  # fmt: skip


@pytest.fixture(scope="module")
def house_url(sqlite_house_url: str) -> str:
    """Addresses do not depend on the engine, so one is enough."""
    return sqlite_house_url


def actions(house: Any) -> Iterator[Any]:
    """Every address of the pages that takes forms and is no page itself."""
    pages = {door.path for door in house.endpoints if door.method == "GET"}
    for door in house.endpoints:
        if door.method != "GET" and not door.is_api and door.path not in pages:
            yield door


def filled(house: Any, door: Any) -> str:
    values = house.belongings[OURS].values
    named = {"number": values.get(_NUMBERS.get(door.path.split("/")[1], ""), "X-1"), "visited": values["order"]}
    return str(door.at(named))


@pytest.mark.parametrize("who", PEOPLE)
def test_loading_an_action_leads_to_the_page_above_it(house: Any, who: str) -> None:
    caller, wrong, tried = house.callers[who], [], 0

    for door in actions(house):
        address = filled(house, door)
        answer = caller.get(address, headers=HTML)
        led = answer.headers.get("location", "")
        tried += 1
        # Some belong to a page of another name: customers/{number}/consents is a tab, for whoever may read it.
        is_page = answer.status_code in (200, 401, 403, 404) and "<!doctype html>" in answer.text.lower()
        is_led = answer.status_code == 303 and (address.startswith(led) or led.startswith("/login?next="))
        if not (is_page or is_led):
            wrong.append((address, answer.status_code, led))

    assert not wrong, "\n".join(map(str, wrong))
    assert tried > 50


@pytest.mark.parametrize("who", PEOPLE)
def test_the_page_it_leads_to_is_one_and_never_leads_back(house: Any, who: str) -> None:
    caller, wrong = house.callers[who], []

    for door in actions(house):
        address = filled(house, door)
        seen, answer = [address], caller.get(address, headers=HTML)
        while answer.status_code == 303 and len(seen) < 6:
            seen.append(answer.headers["location"])
            answer = caller.get(seen[-1], headers=HTML)
        if answer.status_code not in (200, 401, 403, 404) or len(set(seen)) < len(seen):
            wrong.append((seen, answer.status_code))

    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/quotes/Q-1/nothing", "/quotes/Q-1"),
        ("/cases/CS-1/reply", "/cases/CS-1"),
        ("/invoices/IN-1/cancel", "/invoices/IN-1"),
        ("/orders/SO%201/links/7/revoke", "/orders/SO%201"),
        ("/customers/C-1/consents/7/withdraw", "/customers/C-1"),
        ("/quote/act/accept", "/quote"),
        ("/changes/repack/7/finish", "/changes"),
        ("/logout", "/"),
    ],
)
def test_the_page_above_is_the_one_that_holds_the_form(house: Any, address: str, page: str) -> None:
    answer = house.callers["admin"].get(address, headers=HTML)

    assert (answer.status_code, answer.headers["location"]) == (303, page)


def test_programs_are_told_which_methods_there_are(house: Any) -> None:
    caller: httpx.Client = house.callers["admin"]

    refused = caller.get("/api/v1/orders/SO-1000/confirm")
    posted = caller.post("/board", headers=HTML)

    assert (refused.status_code, refused.json()["reason"]) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"
    assert (posted.status_code, posted.headers["content-type"]) == (405, "text/html; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json"])
def test_an_address_that_exists_nowhere_is_404_whoever_asks(house: Any, accept: str) -> None:
    caller, number = house.callers["admin"], house.belongings[OURS].values["customer"]

    missing = caller.get(f"/customers/{number}/nothing", headers={"Accept": accept})
    api = caller.get(f"/api/v1/customers/{'C' * 900}", headers={"Accept": accept})

    assert missing.status_code == 404
    assert (api.status_code, api.json()["errors"][0]["field"]) == (422, "number")


def test_only_signing_out_belongs_to_no_page_but_the_first(house: Any) -> None:
    """What stands elsewhere would lead whoever loads it to the beginning, away from what he was at."""
    caller = house.callers["admin"]

    lost = {door.path for door in actions(house)
            if caller.get(filled(house, door), headers=HTML).headers.get("location") == "/"}  # fmt: skip

    assert lost == {"/logout"}
