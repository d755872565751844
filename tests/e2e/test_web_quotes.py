"""A quote between two browsers: what the other side says and answers appears by itself, on pages that all can use."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

PHONE = {"width": 390, "height": 844}


def live(page: Page) -> None:
    page.wait_for_selector("#connection[data-state=live]")


def test_a_quote_is_talked_over_and_signed_while_both_look_at_it(
    new_page: Callable[..., Page], passes: Callable[..., None]
) -> None:
    sales, visitor = new_page("sales"), new_page(viewport=PHONE)

    sales.goto("/quotes/new")
    sales.get_by_label("Customer or prospect").select_option(label="Aurora Bikes · C-100")
    sales.get_by_label("Product").first.fill("FRAME-CITY")
    sales.get_by_label("Quantity").first.fill("12")
    sales.get_by_label("Options").first.fill("Colour: Mint")
    sales.get_by_role("button", name="Work out margin and date").click()
    expect(sales.get_by_role("heading", name="What would come of it")).to_be_visible()
    passes(sales)
    sales.get_by_role("button", name="Write the quote").click()
    number = sales.url.rpartition("/")[2]
    sales.get_by_role("button", name="Send to the customer").click()
    link = sales.get_by_label("The link").input_value()
    sales.goto(f"/quotes/{number}")
    live(sales)
    passes(sales)

    visitor.goto("/quote/" + link.rpartition("/")[2])
    passes(visitor)
    visitor.get_by_role("button", name="Open my quote").click()
    live(visitor)
    passes(visitor)
    visitor.get_by_text("Propose a change").click()
    visitor.get_by_label("Quantity").fill("15")
    visitor.get_by_role("button", name="Propose", exact=True).click()
    expect(sales.get_by_text("Quantity 12 → 15")).to_be_visible()
    sales.get_by_role("button", name="Take over into the next version").click()
    sales.get_by_role("button", name="Send to the customer").click()
    expect(visitor.get_by_text("New in version 2")).to_be_visible()
    sales.goto(f"/quotes/{number}")
    live(sales)
    sales.get_by_label("Write to Aurora Bikes").fill("Version 2 has fifteen.")
    sales.get_by_role("button", name="Write", exact=True).click()
    expect(visitor.get_by_text("Version 2 has fifteen.")).to_be_visible()

    visitor.get_by_label("Your name").fill("Astrid Lund")
    visitor.get_by_label("I order what version 2 says").check()
    visitor.get_by_role("button", name="Accept and order").click()
    expect(visitor.get_by_text("You accepted version 2")).to_be_visible()
    expect(sales.get_by_text("Astrid Lund accepted version 2")).to_be_visible()
    passes(sales)
    visitor.get_by_role("link", name="Follow order").click()
    expect(visitor.get_by_text("From your quote")).to_be_visible()
    sales.goto("/quotes?show=all")
    live(sales)
    passes(sales)
