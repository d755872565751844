"""The customer's one place: his orders, what waits for him, and nothing of anybody else."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import select, update

from orderlight.autoid import identify
from server.crm.quotes import service as quotes
from server.crm.quotes import thread
from server.crm.quotes.models import Quote, QuoteVersion
from server.crm.quotes.schemas import MessageIn, QuoteIn, QuoteLineIn
from server.db import Database
from server.erp.billing.models import Invoice
from server.erp.billing.seed import seed_past
from server.erp.orders.models import SalesOrder
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.parties.models import Customer, Site
from server.parties.schemas import CustomerIn
from server.parties.service import create_customer
from server.web import home_view

HTML = {"Accept": "text/html"}
AURORA, KESTREL = "Aurora Bikes", "Kestrel Rail"


@pytest.fixture
def buyer(factory: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """A login of Aurora Bikes."""
    return signed_in("customer", customer_id=factory.customer(AURORA).customer_id)


def offer(factory: Any, database: Database, customer: str = AURORA) -> str:
    """A quote that lies before the customer, with a word to it."""

    def work(session: Any) -> str:
        number = session.scalar(select(Customer.number).where(Customer.name == customer))
        line = QuoteLineIn(product="FRAME-CITY", quantity=Decimal(3), unit_price=Decimal(100))
        made = quotes.create_quote(session, QuoteIn(customer=number, lines=[line]), actor="t", here=factory.here)
        quotes.send_quote(session, made, actor="t", here=factory.here)
        by = thread.Writer(thread.SALES, "Anna", "user:anna")
        thread.write_message(session, made, MessageIn(body=f"Glad to hear from {customer}."), by=by, here=factory.here)
        return str(made.number)

    return database.write(work)


def test_a_customer_begins_at_his_home_and_others_at_their_work(buyer: httpx.Client, signed_in: Any) -> None:
    sales = signed_in("sales")

    assert buyer.get("/").headers["location"] == "/home"
    assert '<a class="brand" href="/home">' in buyer.get("/home", headers=HTML).text
    assert sales.get("/home").headers["location"] == "/orders"


def test_the_home_follows_the_floor_and_tells_of_nobody_else(
    buyer: httpx.Client, factory: Any, database: Database
) -> None:
    order, theirs = factory.released(AURORA), factory.released(KESTREL)
    mine, foreign = offer(factory, database), offer(factory, database, KESTREL)
    factory.scan(factory.units(order)[0], "cut-1")

    page = buyer.get("/home", headers=HTML).text

    assert f'data-topic="customer:{number_of(database, AURORA)}"' in page
    assert "1 of 20 are through Cut" in page
    assert f'href="/quotes/{mine}#quote-answer"' in page
    assert "Glad to hear from Aurora Bikes." in page
    # Neither foreign things nor what is for our own people.
    for word in (theirs.number, foreign, KESTREL, "Anna", "scanner-3", "Show every scratch"):
        assert word not in page, word


def number_of(database: Database, name: str) -> str:
    with database.read() as session:
        return str(session.scalar(select(Customer.number).where(Customer.name == name)))


def test_an_accepted_quote_leaves_the_home_as_an_order(buyer: httpx.Client, factory: Any, database: Database) -> None:
    number = offer(factory, database)

    answer = {"version": "1", "name": "Astrid Lund", "agreed": "1"}
    first = buyer.post(f"/quotes/{number}/accept", data=answer)
    again = buyer.post(f"/quotes/{number}/accept", data=answer, follow_redirects=True).text

    assert first.status_code == 303
    assert "is accepted already" in again
    page = buyer.get("/home", headers=HTML).text
    assert "#quote-answer" not in page
    with database.read() as session:
        order = session.scalar(select(SalesOrder.number).where(SalesOrder.quote_number == number))
    assert f'id="order-{order}"' in page
    assert "Order confirmation" in buyer.get(f"/orders/{order}/confirmation", headers=HTML).text


def test_somebody_without_orders_is_told_what_will_stand_here(signed_in: Any, factory: Any, database: Database) -> None:
    def work(session: Any) -> int:
        return int(create_customer(session, CustomerIn(name="Newcomer Ltd"), actor="t", now=factory.now).id)

    browser = signed_in("customer", customer_id=database.write(work))

    page = browser.get("/home", headers=HTML).text

    assert "Your orders will stand here" in page
    assert "Nothing is on order at present." in page


def test_the_home_costs_the_same_however_much_there_is(
    buyer: httpx.Client, factory: Any, database: Database, counted: Any
) -> None:
    offer(factory, database)
    buyer.get("/home", headers=HTML)
    with counted() as few:
        buyer.get("/home", headers=HTML)

    def work(session: Any) -> None:
        customer = session.scalar(select(Customer.number).where(Customer.name == AURORA))
        for _ in range(12):
            line = OrderLineIn(product="RACK-REAR", quantity=Decimal(2))
            body = OrderIn(customer=customer, promise_date=(factory.now + timedelta(days=40)).date(), lines=[line])
            confirm_order(session, create_order(session, body, actor="t", now=factory.now), actor="t", now=factory.now)

    database.write(work)
    for _ in range(7):
        offer(factory, database)
    buyer.get("/home", headers=HTML)
    with counted() as many:
        page = buyer.get("/home", headers=HTML).text

    assert len(many) == len(few) <= 30
    assert "All 16 open orders" in page


def test_what_a_customer_may_pay_by_link_is_his_one_order(
    factory: Any, signed_in: Any, new_client: Any, database: Database
) -> None:
    def work(session: Any) -> None:
        seed_past(session, factory.now)
        session.execute(update(Site).values(shows_balance=True))

    database.write(work)
    order = factory.released(AURORA).number
    token = signed_in("sales").post(f"/api/v1/orders/{order}/links").json()["url"].rpartition("/")[2]
    visitor = new_client()
    visitor.post(f"/track/{token}")
    buyer = signed_in("customer", customer_id=factory.customer(AURORA).customer_id)

    by_link, by_login = visitor.get("/track", headers=HTML).text, buyer.get("/home", headers=HTML).text

    assert "€276.08" in by_login
    assert "€276.08" not in by_link
    assert "INV-" not in by_link
    assert visitor.get(f"/orders/{order}/confirmation").headers["location"] == "/track"


def test_what_has_left_comes_with_its_delivery_note(
    buyer: httpx.Client, factory: Any, database: Database, signed_in: Any
) -> None:
    database.write(lambda session: seed_past(session, factory.now) and None)
    page = buyer.get("/home", headers=HTML).text
    address = page.split('/note"')[0].rpartition('href="')[2] + "/note"
    kestrel = signed_in("customer", customer_id=factory.customer(KESTREL).customer_id)

    note = buyer.get(address, headers=HTML)

    assert (note.status_code, "Delivery note SH-" in note.text, AURORA in note.text) == (200, True, True)
    assert kestrel.get(address, headers=HTML).status_code == 404
    assert buyer.get(address.replace("SH-", "SH-9"), headers=HTML).status_code == 404
    number = address.split("/")[-2]
    with pypdfium2.PdfDocument(signed_in("planner").get(f"/shipments/{number}/note?form=pdf").content) as pdf:
        codes = [code.text for page in pdf for code in zxingcpp.read_barcodes(page.render(scale=300 / 72).to_pil())]
    assert [identify(code).keys for code in codes] == [{"shipment": number.removeprefix("SH-")}]


def test_papers_bear_the_day_they_were_made_and_not_that_of_the_last_word(
    buyer: httpx.Client, factory: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_view, "PAPERS_SHOWN", 50)
    number = offer(factory, database)
    sent, talked = factory.now - timedelta(days=9), factory.now - timedelta(days=1)
    of_it = select(Quote.id).where(Quote.number == number).scalar_subquery()

    def work(session: Any) -> Any:
        session.execute(update(QuoteVersion).where(QuoteVersion.quote_id == of_it).values(sent_at=sent))
        session.execute(update(Quote).where(Quote.number == number).values(moved_at=talked))
        seed_past(session, factory.now)
        session.execute(update(Site).values(shows_balance=True))
        of_his = select(Invoice.number, Invoice.issued_on).join(Customer, Customer.id == Invoice.customer_id)
        found = session.execute(of_his.where(Customer.name == AURORA, Invoice.issued_on.is_not(None)).limit(1))
        return tuple(found.one())

    invoice, issued = database.write(work)
    page = buyer.get("/home", headers=HTML).text
    papers = page[page.index('id="papers-head"') :].partition("</section>")[0]
    days = dict(re.findall(r'<a href="([^"]+)".*?<time[^>]*>([^<]+)</time>', papers))

    local = sent.astimezone(factory.here.zone)
    assert days[f"/quotes/{number}/versions/1"].endswith(f"{local.day} {local:%b}")
    assert days[f"/invoices/{invoice}"].endswith(f"{issued.day} {issued:%b}")


def test_an_order_confirmation_bears_the_address_that_bills_go_to(buyer: httpx.Client, factory: Any) -> None:
    sheet = buyer.get(f"/orders/{factory.released(AURORA).number}/confirmation", headers=HTML).text

    assert '<span class="name">Aurora Bikes</span><span>Box 44</span><span>901 02 Umeå</span>' in sheet
