"""Quotes over HTTP: from a draft through the negotiation, by the rights of each."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from server.crm.quotes.models import Quote
from server.db import Database


@pytest.fixture
def sales(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who sells, in the demo factory."""
    return signed_in("sales")


@pytest.fixture
def aurora(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Aurora Bikes."""
    return signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)


def number_of(client: httpx.Client, name: str) -> str:
    return str(client.get("/api/v1/customers", params={"text": name}).json()["items"][0]["number"])


def draft(client: httpx.Client, customer: str = "Aurora Bikes", **more: Any) -> dict[str, Any]:
    lines = [{"product": "FRAME-CITY", "quantity": "20", "unit_price": "120.00", "configuration": {"colour": "black"}}]
    answer = client.post("/api/v1/quotes", json={"customer": number_of(client, customer), "lines": lines} | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def sent(client: httpx.Client, customer: str = "Aurora Bikes", **more: Any) -> str:
    number = str(draft(client, customer, **more)["number"])
    assert client.post(f"/api/v1/quotes/{number}/send").status_code == 200
    return number


def test_a_draft_is_made_once_priced_and_weighed(sales: httpx.Client) -> None:
    body = {
        "customer": number_of(sales, "Aurora"),
        "lines": [
            {"product": "FRAME-CITY", "quantity": "10", "discount_percent": "10"},
            {"product": "RACK-REAR", "quantity": "4", "unit_price": "30.00", "wished_date": "2099-01-31"},
        ],
        "probability": 60,
    }

    first, second = (sales.post("/api/v1/quotes", json=body, headers={"Idempotency-Key": "q"}) for _ in range(2))

    made = first.json()
    assert (first.status_code, second.json()["number"]) == (201, made["number"])
    assert made["number"].startswith("Q-")
    assert (made["state"], made["total"], made["probability"]) == ("draft", "1461", 60)
    assert [line["net_price"] for line in made["draft"]["lines"]] == ["134.1", "30"]
    whole, each = made["draft"]["margin"], [Decimal(line["margin"]["amount"]) for line in made["draft"]["lines"]]
    assert (sum(each), len(each)) == (Decimal(whole["amount"]), 2)
    assert 0 < Decimal(whole["amount"]) < 1461
    assert Decimal(whole["percent"]) == round(100 * Decimal(whole["amount"]) / 1461, 1)
    assert made["owner"].startswith("sales")
    assert made["actions"] == ["change", "send", "withdraw"]


def test_what_is_wrong_in_a_quote_is_said_field_by_field(sales: httpx.Client) -> None:
    customer = number_of(sales, "Aurora")
    for lines, field in (
        ([], "lines"),
        ([{"product": "NO-SUCH", "quantity": 1}], "lines.0.product"),
        ([{"product": "FRAME-CITY", "quantity": -1}], "lines.0.quantity"),
        ([{"product": "FRAME-CITY", "quantity": 0}], "lines.0.quantity"),
        ([{"product": "FRAME-CITY", "quantity": 1, "discount_percent": 101}], "lines.0.discount_percent"),
        ([{"product": "TUBE-34", "quantity": 1}], "lines.0.unit_price"),
        ([{"product": "FRAME-CITY", "quantity": "1.5"}], "lines.0.quantity"),
        ([{"product": "FRAME-CITY", "quantity": 1, "configuration": {"colour": "plaid"}}], "lines.0.configuration"),
        ([{"product": "FRAME-CITY", "quantity": 9999, "unit_price": 99999999999}], "lines"),
    ):
        answer = sales.post("/api/v1/quotes", json={"customer": customer, "lines": lines})
        assert answer.status_code == 422, answer.text
        assert field in [error["field"] for error in answer.json()["errors"]], answer.text
    wrong = sales.post(
        "/api/v1/quotes", json={"customer": "C-999", "lines": [{"product": "FRAME-CITY", "quantity": 1}]}
    )
    assert wrong.json()["errors"][0]["field"] == "customer"


def test_a_stale_edit_gets_the_difference(sales: httpx.Client) -> None:
    quote = draft(sales)
    path, version = f"/api/v1/quotes/{quote['number']}", sales.get(f"/api/v1/quotes/{quote['number']}").headers["etag"]

    fresh = sales.patch(path, json={"probability": 80}, headers={"If-Match": version})
    stale = sales.patch(path, json={"probability": 20}, headers={"If-Match": version})
    acted = sales.post(f"{path}/send", headers={"If-Match": version})

    assert fresh.json()["probability"] == 80
    assert stale.status_code == 409
    assert stale.json()["difference"] == {"probability": {"wanted": 20, "now": 80}}
    # An action names no fields, so it is told all that is stored.
    assert (acted.status_code, acted.json()["now"]["probability"], acted.json()["now"]["state"]) == (409, 80, "draft")
    assert sales.patch(path, json={"probability": 20}).status_code == 428


def test_a_sent_version_never_changes_and_the_next_one_tells_the_difference(sales: httpx.Client) -> None:
    number = sent(sales)
    path, anyhow = f"/api/v1/quotes/{number}", {"If-Match": "*"}
    lines = [
        {"product": "FRAME-CITY", "quantity": "25", "unit_price": "115", "configuration": {"colour": "signal-red"}}
    ]

    refused = sales.patch(path, json={"lines": lines}, headers=anyhow)
    assert refused.json()["reason"] == "quote_version_sent"
    begun = sales.post(f"{path}/versions").json()
    assert (begun["state"], begun["draft_version"], begun["sent_version"]) == ("negotiating", 2, 1)
    sales.patch(path, json={"lines": lines}, headers=anyhow)
    resent = sales.post(f"{path}/send").json()
    found = sales.get(f"{path}/difference", params={"from": 1, "to": 2}).json()

    assert (resent["state"], resent["sent_version"], resent["total"]) == ("sent", 2, "2875")
    assert found["lines"][0]["words"] == "Quantity 20 → 25, Colour Black → Signal red, price 120.00 → 115.00"
    assert found["lines"][0]["quantity"] == "25"
    assert sales.get(f"{path}/versions/1").json()["total"] == "2400"
    assert [version["version"] for version in sales.get(f"{path}/versions").json()["items"]] == [1, 2]


def test_what_cannot_be_made_or_is_past_is_not_sent(sales: httpx.Client) -> None:
    bought = draft(sales, lines=[{"product": "TUBE-34", "quantity": 1, "unit_price": 5}])["number"]
    past = draft(sales, valid_until="2020-01-01")["number"]

    reasons = [sales.post(f"/api/v1/quotes/{number}/send").json()["reason"] for number in (bought, past)]

    assert reasons == ["not_makeable", "quote_validity_past"]


def test_the_thread_speaks_of_versions_and_a_proposal_is_taken_over(sales: httpx.Client, aurora: httpx.Client) -> None:
    number = sent(sales)
    path = f"/api/v1/quotes/{number}"

    aurora.post(f"{path}/messages", json={"body": "Could we have it in red?"})
    assert sales.get(path).json()["state"] == "sent"
    wish = {"position": 1, "quantity": "25", "unit_price": "120", "configuration": {"colour": "signal-red"}}
    proposed = aurora.post(f"{path}/messages", json={"version": 1, "proposal": [wish]})
    assert proposed.json()["proposal"] == [wish | {"chosen": {"Colour": "Signal red", "Size": "56 cm"}}]
    taken = sales.post(f"{path}/messages/{proposed.json()['id']}/take-over")
    again = sales.post(f"{path}/messages/{proposed.json()['id']}/take-over")

    assert taken.status_code == 200, taken.text
    line = taken.json()["draft"]["lines"][0]
    assert (taken.json()["state"], line["quantity"], line["configuration"]["colour"]) == (
        "negotiating",
        "25",
        "signal-red",
    )
    assert again.json()["reason"] == "proposal_taken"
    thread = sales.get(f"{path}/messages").json()["items"]
    assert [(message["side"], message["version"]) for message in thread] == [("customer", 1), ("customer", 1)]


def test_a_message_says_something_and_a_proposal_changes_something(sales: httpx.Client, aurora: httpx.Client) -> None:
    path = f"/api/v1/quotes/{sent(sales)}"

    for body in ({}, {"proposal": [{"position": 1, "quantity": "20"}]}, {"proposal": [{"position": 9, "quantity": 1}]}):
        assert aurora.post(f"{path}/messages", json=body).status_code == 422
    assert sales.post(f"{path}/messages", json={"proposal": [{"position": 1, "quantity": 3}]}).status_code == 422
    assert aurora.get(f"{path}/messages").json()["items"] == []


@pytest.mark.parametrize("quantity", ["1.5", "99999999", "-1", "0", "1e30"])
def test_a_proposal_asks_for_no_quantity_that_nobody_can_order(
    sales: httpx.Client, aurora: httpx.Client, quantity: str
) -> None:
    number = sent(sales)
    path = f"/api/v1/quotes/{number}"

    answer = aurora.post(f"{path}/messages", json={"version": 1, "proposal": [{"position": 1, "quantity": quantity}]})
    page = aurora.post(f"/quotes/{number}/propose", data={"version": "1", "line.1.quantity": quantity})

    # Then it is refused in words, and what was offered can still be accepted
    assert answer.status_code == 422, answer.text
    assert "proposal" in answer.json()["errors"][0]["field"]
    assert "is on its way" not in page.text
    assert aurora.get(f"{path}/messages").json()["items"] == []
    assert sales.get(path).json()["state"] == "sent"


def test_the_customer_sees_what_was_sent_and_nothing_of_ours(sales: httpx.Client, aurora: httpx.Client) -> None:
    hidden = draft(sales)["number"]
    number = sent(sales, note="As discussed.")
    sales.post(f"/api/v1/quotes/{number}/versions")
    sales.post(f"/api/v1/quotes/{number}/messages", json={"body": "Version 2 comes tomorrow."})

    shown = aurora.get(f"/api/v1/quotes/{number}").json()
    thread = aurora.get(f"/api/v1/quotes/{number}/messages").json()["items"]

    assert shown["version"]["version"] == 1
    assert not {"draft", "owner", "probability", "actions"} & set(shown)
    assert "margin" not in shown["version"].keys() | shown["version"]["lines"][0].keys()
    assert thread[0]["author"] is None
    assert aurora.get(f"/api/v1/quotes/{hidden}").status_code == 404
    assert aurora.get(f"/api/v1/quotes/{number}/versions/2").status_code == 404
    assert [quote["number"] for quote in aurora.get("/api/v1/quotes").json()["items"]][-1] == number
    assert hidden not in aurora.get("/api/v1/quotes").text


def test_each_may_what_his_role_says(sales: httpx.Client, signed_in: Callable[..., httpx.Client], factory: Any) -> None:
    number = sent(sales)
    nordwind = signed_in("customer", customer_id=factory.customer("Nordwind Energie").customer_id)
    path, reason = f"/api/v1/quotes/{number}", {"reason": "No."}

    assert nordwind.get(path).status_code == nordwind.post(f"{path}/decline", json=reason).status_code == 404
    for role, reads, writes in (("manager", 200, 200), ("finance", 200, 403), ("operator", 403, 403)):
        person = signed_in(role)
        assert person.get(path).status_code == reads
        assert person.post(f"{path}/messages", json={"body": "x"}).status_code in (writes, writes + 1)
        assert person.patch(path, json={"probability": 7}, headers={"If-Match": "*"}).status_code == writes
    assert signed_in("finance").get("/api/v1/quotes/pipeline").status_code == 200
    assert nordwind.get("/api/v1/quotes/pipeline").status_code == 403


def test_hope_and_demand_are_summed_apart(sales: httpx.Client, database: Database) -> None:
    before = sales.get("/api/v1/quotes/pipeline").json()
    sent(sales, probability=25)
    sent(sales, probability=50, currency="SEK")

    after = sales.get("/api/v1/quotes/pipeline").json()

    def of(figures: dict[str, Any], currency: str) -> float:
        return float(figures["weighted"].get(currency, 0))

    assert of(after, "EUR") - of(before, "EUR") == 600
    assert of(after, "SEK") - of(before, "SEK") == 1200
    assert after["confirmed_orders"] == before["confirmed_orders"]
    assert after["confirmed_orders"][0]["currency"] == "EUR"

    # A draft past its date cannot be sent as it is, so nothing is expected of it.
    forgotten = draft(sales, probability=25)["number"]
    assert of(sales.get("/api/v1/quotes/pipeline").json(), "EUR") == of(after, "EUR") + 600
    past = update(Quote).where(Quote.number == forgotten).values(valid_until=date(2026, 1, 31))
    database.write(lambda session: session.execute(past) and None)
    assert sales.get("/api/v1/quotes/pipeline").json()["weighted"] == after["weighted"]


def test_a_list_costs_the_same_however_long_it_is(
    sales: httpx.Client, counted: Callable[..., Any], database: Database
) -> None:
    sent(sales)
    with counted() as few:
        sales.get("/api/v1/quotes")
        sales.get("/quotes")
    for _ in range(4):
        sent(sales)
    with counted() as many:
        sales.get("/api/v1/quotes")
        sales.get("/quotes")

    assert len(many) == len(few)


def test_an_earlier_order_is_repeated_at_todays_terms(sales: httpx.Client, factory: Any) -> None:
    order = factory.released("Aurora Bikes").number
    sales_path = f"/api/v1/orders/{order}/repeat"

    quote = sales.post(sales_path, json={"into": "quote"})
    again = sales.post(sales_path, json={"into": "order"})

    made = sales.get(f"/api/v1/quotes/{quote.json()['number']}").json()
    assert (quote.status_code, made["state"]) == (200, "draft")
    assert made["draft"]["lines"][0]["configuration"] == {"colour": "signal-red", "size": "56-cm"}
    assert again.json()["number"].startswith("SO-")
    assert sales.get(f"/api/v1/orders/{again.json()['number']}").json()["lifecycle"] == "draft"


def test_the_estimate_is_that_of_an_order_which_is_not_there(sales: httpx.Client) -> None:
    number = draft(sales)["number"]

    found = sales.get(f"/api/v1/quotes/{number}/estimate").json()["estimate"]

    assert found["label"] == "estimate"
    assert found["computed_at"] < found["at"] <= found["late_at"]
    assert [part["work_center"] for part in found["parts"]] == ["cut", "weld", "paint", "assemble"]
    assert not [order for order in sales.get("/api/v1/orders").json()["items"] if order["number"] == number]


def test_a_choice_that_adds_a_step_moves_the_date_and_the_margin(sales: httpx.Client) -> None:
    def quoted(**more: str) -> dict[str, Any]:
        choices = {"colour": "blue", "size": "56-cm", **more}
        line = {"product": "BIKE-CITY", "quantity": "20", "unit_price": "900.00", "configuration": choices}
        made = draft(sales, lines=[line])
        return made | sales.get(f"/api/v1/quotes/{made['number']}/estimate").json()

    plain, lit = quoted(), quoted(lights="dynamo")

    # Twenty times eight minutes more at the assembly.
    steps = [{part["name"]: part["work_minutes"] for part in each["estimate"]["parts"]} for each in (plain, lit)]
    assert steps[1].keys() - steps[0].keys() == {"Fit lights"}
    assert Decimal(steps[1]["Fit lights"]) == 160
    assert plain["estimate"]["at"] < lit["estimate"]["at"]
    # The dynamo instead of the hub, the lamps, and eight minutes of work.
    assert Decimal(lit["draft"]["margin"]["amount"]) < Decimal(plain["draft"]["margin"]["amount"])
