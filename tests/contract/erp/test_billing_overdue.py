"""What is overdue in other currencies counts by the rule of the exposure, of which it is a part."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from server.db import Database
from server.erp.billing.models import Invoice
from server.erp.seed import DemoWorld
from server.parties.models import Customer, Site
from server.parties.schemas import CustomerIn
from server.parties.service import create_customer
from server.settings.clock import utc_now

TODAY = utc_now().date()
#: A day that is over wherever the site lies.
LAST_WEEK = TODAY - timedelta(days=7)
HTML = {"Accept": "text/html"}


@pytest.fixture
def finance(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who looks after the money."""
    return signed_in("finance")


@pytest.fixture
def customer(database: Database, world: DemoWorld) -> str:
    """A customer in EUR, who owes nothing."""

    def work(session: Session) -> str:
        body = CustomerIn(name="Pays Late", credit_limit=Decimal(1000))
        return create_customer(session, body, actor="test", now=utc_now()).number

    return database.write(work)


def owes(database: Database, customer: str, *amounts: str, due_on: date = LAST_WEEK) -> None:
    """An issued invoice for each amount, such as '100 EUR'."""

    def work(session: Session) -> None:
        owner = session.scalars(select(Customer).where(Customer.number == customer)).one()
        for amount in amounts:
            value, currency = amount.split()
            number = f"IN-{7000 + (session.scalar(select(func.count(Invoice.id))) or 0)}"
            session.add(
                Invoice(
                    number=number, customer_id=owner.id, state="issued", currency=currency, net=Decimal(value),
                    tax=Decimal(0), gross=Decimal(value), paid=Decimal(0), issued_on=LAST_WEEK, due_on=due_on,
                    created_at=utc_now(), created_by="test",
                )
            )  # fmt: skip
            session.flush()

    database.write(work)


def enter(finance: httpx.Client, currency: str, rate: str) -> None:
    body = {"currency": currency, "rate": rate, "as_of": LAST_WEEK.isoformat()}
    assert finance.post("/api/v1/exchange-rates", json=body).status_code == 200


def test_overdue_in_another_currency_counts_at_its_rate_which_is_named(
    finance: httpx.Client, database: Database, customer: str
) -> None:
    owes(database, customer, "100 EUR", "200 USD", "40 USD")
    owes(database, customer, "999 USD", due_on=TODAY + timedelta(days=30))
    enter(finance, "USD", "1.25")

    credit = finance.get(f"/api/v1/customers/{customer}/credit").json()
    page = finance.get(f"/customers/{customer}/account", headers=HTML).text

    # 240.00 USD at 1.25 are 192.00 EUR; what is not due yet is owed and not overdue.
    assert (credit["overdue"], credit["overdue_invoices"], credit["overdue_without_rate"]) == ("292", 3, [])
    assert credit["overdue_converted"] == [
        {"currency": "USD", "amount": "240", "worth": "192", "rate": "1.25", "rate_as_of": LAST_WEEK.isoformat()}
    ]
    assert "€292.00 <small>3 invoices</small>" in page
    assert "Overdue in USD" in page
    assert "€192.00 <small>US$240.00 at 1.25 of" in page


def test_overdue_without_a_rate_is_told_in_its_own_currency_and_is_no_zero(
    finance: httpx.Client, database: Database, customer: str
) -> None:
    owes(database, customer, "200 USD", "50 NOK")
    enter(finance, "NOK", "10")

    credit = finance.get(f"/api/v1/customers/{customer}/credit").json()
    page = finance.get(f"/customers/{customer}/account", headers=HTML).text

    assert (credit["overdue"], credit["overdue_invoices"]) == ("5", 2)
    assert (credit["overdue_without_rate"], credit["without_rate"]) == (["USD"], ["USD"])
    assert [each["currency"] for each in credit["overdue_converted"]] == ["NOK"]
    # The same words as beside the exposure, once for each.
    assert page.count("US$200.00 <small>no exchange rate</small>") == 2
    assert '<div class="bad"><dt>Overdue</dt>' in page


def test_what_is_overdue_is_part_of_the_exposure_in_whatever_currency(
    finance: httpx.Client, database: Database, customer: str
) -> None:
    owes(database, customer, "33.33 USD", "66.66 NOK", "10 EUR")
    for currency, rate in (("USD", "1.1"), ("NOK", "11.7")):
        enter(finance, currency, rate)

    credit = finance.get(f"/api/v1/customers/{customer}/credit").json()

    assert Decimal(credit["overdue"]) == Decimal(credit["exposure"])
    assert credit["overdue_converted"] == credit["converted"]


def test_the_customers_own_account_keeps_each_currency_apart(
    finance: httpx.Client, database: Database, customer: str, signed_in: Callable[..., httpx.Client]
) -> None:
    """He pays each invoice in its own currency, so a sum at our rates is nothing that he owes."""
    owes(database, customer, "100 EUR", "200 USD")
    enter(finance, "USD", "1.25")
    database.write(lambda session: session.execute(update(Site).values(shows_balance=True)) and None)
    with database.read() as session:
        owner = session.scalars(select(Customer.id).where(Customer.number == customer)).one()

    page = signed_in("customer", customer_id=owner).get("/home", headers=HTML).text

    assert page.count("Of that overdue") == 2
    assert "€100.00" in page
    assert "$200.00" in page
    assert "€260.00" not in page
