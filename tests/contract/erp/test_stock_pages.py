"""Pages of stock: goods are received and counted by plain forms, and whoever may not write only looks."""

import csv
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from html import unescape
from typing import Any

import httpx
import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.db import Database
from server.erp.production.models import Unit
from server.erp.seed import DemoWorld
from server.erp.stock.book import NewMove, book
from server.erp.stock.models import StockLocation, StockMove
from server.erp.stock.rules import MoveKind
from server.settings.clock import utc_now

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(autouse=True)
def places(planner: httpx.Client) -> None:
    """Two places where goods lie."""
    for key in ("store", "line-side"):
        assert planner.post("/api/v1/locations", json={"key": key, "name": key.title()}).status_code == 201


def received(client: httpx.Client, product: str = "TUBE-34", lot: str = "L1", **more: str) -> httpx.Response:
    """Send the form of a receipt."""
    form = {"product": product, "lot": lot, "quantity": "100", "target": "store"}
    return client.post("/stock/receive", data=form | more)


def test_goods_are_received_by_lot_counted_with_a_reason_and_shown_with_their_source(planner: httpx.Client) -> None:
    # Given a receipt with the supplier's note, by GTIN
    gtin = planner.get("/api/v1/products/TUBE-34").json()["gtin"]
    booked = received(planner, product=gtin, reference="LS 77")

    # When somebody counts less of that lot
    form = {"product": "TUBE-34", "lot": "L1", "quantity": "98.5", "target": "store", "cause": "Broken bag"}
    counted = planner.post("/stock/count", data=form)

    # Then the page of the material tells both moves, and the lot lies as counted
    assert (booked.status_code, counted.status_code) == (303, 303)
    page = planner.get(counted.headers["location"]).text
    assert all(text in page for text in ("98.5", "L1", "delivery note LS 77", "Broken bag"))
    stock = planner.get("/api/v1/stock?product=TUBE-34").json()["items"]
    assert [(row["lot"], row["location"], row["quantity"]) for row in stock] == [("L1", "store", "98.5")]


def test_a_lot_at_hand_that_was_never_received_stands_above_the_list_until_it_is(
    planner: httpx.Client, scan: Any
) -> None:
    # Given tubes that are counted
    received(planner)
    gtin = planner.get("/api/v1/products/TUBE-34").json()["gtin"]

    # When another lot is taken to hand, looked for, and then received
    told = scan(f"]C101{gtin}10L9", "cut-1")
    before = planner.get("/stock").text
    form = planner.get("/stock/receive?product=TUBE-34&lot=L9").text
    received(planner, lot="L9")

    # Then the list names it with the way to its receipt, and no longer
    assert (told.action, told.signal.value) == ("material_loaded", "warn"), told
    assert "lot L9, at hand at Cut" in before
    assert '/stock/receive?product=TUBE-34&amp;lot=L9"' in before
    assert 'value="L9"' in form
    assert "lot L9, at hand" not in planner.get("/stock").text


def test_labels_of_a_lot_are_printed_after_its_receipt(planner: httpx.Client) -> None:
    offered = planner.get(received(planner, lot="L/1").headers["location"]).text
    sheet = planner.get(
        "/stock/TUBE-34/lots/labels", params={"lot": "L/1", "quantity": "50", "count": "3", "start": "2"}
    )
    wide = planner.get("/stock/TUBE-34/lots/labels", params={"lot": "A" * 20, "quantity": ""})

    gtin = planner.get("/api/v1/products/TUBE-34").json()["gtin"]
    file = planner.get("/stock/TUBE-34/lots/labels?lot=L%2F1&quantity=50&count=3&start=2&form=sheet")

    assert "/stock/TUBE-34/lots/labels?lot=L%2F1" in offered
    assert "?lot=L%2F1&amp;quantity=50&amp;count=3&amp;start=2&amp;form=sheet" in sheet.text
    with pypdfium2.PdfDocument(file.content) as pdf:
        read = zxingcpp.read_barcodes(pdf[0].render(scale=300 / 72).to_pil())
    assert [code.text for code in read] == [f"(01){gtin}(10)L/1(37)50"] * 3
    assert sheet.text.count(f"(01){gtin}(10)L/1(37)50") == 3
    assert sheet.text.count('class="blank"') == 1
    assert 'class="labels large"' in wide.text
    assert planner.get("/stock/TUBE-34/lots/labels", params={"lot": "L1", "quantity": "-1"}).status_code == 422
    assert planner.get("/stock/GHOST/lots/labels", params={"lot": "L1"}).status_code == 404
    assert planner.get("/stock/TUBE-34/lots/labels", params={"lot": "Łódź"}).status_code == 422


