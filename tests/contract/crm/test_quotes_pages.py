"""The pages of quotes: what each side reads there, and what its forms do, without scripts."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

HTML = {"Accept": "text/html"}


@pytest.fixture
def sales(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who sells, in the demo factory."""
    return signed_in("sales")


@pytest.fixture
def aurora(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Aurora Bikes."""
    return signed_in("customer", customer_id=factory.customer("Aurora Bikes").customer_id)


@pytest.fixture
def written(sales: httpx.Client) -> str:
    """The address of a quote that was just written by the form."""
    customer = sales.get("/api/v1/customers", params={"text": "Aurora"}).json()["items"][0]["number"]
    answer = sales.post("/quotes/new", data=form(customer=customer))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def form(**more: str) -> dict[str, str]:
    typed = {"product": "FRAME-CITY", "quantity": "20", "unit_price": "150", "options": "Colour: Mint; Size: 60 cm"}
    return {f"lines.0.{name}": value for name, value in typed.items()} | {"probability": "40", "owner": ""} | more


def test_a_quote_is_written_sent_and_signed_by_forms(sales: httpx.Client, aurora: httpx.Client, written: str) -> None:
    draft = sales.get(written, headers=HTML).text
    assert "Version 1 is being written" in draft
    assert "margin" in draft
    assert "Could leave" in draft
    assert "/quote/" in sales.post(f"{written}/send", headers=HTML).text

    page = aurora.get(written, headers=HTML).text
    assert "Our offer for you" in page
    assert "margin" not in page
    assert "40 %" not in page
    signed = aurora.post(f"{written}/accept", data={"version": "1", "name": "Astrid Lund", "agreed": "1"})

    assert signed.headers["location"] == written
    assert "You accepted version 1" in aurora.get(written, headers=HTML).text
    ours = sales.get(written, headers=HTML).text
    assert "Astrid Lund accepted version 1" in ours
    order = ours.split('href="/orders/')[1].split('"')[0]
    assert f"{written}/versions/1" in sales.get(f"/orders/{order}", headers=HTML).text
    assert "From your quote" in aurora.get(f"/orders/{order}", headers=HTML).text


def test_a_proposal_is_taken_over_with_one_button(sales: httpx.Client, aurora: httpx.Client, written: str) -> None:
    sales.post(f"{written}/send")
    wish = {"version": "1", "line.1.quantity": "25", "line.1.unit_price": "150.00", "line.1.option.colour": "black"}

    aurora.post(f"{written}/propose", data=wish | {"body": "A little more?"})
    page = sales.get(written, headers=HTML).text
    message = page.split('name="message" value="')[1].split('"')[0]
    sales.post(f"{written}/take", data={"message": message})

    taken = sales.get(written, headers=HTML).text
    assert "Quantity 20 → 25, Colour Mint → Black" in page
    assert "price 150.00" not in page
    assert "taken into version 2" in taken
    assert "not sent yet" in taken
    assert "A little more?" in taken
    assert "version 2" not in aurora.get(written, headers=HTML).text


def test_people_read_prices_of_a_difference_with_their_currency(
    sales: httpx.Client, aurora: httpx.Client, written: str
) -> None:
    sales.post(f"{written}/send")
    aurora.post(f"{written}/propose", data={"version": "1", "line.1.unit_price": "1141.50"})
    page = sales.get(written, headers=HTML).text
    sales.post(f"{written}/take", data={"message": page.split('name="message" value="')[1].split('"')[0]})
    sales.post(f"{written}/send")

    assert "price €150.00 → €1,141.50" in page
    assert "price €150.00 → €1,141.50" in aurora.get(written, headers=HTML).text
    assert "price €150.00 → €1,141.50" in aurora.get(f"{written}/versions/2", headers=HTML).text


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(sales: httpx.Client, written: str) -> None:
    typed = form(**{"lines.0.options": "Colour: plaid"}, row_version="1", valid_until="2099-01-01")

    answer = sales.post(f"{written}/edit", data=typed)

    assert answer.status_code == 422
    assert "plaid" in answer.text
    assert 'id="fault-lines.0.options"' in answer.text
    later = {"valid_until": "2098-12-31"}
    assert sales.patch(f"/api/v1{written}", json=later, headers={"If-Match": "*"}).status_code == 200
    stale = sales.post(f"{written}/edit", data=form(row_version="7", valid_until="2099-01-01"))
    assert stale.status_code == 409
    assert "was changed meanwhile" in stale.text
    assert "Stored now: Wednesday 31 December 2098" in stale.text


def test_margin_and_date_are_worked_out_before_anything_is_saved(sales: httpx.Client) -> None:
    customer = sales.get("/api/v1/customers", params={"text": "Aurora"}).json()["items"][0]["number"]
    before = sales.get("/api/v1/quotes").json()["items"]

    answer = sales.post("/quotes/new", data=form(customer=customer, look="1"))

    assert answer.status_code == 200
    assert "What would come of it" in answer.text
    assert "€3,000.00" in answer.text
    assert "Could leave" in answer.text
    assert sales.get("/api/v1/quotes").json()["items"] == before


def test_a_refusal_is_read_on_the_page_of_the_quote(sales: httpx.Client, aurora: httpx.Client, written: str) -> None:
    sales.post(f"{written}/send")
    sales.post(f"{written}/withdraw", data={"reason": "Mistyped."})

    refused = aurora.post(f"{written}/accept", data={"version": "1", "name": "A", "agreed": "1"})
    page = aurora.get(refused.headers["location"], headers=HTML).text

    assert "cannot be accepted: it was withdrawn." in page
    assert "Mistyped." not in page


def test_a_refused_proposal_is_shown_again_with_all_that_was_typed(
    sales: httpx.Client, aurora: httpx.Client, written: str
) -> None:
    sales.post(f"{written}/send")
    typed = {"version": "1", "line.1.quantity": "-4", "line.1.unit_price": "141", "line.1.option.colour": "black"}

    refused = aurora.post(f"{written}/propose", data=typed | {"body": "For the spring fair."}, headers=HTML)

    assert refused.status_code == 422
    assert "Each quantity must be a number above 0" in refused.text
    assert '<details class="fold" id="propose" open>' in refused.text
    assert 'name="line.1.quantity" inputmode="decimal" value="-4"' in refused.text
    assert 'name="line.1.unit_price" inputmode="decimal" value="141"' in refused.text
    assert '<option value="black" selected>' in refused.text
    assert "For the spring fair.</textarea>" in refused.text.split('id="why"')[1]


def test_words_beside_a_proposal_that_came_too_late_become_a_message_to_send(
    sales: httpx.Client, aurora: httpx.Client, written: str
) -> None:
    sales.post(f"{written}/send")
    sales.post(f"{written}/withdraw", data={"reason": "Mistyped."})

    late = aurora.post(
        f"{written}/propose",
        data={"version": "1", "line.1.quantity": "4", "body": "For the spring fair."},
        headers=HTML,
    )

    assert late.status_code == 409
    assert "it was withdrawn" in late.text
    assert "For the spring fair.</textarea>" in late.text.split('id="body"')[1]


def test_an_order_is_repeated_by_a_button(sales: httpx.Client, factory: Any) -> None:
    number = factory.released("Aurora Bikes").number

    quote = sales.post(f"/orders/{number}/repeat/quote").headers["location"]
    order = sales.post(f"/orders/{number}/repeat/order").headers["location"]

    assert f"As in {number}" in sales.get(quote, headers=HTML).text
    assert order.startswith("/orders/SO-")
    assert order != f"/orders/{number}"
    # A second click makes no second draft, and the button of a page that is shown anew is meant.
    for into in ("quote", "order"):
        button = rf'/repeat/{into}"><input type="hidden" name="once" value="([^"]+)"'
        tokens = [re.search(button, sales.get(f"/orders/{number}", headers=HTML).text) for _ in range(2)]
        first, again, other = (
            sales.post(f"/orders/{number}/repeat/{into}", data={"once": token[1]}).headers["location"]
            for token in (tokens[0], tokens[0], tokens[1])
            if token is not None
        )
        assert first == again != other


def test_a_phantom_is_a_part_of_others_and_offered_in_no_form(
    sales: httpx.Client, factory: Any, signed_in: Callable[..., httpx.Client]
) -> None:
    planner = signed_in("planner")
    for sku, kind in (("BELL-KIT", "phantom"), ("BELL", "purchased")):
        made = planner.post("/api/v1/products", json={"sku": sku, "name": sku, "kind": kind})
        assert made.status_code == 201, made.text

    forms = sales.get("/quotes/new").text, planner.get("/setup/orders/new").text

    for form in forms:
        assert 'value="BELL"' in form
        assert "BELL-KIT" not in form


def test_a_reader_without_the_right_to_write_is_offered_nothing(
    sales: httpx.Client, signed_in: Callable[..., httpx.Client], written: str
) -> None:
    finance = signed_in("finance")

    page = finance.get(written, headers=HTML).text

    assert "read-only" in page
    assert "Send to the customer" not in page
    assert finance.post(f"{written}/send").status_code == 403
    assert signed_in("operator").get(written, headers=HTML).status_code == 403


def test_a_page_costs_the_same_however_much_is_offered_and_said(
    sales: httpx.Client, aurora: httpx.Client, written: str, counted: Callable[..., Any]
) -> None:
    sales.post(f"{written}/send")
    with counted() as little:
        sales.get(written, headers=HTML)
        aurora.get(written, headers=HTML)
    more = [{"product": sku, "quantity": 3, "unit_price": 30} for sku in ("FRAME-CITY", "RACK-REAR", "FRAME-CITY")]
    sales.post(f"/api/v1{written}/versions")
    sales.patch(f"/api/v1{written}", json={"lines": more}, headers={"If-Match": "*"})
    sales.post(f"{written}/send")
    for _ in range(5):
        aurora.post(f"{written}/message", data={"body": "And now?"})
    with counted() as much:
        sales.get(written, headers=HTML)
        aurora.get(written, headers=HTML)

    assert len(much) <= len(little)


def test_of_many_versions_the_last_stand_on_the_page_and_the_others_behind_a_fold(
    sales: httpx.Client, aurora: httpx.Client, written: str
) -> None:
    api = f"/api/v1{written}"
    for version in range(1, 11):
        if version > 1:
            assert sales.post(f"{api}/versions").status_code == 200
        assert sales.post(f"{api}/send").status_code == 200

    for reader in (sales, aurora):
        page = reader.get(written, headers=HTML).text
        shown, fold, hidden = page.partition("4 earlier versions")
        assert fold, reader
        at_once = re.findall(r'class="button s" href="[^"]+/versions/(\d+)"', shown)
        behind = re.findall(r'class="button s" href="[^"]+/versions/(\d+)"', hidden)
        assert (at_once, behind) == (["5", "6", "7", "8", "9", "10"], ["1", "2", "3", "4"])
