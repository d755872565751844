"""Every page passes axe (WCAG 2.2 AA), fits a phone, and asks nobody else for anything."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page

from server.erp.billing.seed import seed_past
from server.erp.stock.seed import seed_stock
from server.settings.clock import utc_now

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    return [
        f"{violation['id']}: {[node['html'][:160] for node in violation['nodes'][:3]]}"
        for violation in found["violations"]
    ]


def go(page: Page, path: str) -> None:
    page.goto(path, wait_until="domcontentloaded")
    page.wait_for_selector("html[data-ready]")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_for_staff_are_accessible_and_fit(new_page: Callable[..., Page], site: Any, viewport: Any) -> None:
    order = site.order_of("Aurora Bikes")
    unit = site.units_of(order)[0]
    site.database.write(lambda session: seed_stock(session, utc_now()))
    site.scan(unit, "cut-1")
    page = new_page("manager", viewport=viewport)

    for path in (
        "/orders", "/orders?show=closed", "/orders?show=at_risk", f"/orders/{order}", f"/orders/{order}/units/{unit}",
        "/station", "/station/cut", "/station/weld", "/board", "/search?q=nothing-like-it", "/password",
        "/stock", "/stock/TUBE-34", "/stock/TUBE-34/lots?lot=T26-0412", "/stock/receive", "/stock/locations",
    ):  # fmt: skip
        go(page, path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_of_money_are_accessible_and_fit(new_page: Callable[..., Page], site: Any, viewport: Any) -> None:
    orders = site.database.write(lambda session: [each.number for each in seed_past(session, utc_now())])
    page = new_page("finance", viewport=viewport)

    for path in (
        "/invoices?show=all", "/invoices?show=cancelled", "/invoices/INV-1002", "/invoices/INV-1002/print",
        "/to-invoice", "/payments", "/payments/new?invoice=INV-1000", "/credit", "/customers/C-101/account",
        f"/orders/{orders[2]}", f"/orders/{orders[-1]}",
    ):  # fmt: skip
        go(page, path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_for_customers_and_strangers_are_accessible_and_fit(
    new_page: Callable[..., Page], site: Any, viewport: Any
) -> None:
    order = site.order_of("Aurora Bikes")
    sales = new_page("sales")
    go(sales, f"/orders/{order}")
    sales.get_by_role("button", name="Make a link").click()
    link = sales.get_by_label("The link").input_value()
    page = new_page(viewport=viewport)

    for path in ("/login", "/pair", "/track/" + link.rpartition("/")[2]):
        go(page, path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
    page.get_by_role("button", name="Open my order").click()
    page.wait_for_selector("#connection[data-state=live]")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_a_station_does_not_scroll_and_its_targets_are_large(new_page: Callable[..., Page], site: Any) -> None:
    for _ in range(9):
        site.scan("NO-SUCH-CODE-" + "x" * 30, "cut-1")
    for viewport in (DESKTOP, {"width": 1024, "height": 768}, PHONE):
        page = new_page("operator", viewport=viewport)
        go(page, "/station/cut")

        assert page.evaluate("document.documentElement.scrollHeight") <= viewport["height"]
        for target in page.locator("button:visible, #code:visible").all():
            box = target.bounding_box()
            assert box is not None
            assert min(box["height"], box["width"]) >= 64, target.inner_html()