def test_a_receipt_that_cannot_be_is_shown_again_with_what_is_wrong(planner: httpx.Client) -> None:
    wrong = (
        ({"product": "GHOST"}, "There is no product GHOST."),
        ({"quantity": "-3"}, "This must be at least 0."),
        ({"quantity": "0"}, "Expected a quantity above zero, got 0."),
        ({"quantity": "1e40"}, "This number is too large."),
        ({"lot": "two words"}, "Write a lot of at most 20 letters, digits and signs, without blanks."),
        ({"target": "nowhere"}, "There is no location nowhere."),
    )

    for change, said in wrong:
        refused = received(planner, **{"product": "TUBE-34", "lot": "L1", "reference": "LS <b>77</b>", **change})
        assert (refused.status_code, said in refused.text) == (422, True), change
        assert "LS &lt;b&gt;77" in refused.text

    assert planner.get("/api/v1/stock").json()["items"] == []


def test_a_count_needs_a_reason_and_one_that_finds_no_difference_is_refused(planner: httpx.Client) -> None:
    received(planner)
    form = {"product": "TUBE-34", "lot": "L1", "quantity": "100", "target": "store"}

    without = planner.post("/stock/count", data=form)
    same = planner.post("/stock/count", data=form | {"cause": "Monthly count"})

    assert (without.status_code, same.status_code) == (422, 409)
    assert "Say why it is counted." in without.text
    assert "Nothing to put right" in same.text


def test_a_material_below_its_level_is_low_and_a_stale_level_is_not_written(planner: httpx.Client) -> None:
    received(planner)
    received(planner, product="BOLT-M8")
    version = planner.get("/api/v1/materials/TUBE-34").json()["row_version"]

    first = planner.post("/stock/TUBE-34/level", data={"reorder_level": "150", "row_version": str(version)})
    stale = planner.post("/stock/TUBE-34/level", data={"reorder_level": "9", "row_version": str(version)})

    assert (first.status_code, stale.status_code) == (303, 409)
    assert [row["product"] for row in planner.get("/api/v1/materials?show=low").json()["items"]] == ["TUBE-34"]
    low = planner.get("/stock?show=low").text
    assert "TUBE-34" in low
    assert "BOLT-M8" not in low


def test_stock_is_found_by_word_and_place_and_paged(planner: httpx.Client) -> None:
    received(planner)
    received(planner, product="BOLT-M8", target="line-side")

    assert "TUBE-34" in planner.get("/stock?q=steel").text
    assert "TUBE-34" not in planner.get("/stock?location=line-side").text
    assert "Nothing found" in planner.get("/stock?q=%25").text
    first = planner.get("/api/v1/materials?limit=1").json()
    assert first["next"] == "BOLT-M8"
    assert planner.get("/api/v1/materials?after=BOLT-M8").json()["next"] is None


def test_a_page_that_is_asked_for_without_what_it_needs_says_what_is_missing(planner: httpx.Client) -> None:
    answer = planner.get("/stock/TUBE-34/lots", headers={"Accept": "text/html"})

    assert answer.status_code == 422
    assert "<code>lot</code>" in answer.text
    assert "errors" not in answer.text


def test_sales_look_and_do_not_write_and_customers_see_nothing(
    signed_in: Callable[..., httpx.Client], planner: httpx.Client, world: DemoWorld
) -> None:
    received(planner)
    sales = signed_in("sales")
    customer = signed_in("customer", customer_id=world.customers["Aurora Bikes"].id)

    assert "/stock/receive" not in sales.get("/stock").text
    assert (sales.get("/stock/receive").status_code, received(sales).status_code) == (403, 403)
    assert {customer.get(path).status_code for path in ("/stock", "/stock/TUBE-34", "/stock/TUBE-34/lots?lot=L1")} == {
        403
    }
    operator = signed_in("operator")
    assert operator.get("/stock").status_code == 200
    assert operator.get("/stock/TUBE-34/lots?lot=L1").status_code == 403
    # What he may not open is no link on what he may.
    assert "/lots" in sales.get("/stock/TUBE-34").text
    assert "/lots" not in operator.get("/stock/TUBE-34").text


def test_a_location_is_added_once_and_its_code_is_printed(planner: httpx.Client) -> None:
    added = planner.post("/stock/locations", data={"key": "rack-1", "name": "Tube <rack>"})
    again = planner.post("/stock/locations", data={"key": "rack-1", "name": "Other"})
    alike = planner.post("/stock/locations", data={"key": "ra-ck1", "name": "Other"})
    wrong = planner.post("/stock/locations", data={"key": "Rack 1", "name": "Other"})

    assert [answer.status_code for answer in (added, again, alike, wrong)] == [303, 409, 409, 422]
    assert "The printed code of ra-ck1 would be that of rack-1." in alike.text
    page = planner.get("/stock/locations").text
    assert "OLLRACK1" in page
    assert "Tube &lt;rack&gt;" in page
    assert "OLLRACK1" in planner.get("/print/cards").text


