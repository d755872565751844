"""What pages hold stays on the screen: what a button opens, names that never end, facts side by side on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from server.erp.changes import repository, service
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn, Wanted
from server.erp.orders.models import SalesOrder
from server.parties.models import Customer
from server.settings.clock import utc_now

#: The deeds of a page's head that open something of which a part lies beside the screen.
LOST = """() => {
    const lost = [], width = document.documentElement.clientWidth;
    for (const menu of document.querySelectorAll('.page-head .menu')) {
        menu.open = true;
        const at = menu.querySelector('.sheet').getBoundingClientRect();
        if (at.left < 0 || at.right > width) lost.push(menu.querySelector('summary').textContent.trim());
        menu.open = false;
    }
    return lost;
}"""
#: How far the page can be moved to the side.
ASIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: Lists that reach beyond what holds them.
BESIDE = """lists => lists.filter(each => each.scrollWidth > each.clientWidth
    || each.getBoundingClientRect().right > document.documentElement.clientWidth).map(each => each.textContent)"""
#: Whether texts of neighbours in the same row of figures run into each other.
MEET = """() => [...document.querySelectorAll('.figures dd')].filter(each => {
    const words = document.createRange();
    words.selectNodeContents(each);
    return words.getBoundingClientRect().right > each.parentElement.getBoundingClientRect().right + 1;
}).map(each => each.textContent.trim())"""


def name_customers(site: Any, name: str) -> None:
    """All customers have this name now."""
    site.database.write(lambda session: session.query(Customer).update({"name": name}))


@pytest.mark.parametrize("width", [1440, 1024, 820, 390])
def test_what_a_deed_opens_is_on_the_screen(new_page: Callable[..., Page], site: Any, width: int) -> None:
    order = site.order_of("Aurora Bikes")
    name_customers(
        site, "Aurora Bikes and Brothers of the Upper Town, Makers of Bicycles since Nineteen Hundred and Two"
    )
    site.database.write(
        lambda session: session.query(SalesOrder).filter_by(number=order).update({"lifecycle": "credit_hold"})
    )
    page = new_page("manager", viewport={"width": width, "height": 900})

    page.goto(f"/orders/{order}", wait_until="domcontentloaded")

    assert page.locator(".page-head .menu").count() > 2
    assert page.evaluate(LOST) == []


@pytest.mark.parametrize("width", [1440, 390, 320])
def test_a_name_without_a_space_does_not_widen_a_page(new_page: Callable[..., Page], site: Any, width: int) -> None:
    order = site.order_of("Aurora Bikes")
    name_customers(site, "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft" * 2)
    page = new_page("manager", viewport={"width": width, "height": 900})

    for path in ("/customers/C-100", f"/orders/{order}", "/orders", "/customers", "/customers/C-100/account"):
        page.goto(path, wait_until="domcontentloaded")
        assert page.evaluate(ASIDE) <= 0, path


def long_change(session: Session, order: str) -> str:
    """A change whose instructions are one word."""
    work_order = repository.work_orders_of(session, order)[0]
    body = ChangeIn(work_order=work_order.number, changes=Wanted(instructions="Verpackungsanweisungsentwurf" * 6))
    change = service.create_change(session, work_order, body, origin=Origin.SALES, actor="test", now=utc_now())
    service.submit_change(session, change, actor="test", now=utc_now())
    return change.number


@pytest.mark.parametrize("width", [1280, 390])
def test_what_a_change_says_in_one_long_word_widens_neither_page_nor_table(
    new_page: Callable[..., Page], site: Any, width: int
) -> None:
    order = site.order_of("Aurora Bikes")
    number = site.database.write(lambda session: long_change(session, order))
    page = new_page("manager", viewport={"width": width, "height": 900})

    for path in ("/changes", f"/changes/{number}", f"/orders/{order}"):
        page.goto(path, wait_until="domcontentloaded")
        assert page.locator(".difference").count() > 0, path
        assert page.evaluate(ASIDE) <= 0, path
        assert page.locator(".difference").evaluate_all(BESIDE) == [], path


@pytest.mark.parametrize("width", [390, 1440, 1920])
def test_the_board_says_in_full_why_an_order_stands(new_page: Callable[..., Page], site: Any, width: int) -> None:
    order = site.order_of("Aurora Bikes")
    why = "Waiting for the customer to approve the drawing."
    site.database.write(
        lambda session: session.query(SalesOrder).filter_by(number=order).update({"on_hold": True, "hold_reason": why})
    )
    page = new_page("manager", viewport={"width": width, "height": width * 9 // 16 if width > 390 else 844})

    page.goto("/board", wait_until="domcontentloaded")

    told = page.get_by_text(why).first
    assert told.evaluate("e => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight + 1")


@pytest.mark.parametrize("held", [0, 1, 2, 6])
def test_the_last_card_of_a_column_is_whole_however_many_of_them_say_why_they_stand(
    new_page: Callable[..., Page], site: Any, held: int
) -> None:
    why = "The customer asks for another colour of the frame and wants to see a sample first; wait for his word."

    def hold(session: Session) -> None:
        for number, order in enumerate(session.query(SalesOrder).filter_by(lifecycle="processing")):
            order.on_hold, order.hold_reason = number < held, why if number < held else None

    site.database.write(hold)
    page = new_page("manager")

    page.goto("/board", wait_until="domcontentloaded")

    assert page.locator("#cards-cut li").count() > 3
    assert page.locator("#cards-cut").evaluate("e => e.scrollHeight - e.clientHeight") <= 1
    assert {each.get_attribute("title") for each in page.locator(".why").all()} <= {why}


def test_figures_of_a_gateway_do_not_run_into_each_other_on_a_phone(new_page: Callable[..., Page], site: Any) -> None:
    page = new_page("admin", viewport={"width": 390, "height": 844})
    page.goto("/admin/gateways/new", wait_until="domcontentloaded")
    page.fill("[name=key]", "gw-hall-1")
    page.fill("[name=name]", "Hall 1")
    page.locator("main form .button.primary").click()
    page.goto("/admin/gateways/gw-hall-1", wait_until="domcontentloaded")
    page.locator(".figures dd").first.evaluate("e => e.innerHTML = '<time>23 seconds ago</time>'")

    assert page.evaluate(MEET) == []


def test_pages_are_read_by_night_as_by_day(new_page: Callable[..., Page], site: Any, passes: Any) -> None:
    order = site.order_of("Aurora Bikes")
    site.database.write(lambda session: session.query(SalesOrder).update({"special_instructions": "Ground flat."}))
    site.scan("NO-SUCH-CODE", "cut-1")
    site.scan(site.units_of(order)[0], "cut-1")
    page = new_page("manager")
    page.emulate_media(color_scheme="dark")

    passes(page, "/station/cut", "/station/cut/list", f"/orders/{order}", "/orders")

    page.goto("/station/cut", wait_until="domcontentloaded")
    assert page.locator(".instructions").count() > 0
