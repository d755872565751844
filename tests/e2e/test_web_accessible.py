"""Every page passes axe (WCAG 2.2 AA), fits a phone, and asks nobody else for anything."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.auth.principal import Principal
from server.crm.cases.schemas import CaseIn
from server.crm.cases.service import Speaker, create_case, reply
from server.crm.here import Here
from server.crm.quotes import service as quotes
from server.crm.quotes import thread
from server.crm.quotes.schemas import MessageIn, QuoteIn, QuoteLineIn
from server.erp.billing.seed import seed_past
from server.erp.changes import repository as changes
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn, Wanted
from server.erp.changes.service import create_change, submit_change
from server.erp.orders.models import SalesOrder
from server.erp.stock.seed import seed_stock
from server.parties.models import Customer
from server.parties.schemas import CustomerIn
from server.parties.service import create_customer
from server.settings.clock import utc_now

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
#: How many tables are wider than their place.
CUT_OFF = "[...document.querySelectorAll('.table-wrap')].filter(e => e.scrollWidth > e.clientWidth + 1).length"


def go(page: Page, path: str) -> None:
    page.goto(path, wait_until="domcontentloaded")
    page.wait_for_selector("html[data-ready]")


def test_pages_for_staff_are_accessible_and_fit(new_page: Callable[..., Page], site: Any, passes: Any) -> None:
    order = site.order_of("Aurora Bikes")
    unit = site.units_of(order)[0]
    site.database.write(lambda session: seed_stock(session, utc_now()))
    site.scan(unit, "cut-1")
    page = new_page("manager")

    passes(
        page,
        "/orders", "/orders?show=closed", "/orders?show=at_risk", f"/orders/{order}", f"/orders/{order}/units/{unit}",
        "/station", "/station/cut", "/station/weld", "/station/cut/list", "/station/cut/report?act=scrap&unit=U-1000",
        "/work-orders", "/work-orders/WO-1000", "/work-orders/WO-1000/traveller",
        "/work-orders/new?product=FRAME-CITY", "/setup/reasons",
        "/printers", "/print/labels?kind=unit&reference=U-1000",
        "/board", "/search?q=nothing-like-it", "/password",
        "/stock", "/stock/TUBE-34", "/stock/TUBE-34/lots?lot=T26-0412", "/stock/receive", "/stock/locations",
    )  # fmt: skip


def test_pages_of_money_are_accessible_and_fit(new_page: Callable[..., Page], site: Any, passes: Any) -> None:
    orders = site.database.write(lambda session: [each.number for each in seed_past(session, utc_now())])
    page = new_page("finance")

    passes(
        page,
        "/invoices?show=all", "/invoices?show=cancelled", "/invoices/INV-1002", "/invoices/INV-1002/print",
        "/to-invoice", "/payments", "/payments/new?invoice=INV-1000", "/credit", "/rates", "/customers/C-101/account",
        f"/orders/{orders[2]}", f"/orders/{orders[-1]}",
    )  # fmt: skip


def test_pages_for_customers_and_strangers_are_accessible_and_fit(
    new_page: Callable[..., Page], site: Any, passes: Any
) -> None:
    order = site.order_of("Aurora Bikes")
    sales = new_page("sales")
    go(sales, f"/orders/{order}")
    sales.get_by_role("button", name="Make a link").click()
    link = sales.get_by_label("The link").input_value()
    page = new_page()

    passes(page, "/login", "/pair", "/track/" + link.rpartition("/")[2])
    page.get_by_role("button", name="Open my order").click()
    page.wait_for_selector("#connection[data-state=live]")

    passes(page)


def test_pages_of_a_customers_login_are_accessible_fit_and_follow_the_floor(
    new_page: Callable[..., Page], site: Any, passes: Any
) -> None:
    # Given a customer with quotes, cases and changes, and one without anything
    quote = site.database.write(_say_much)
    order, aurora = site.order_of("Aurora Bikes"), site.customer_id("Aurora Bikes")
    unit = site.units_of(order)[0]
    nobody = site.database.write(_newcomer)
    live = new_page("customer", viewport=PHONE, customer_id=aurora)

    # Then every page passes, also the empty home, our own people's cases, and the page of a foreign code
    passes(
        live,
        f"/orders/{order}/changes/new", f"/orders/{order}/confirmation", "/quotes", "/cases", "/cases/CS-1000",
        "/cases/new", f"/orders/{order}", f"/orders/{order}/units/{unit}", f"/quotes/{quote}", "/home",
    )  # fmt: skip
    passes(new_page("customer", customer_id=nobody), "/home")
    passes(new_page("service"), "/cases")
    stranger = new_page()
    stranger.goto("/01/09506000134352/21/1")
    passes(stranger)
    go(live, "/cases")
    assert live.evaluate(CUT_OFF) == 0

    # And the home moves with the floor
    go(live, "/home")
    live.wait_for_selector("#connection[data-state=live]")
    site.scan(unit, "cut-1")
    live.wait_for_selector(f"#order-{order} .said:has-text('1 of 20 are through Cut')")


def _say_much(session: Session) -> str:
    """A quote that waits for its customer, a case, and a change he asks for; the number of the quote."""
    now = utc_now()
    here = Here(ZoneInfo("Europe/Berlin"), now)
    order = session.scalars(
        select(SalesOrder).join(Customer).where(Customer.name == "Aurora Bikes", SalesOrder.lifecycle == "processing")
        .order_by(SalesOrder.id).options(joinedload(SalesOrder.customer))
    ).first()  # fmt: skip
    assert order is not None
    line = QuoteLineIn(product="FRAME-CITY", quantity=Decimal(3), unit_price=Decimal(149))
    quote = quotes.create_quote(
        session, QuoteIn(customer=order.customer.number, lines=[line]), actor="user:anna", here=here
    )
    quotes.send_quote(session, quote, actor="user:anna", here=here)
    by = thread.Writer(thread.SALES, "Anna", "user:anna")
    thread.write_message(session, quote, MessageIn(body="Is the colour right?"), by=by, here=here)
    ours = Principal(kind="user", actor="user:anna", name="Anna", role="service")
    case = create_case(session, CaseIn(subject="A dent", body="Near the weld.", order=order.number), ours, now=now)
    reply(session, case, "Which one is it?", Speaker.of(ours, now), ask=True)
    work_order = changes.work_orders_of(session, order.number)[0]
    wish = ChangeIn(work_order=work_order.number, changes=Wanted(label_text="NO FOIL", instructions="No wax."))
    change = create_change(session, work_order, wish, origin=Origin.CUSTOMER, actor="user:buyer", now=now)
    submit_change(session, change, actor="user:buyer", now=now)
    return quote.number


def _newcomer(session: Session) -> int:
    return create_customer(session, CustomerIn(name="Newcomer Ltd"), actor="test", now=utc_now()).id


def test_a_station_does_not_scroll_and_its_targets_are_large(new_page: Callable[..., Page], site: Any) -> None:
    for _ in range(9):
        site.scan("NO-SUCH-CODE-" + "x" * 30, "cut-1")
    for viewport in (DESKTOP, {"width": 1024, "height": 768}, PHONE):
        page = new_page("operator", viewport=viewport)
        go(page, "/station/cut")

        assert page.evaluate("document.documentElement.scrollHeight") <= viewport["height"]
        head = page.locator(".station-top").bounding_box()
        assert head is not None
        # One row of targets.
        assert head["height"] < 100
        for target in page.locator("button:visible, #code:visible").all():
            box = target.bounding_box()
            assert box is not None
            assert min(box["height"], box["width"]) >= 64, target.inner_html()