def test_orders_that_hold_a_lot_are_named_on_the_page_and_in_the_file_which_no_sheet_takes_for_formulas(
    planner: httpx.Client, database: Database
) -> None:
    # Given units of two customers that took of a lot with a hostile name, one of them given back
    lot = "=1+1%2F/<x>"
    received(planner, lot=lot)
    units = database.write(lambda session: used_by(session, lot))

    # When somebody recalls it
    page = planner.get("/stock/TUBE-34/lots", params={"lot": lot})
    file = planner.get("/stock/TUBE-34/lots.csv", params={"lot": lot})
    told = planner.get("/api/v1/materials/TUBE-34/holders", params={"lot": lot, "limit": 1}).json()

    # Then both orders and their customers stand there, and what was given back does not
    assert "2 units hold this lot" in page.text
    assert all(unit in page.text for unit in units[:2])
    assert units[2] not in page.text.partition("How it came")[0]
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert [row["unit"] for row in rows] == units[:2]
    assert all(row["customer_name"] and row["where"] == "in_work" for row in rows)
    assert len(told["orders"]) == 2
    assert (told["items"][0]["unit"], told["next"] is not None) == (units[0], True)
    listed = planner.get(f"/api/v1/units/{units[0]}").json()["materials"]
    assert [(one["product"], one["lot"], one["quantity"]) for one in listed] == [("TUBE-34", lot, "4")]
    assert "<x>" not in page.text


def used_by(session: Session, lot: str) -> list[str]:
    """Let three units take of the lot, and give the share of the last one back."""
    product = session.scalars(select(Product).where(Product.sku == "TUBE-34")).one()
    store = session.scalars(select(StockLocation).where(StockLocation.key == "store")).one()
    first = select(func.min(Unit.id)).where(Unit.kind == "serial").group_by(Unit.order_id).limit(3)
    units = session.scalars(select(Unit).where(Unit.id.in_(first)).order_by(Unit.id)).all()
    about: dict[str, Any] = {"product_id": product.id, "uom": "MTR", "quantity": Decimal(4), "lot": lot, "actor": "t"}
    about |= {"kind": MoveKind.BACKFLUSH, "at": utc_now()}
    book(session, [NewMove(**about, source_id=store.id, target_id=None, unit_id=unit.id) for unit in units])
    last = session.scalars(select(StockMove.id).order_by(StockMove.id.desc())).first()
    book(session, [NewMove(**about, source_id=None, target_id=store.id, unit_id=units[2].id, reverses_id=last)])
    return [unit.number for unit in units]


def test_pages_of_stock_ask_the_same_few_questions_however_much_lies_there(
    planner: httpx.Client, world: DemoWorld, counted: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    def asked(path: str) -> int:
        with counted() as statements:
            assert planner.get(path).status_code == 200
        return len(statements)

    received(planner)
    paths = ("/stock", "/stock/TUBE-34", "/stock/TUBE-34/lots?lot=L1", "/stock/receive")
    few = [asked(path) for path in paths]
    for number, sku in enumerate(world.products):
        received(planner, product=sku, lot=f"N{number}")
        received(planner, lot=f"M{number}")

    assert [asked(path) for path in paths] == few
    assert max(few) <= 14


def test_more_locations_than_a_list_holds_are_paged_found_by_name_and_printed_one_by_one(
    planner: httpx.Client, database: Database
) -> None:
    rows = [{"key": f"bay-{n}", "name": f"Bay {n:04}"} for n in range(501)]
    database.write(lambda session: session.execute(insert(StockLocation), rows))
    received(planner, target="bay-500")

    first = planner.get("/stock/locations").text
    shown, way = [], "/stock/locations"
    while way:
        page = planner.get(way).text
        shown += re.findall(r"<code>(bay-[0-9]+)</code>", page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        way = unescape(found[1]) if found else ""
    by_name = planner.get("/stock/locations?text=bay 0500").text

    assert "Bay 0099" in first
    assert "Bay 0100" not in first
    assert shown == [row["key"] for row in rows]
    assert re.findall(r"<code>(bay-[0-9]+)</code>", by_name) == ["bay-500"]
    assert "OLLBAY500" in planner.get(re.search(r'href="(/print/labels[^"]+)"', by_name)[1].replace("&amp;", "&")).text  # type: ignore[index]
    assert "TUBE-34" in planner.get("/stock?location=bay 0500").text
    assert "TUBE-34" not in planner.get("/stock?location=bay 0499").text
    assert "too many locations for one sheet" in planner.get("/print/cards").text


def test_a_supplier_sends_whole_pieces_and_a_count_may_find_half_of_one(planner: httpx.Client) -> None:
    half = received(planner, product="BOLT-M8", quantity="1.5")
    whole = received(planner, product="BOLT-M8", quantity="2")
    form = {"product": "BOLT-M8", "lot": "L1", "quantity": "1.5", "target": "store", "cause": "One was cut"}
    counted = planner.post("/stock/count", data=form)

    assert half.status_code == 422
    assert "BOLT-M8 comes in whole pieces; got 1.5." in half.text
    assert (whole.status_code, counted.status_code) == (303, 303)
