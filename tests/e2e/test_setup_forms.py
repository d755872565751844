"""Somebody sets up his own product, station and order by the forms, without a script running, and scans it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from server.journal.models import Gateway, Quarantine
from server.settings.clock import utc_now

NewPage = Callable[..., Page]

ADMIN_PAGES = (
    "/admin", "/admin/gateways", "/admin/gateways/new", "/admin/inbox", "/admin/inbox/1?q=aurora",
    "/admin/inbox?show=discarded", "/admin/tags", "/admin/users", "/admin/users/new", "/admin/keys", "/admin/keys/new",
    "/admin/devices", "/admin/devices/new", "/admin/audit", "/admin/site",
)  # fmt: skip
SETUP_PAGES = (
    "/setup", "/setup/work-centers", "/setup/work-centers/new", "/setup/stations", "/setup/stations/new",
    "/setup/stations/cut", "/setup/read-points/new?station=cut", "/setup/read-points/cut-1", "/setup/products",
    "/setup/products/new", "/setup/products/BIKE-CITY?choose.colour=blue&choose.size=56-cm",
    "/setup/products/FRAME-CITY/edit", "/setup/products/FRAME-CITY/revisions/A", "/setup/products/FRAME-CITY/compare",
    "/setup/products/BIKE-CITY/revisions/A/options", "/setup/products/FRAME-CITY/packaging/PK-1003",
    "/work-orders/WO-1000", "/customers", "/customers/new",
    "/customers/C-100", "/customers/C-100/timeline", "/customers/C-100/people", "/customers/C-100/terms/edit",
    "/customers/C-100/edit", "/customers/C-100/merge?other=C-104", "/customers/suspects",
    "/setup/orders/new", "/import",
)  # fmt: skip


def fill(page: Page, **fields: str) -> None:
    for label, text in fields.items():
        page.get_by_label(re.compile(f"^{label.replace('_', ' ')}")).first.fill(text)


@pytest.mark.parametrize("paths", [ADMIN_PAGES, SETUP_PAGES], ids=["admin", "setup"])
def test_pages_are_accessible_and_fit(new_page: NewPage, site: Any, passes: Any, paths: tuple[str, ...]) -> None:
    site.scan("NO-SUCH-CODE-" + "x" * 60, "cut-1")

    passes(new_page("admin"), *paths)


def test_an_own_product_is_set_up_ordered_and_scanned_without_scripts(new_page: NewPage, site: Any) -> None:
    page = new_page("admin", scripts=False)

    page.goto("/setup/work-centers/new")
    fill(page, Key="bend", Name="Bend")
    page.get_by_role("button", name="Add").click()
    page.goto("/setup/stations/new")
    fill(page, Key="bend", Name="Bending")
    page.get_by_label("Work center").select_option("bend")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Now say what a scan there means")).to_be_visible()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("link", name="bend-1")).to_be_visible()

    page.goto("/setup/products/new")
    fill(page, Number="LAMP-1", Name="Desk lamp")
    page.locator("[name='routing.0.name']").fill("Bend")
    page.locator("[name='routing.0.work_center']").select_option("bend")
    page.locator("[name='routing.0.run_minutes']").fill("2")
    page.get_by_role("button", name="More steps").click()
    expect(page.locator("[name='routing.0.name']")).to_have_value("Bend")
    page.locator("[name='routing.0.run_minutes']").press("Enter")
    expect(page.get_by_text("LAMP-1 is added.")).to_be_visible()

    page.goto("/setup/orders/new")
    page.get_by_label("Customer", exact=True).select_option("C-100")
    page.locator("[name='lines.0.product']").fill("LAMP-1")
    page.locator("[name='lines.0.quantity']").fill("2")
    page.get_by_role("button", name="Enter the order").click()
    number = page.url.rpartition("/")[2]
    page.locator("summary", has_text="Confirm").click()
    page.locator("form[action$='/confirm'] button").click()
    page.locator("form[action$='/release'] button").click()
    expect(page.get_by_text("is released").first).to_be_visible()

    unit = site.units_of(number)[0]
    page.goto("/station/bend")
    page.locator("#code").fill(unit)
    page.locator("#code").press("Enter")
    expect(page.get_by_text(f"Bend done: {unit}").first).to_be_visible()


def test_a_mistake_leads_to_its_field_and_keeps_what_was_typed(new_page: NewPage, watch: Any) -> None:
    page = new_page("admin", scripts=False)
    page.goto("/setup/products/new")
    fill(page, Number="no blanks please", Name="Lamp", GTIN="123")
    page.locator("[name='routing.0.name']").fill("Cut")
    page.locator("[name='routing.0.run_minutes']").fill("two")
    page.get_by_role("button", name="Add the product").click()

    summary = page.get_by_role("alert").filter(has_text="Please look at this again")
    expect(summary.get_by_role("link", name="Write a number, such as 2.5.")).to_have_attribute(
        "href", "#field-routing.0.run_minutes"
    )
    field = page.locator("[name='routing.0.run_minutes']")
    expect(field).to_have_value("two")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name=name]")).to_have_value("Lamp")
    # The browser notes the status 422 of a form that is shown again.
    watch.forgive()


def test_a_key_is_shown_once_and_copied(new_page: NewPage, passes: Any) -> None:
    page = new_page("admin")
    page.goto("/admin/gateways/new")
    fill(page, Key="gw-saw", Name="Saw")
    page.get_by_role("button", name="Register").click()

    expect(page.get_by_label("Key", exact=True)).to_have_value(re.compile(r"^ol_\w+_[\w-]{40,}$"))
    passes(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("link", name="I have kept the key").click()
    expect(page.get_by_text("Never spoke yet")).to_be_visible()
    expect(page.get_by_text(re.compile(r"ol_\w+_[\w-]{40}"))).to_have_count(0)


def test_a_gateway_that_falls_silent_turns_red_on_the_open_page(new_page: NewPage, site: Any) -> None:
    page = new_page("admin")
    page.goto("/admin/gateways/new")
    fill(page, Key="gw-saw", Name="Saw")
    page.get_by_role("button", name="Register").click()

    def heard(seconds_ago: int) -> None:
        at = utc_now() - timedelta(seconds=seconds_ago)
        site.database.write(lambda session: session.execute(update(Gateway).values(last_seen_at=at, health={})))

    heard(0)
    page.goto("/admin/gateways")
    expect(page.get_by_text("Working")).to_be_visible()
    # Nothing tells the page of silence; it looks again by itself.
    heard(60)
    expect(page.locator("#gateway-gw-saw.silent")).to_be_visible(timeout=15_000)


def test_a_stray_code_is_bound_from_the_inbox(new_page: NewPage, site: Any, passes: Any) -> None:
    order = site.order_of("Aurora Bikes")
    unit = site.units_of(order)[0]
    page = new_page("manager")
    page.goto("/admin/inbox")
    expect(page.get_by_text("Nothing waits here")).to_be_visible()

    site.scan("STRAY-1", "cut-1")
    page.get_by_role("link", name=re.compile("^Decide")).click(timeout=15_000)
    page.get_by_label("Unit, order or customer", exact=True).fill(unit)
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("button", name=f"Bind {unit}").click()

    expect(page.get_by_text(f"Judged anew: Cut done: {unit}")).to_be_visible()
    passes(page)
    with site.database.read() as session:
        assert session.query(Quarantine.state).scalar() == "resolved"


def test_a_table_is_imported_after_a_look_at_its_mistakes(new_page: NewPage, watch: Any) -> None:
    page = new_page("admin", scripts=False)

    def upload(text: str) -> None:
        page.goto("/import?kind=customers")
        page.locator("#file").set_input_files({"name": "c.csv", "mimeType": "text/csv", "buffer": text.encode()})
        page.get_by_role("button", name="Try it out").click()

    upload("number,name\nC-900,Lumen Werke\nc 8,Other\n")
    expect(page.get_by_text("1 mistake")).to_be_visible()
    watch.forgive()
    upload("number,name\nC-900,Lumen Werke\n")
    page.get_by_role("button", name="Store it now").click()

    expect(page.get_by_text("1 new")).to_be_visible()
    expect(page.get_by_role("link", name="Lumen Werke", exact=True)).to_be_visible()
