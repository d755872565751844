"""Credit: what a customer owes and may owe, orders that wait for it, and who lets them through."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import create_order
from server.erp.production.models import WorkOrder
from server.erp.seed import DemoWorld
from server.journal.models import Audit, Fact
from server.parties.models import Customer
from server.parties.schemas import CustomerIn
from server.parties.service import create_customer
from server.settings.clock import utc_now

PRICE = Decimal("240")
TODAY = utc_now().date()
#: Days that are over wherever the site lies.
LAST_WEEK, BEFORE_THAT, LONG_AGO = (str(TODAY - timedelta(days=days)) for days in (7, 8, 300))


@pytest.fixture
def finance(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who looks after the money."""
    return signed_in("finance")


@pytest.fixture
def sales(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who sells."""
    return signed_in("sales")


@pytest.fixture
def customer(database: Database, world: DemoWorld) -> str:
    """A customer who may owe 1,000.00, and owes nothing."""

    def work(session: Session) -> str:
        body = CustomerIn(name="Small Limit", credit_limit=Decimal(1000))
        return create_customer(session, body, actor="test", now=utc_now()).number

    return database.write(work)


def draft(database: Database, customer: str, pieces: int, **more: object) -> str:
    """An order over so many pieces for 240.00 each, without tax."""
    line = OrderLineIn(product="STEP-RAIL", quantity=Decimal(pieces), unit_price=PRICE, tax_percent=Decimal(0))
    body = OrderIn(customer=customer, lines=[line], **more)  # type: ignore[arg-type]
    return database.write(lambda session: create_order(session, body, actor="test", now=utc_now()).number)


def test_an_order_above_the_limit_waits_and_says_every_figure(
    sales: httpx.Client, finance: httpx.Client, database: Database, customer: str
) -> None:
    first, second = draft(database, customer, 3), draft(database, customer, 2)

    confirmed = sales.post(f"/api/v1/orders/{first}/confirm").json()
    waiting = sales.post(f"/api/v1/orders/{second}/confirm").json()

    assert confirmed["lifecycle"] == "confirmed"
    assert waiting["lifecycle"] == "credit_hold"
    assert waiting["credit_hold"] == (
        f"{second} waits for credit: the limit is 1,000.00 EUR, 720.00 are open or confirmed already, "
        "this order adds 480.00, which is 200.00 too much."
    )
    credit = finance.get(f"/api/v1/customers/{customer}/credit").json()
    assert (credit["limit"], credit["exposure"], credit["uninvoiced"], credit["available"]) == (
        "1000", "720", "720", "280",
    )  # fmt: skip
    assert credit["as_of"]


def test_exactly_the_limit_is_allowed_and_no_limit_never_holds(
    sales: httpx.Client, database: Database, customer: str
) -> None:
    database.write(
        lambda session: session.execute(update(Customer).where(Customer.number == customer).values(credit_limit=480))
    )
    exact, above = draft(database, customer, 2), draft(database, customer, 1)
    states = [sales.post(f"/api/v1/orders/{each}/confirm").json()["lifecycle"] for each in (exact, above)]
    database.write(
        lambda session: session.execute(update(Customer).where(Customer.number == customer).values(credit_limit=None))
    )

    assert states == ["confirmed", "credit_hold"]
    assert sales.post(f"/api/v1/orders/{above}/confirm").json()["lifecycle"] == "confirmed"


def test_a_waiting_order_cannot_reach_the_floor_and_confirming_again_does_not_help(
    signed_in: Callable[..., httpx.Client], sales: httpx.Client, database: Database, customer: str
) -> None:
    number = draft(database, customer, 5)
    sales.post(f"/api/v1/orders/{number}/confirm")
    planner = signed_in("planner")

    release = planner.post(f"/api/v1/orders/{number}/release")
    again = planner.post(f"/api/v1/orders/{number}/confirm")
    shown = planner.get(f"/api/v1/orders/{number}").json()

    assert (release.status_code, release.json()["reason"]) == (409, "not_in_credit_hold")
    assert release.json()["detail"] == f"{number} cannot be released: it waits for credit."
    assert (again.status_code, again.json()["reason"]) == (409, "credit_hold")
    # Who does not see credit learns that it waits, and no figure.
    assert (shown["lifecycle"], shown["credit_hold"]) == ("credit_hold", None)
    assert "1,000" not in again.text
    assert planner.get("/api/v1/work-orders", params={"order": number}).json()["items"] == []


def test_finance_releases_with_a_reason_that_is_kept_twice(
    sales: httpx.Client, finance: httpx.Client, database: Database, customer: str
) -> None:
    number = draft(database, customer, 5)
    sales.post(f"/api/v1/orders/{number}/confirm")

    by_sales = sales.post(f"/api/v1/orders/{number}/release-credit", json={"reason": "He always pays."})
    unreasoned = finance.post(f"/api/v1/orders/{number}/release-credit", json={})
    released = finance.post(f"/api/v1/orders/{number}/release-credit", json={"reason": "Bank guarantee of today."})
    twice = finance.post(f"/api/v1/orders/{number}/release-credit", json={"reason": "Again."})

    assert (by_sales.status_code, unreasoned.status_code) == (403, 422)
    assert (released.status_code, released.json()["lifecycle"]) == (200, "confirmed")
    assert twice.status_code == 409
    with database.read() as session:
        kinds = session.scalars(select(Fact.kind).where(Fact.subject == number).order_by(Fact.id)).all()
        kept = session.scalars(select(Audit).where(Audit.action == "credit_released")).one()
    assert kinds == ["order_created", "credit_held", "credit_released", "order_confirmed"]
    assert kept.detail is not None
    assert (kept.detail["reason"], kept.detail["excess"]) == ("Bank guarantee of today.", "200")


def test_why_credit_was_released_is_read_by_those_who_see_credit_alone(
    signed_in: Callable[..., httpx.Client], program: Callable[..., httpx.Client], database: Database, customer: str
) -> None:
    manager, number = signed_in("manager"), draft(database, customer, 5)
    manager.post(f"/api/v1/orders/{number}/confirm")
    manager.post(f"/api/v1/orders/{number}/release-credit", json={"reason": "A guarantee came."})
    pages = [f"/orders/{number}", f"/customers/{customer}", f"/customers/{customer}/timeline"]
    asked = [*pages, f"/api/v1/customers/{customer}/timeline"]

    told = {
        role: [address for address in asked if "A guarantee came." in signed_in(role).get(address).text]
        for role in ("sales", "finance", "planner", "service", "operator")
    }
    fed = {
        scopes: "A guarantee came." in program(*scopes).get("/api/v1/feed").text
        for scopes in (("feed:read",), ("feed:read", "credit:read"))
    }

    assert told == {"sales": asked, "finance": asked, "planner": [], "service": [], "operator": []}
    assert fed == {("feed:read",): False, ("feed:read", "credit:read"): True}


def test_a_waiting_order_goes_back_to_draft_and_is_made_smaller(
    sales: httpx.Client, database: Database, customer: str
) -> None:
    number = draft(database, customer, 5)
    sales.post(f"/api/v1/orders/{number}/confirm")

    revised = sales.post(f"/api/v1/orders/{number}/revise").json()
    lines = [{"product": "STEP-RAIL", "quantity": "4", "unit_price": "240", "tax_percent": "0"}]
    changed = sales.patch(f"/api/v1/orders/{number}", json={"lines": lines}, headers={"If-Match": "*"}).json()

    assert (revised["lifecycle"], changed["total_gross"]) == ("draft", "960")
    assert sales.post(f"/api/v1/orders/{number}/confirm").json()["lifecycle"] == "confirmed"


def test_two_orders_confirmed_at_once_do_not_both_slip_under_the_limit(
    sales: httpx.Client, finance: httpx.Client, database: Database, customer: str
) -> None:
    numbers = [draft(database, customer, 3) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: sales.post(f"/api/v1/orders/{number}/confirm"), numbers))

    assert sorted(answer.json()["lifecycle"] for answer in answers) == ["confirmed"] + ["credit_hold"] * 3
    assert finance.get(f"/api/v1/customers/{customer}/credit").json()["exposure"] == "720"


def test_an_order_in_another_currency_than_the_limit_waits(
    sales: httpx.Client, database: Database, customer: str
) -> None:
    number = draft(database, customer, 1, currency="USD")

    waiting = sales.post(f"/api/v1/orders/{number}/confirm").json()

    assert waiting["lifecycle"] == "credit_hold"
    assert waiting["credit_hold"] == (
        f"{number} waits for credit: there is no exchange rate for USD, so that nothing can be compared with the limit "
        "of 1,000.00 EUR. Finance enters it under Money, Exchange rates."
    )


def test_prices_that_are_wrong_or_too_large_are_refused(sales: httpx.Client, customer: str) -> None:
    def ask(**line: str) -> int:
        body = {"customer": customer, "lines": [{"product": "STEP-RAIL", "quantity": "1", **line}]}
        return sales.post("/api/v1/orders", json=body).status_code

    assert ask(unit_price="-1") == 422
    assert ask(unit_price="1", discount_percent="100.5") == 422
    assert ask(unit_price="1", tax_percent="-1") == 422
    assert ask(unit_price="999999999999", quantity="99999999") == 422
    assert ask(unit_price="0") == 201


def test_every_view_of_credit_stands_in_the_audit_and_others_see_none(
    signed_in: Callable[..., httpx.Client], sales: httpx.Client, database: Database, customer: str
) -> None:
    path = f"/api/v1/customers/{customer}/credit"
    seen = [sales.get(path).status_code for _ in range(2)]
    refused = [signed_in(role).get(path).status_code for role in ("planner", "service", "operator")]

    assert seen == [200, 200]
    assert refused == [403, 403, 403]
    assert sales.get("/api/v1/customers/C-999/credit").status_code == 404
    with database.read() as session:
        viewed = session.scalars(select(Audit.subject).where(Audit.action == "credit_viewed")).all()
    # Who looks again within a quarter of an hour is noted once.
    assert viewed == [customer]


def test_the_profit_of_an_order_names_every_source(
    sales: httpx.Client, signed_in: Callable[..., httpx.Client], world: DemoWorld, database: Database
) -> None:
    number = world.orders[2].number
    profit = sales.get(f"/api/v1/orders/{number}/profit").json()
    figures = {each["name"]: each for each in profit["figures"]}
    led = sales.get(f"/orders/{number}/profit")
    assert (led.status_code, led.headers["location"]) == (303, f"/orders/{number}#profit")
    assert 'id="profit"' in sales.get(f"/orders/{number}").text

    with database.read() as session:
        work = session.scalars(select(WorkOrder).where(WorkOrder.order_id == world.orders[2].id)).one()
        costs = dict(session.execute(select(Product.sku, Product.standard_cost)).all())
        net = session.scalars(select(SalesOrder.total_net).where(SalesOrder.number == number)).one()
    each_takes = sum(
        Decimal(part["quantity"]) * (1 + Decimal(part["scrap_percent"]) / 100) * costs[part["sku"]]
        for part in work.snapshot["bom"]
    )
    assert Decimal(figures["material"]["amount"]) == -round(8 * each_takes, 2)
    assert (Decimal(figures["to_invoice"]["amount"]), figures["invoiced"]["amount"]) == (net, "0")
    assert Decimal(figures["labour"]["detail"]["minutes"]) > 0
    assert Decimal(figures["labour"]["amount"]) < 0
    assert profit["complete"] is True
    parts = [Decimal(each["amount"] or 0) for each in figures.values()]
    assert Decimal(profit["total"]) == sum(parts)
    assert all(each["source"] and each["as_of"] for each in figures.values())
    assert signed_in("planner").get(f"/api/v1/orders/{number}/profit").status_code == 403


def owes_elsewhere(database: Database, customer: str, sales: httpx.Client) -> str:
    """An order for 240.00 USD, confirmed while there was no limit; the limit is 1,000.00 EUR again afterwards."""

    def limit(amount: int | None) -> None:
        change = update(Customer).where(Customer.number == customer).values(credit_limit=amount)
        database.write(lambda session: session.execute(change) and None)

    limit(None)
    number = draft(database, customer, 1, currency="USD")
    assert sales.post(f"/api/v1/orders/{number}/confirm").json()["lifecycle"] == "confirmed"
    limit(1000)
    return number


def test_what_is_in_another_currency_counts_at_the_newest_rate_which_is_named(
    sales: httpx.Client, finance: httpx.Client, database: Database, customer: str
) -> None:
    owes_elsewhere(database, customer, sales)
    second = draft(database, customer, 4, currency="USD")
    before = finance.get(f"/api/v1/customers/{customer}/credit").json()
    for rate, day in (("2", LONG_AGO), ("1.25", LAST_WEEK)):
        body = {"currency": "USD", "rate": rate, "as_of": day}
        assert finance.post("/api/v1/exchange-rates", json=body).status_code == 200

    credit = finance.get(f"/api/v1/customers/{customer}/credit").json()
    page = finance.get(f"/customers/{customer}/account", headers={"Accept": "text/html"}).text
    fits = sales.post(f"/api/v1/orders/{second}/confirm").json()

    assert (before["exposure"], before["without_rate"], before["converted"]) == ("0", ["USD"], [])
    # 240.00 USD at 1.25 are 192.00 EUR.
    assert (credit["exposure"], credit["available"], credit["without_rate"]) == ("192", "808", [])
    assert credit["converted"] == [
        {"currency": "USD", "amount": "240", "worth": "192", "rate": "1.25", "rate_as_of": LAST_WEEK}
    ]
    assert fits["lifecycle"] == "confirmed"
    assert "€192.00" in page
    assert "$240.00 at 1.25 of" in page


def test_an_order_above_the_limit_by_its_rate_waits_and_fits_once_the_rate_is_better(
    sales: httpx.Client, finance: httpx.Client, database: Database, customer: str
) -> None:
    number, day = draft(database, customer, 5, currency="USD"), date.fromisoformat(BEFORE_THAT)
    finance.post("/api/v1/exchange-rates", json={"currency": "USD", "rate": "1.1", "as_of": BEFORE_THAT})

    waiting = sales.post(f"/api/v1/orders/{number}/confirm").json()
    finance.post("/api/v1/exchange-rates", json={"currency": "USD", "rate": "1.2", "as_of": LAST_WEEK})
    fits = sales.post(f"/api/v1/orders/{number}/confirm").json()

    assert waiting["lifecycle"] == "credit_hold"
    assert waiting["credit_hold"].startswith(
        f"{number} waits for credit: the limit is 1,000.00 EUR, 0.00 are open or confirmed already, this order adds "
        "1,090.91, which is 90.91 too much. 1,200.00 USD count as 1,090.91 EUR, at 1.1 of "
    )
    assert waiting["credit_hold"].endswith(f" {day.day} {day:%B %Y}.")
    assert fits["lifecycle"] == "confirmed"
    with database.read() as session:
        held = session.scalars(select(Audit).where(Audit.action == "credit_held")).one()
    assert held.detail is not None
    assert (held.detail["rate"], held.detail["rate_as_of"]) == ("1.1", BEFORE_THAT)


def test_debts_without_a_rate_hold_the_next_order_even_in_the_customers_own_currency(
    sales: httpx.Client, database: Database, customer: str
) -> None:
    owes_elsewhere(database, customer, sales)
    small = draft(database, customer, 1)

    waiting = sales.post(f"/api/v1/orders/{small}/confirm").json()

    assert waiting["lifecycle"] == "credit_hold"
    assert "there is no exchange rate for USD" in waiting["credit_hold"]
    with database.read() as session:
        held = session.scalars(select(Fact).where(Fact.kind == "credit_held", Fact.subject == small)).one()
    assert held.detail["reason"] == "An exchange rate is missing."


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("currency", "EUR", "EUR is the site's own currency. Choose another."),
        ("currency", "XXX", "Expected a currency of ISO 4217 such as EUR, got 'XXX'."),
        ("rate", "0", "This must be more than 0."),
        ("rate", "-1", "This must be more than 0."),
        ("rate", "NaN", "Write a number, such as 2.5."),
        ("as_of", str(TODAY + timedelta(days=2)), "is yet to come. A rate counts from the day it was known."),
    ],
)
def test_a_rate_that_cannot_be_is_refused_by_the_door_and_beside_its_field(
    finance: httpx.Client, field: str, value: str, said: str
) -> None:
    body = {"currency": "USD", "rate": "1.08", "as_of": LAST_WEEK, field: value}

    answer = finance.post("/api/v1/exchange-rates", json=body)
    page = finance.post("/rates", data=body)

    assert (answer.status_code, page.status_code) == (422, 422)
    assert answer.json()["errors"][0]["field"] == field
    assert said in answer.json()["errors"][0]["message"]
    assert finance.get("/api/v1/exchange-rates").json() == {"base": "EUR", "items": []}


def test_finance_alone_keeps_rates_and_everybody_who_sees_credit_reads_them(
    sales: httpx.Client, finance: httpx.Client, signed_in: Callable[..., httpx.Client]
) -> None:
    body = {"currency": "NOK", "rate": "11.752", "as_of": LAST_WEEK}

    by_sales = sales.post("/api/v1/exchange-rates", json=body)
    kept = finance.post("/rates", data=body, follow_redirects=True).text
    read = sales.get("/rates").text

    assert by_sales.status_code == 403
    assert "1 EUR is 11.752 NOK from now on." in kept
    assert "11.752 NOK" in read
    assert "Keep the rate" not in read
    assert signed_in("planner").get("/rates").status_code == 403
    assert sales.get("/api/v1/exchange-rates").json()["items"] == [
        {"currency": "NOK", "rate": "11.752", "as_of": LAST_WEEK}
    ]
