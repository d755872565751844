"""Pages follow the work by themselves, survive the server, and never lose the reader's place."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session

from server.erp.floor.repository import read_point
from server.erp.floor.schemas import ReadPointPatch
from server.erp.floor.service import update_read_point
from server.erp.passages.repository import open_check_at
from server.erp.passages.service import close_check
from server.settings.clock import utc_now

LIVE = "#connection[data-state=live]"


def go(page: Page, path: str) -> Page:
    page.goto(path, wait_until="domcontentloaded")
    page.wait_for_selector(LIVE)
    return page


def test_a_scan_moves_the_right_customers_page_and_no_other(new_page: Callable[..., Page], site: Any) -> None:
    order = site.order_of("Aurora Bikes")
    other = site.order_of("Kestrel Rail")
    aurora = go(new_page("customer", customer_id=site.customer_id("Aurora Bikes")), f"/orders/{order}")
    kestrel = go(new_page("customer", customer_id=site.customer_id("Kestrel Rail")), f"/orders/{other}")
    untouched = kestrel.locator("#main").inner_text()

    site.scan(site.units_of(order)[0], "cut-1")

    expect(aurora.locator("#status-sentence")).to_contain_text("1 of")
    expect(aurora.locator("#status-sentence")).to_contain_text("through Cut")
    assert kestrel.locator("#main").inner_text() == untouched


def test_a_private_link_follows_the_work(new_page: Callable[..., Page], site: Any) -> None:
    order = site.order_of("Aurora Bikes")
    sales = go(new_page("sales"), f"/orders/{order}")
    sales.get_by_role("button", name="Make a link").click()
    link = sales.get_by_label("The link").input_value()
    visitor = new_page()
    visitor.goto("/track/" + link.rpartition("/")[2])
    visitor.get_by_role("button", name="Open my order").click()
    visitor.wait_for_selector(LIVE)

    site.scan(site.units_of(order)[0], "cut-1")

    expect(visitor.locator("#status-sentence")).to_contain_text("through Cut")
    assert visitor.url.endswith(f"/track/of/{order}")


def test_two_private_links_follow_their_own_work_in_two_tabs_of_one_browser(
    new_page: Callable[..., Page], site: Any
) -> None:
    # Given the tabs of two orders, of which the second was opened last
    orders = [site.order_of("Aurora Bikes"), site.order_of("Kestrel Rail")]
    sales, first = new_page("sales"), new_page()
    tabs = [first, first.context.new_page()]
    for order, tab in zip(orders, tabs, strict=True):
        go(sales, f"/orders/{order}").get_by_role("button", name="Make a link").click()
        tab.goto("/track/" + sales.get_by_label("The link").input_value().rpartition("/")[2])
        tab.get_by_role("button", name="Open my order").click()
        tab.wait_for_selector(LIVE)

    # When the first is loaded again, and its unit is scanned
    first.reload()
    first.wait_for_selector(LIVE)
    untouched = tabs[1].locator("#main").inner_text()
    site.scan(site.units_of(orders[0])[0], "cut-1")

    # Then it moves, and the other stays as it is
    expect(first.locator("#status-sentence")).to_contain_text("through Cut")
    assert first.url.endswith(f"/track/of/{orders[0]}")
    assert tabs[1].locator("#main").inner_text() == untouched


def test_an_update_keeps_opened_details_and_focus(new_page: Callable[..., Page], site: Any) -> None:
    order = site.order_of("Aurora Bikes")
    units = site.units_of(order)
    site.scan(units[0], "cut-1")
    page = go(new_page("sales"), f"/orders/{order}")
    page.locator("#unit-table > summary").click()
    page.locator(".timeline summary").first.click()
    opened = page.locator(".timeline details[open]").get_attribute("id")
    page.locator(f"#cell-{units[2]}").focus()
    page.evaluate("window.scrollTo(0, 300)")

    site.scan(units[1], "cut-1")
    expect(page.locator("#status-sentence")).to_contain_text("2 of")

    assert page.locator("#unit-table").get_attribute("open") is not None
    assert page.locator(".timeline details[open]").get_attribute("id") == opened
    assert page.evaluate("document.activeElement.id") == f"cell-{units[2]}"
    assert page.evaluate("window.scrollY") == 300


def test_buttons_by_role_follow_the_state_of_the_order(new_page: Callable[..., Page], site: Any) -> None:
    order = site.order_of("Aurora Bikes")
    watching, acting = go(new_page("planner"), f"/orders/{order}"), go(new_page("planner"), f"/orders/{order}")
    expect(watching.get_by_text("Lift the hold")).to_have_count(0)

    acting.locator("summary", has_text="Hold").click()
    acting.get_by_label("Why").fill("Paint is missing")
    acting.locator("form[action$='/hold'] button").click()

    expect(watching.get_by_role("button", name="Lift the hold")).to_be_visible()
    expect(watching.locator(".remark")).to_contain_text("Paint is missing")


def test_a_row_changes_in_place_and_says_that_it_did(new_page: Callable[..., Page], site: Any) -> None:
    order = site.order_of("Aurora Bikes")
    page = go(new_page("sales"), "/orders")
    before = page.locator(".orders tbody tr").evaluate_all("rows => rows.map(row => row.id)")

    site.scan(site.units_of(order)[0], "cut-1")

    expect(page.locator("#changed")).to_be_visible()
    expect(page.locator("#changed")).to_contain_text("changed")
    assert page.locator(".orders tbody tr").evaluate_all("rows => rows.map(row => row.id)") == before
    expect(page.locator(f"#row-{order}")).to_contain_text("second")


def test_the_board_moves_with_the_scans(new_page: Callable[..., Page], site: Any) -> None:
    order = site.order_of("Aurora Bikes")
    page = go(new_page("operator"), "/board")
    card = page.locator(f"#card-cut-{order} .count strong")
    expect(card).to_have_text("0")

    site.scan(site.units_of(order)[0], "cut-1")

    expect(card).to_have_text("1")
    expect(page.locator("#fig-done")).to_have_text("1")


def test_a_lost_page_tells_the_time_of_the_site_wherever_its_reader_is(
    new_page: Callable[..., Page], chromium: Browser, site: Any, watch: Any
) -> None:
    near = go(new_page("sales"), "/orders")
    abroad = chromium.new_context(
        locale="en-US", timezone_id="America/New_York", storage_state=near.context.storage_state()
    )
    far = go(abroad.new_page(), near.url)

    site.stop()
    expect(far.locator("#lost-band")).to_be_visible()
    berlin = datetime.now(ZoneInfo("Europe/Berlin"))
    expect(far.locator("#lost-since")).to_have_text(
        re.compile(rf"^({berlin - timedelta(minutes=1):%H:%M}|{berlin:%H:%M}):\d\d$")
    )
    site.start()
    far.wait_for_selector(LIVE, timeout=30_000)
    abroad.close()
    watch.forgive()


def test_a_restart_of_the_server_is_told_at_once_and_healed_by_the_page(
    new_page: Callable[..., Page], site: Any, watch: Any
) -> None:
    order = site.order_of("Aurora Bikes")
    page = go(new_page("sales"), f"/orders/{order}")

    site.stop()
    expect(page.locator("#lost-band")).to_be_visible()
    site.scan(site.units_of(order)[0], "cut-1")
    site.start()

    page.wait_for_selector(LIVE, timeout=30_000)
    expect(page.locator("#lost-band")).to_be_hidden()
    expect(page.locator("#status-sentence")).to_contain_text("through Cut")
    watch.forgive()


def test_the_pages_are_whole_without_javascript(new_page: Callable[..., Page], site: Any) -> None:
    order = site.order_of("Aurora Bikes")
    unit = site.units_of(order)[0]
    page = new_page("manager", scripts=False)

    page.goto("/station/cut")
    page.get_by_label("Code", exact=True).fill(unit)
    page.get_by_role("button", name="Scan").click()
    expect(page.locator("#verdict-word")).to_have_text("Booked")
    page.get_by_role("button", name=re.compile("UNDO")).click()
    expect(page.locator("#last-scans")).to_contain_text("taken back")
    page.goto(f"/orders/{order}")
    page.locator(".timeline summary").first.click()

    expect(page.locator("#status-sentence")).to_be_visible()
    expect(page.locator(".timeline .proof").first).to_be_visible()


def test_expected_and_seen_follows_the_gate_while_somebody_types(new_page: Callable[..., Page], site: Any) -> None:
    def compare(session: Session) -> None:
        point = read_point(session, "ship-gate")
        assert point is not None
        update_read_point(session, point, ReadPointPatch(checks_passages=True), actor="test", now=utc_now())

    site.database.write(compare)
    units = site.units_of(site.order_of("Aurora Bikes"))[:2]
    ship = go(new_page("operator"), "/station/ship/passage")
    ship.get_by_label("Expected is").select_option("list")
    ship.get_by_label("Units and boxes of a list").fill(" ".join(units))
    ship.get_by_role("button", name="Expect it").click()
    ship.wait_for_selector(LIVE)
    ship.get_by_label("Its number").fill("what comes nex")

    site.scan(units[0], "ship-gate")

    expect(ship.locator("#passage-say")).to_contain_text("Missing: 1 of 2.")
    expect(ship.get_by_role("region", name="Passed")).to_contain_text(units[0])
    assert ship.get_by_label("Its number").input_value() == "what comes nex"


def test_a_passage_that_ends_by_quiet_reads_closed_by_itself(new_page: Callable[..., Page], site: Any) -> None:
    def compare(session: Session) -> None:
        point = read_point(session, "ship-gate")
        assert point is not None
        update_read_point(
            session, point, ReadPointPatch(checks_passages=True, check_seconds=5), actor="test", now=utc_now()
        )
        before = open_check_at(session, point.id)
        if before is not None:
            close_check(session, before, actor="test", now=utc_now())

    site.database.write(compare)
    unit = site.units_of(site.order_of("Aurora Bikes"))[2]
    ship = go(new_page("operator"), "/station/ship/passage")
    ship.get_by_label("Expected is").select_option("list")
    ship.get_by_label("Units and boxes of a list").fill(unit)
    ship.get_by_role("button", name="Expect it").click()
    ship.wait_for_selector(LIVE)
    remark = ship.locator(".status .remark")
    site.scan(unit, "ship-gate")
    expect(remark).to_contain_text("last read")
    expect(remark).to_contain_text("open")

    expect(remark).to_contain_text("closed", timeout=20_000)
