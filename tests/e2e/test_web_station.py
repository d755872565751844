"""A station's screen with a keyboard-wedge scanner: nothing lost, nothing twice, one verdict and one sound each."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from orderlight.autoid import OwnCode
from server.erp.orders.models import SalesOrder
from server.erp.seed import gtin

LIVE = "#connection[data-state=live]"
SHIFTED = {")": "0", "!": "1", "@": "2", "#": "3", "$": "4", "%": "5", "^": "6", "&": "7", "*": "8", "(": "9"}
NAMES = {"-": "Minus", "]": "BracketRight", ".": "Period", "/": "Slash", " ": "Space"}


def chord(letter: str) -> str:
    """The keys by which a scanner on a US keyboard sends this letter; GS as Ctrl and the right bracket."""
    if letter == "\x1d":
        return "Control+BracketRight"
    if letter in SHIFTED:
        return f"Shift+Digit{SHIFTED[letter]}"
    if letter.isdigit():
        return f"Digit{letter}"
    if letter.isalpha():
        return f"Shift+Key{letter}" if letter.isupper() else f"Key{letter.upper()}"
    return NAMES[letter]


def wedge(page: Page, code: str, end: str | None = "Enter") -> None:
    """A scanner types the code and its end sign."""
    for letter in code:
        page.keyboard.press(chord(letter))
    if end:
        page.keyboard.press(end)


def open_station(page: Page) -> Page:
    # A browser driven from outside on a busy machine types slower than any scanner; the station's own setting for
    # slow scanners makes room for it.
    page.goto("/station/cut?gap=3000", wait_until="domcontentloaded")
    page.wait_for_selector(LIVE)
    page.wait_for_selector("html[data-station=ready]")
    return page


@pytest.fixture
def station(new_page: Callable[..., Page], site: Any) -> Page:
    """The screen of a station whose scanner was seen to end its codes with a sign."""
    page = new_page("operator")
    page.add_init_script('localStorage.setItem("orderlight.suffix", "1")')
    return open_station(page)


@pytest.fixture
def units(site: Any) -> list[str]:
    found: list[str] = site.units_of(site.order_of("Aurora Bikes"))
    return found


def own(unit: str) -> str:
    """The printed code of a unit's number."""
    return str(OwnCode("U", unit.removeprefix("U-")))


def last_scans(page: Page) -> list[str]:
    return page.locator("#last-scans [data-key] > span").all_inner_texts()


def tones(page: Page) -> tuple[str | None, int]:
    return page.evaluate(
        "[document.documentElement.dataset.tone ?? null, +(document.documentElement.dataset.tones || 0)]"
    )


def final_tones(page: Page) -> tuple[str | None, int]:
    """The last tone and their number, once every scan has its answer, by which it is forgotten and sounded."""
    expect(page.locator("#waiting")).to_be_hidden()
    return tones(page)


def test_a_scan_is_booked_shown_and_sounded_once(station: Page, units: list[str]) -> None:
    wedge(station, own(units[0]))

    expect(station.locator("#verdict-word")).to_have_text("Booked")
    expect(station.locator("#verdict-say")).to_contain_text(f"Cut done: {units[0]}")
    expect(station.locator("#verdict")).to_have_class(re.compile(r"\bok\b"))
    expect(station.locator("#last-scans [data-key]")).to_have_count(1)
    assert list(final_tones(station)) == ["ok", 1]


def test_a_verdict_that_the_stream_brings_before_the_answer_is_sounded_once(station: Page, units: list[str]) -> None:
    # Given an answer that is held back until the stream has shown the scan
    def hold_back(route: Route) -> None:
        answer = route.fetch()
        expect(station.locator("#last-scans [data-key]")).to_have_count(1)
        route.fulfill(response=answer)

    station.route("**/scans", hold_back)

    wedge(station, own(units[0]))

    expect(station.locator("#verdict-word")).to_have_text("Booked")
    assert list(final_tones(station)) == ["ok", 1]


