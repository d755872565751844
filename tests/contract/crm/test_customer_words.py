"""How much customers may write, and what search finds of what was said."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from server.auth.talk_limit import MESSAGES
from server.db import Database
from server.erp.billing.seed import seed_past
from server.parties.models import Site

LINE = {"product": "FRAME-CITY", "quantity": "2", "unit_price": "120"}


@pytest.fixture
def aurora(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Aurora Bikes."""
    return signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)


def test_who_writes_without_end_is_asked_to_wait(
    aurora: httpx.Client, factory: Any, signed_in: Any, new_client: Any
) -> None:
    order, sales = factory.released("Aurora Bikes").number, signed_in("sales")
    visitor = new_client()
    visitor.post("/track/" + sales.post(f"/api/v1/orders/{order}/links").json()["url"].rpartition("/")[2])
    case = aurora.post("/api/v1/cases", json={"subject": "A dent", "body": "One."}).json()["number"]

    answers = [aurora.post(f"/api/v1/cases/{case}/reply", json={"body": "More."}) for _ in range(MESSAGES)]
    page = aurora.post(f"/cases/{case}/reply", data={"body": "More."}, headers={"Accept": "text/html"})

    last = answers[-1]
    assert [answer.status_code for answer in answers[:-1]] == [200] * (MESSAGES - 1)
    assert (last.status_code, last.json()["reason"]) == (429, "too_many_messages")
    assert 0 < int(last.headers["retry-after"]) <= 300
    assert (page.status_code, page.headers["retry-after"] != "") == (429, True)
    assert "We read everything" in page.text
    # Others are counted for themselves, and our own people not at all.
    assert visitor.post("/cases", data={"subject": "A dent", "body": "Two.", "order": order}).status_code == 303
    service = signed_in("service")
    ours = [service.post(f"/api/v1/cases/{case}/reply", json={"body": "Yes."}) for _ in range(MESSAGES + 1)]
    assert {answer.status_code for answer in ours} == {200}


def found(client: httpx.Client, text: str) -> set[str]:
    """The kinds and numbers of what is found."""
    return {
        f"{hit['kind']} {hit['number']}" for hit in client.get("/api/v1/search", params={"text": text}).json()["items"]
    }


def test_search_finds_quotes_cases_and_invoices_for_those_with_the_right(
    aurora: httpx.Client, factory: Any, signed_in: Any, database: Database
) -> None:
    # Given a quote and a case of one customer, and invoices of all
    database.write(lambda session: seed_past(session, factory.now) and None)
    sales, service = signed_in("sales"), signed_in("service")
    kestrel = signed_in("customer", customer_id=factory.customer("Kestrel Rail").customer_id)
    number = sales.get("/api/v1/customers", params={"text": "Aurora"}).json()["items"][0]["number"]
    body = {"customer": number, "lines": [LINE], "customer_reference": "FAIR-7"}
    quote = sales.post("/api/v1/quotes", json=body).json()["number"]
    sales.post(f"/api/v1/quotes/{quote}/send")
    case = aurora.post("/api/v1/cases", json={"subject": "Scratched tubes", "body": "Two."}).json()["number"]

    # Then each finds what he may know of
    assert f"quote {quote}" in found(sales, "FAIR-7") & found(aurora, "fair-7") & found(sales, "aurora")
    assert f"case {case}" in found(service, "scratched") & found(aurora, case)
    assert "invoice INV-1003" in found(signed_in("finance"), "INV-1003") & found(sales, "inv-1003")
    assert found(kestrel, "FAIR-7") == found(kestrel, "scratched") == found(kestrel, quote) == set()
    assert found(service, "FAIR-7") == found(service, "INV-1003") == set()
    assert found(aurora, "INV-1003") == set()
    database.write(lambda session: session.execute(update(Site).values(shows_balance=True)))
    assert found(aurora, "INV-1003") == {"invoice INV-1003"}
    assert found(kestrel, "INV-1003") == set()
    # One hit is opened at once, on its own page.
    assert sales.get("/search", params={"q": "FAIR-7"}).headers["location"] == f"/quotes/{quote}"
