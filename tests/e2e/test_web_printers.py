"""The page of the label printers, watched: a label waits, prints, comes out, fails, and is printed again, live."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from server.labels.queue import service
from server.labels.queue.models import PrintJob
from server.labels.queue.schemas import PrinterIn
from server.settings.clock import utc_now
from simulators.devices.zebra import ZebraPrinter

LIVE = "#connection[data-state=live]"


class HeldBack(ZebraPrinter):
    """It takes labels into its memory, and lets them come out when it is told to."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        super().__init__()

    def _can_print(self) -> bool:
        return self.goes_on.is_set() and super()._can_print()

    def go_on(self) -> None:
        """What is in the memory comes out."""
        self.goes_on.set()
        self._print()


@pytest.fixture
def zebra() -> Iterator[HeldBack]:
    with HeldBack() as printer:
        yield printer


@pytest.fixture
def planner(site: Any, zebra: HeldBack, new_page: Callable[..., Page]) -> Page:
    """The page of the printers, live, with a printer that holds its labels back."""
    body = PrinterIn(key="dock", name="Dock", host="127.0.0.1", port=zebra.port, width_mm=70, height_mm=37)  # type: ignore[arg-type]
    site.database.write(lambda session: service.create_printer(session, body, actor="test", now=utc_now()))
    page: Page = new_page("planner")
    page.goto("/printers", wait_until="domcontentloaded")
    page.wait_for_selector(LIVE)
    return page


def ask(page: Page, unit: str) -> None:
    """Somebody prints the label of the unit in another window."""
    other = page.context.new_page()
    other.goto(f"/print/labels?kind=unit&reference={unit}")
    other.get_by_role("button", name="Print", exact=True).click()
    other.wait_for_url("**/printers")
    other.close()


def newest(page: Page) -> Locator:
    """The row of the newest label."""
    return page.locator("#jobs-head ~ .table-wrap tbody tr").first


def picture(page: Page, name: str) -> None:
    """Keep what is seen where ORDERLIGHT_PICTURES names a folder, at a desktop's and a phone's width."""
    folder = os.environ.get("ORDERLIGHT_PICTURES")
    if folder is None:
        return
    for width, height in ((1280, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=Path(folder) / f"printers-{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_label_is_seen_to_print_to_come_out_and_to_print_again(planner: Page, site: Any, zebra: HeldBack) -> None:
    unit = site.units_of(site.order_of("Aurora Bikes"))[0]

    ask(planner, unit)
    expect(newest(planner)).to_contain_text("Printing")
    picture(planner, "printing")
    zebra.go_on()
    expect(newest(planner)).to_contain_text("Printed")
    picture(planner, "done")
    newest(planner).get_by_role("button", name="Print again").click()

    expect(newest(planner)).to_contain_text("again")
    expect(newest(planner)).to_contain_text("Printed")
    assert [label.texts[0] for label in zebra.printed] == [unit, unit]


def test_a_label_that_waits_for_a_printer_that_is_off_fails_is_tried_again_and_comes_out(
    planner: Page, site: Any, zebra: HeldBack, passes: Callable[..., None]
) -> None:
    unit = site.units_of(site.order_of("Aurora Bikes"))[0]
    zebra.turn_off()
    ask(planner, unit)
    expect(newest(planner)).to_contain_text("Waits")
    expect(planner.locator(".place").first).to_contain_text("Needs a look")
    picture(planner, "waits")

    def last_try(session: Session) -> None:
        # The thirteen tries before this one take about ten minutes.
        session.execute(update(PrintJob).values(tries=13, next_try_at=utc_now()))

    site.database.write(last_try)
    expect(newest(planner)).to_contain_text("Not printed")
    picture(planner, "failed")
    passes(planner)

    zebra.turn_on()
    zebra.goes_on.set()
    newest(planner).get_by_role("button", name="Try again").click()
    expect(newest(planner)).to_contain_text("Printed")
    assert [label.texts[0] for label in zebra.printed] == [unit]