def test_an_unknown_code_is_loud_in_colour_icon_word_and_sound(station: Page, site: Any) -> None:
    wedge(station, "NOBODY-KNOWS-9")

    expect(station.locator("#verdict-word")).to_have_text("Stop")
    expect(station.locator("#verdict-say")).to_contain_text("inbox")
    expect(station.locator("#verdict")).to_have_class(re.compile(r"\bstop\b"))
    expect(station.locator("#verdict-icon use")).to_have_attribute("href", re.compile("octagon-x"))
    assert list(final_tones(station)) == ["stop", 1]


def test_ten_scans_in_a_burst_give_ten_verdicts_in_order(station: Page, units: list[str]) -> None:
    for unit in units[:10]:
        wedge(station, own(unit))

    expect(station.locator("#verdict-say")).to_contain_text(units[9])
    expect(station.locator("#last-scans [data-key] > span").first).to_contain_text(units[9])
    assert [re.search(r"U-\d+", text)[0] for text in last_scans(station)] == units[9:1:-1]  # type: ignore[index]


@pytest.mark.parametrize("end", ["Enter", "Tab", "Control+KeyD", "NumpadEnter"])
def test_any_end_sign_ends_a_code(station: Page, units: list[str], end: str) -> None:
    wedge(station, own(units[0]), end)

    expect(station.locator("#verdict-say")).to_contain_text(units[0])


def test_silence_ends_a_code_that_has_no_end_sign(new_page: Callable[..., Page], units: list[str]) -> None:
    station = open_station(new_page("operator"))
    # Sent from inside the page, so that nothing but the end of the code is a silence.
    keys = [
        {"code": chord(letter).split("+")[-1], "key": letter, "shiftKey": letter.isupper()} for letter in own(units[0])
    ]
    station.evaluate(
        """keys => keys.forEach(key =>
            document.body.dispatchEvent(new KeyboardEvent("keydown", {...key, bubbles: true, cancelable: true})))""",
        keys,
    )

    expect(station.locator("#verdict-say")).to_contain_text(units[0])


@pytest.mark.parametrize("separator", ["Control+BracketRight", "F8"])
def test_a_group_separator_arrives(station: Page, site: Any, units: list[str], separator: str) -> None:
    wedge(station, f"]C101{gtin(1)}21NOBODY", None)
    station.keyboard.press(separator)
    wedge(station, "10L5")

    expect(station.locator("#verdict-code")).to_contain_text("NOBODY·10L5")


def test_a_foreign_layout_and_an_input_method_change_nothing(station: Page, units: list[str]) -> None:
    # What a German layout and a Chinese input method tell: other keys, the same places of the keyboard.
    station.evaluate(
        """code => { for (const letter of [...code, "Enter"]) {
            const place = letter === "Enter" ? "Enter" : /[0-9]/.test(letter) ? "Digit" + letter : "Key" + letter;
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {
              code: place, key: letter === "Enter" ? "Enter" : "Process", isComposing: letter !== "Enter",
              shiftKey: /[A-Z]/.test(letter) && letter.length === 1, bubbles: true, cancelable: true })); } }""",
        own(units[0]),
    )

    expect(station.locator("#verdict-say")).to_contain_text(units[0])


def test_text_that_a_scanner_app_inserts_is_read(new_page: Callable[..., Page], units: list[str]) -> None:
    station = open_station(new_page("operator"))
    station.keyboard.insert_text(own(units[0]))

    expect(station.locator("#verdict-say")).to_contain_text(units[0])
    expect(station.locator("#wedge")).to_have_attribute("inputmode", "none")
    expect(station.locator("#wedge")).to_have_value("")


def test_a_scan_reaches_the_station_wherever_a_finger_was_last(station: Page, units: list[str]) -> None:
    for place, unit in zip(["#verdict", "#last-head", "#undo", ".station-top h1"], units, strict=False):
        station.locator(place).click()
        wedge(station, own(unit))
        expect(station.locator("#verdict-say")).to_contain_text(unit)


def test_a_typed_code_counts_like_a_scan(station: Page, units: list[str]) -> None:
    station.locator("#code").fill(units[0])
    station.locator("#code").press("Enter")

    expect(station.locator("#verdict-say")).to_contain_text(units[0])
    expect(station.locator("#wedge")).to_be_focused()


