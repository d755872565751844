"""A change after release as everybody sees it: red at the station, confirmed by a badge, told to the customer."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode
from server.auth.users import NewUser, add_user
from server.erp.changes import repository, service
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn, Wanted
from server.settings.clock import utc_now
from server.tracking.states import Effectivity

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIEWPORTS = [{"width": 1440, "height": 900}, {"width": 390, "height": 844}]
BADGE = "4711"


def approved(session: Session, order: str) -> str:
    """An approved change of the order's packaging, and somebody with a badge."""
    add_user(session, NewUser(login="kim", name="Kim", role="operator", badge=BADGE), actor="test", now=utc_now())
    work_order = repository.work_orders_of(session, order)[0]
    wanted = Wanted(box="B60", inner_material="foam")
    body = ChangeIn(work_order=work_order.number, changes=wanted, effectivity=Effectivity.REMAINING)
    about: dict[str, Any] = {"actor": "test", "now": utc_now()}
    change = service.create_change(session, work_order, body, origin=Origin.SALES, **about)
    service.submit_change(session, change, **about)
    service.approve_change(session, change, **about)
    return change.number


def go(page: Page, path: str) -> Page:
    page.goto(path, wait_until="domcontentloaded")
    page.wait_for_selector("html[data-ready]")
    return page


def passes(page: Page, path: str) -> None:
    """The page is accessible and fits the screen."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    assert [(each["id"], [node["html"][:160] for node in each["nodes"][:3]]) for each in found["violations"]] == [], (
        path
    )
    assert page.viewport_size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], path


def test_a_change_is_red_at_the_station_until_a_badge_is_shown_and_then_told_to_the_customer(
    new_page: Callable[..., Page], site: Any
) -> None:
    # Given an approved change of a customer's order
    order = site.order_of("Aurora Bikes")
    number = site.database.write(lambda session: approved(session, order))
    customer = go(new_page("customer", customer_id=site.customer_id("Aurora Bikes")), f"/orders/{order}")
    station = go(new_page("operator"), "/station/pack")

    # Then the packing station shows it in red, and the customer that it waits
    red = station.locator("#at-hand.changed")
    expect(red).to_contain_text(f"Changed: {order} for Aurora Bikes")
    expect(red).to_contain_text("B60")
    expect(customer.locator("#changes-head")).to_be_visible()
    expect(customer.locator("#main")).not_to_contain_text("Confirmed on the floor")
    passes(station, "/station/pack")

    # When somebody shows a badge there
    site.scan(str(OwnCode("B", BADGE)), "pack-1")

    # Then the station goes on, and both sides see that it was confirmed
    expect(station.locator("#verdict-say")).to_contain_text("Kim has seen it")
    expect(red).to_have_count(0)
    expect(customer.locator("#main")).to_contain_text("Confirmed on the floor")
    manager = go(new_page("manager"), f"/changes/{number}")
    expect(manager.locator("#main")).to_contain_text("Kim")


@pytest.mark.parametrize("viewport", VIEWPORTS, ids=["desktop", "phone"])
def test_pages_of_changes_are_accessible_and_fit(new_page: Callable[..., Page], site: Any, viewport: Any) -> None:
    order = site.order_of("Aurora Bikes")
    number = site.database.write(lambda session: approved(session, order))
    page = new_page("manager", viewport=viewport)

    for path in ("/changes", f"/changes/new?order={order}", f"/changes/{number}", f"/orders/{order}/requirements"):
        passes(go(page, path), path)
