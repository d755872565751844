"""Pages of cases: a customer reports and answers without scripts, our people resolve, and nobody else sees it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest


@pytest.fixture
def aurora(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Aurora Bikes."""
    return signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)


def reported(client: httpx.Client, **more: str) -> str:
    """The address of a new case."""
    form = {"subject": "Scratches", "body": "Two frames are scratched."} | more
    answer = client.post("/cases", data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_customer_reports_and_our_people_resolve(
    aurora: httpx.Client, signed_in: Callable[..., httpx.Client]
) -> None:
    # Given a report about an order, with markup in it
    order = aurora.get("/api/v1/orders").json()["items"][0]["number"]
    address = reported(aurora, order=order, body="<script>alert(1)</script>")
    service = signed_in("service")

    # When service resolves it by the form
    done = (
        service.post(f"{address}/reply", data={"body": "Which ones?", "ask": "1"}),
        service.post(f"{address}/resolve", data={"body": "New frames leave today."}),
    )
    page = aurora.get(address).text

    # Then the customer reads it, and the markup is text to him; the order of our people leads there
    assert [answer.status_code for answer in done] == [303, 303]
    assert "New frames leave today." in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert address in service.get(f"/orders/{order}").text
    assert address in aurora.get(f"/orders/{order}").text
    assert "Scratches" in service.get("/cases?show=resolved").text


def test_a_foreign_case_is_as_one_that_never_was(
    aurora: httpx.Client, factory: Any, signed_in: Callable[..., httpx.Client]
) -> None:
    number = reported(aurora).rpartition("/")[2]
    kestrel = signed_in("customer", customer_id=factory.customer("Kestrel Rail").customer_id)

    def seen(which: str) -> list[tuple[int, str]]:
        answers = [
            kestrel.get(f"/cases/{which}"),
            *(kestrel.post(f"/cases/{which}/{action}", data={"body": "x"}) for action in ("reply", "resolve", "close")),
        ]
        return [(answer.status_code, answer.text.replace(which, "CS")) for answer in answers]

    assert [status for status, _ in seen(number)] == [404] * 4
    assert seen(number) == seen("CS-9999")
    assert "Scratches" not in kestrel.get("/cases").text


def test_a_mistake_is_shown_beside_its_field_and_keeps_what_was_typed(aurora: httpx.Client) -> None:
    unknown = aurora.post("/cases", data={"subject": "Late", "body": "Where is it?", "order": "SO-999999"})
    huge = aurora.post("/cases", data={"subject": "Late", "body": "x" * 2001})

    assert (unknown.status_code, huge.status_code) == (422, 422)
    assert "There is no order of this number." in unknown.text
    assert "Where is it?" in unknown.text


def test_a_visitor_by_link_reports_about_that_order_and_sees_no_other_case(
    aurora: httpx.Client, signed_in: Callable[..., httpx.Client], client: httpx.Client
) -> None:
    # Given a link to one order, and a case that is not about it
    first = aurora.get("/api/v1/orders").json()["items"][0]["number"]
    other = reported(aurora)
    link = signed_in("sales").post(f"/api/v1/orders/{first}/links").json()["url"]
    client.post(link)

    # When the visitor reports a problem with it, and looks around
    address = reported(client, order=first)
    page, track, foreign = client.get(address), client.get("/track").text, client.get(other)
    without_order = client.post("/cases", data={"subject": "Late", "body": "Where is it?"})

    # Then he reads his own, and nothing else is there; what names no order is about the one of his link
    assert "Two frames are scratched." in page.text
    assert address in track
    assert foreign.status_code == 404
    assert first in client.get(without_order.headers["location"]).text


@pytest.mark.parametrize(("priority", "status"), [("urgent", 303), ("yesterday", 422), ("", 422)])
def test_our_people_say_how_urgent_a_case_is_and_nothing_else_passes_for_it(
    aurora: httpx.Client, signed_in: Callable[..., httpx.Client], priority: str, status: int
) -> None:
    address = reported(aurora)
    service = signed_in("service")

    form = {"row_version": "1", "was_priority": "normal", "was_assigned_to": ""}
    answer = service.post(f"{address}/assign", data=form | {"priority": priority, "assigned_to": ""})

    number = address.rpartition("/")[2]
    kept = service.get(f"/api/v1/cases/{number}").json()["priority"]
    assert (answer.status_code, kept) == (status, "urgent" if status == 303 else "normal")


def test_giving_a_case_away_twice_is_refused_and_a_message_between_is_not(
    aurora: httpx.Client, signed_in: Callable[..., httpx.Client]
) -> None:
    # Given two of our people with the same form before them
    address, service, manager = reported(aurora), signed_in("service"), signed_in("manager")
    page = service.get(address).text
    shown = {name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in
             ("row_version", "was_assigned_to", "was_priority")}  # fmt: skip

    # When the customer writes meanwhile, the first may go on, and the second is told what was done
    aurora.post(f"{address}/reply", data={"body": "Any news?"})
    first = manager.post(f"{address}/assign", data=shown | {"priority": "high", "assigned_to": ""})
    second = service.post(f"{address}/assign", data=shown | {"priority": "low", "assigned_to": ""})

    assert (first.status_code, second.status_code) == (303, 409)
    assert "was changed meanwhile: taken care of by nobody yet, priority High" in second.text
    assert service.get("/api/v1/cases/" + address.rpartition("/")[2]).json()["priority"] == "high"


def test_the_list_watches_what_its_reader_may_watch(
    aurora: httpx.Client, factory: Any, signed_in: Callable[..., httpx.Client]
) -> None:
    reported(aurora)

    assert 'data-topic="cases"' in signed_in("service").get("/cases").text
    assert 'data-topic="customer:C-' in aurora.get("/cases").text
