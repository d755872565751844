"""Pages of money: from a shipment to a paid invoice by forms alone, and who sees what."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.db import Database
from server.erp.billing.models import Invoice
from server.erp.billing.seed import seed_past
from server.erp.orders.models import SalesOrder
from server.erp.seed import DemoWorld
from server.journal import facts
from server.journal.models import Audit
from server.parties.models import Customer, Site
from server.settings.clock import utc_now
from server.tracking.facts import FactKind, NewFact

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def sqlite_template(seeded_sqlite: tuple[Path, DemoWorld], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tests in this file begin with the demo factory and its past."""
    path = Path(shutil.copy(seeded_sqlite[0], tmp_path_factory.mktemp("past") / "factory.db"))
    _add_past(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def postgres_template(seeded_postgres: tuple[str, DemoWorld], create_postgres: Callable[..., str]) -> str:
    """The same on PostgreSQL."""
    _add_past(create_postgres("template_past", template=seeded_postgres[0]))
    return "template_past"


def _add_past(url: str) -> None:
    database = Database(url)
    database.write(lambda session: seed_past(session, utc_now()) and None)
    database.close()


@pytest.fixture
def past(database: Database) -> dict[str, str]:
    """The numbers of customers by name, and of the order that waits for credit."""
    with database.read() as session:
        waiting = session.scalars(select(SalesOrder.number).order_by(SalesOrder.id.desc())).first()
        return dict(session.execute(select(Customer.name, Customer.number)).all()) | {"waiting": waiting}


def states(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(select(Invoice.state)))


def test_a_shipment_is_invoiced_issued_and_paid_by_forms(
    signed_in: Callable[..., httpx.Client], database: Database, past: dict[str, str]
) -> None:
    finance = signed_in("finance")
    waiting = finance.get("/to-invoice", headers=HTML).text
    shipment = waiting.partition('name="shipments" value="')[2].partition('"')[0]

    drafted = finance.post("/to-invoice", data={"shipments": shipment})
    page = drafted.headers["location"]
    number = page.rpartition("/")[2]
    twice = finance.post("/to-invoice", data={"shipments": shipment})
    nothing = finance.post("/to-invoice", data={})
    finance.post(f"{page}/issue")
    form = finance.get(f"/payments/new?invoice={number}", headers=HTML).text
    amount = form.partition('name="amount"')[2].partition('value="')[2].partition('"')[0]
    body = {"customer": past["Kestrel Rail"], "invoice": number, "received_on": utc_now().date().isoformat()}
    wrong = finance.post("/payments/new", data={**body, "amount": "-3"})
    paid = finance.post("/payments/new", data={**body, "amount": f"{float(amount) + 10:.2f}"})

    assert (drafted.status_code, twice.status_code, nothing.status_code) == (303, 409, 422)
    assert f"is invoiced already, by {number}." in twice.text
    assert (wrong.status_code, paid.headers["location"]) == (422, page)
    assert "This must be more than 0." in wrong.text
    sheet = finance.get(f"{page}/print", headers=HTML).text
    assert "Orderlight Demo Works" in sheet
    assert "Kestrel Rail" in sheet
    # What came too much stays as credit, and the account says so.
    account = finance.get(f"/customers/{past['Kestrel Rail']}/account", headers=HTML).text
    assert "€10.00" in account
    cancelled = finance.post(f"{page}/cancel", data={"reason": "Returned."})
    assert cancelled.status_code == 303
    assert "Credit note CN-1000" in finance.get(f"{page}/print", headers=HTML).text


def test_an_order_above_the_limit_is_released_on_the_page_of_holds(
    signed_in: Callable[..., httpx.Client], database: Database, past: dict[str, str]
) -> None:
    finance, sales, number = signed_in("finance"), signed_in("sales"), past["waiting"]

    shown = sales.get("/credit", headers=HTML).text
    by_sales = sales.post(f"/credit/{number}/release", data={"reason": "Please."})
    unreasoned = finance.post(f"/credit/{number}/release", data={"reason": ""})
    finance.post(f"/credit/{number}/release", data={"reason": "Paid in advance."})

    assert f"{number} waits for credit: the limit is 12,000.00 EUR" in shown
    assert 'name="reason"' not in shown
    assert by_sales.status_code == 403
    assert unreasoned.headers["location"] == "/credit"
    with database.read() as session:
        assert session.scalar(select(SalesOrder.lifecycle).where(SalesOrder.number == number)) == "confirmed"
        viewed = session.scalars(select(Audit.subject).where(Audit.action == "credit_viewed")).all()
    assert past["Nordwind Energie"] in viewed


def test_who_sees_credit_finds_money_on_the_order_page_and_others_do_not(
    signed_in: Callable[..., httpx.Client], past: dict[str, str]
) -> None:
    pages = {
        role: signed_in(role).get(f"/orders/{past['waiting']}", headers=HTML).text
        for role in ("sales", "finance", "manager", "planner", "operator", "service")
    }

    assert {role for role, page in pages.items() if 'id="money"' in page} == {"sales", "finance", "manager"}
    assert {role for role, page in pages.items() if "What it earns" in page} == {"sales", "finance", "manager"}
    assert {role for role, page in pages.items() if "12,000.00" in page} == {"sales", "finance", "manager"}
    assert {role for role, page in pages.items() if "Latest sales activity" in page} == {"finance", "manager"}


def test_many_shipments_do_not_hide_from_finance_what_sales_did(
    signed_in: Callable[..., httpx.Client], database: Database, past: dict[str, str]
) -> None:
    # Given more shipments of late than a page of the timeline holds
    def send(session: Session) -> str:
        order = session.scalars(select(SalesOrder).where(SalesOrder.number == past["waiting"])).one()
        left = [
            NewFact(FactKind.SHIPMENT_SHIPPED, f"SH-9{count:03}", "system", utc_now(), order_id=order.id)
            for count in range(40)
        ]
        facts.write(session, left, recorded_at=utc_now())
        return session.scalars(select(Customer.number).where(Customer.id == order.customer_id)).one()

    number = database.write(send)

    account = signed_in("finance").get(f"/customers/{number}/account", headers=HTML).text
    timeline = signed_in("sales").get(f"/customers/{number}/timeline", headers=HTML).text

    activity = account.partition('id="activity-head"')[2]
    assert "Order entered" in activity
    assert "SH-9" not in activity
    assert timeline.count("Shipment left") == 25


def test_a_customer_sees_his_balance_only_where_the_company_shows_it(
    signed_in: Callable[..., httpx.Client], database: Database, past: dict[str, str]
) -> None:
    with database.read() as session:
        ids = dict(session.execute(select(Customer.number, Customer.id)).all())
        invoice, order = session.execute(
            select(Invoice.number, SalesOrder.number)
            .join(SalesOrder, SalesOrder.customer_id == Invoice.customer_id)
            .where(Invoice.customer_id == ids[past["Kestrel Rail"]])
        ).first()  # type: ignore[misc]
    owner = signed_in("customer", customer_id=ids[past["Kestrel Rail"]])
    other = signed_in("customer", customer_id=ids[past["Aurora Bikes"]])

    hidden = owner.get(f"/orders/{order}", headers=HTML).text
    database.write(lambda session: session.execute(update(Site).values(shows_balance=True)))
    shown = owner.get(f"/orders/{order}", headers=HTML).text

    assert "Your account" not in hidden
    assert "Your account" in shown
    assert invoice in shown
    assert owner.get(f"/invoices/{invoice}", headers=HTML).status_code == 200
    assert other.get(f"/invoices/{invoice}", headers=HTML).status_code == 404
    assert other.get("/invoices/INV-9999", headers=HTML).status_code == 404
    assert owner.get("/invoices", headers=HTML).status_code == 403


def test_the_page_of_holds_costs_the_same_few_statements(
    signed_in: Callable[..., httpx.Client],
    database: Database,
    past: dict[str, str],
    counted: Callable[[], object],
) -> None:
    manager = signed_in("manager")
    manager.get("/credit", headers=HTML)
    with counted() as one:  # type: ignore[attr-defined]
        manager.get("/credit", headers=HTML)
    database.write(
        lambda session: session.execute(
            update(SalesOrder).where(SalesOrder.lifecycle == "confirmed").values(lifecycle="credit_hold")
        )
    )
    manager.get("/credit", headers=HTML)
    with counted() as more:  # type: ignore[attr-defined]
        manager.get("/credit", headers=HTML)

    # One customer more, or ten: what has left of their orders is counted in two statements for all of them.
    assert len(more) <= len(one) + 2 <= 20


def test_the_past_of_the_demo_has_every_kind_of_invoice(database: Database, past: dict[str, str]) -> None:
    assert states(database) == ["issued", "issued", "paid", "partially_paid"]


def test_a_limit_that_was_lowered_below_what_is_confirmed_is_said_with_how_far(
    signed_in: Callable[..., httpx.Client], database: Database, past: dict[str, str]
) -> None:
    sales, number = signed_in("sales"), past["Aurora Bikes"]
    page = f"/customers/{number}/account"
    credit = sales.get(f"/api/v1/customers/{number}/credit").json()
    before = sales.get(page, headers=HTML).text

    lowered = Decimal(credit["exposure"]) - Decimal("12.5")
    database.write(
        lambda session: session.execute(update(Customer).where(Customer.number == number).values(credit_limit=lowered))
    )
    after = sales.get(page, headers=HTML).text

    assert "Still free" in before
    assert "Above the limit" not in before
    assert "Above the limit</dt><dd>€12.50" in after
    assert "or until €12.50 less is open." in after
    assert "Still free" not in after
