"""Packing and leaving as an operator sees it, at a desk and on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from orderlight.autoid import OwnCode
from server.erp.floor.models import ReadPoint
from server.erp.logistics.models import HandlingUnit
from server.erp.production.models import Unit

from .conftest import PHONE


def card(name: str) -> str:
    return str(OwnCode("C", name))


def open_station(page: Page, key: str) -> Page:
    page.goto(f"/station/{key}", wait_until="domcontentloaded")
    page.wait_for_selector("html[data-station=ready]")
    return page


@pytest.fixture
def boxed(site: Any) -> str:
    """The label of a closed box at packing."""
    unit = site.units_of(site.order_of("Nordwind Energie"))[0]
    finished = update(Unit).where(Unit.number == unit).values(state="finished", step=None)
    site.database.write(lambda session: session.execute(finished))
    site.scan(str(OwnCode("U", unit.removeprefix("U-"))), "pack-1")
    site.scan(card("CLOSE"), "pack-1")
    with site.database.read() as session:
        sscc = session.scalars(select(HandlingUnit.sscc).order_by(HandlingUnit.id.desc())).first()
    return f"]C100{sscc}"


def test_a_pallet_that_is_filled_is_called_a_pallet(new_page: Callable[..., Page], site: Any, boxed: str) -> None:
    station = open_station(new_page("operator"), "pack")
    site.scan(card("PALLET"), "pack-1")

    site.scan(boxed, "pack-1")

    expect(station.locator("#station-who")).to_contain_text("open pallet HU-")
    expect(station.locator("#station-who")).not_to_contain_text("open box")


@pytest.mark.parametrize("key", ["pack", "ship"])
def test_a_phone_has_room_for_a_typed_code_and_shows_every_button(new_page: Callable[..., Page], key: str) -> None:
    station = open_station(new_page("operator", viewport=PHONE), key)

    code = station.locator("#code").bounding_box()
    inside = station.locator("#undo button, #reports a, #typed button")
    boxes = [each.bounding_box() for each in inside.all()]

    assert code is not None
    assert code["width"] >= 140
    assert all(each and each["height"] >= 64 and each["width"] >= 64 for each in boxes)
    assert all(each and each["x"] >= 0 and each["x"] + each["width"] <= 390 for each in boxes)
    assert all(each and each["y"] + each["height"] <= 844 for each in boxes)


def test_a_second_hand_on_one_unit_is_told_that_nothing_more_was_booked(
    new_page: Callable[..., Page], site: Any
) -> None:
    unit = site.units_of(site.order_of("Aurora Bikes"))[0]
    code = str(OwnCode("U", unit.removeprefix("U-")))
    # A busy machine may take long between the two; the moment is made longer than that.
    longer = update(ReadPoint).where(ReadPoint.key == "weld-1").values(quiet_seconds=120)
    site.database.write(lambda session: session.execute(longer))
    site.scan(code, "cut-1")
    first, second = (open_station(new_page("operator"), "weld") for _ in range(2))
    for each in (first, second):
        each.locator("#code").fill(code)

    first.locator("#typed button").click()
    expect(first.locator("#verdict-word")).to_have_text("Booked")
    second.locator("#typed button").click()

    expect(second.locator("#verdict-word")).to_have_text("Known already")
    expect(second.locator("#verdict-say")).to_have_text(f"{unit} was seen here a moment ago.")
    expect(first.locator("#last-scans [data-key]")).to_have_count(1)