def test_scans_wait_here_while_the_server_is_away_and_survive_a_reload(
    station: Page, units: list[str], watch: Any
) -> None:
    station.route("**/scans", lambda route: route.abort())
    for unit in units[:3]:
        wedge(station, own(unit))
    expect(station.locator("#waiting")).to_have_text("3 waiting")
    expect(station.locator("#verdict-word")).to_have_text("Kept")
    assert tones(station)[0] == "trouble"

    station.reload(wait_until="domcontentloaded")
    expect(station.locator("#waiting")).to_have_text("3 waiting")
    station.unroute("**/scans")

    expect(station.locator("#waiting")).to_be_hidden(timeout=40_000)
    station.wait_for_selector("#last-scans [data-key]")
    expect(station.locator("#last-scans [data-key]")).to_have_count(3)
    assert [re.search(r"U-\d+", text)[0] for text in last_scans(station)] == units[2::-1]  # type: ignore[index]
    watch.forgive()


def test_an_answer_that_was_lost_on_the_way_books_nothing_twice(station: Page, units: list[str], watch: Any) -> None:
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().text())
        route.abort()

    station.route("**/scans", lose)
    wedge(station, own(units[0]))

    expect(station.locator("#waiting")).to_be_hidden(timeout=20_000)
    expect(station.locator("#verdict-word")).to_have_text("Booked", timeout=20_000)
    expect(station.locator("#last-scans [data-key]")).to_have_count(1)
    watch.forgive()


def test_the_verdict_of_a_gateways_scan_looks_and_sounds_the_same(station: Page, site: Any, units: list[str]) -> None:
    site.scan(units[0], "cut-1")

    expect(station.locator("#verdict-say")).to_contain_text(units[0])
    expect(station.locator("html")).to_have_attribute("data-tones", "1")
    assert list(final_tones(station)) == ["ok", 1]


def test_an_old_scan_that_comes_late_is_shown_without_a_sound(station: Page, site: Any, units: list[str]) -> None:
    site.scan(units[0], "cut-1", ago=300)

    expect(station.locator("#verdict-say")).to_contain_text(units[0])
    assert list(final_tones(station)) == [None, 0]


def test_undo_takes_the_last_scan_back(station: Page, units: list[str]) -> None:
    wedge(station, own(units[0]))
    expect(station.locator("#verdict-word")).to_have_text("Booked")

    station.get_by_role("button", name=re.compile("UNDO")).click()

    expect(station.locator("#verdict-say")).to_contain_text("Taken back")
    expect(station.locator("#last-scans .undone")).to_have_count(1)


def test_a_screen_that_lost_its_rights_keeps_its_scans(station: Page, units: list[str], watch: Any) -> None:
    station.context.clear_cookies()

    wedge(station, own(units[0]))

    expect(station.locator("#verdict-word")).to_have_text("Kept")
    expect(station.locator("#verdict-say")).to_contain_text("does not know this screen")
    expect(station.locator("#waiting")).to_have_text("1 waiting")
    watch.forgive()


def test_instructions_that_do_not_fit_can_be_scrolled_to_and_begin_anew_with_other_work(
    new_page: Callable[..., Page], site: Any
) -> None:
    first, other = site.order_of("Aurora Bikes"), site.order_of("Nordwind Energie")
    long = "Every weld seam on the visible side is ground flat and shown to the foreman before paint. " * 5
    site.database.write(
        lambda session: session.query(SalesOrder).update({"special_instructions": long + "Mind the end."})
    )
    site.scan(site.units_of(first)[0], "cut-1")
    page = open_station(new_page("operator", viewport={"width": 1280, "height": 800}))
    work = page.locator("#at-hand")
    expect(work).to_have_attribute("data-job", first)
    assert work.evaluate("e => e.scrollHeight > e.clientHeight")

    # By key, as by touch
    work.press("End")
    expect(page.locator(".next-up")).to_be_in_viewport()
    expect(work).not_to_have_js_property("scrollTop", 0)

    # Other work begins at its head
    site.scan(site.units_of(other)[0], "cut-1")
    expect(work).to_have_attribute("data-job", other)
    expect(work).to_have_js_property("scrollTop", 0)
