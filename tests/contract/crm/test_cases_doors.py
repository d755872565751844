"""Cases over HTTP: from the first message until it is closed, by the rights of each, and nothing for a stranger."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from server.crm.cases.seed import seed_cases
from server.db import Database
from server.settings.clock import utc_now

PATH = "/api/v1/cases"
SAID = {"subject": "Scratches on the frame", "body": "Two frames came with scratches."}


@pytest.fixture
def service(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who takes care of complaints, in the demo factory."""
    return signed_in("service")


@pytest.fixture
def aurora(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Aurora Bikes."""
    return signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)


@pytest.fixture
def kestrel(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Kestrel Rail."""
    return signed_in("customer", customer_id=factory.customer("Kestrel Rail").customer_id)


def opened(client: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = client.post(PATH, json=SAID | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def done(client: httpx.Client, number: str, action: str, **body: Any) -> httpx.Response:
    return client.post(f"{PATH}/{number}/{action}", json=body or None)


def test_a_complaint_goes_from_new_to_closed_and_back_once(aurora: httpx.Client, service: httpx.Client) -> None:
    # Given a complaint about an order of his, sent twice under one key
    order = aurora.get("/api/v1/orders").json()["items"][0]["number"]
    key = {"Idempotency-Key": "c"}
    made, again = (aurora.post(PATH, json=SAID | {"order": order}, headers=key).json() for _ in range(2))
    number = made["number"]

    # When both sides do their part
    early = done(service, number, "resolve", body="Too early.")
    told = [
        done(service, number, "reply", body="Which frames?", ask=True).json()["state"],
        done(aurora, number, "reply", body="The black ones.").json()["state"],
        done(service, number, "resolve", body="Two new frames leave tomorrow.").json()["state"],
        done(aurora, number, "reply", body="One is scratched again.").json()["state"],
        done(service, number, "resolve", body="Another leaves today.").json()["state"],
        done(service, number, "close").json()["state"],
    ]
    late = done(aurora, number, "reply", body="And one more.")

    # Then each step is as the table says, and every word stands in the thread
    assert (made["number"], made["state"], made["order"]) == (again["number"], "new", order)
    assert number == "CS-1000"
    assert told == ["waiting_customer", "open", "resolved", "open", "resolved", "closed"]
    assert [(each.status_code, each.json()["reason"]) for each in (early, late)] == [(409, "wrong_state")] * 2
    assert len(aurora.get(f"{PATH}/{number}").json()["messages"]) == 6
    timeline = service.get(f"/api/v1/customers/{made['customer']}/timeline").json()["items"]
    assert "case_closed" in [item["kind"] for item in timeline if item["subject"] == number]


def test_by_a_private_link_a_case_is_about_its_order_without_naming_it(
    factory: Any, signed_in: Callable[..., httpx.Client], new_client: Callable[..., httpx.Client]
) -> None:
    # Given somebody who came by the link of one order, and an order of another customer
    order, foreign = factory.released("Aurora Bikes").number, factory.released("Kestrel Rail").number
    link = signed_in("sales").post(f"/api/v1/orders/{order}/links").json()["url"].rpartition("/")[2]
    visitor = new_client()
    visitor.post(f"/track/{link}")

    # When he opens cases without an order, about his, and about the other
    made = opened(visitor)
    named = opened(visitor, order=order)
    wrong = visitor.post(PATH, json=SAID | {"order": foreign})

    # Then the first two are about his order, and the other does not exist for him
    assert (made["order"], named["order"]) == (order, order)
    assert {case["number"] for case in visitor.get(PATH).json()["items"]} == {made["number"], named["number"]}
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "order")


def test_another_customer_learns_nothing(aurora: httpx.Client, kestrel: httpx.Client) -> None:
    # Given a case of one customer
    order = aurora.get("/api/v1/orders").json()["items"][0]["number"]
    number = opened(aurora, order=order)["number"]

    # When another asks for it, for one that never was, and for the order it is about
    def seen(which: str) -> list[tuple[int, str]]:
        answers = [kestrel.get(f"{PATH}/{which}"), done(kestrel, which, "reply", body="Hello")]
        return [(each.status_code, each.text.replace(which, "CS")) for each in answers]

    foreign = kestrel.post(PATH, json=SAID | {"order": order})
    nowhere = kestrel.post(PATH, json=SAID | {"order": "SO-999999"})

    # Then both are the same to him, byte by byte
    assert seen(number) == seen("CS-9999")
    assert seen(number)[0][0] == 404
    assert kestrel.get(PATH).json()["items"] == []
    assert (foreign.status_code, foreign.json()["errors"]) == (422, nowhere.json()["errors"])


def test_a_customer_is_not_told_what_we_keep_to_ourselves(aurora: httpx.Client, service: httpx.Client) -> None:
    number = opened(aurora, priority="urgent")["number"]
    etag = service.get(f"{PATH}/{number}").headers["ETag"]

    changed = service.patch(f"{PATH}/{number}", json={"priority": "high"}, headers={"If-Match": etag})
    stale = service.patch(f"{PATH}/{number}", json={"priority": "low"}, headers={"If-Match": etag})
    nobody = service.patch(f"{PATH}/{number}", json={"assigned_to": "nobody"}, headers={"If-Match": "*"})

    assert (changed.json()["priority"], stale.status_code, nobody.status_code) == ("high", 409, 422)
    shown = aurora.get(f"{PATH}/{number}").json()
    assert not {"priority", "assigned_to"} & set(shown)
    refused = [aurora.patch(f"{PATH}/{number}", json={}, headers={"If-Match": "*"}), done(aurora, number, "close")]
    assert [each.status_code for each in refused] == [403, 403]


def test_sales_reads_and_huge_or_empty_words_are_refused(
    aurora: httpx.Client, signed_in: Callable[..., httpx.Client]
) -> None:
    number = opened(aurora)["number"]
    sales = signed_in("sales")

    assert sales.get(f"{PATH}/{number}").status_code == 200
    assert done(sales, number, "reply", body="Sorry").status_code == 403
    assert done(aurora, number, "reply", body="x" * 2001).status_code == 422
    assert done(aurora, number, "reply", body=" ").status_code == 422


def test_the_list_needs_no_query_a_row(aurora: httpx.Client, counted: Any) -> None:
    opened(aurora)
    with counted() as few:
        aurora.get(PATH)
    for _ in range(3):
        opened(aurora)
    with counted() as more:
        assert len(aurora.get(PATH).json()["items"]) == 4
    assert len(more) == len(few)


def test_the_demo_has_an_open_case_and_a_resolved_one(service: httpx.Client, database: Database) -> None:
    # Given the demo factory with its cases
    database.write(lambda session: seed_cases(session, utc_now()))

    # When somebody lists them
    found = service.get(PATH).json()["items"]

    # Then one waits for us and the other is put right
    assert [each["state"] for each in found] == ["open", "resolved"]
