"""The customer's word: once, in time, for the version that is out, and one order comes of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.quotes import repository
from server.crm.quotes.answers import accept_quote
from server.crm.quotes.models import Quote
from server.crm.quotes.schemas import AcceptBody
from server.db import Database
from server.db.topics import versions
from server.erp.orders.models import SalesOrder
from server.errors import Refused
from server.journal.models import Fact
from server.parties.models import Customer
from server.settings.clock import utc_now

LINE = {"product": "FRAME-CITY", "quantity": "20", "unit_price": "120", "discount_percent": "10",
        "configuration": {"colour": "black"}}  # fmt: skip
SIGNED = {"name": "Astrid Lund", "agreed": True}


@pytest.fixture
def sales(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who sells, in the demo factory."""
    return signed_in("sales")


@pytest.fixture
def aurora(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Aurora Bikes."""
    return signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)


@pytest.fixture
def sent(sales: httpx.Client, send_quote: Callable[..., str]) -> Callable[..., str]:
    """The path of a quote that was just sent."""

    return partial(send_quote, sales, lines=[LINE])


def orders(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(SalesOrder)) or 0


def test_acceptance_places_the_order_of_exactly_that_version(
    sales: httpx.Client, aurora: httpx.Client, sent: Callable[..., str], database: Database
) -> None:
    path = sent(customer_reference="AB-9000")
    sales.post(f"{path}/versions")
    changed = [LINE | {"quantity": "25", "configuration": {"colour": "mint"}}]
    sales.patch(path, json={"lines": changed}, headers={"If-Match": "*"})
    sales.post(f"{path}/send")

    answer = aurora.post(f"{path}/accept", json={"version": 2, **SIGNED})

    quote = answer.json()
    assert (answer.status_code, quote["state"], quote["accepted_by"]) == (200, "converted", "Astrid Lund")
    order = sales.get(f"/api/v1/orders/{quote['order']}").json()
    line = order["lines"][0]
    assert (order["lifecycle"], order["customer_reference"]) == ("confirmed", "AB-9000")
    assert (line["quantity"], line["configuration"]) == ("25", {"colour": "mint", "size": "56-cm"})
    assert (line["unit_price"], line["discount_percent"], order["total_net"]) == ("120", "10", quote["total"])
    with database.read() as session:
        row = session.execute(select(SalesOrder.quote_number, SalesOrder.quote_version)
                              .where(SalesOrder.number == quote["order"])).one()  # fmt: skip
        kinds = list(session.scalars(select(Fact.kind).order_by(Fact.id.desc()).limit(4)))
    assert tuple(row) == (quote["number"], 2)
    assert set(kinds) == {"quote_accepted", "order_created", "order_confirmed", "order_placed_from_quote"}


def test_what_cannot_be_accepted_is_refused_in_a_sentence_and_nothing_is_half_done(
    sales: httpx.Client, aurora: httpx.Client, sent: Callable[..., str], database: Database, factory: Any
) -> None:
    twice, old, withdrawn, declined, negotiated, late = (sent() for _ in range(6))
    aurora.post(f"{twice}/accept", json={"version": 1, **SIGNED})
    sales.post(f"{old}/versions")
    sales.post(f"{old}/send")
    sales.post(f"{withdrawn}/withdraw", json={"reason": "The steel is gone."})
    aurora.post(f"{declined}/decline", json={"reason": "Too dear."})
    aurora.post(f"{negotiated}/messages", json={"proposal": [{"position": 1, "quantity": "1"}]})
    yesterday = Here(factory.here.zone, factory.now).today - timedelta(days=1)
    database.write(lambda session: session.execute(
        update(Quote).where(Quote.number == late.rpartition("/")[2]).values(valid_until=yesterday)
    ) and None)  # fmt: skip
    before = orders(database)

    answers = [
        aurora.post(f"{path}/accept", json={"version": 1, **SIGNED})
        for path in (twice, old, withdrawn, declined, negotiated, late)
    ]

    assert {answer.status_code for answer in answers} == {409}
    assert [answer.json()["reason"] for answer in answers] == [
        "quote_converted", "quote_old_version", "quote_withdrawn", "quote_declined", "quote_negotiating",
        "quote_expired",
    ]  # fmt: skip
    assert "signed by Astrid Lund" in answers[0].json()["detail"]
    assert all(answer.json()["detail"].endswith(".") for answer in answers)
    assert orders(database) == before
    assert aurora.get(late).json()["state"] == "expired"


def test_an_expiry_is_stored_by_the_next_write(
    sales: httpx.Client, sent: Callable[..., str], database: Database, factory: Any
) -> None:
    path = sent()
    number = path.rpartition("/")[2]
    yesterday = Here(factory.here.zone, factory.now).today - timedelta(days=1)
    database.write(lambda session: session.execute(
        update(Quote).where(Quote.number == number).values(valid_until=yesterday)
    ) and None)  # fmt: skip

    assert sales.get(path).json()["state"] == "expired"
    assert number in sales.get("/api/v1/quotes", params={"state": "expired"}).text
    sales.post(f"{path}/messages", json={"body": "Shall we renew it?"})

    with database.read() as session:
        assert session.scalar(select(Quote.state).where(Quote.number == number)) == "expired"
        assert session.scalar(select(func.count()).where(Fact.subject == number, Fact.kind == "quote_expired")) == 1


def test_an_acceptance_needs_a_name_and_the_tick(aurora: httpx.Client, sent: Callable[..., str]) -> None:
    path = sent()

    unsigned = [
        {"version": 1},
        {"version": 1, "name": " ", "agreed": True},
        {"version": 1, "name": "A", "agreed": False},
        {"name": "A", "agreed": True},
    ]
    for body in unsigned:
        assert aurora.post(f"{path}/accept", json=body).status_code == 422
    assert aurora.get(path).json()["state"] == "sent"


def test_of_many_who_accept_at_once_one_places_the_order(
    aurora: httpx.Client, sales: httpx.Client, sent: Callable[..., str], database: Database
) -> None:
    path, before = sent(), orders(database)
    callers = [aurora, sales] * 4

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda who: who.post(f"{path}/accept", json={"version": 1, **SIGNED}), callers))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert {answer.json()["reason"] for answer in answers if answer.status_code == 409} == {"quote_converted"}
    assert orders(database) == before + 1


def test_accepting_and_withdrawing_at_once_leaves_one_of_the_two(
    aurora: httpx.Client, sales: httpx.Client, sent: Callable[..., str], database: Database
) -> None:
    path, before = sent(), orders(database)

    with ThreadPoolExecutor(2) as pool:
        accepted = pool.submit(lambda: aurora.post(f"{path}/accept", json={"version": 1, **SIGNED}))
        withdrawn = pool.submit(lambda: sales.post(f"{path}/withdraw", json={"reason": "Sold out."}))

    assert sorted([accepted.result().status_code, withdrawn.result().status_code]) == [200, 409]
    assert orders(database) - before == (accepted.result().status_code == 200)


def test_a_prospect_becomes_a_customer_by_signing(sales: httpx.Client) -> None:
    prospect = sales.post("/api/v1/customers", json={"name": "Halden Lifts"}).json()
    made = sales.post("/api/v1/quotes", json={"customer": prospect["number"], "lines": [LINE]}).json()
    path = f"/api/v1/quotes/{made['number']}"
    sales.post(f"{path}/send")
    assert prospect["kind"] == "prospect"

    sales.post(f"{path}/accept", json={"version": 1, **SIGNED})

    assert sales.get(f"/api/v1/customers/{prospect['number']}").json()["kind"] == "customer"


def test_the_last_day_ends_at_midnight_of_the_site(
    sales: httpx.Client, sent: Callable[..., str], database: Database
) -> None:
    zone = ZoneInfo("America/Los_Angeles")
    today = utc_now().astimezone(zone).date()
    last_moment = datetime.combine(today + timedelta(days=1), time(), zone) - timedelta(seconds=1)
    assert sales.get("/api/v1/site").json()["time_zone"] == "Europe/Berlin"
    numbers = [sent(valid_until=(today + timedelta(days=1)).isoformat()).rpartition("/")[2] for _ in range(2)]
    database.write(lambda session: session.execute(
        update(Quote).where(Quote.number.in_(numbers)).values(valid_until=today)
    ) and None)  # fmt: skip

    def sign(number: str, now: datetime) -> str:
        def work(session: Session) -> str:
            quote = repository.quote(session, number, lock=True)
            assert quote is not None
            body = AcceptBody(version=1, name="Astrid Lund", agreed=True)
            return accept_quote(session, quote, body, actor="test", here=Here(zone, now)).number

        return database.write(work)

    with pytest.raises(Refused, match="it has expired"):
        sign(numbers[0], last_moment + timedelta(seconds=1))
    assert sign(numbers[1], last_moment).startswith("SO-")


def test_an_order_that_waits_for_credit_says_so_to_us_and_in_neutral_words_to_the_customer(
    sales: httpx.Client, aurora: httpx.Client, sent: Callable[..., str], database: Database, signed_in: Any
) -> None:
    # Given a customer whose limit is reached
    database.write(lambda session: session.execute(update(Customer).values(credit_limit=1)))
    path = sent()
    number = path.rpartition("/")[2]

    # When he accepts
    answer = aurora.post(f"/quotes/{number}/accept", data=SIGNED | {"agreed": "1", "version": "1"})
    told, ours = aurora.get(answer.headers["location"]).text, sales.get(f"/quotes/{number}").text
    order = sales.get(path).json()["order"]

    # Then we read what it waits for, and he does not
    assert f"Astrid Lund accepted version 1. Order {order} waits for credit." in ours
    assert f"You accepted version 1. We have your order {order} and are checking it." in told
    for page in (told, aurora.get("/home").text, aurora.get("/orders").text, aurora.get(f"/orders/{order}").text):
        assert "redit" not in page
    # And no day is promised him, at whichever door he asks, though we keep one
    seen, kept = (who.get(f"/api/v1/orders/{order}").json()["promise_date"] for who in (aurora, sales))
    before_all = {"promised_before": "2099-01-01"}
    listed = aurora.get("/api/v1/orders", params=before_all).json()["items"]
    assert (seen, kept is None) == (None, False)
    assert order not in [found["number"] for found in listed]
    assert order in [found["number"] for found in sales.get("/api/v1/orders", params=before_all).json()["items"]]

    # And once it is released, the page of the quote moves with it
    before = version_of(database, f"quote:{number}")
    signed_in("finance").post(f"/credit/{order}/release", data={"reason": "Paid in advance."})
    assert version_of(database, f"quote:{number}") > before
    assert f"It is order {order} now." in sales.get(f"/quotes/{number}").text
    assert aurora.get(f"/api/v1/orders/{order}").json()["promise_date"] == kept


def version_of(database: Database, topic: str) -> int:
    with database.read() as session:
        return versions(session, topic)[topic]
