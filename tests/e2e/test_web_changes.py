"""Changes after release and what leaves the house, as the station, the office and the customer see them."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode
from server.auth.users import NewUser, add_user
from server.erp.changes import repository, service
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn, Wanted
from server.erp.logistics.schemas import ShipmentIn
from server.erp.logistics.seed import seed_dock
from server.erp.logistics.service import create_shipment, ship
from server.erp.reservations.seed import seed_reservations
from server.parties.models import Customer
from server.settings.clock import utc_now
from server.tracking.states import Effectivity

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


def test_a_change_is_red_at_the_station_until_a_badge_is_shown_and_then_told_to_the_customer(
    new_page: Callable[..., Page], site: Any, passes: Any
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
    passes(station)

    # When somebody shows a badge there
    site.scan(str(OwnCode("B", BADGE)), "pack-1")

    # Then the station goes on, and both sides see that it was confirmed
    expect(station.locator("#verdict-say")).to_contain_text("Kim has seen it")
    expect(red).to_have_count(0)
    expect(customer.locator("#main")).to_contain_text("Confirmed on the floor")
    manager = go(new_page("manager"), f"/changes/{number}")
    expect(manager.locator("#main")).to_contain_text("Kim")


def test_what_was_said_of_an_acknowledgement_gives_way_to_the_next_verdict(
    new_page: Callable[..., Page], site: Any
) -> None:
    order = site.order_of("Aurora Bikes")
    site.database.write(lambda session: approved(session, order))
    station = go(new_page("operator"), "/station/pack")

    station.get_by_role("button", name="I have seen it").click()
    expect(station.locator(".flash")).to_contain_text("Seen. Scans go on.")
    station.wait_for_selector("#connection[data-state=live]")
    site.scan("NO-SUCH-CODE", "pack-1")

    expect(station.locator("#verdict-say")).to_contain_text("is not known here")
    expect(station.locator(".flash")).to_have_count(0)


def test_pages_of_changes_are_accessible_and_fit(new_page: Callable[..., Page], site: Any, passes: Any) -> None:
    order = site.order_of("Aurora Bikes")
    number = site.database.write(lambda session: approved(session, order))

    passes(
        new_page("manager"),
        "/changes", f"/changes/new?order={order}", f"/changes/{number}", f"/orders/{order}/requirements",
    )  # fmt: skip


def dock(session: Session) -> tuple[str, str, str]:
    """A pallet at the dock with its shipment on its way, and an order that waits for a decision; their numbers."""
    world: Any = SimpleNamespace(customers={each.name: each for each in session.scalars(select(Customer))})
    pallet = seed_dock(session, world, utc_now())
    waits = seed_reservations(session, world, utc_now())[1]
    shipment = create_shipment(session, ShipmentIn(order=pallet.order.number), actor="test", now=utc_now())
    ship(session, shipment, actor="test", now=utc_now())
    return pallet.number, shipment.number, waits.number


def test_pages_of_packing_are_accessible_and_fit_and_a_scan_tells_the_customer_of_the_delivery(
    new_page: Callable[..., Page], site: Any, passes: Any
) -> None:
    pallet, shipment, waits = site.database.write(dock)
    page = new_page("manager")

    passes(
        page,
        f"/handling-units/{pallet}", f"/shipments/{shipment}/note", f"/orders/{waits}", "/stock/MOUNT-WIND",
    )  # fmt: skip
    order = page.request.get(f"/api/v1/shipments/{shipment}").json()["order"]
    customer = go(new_page("customer", customer_id=site.customer_id("Kestrel Rail")), f"/orders/{order}")
    expect(customer.locator("#status-sentence")).to_contain_text("have left our house")

    site.scan(str(OwnCode("D", shipment.removeprefix("SH-"))), "delivery-1")

    expect(customer.locator("#status-sentence")).to_contain_text("have arrived")
