"""Pages of stock: goods are received and counted by plain forms, and whoever may not write only looks."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest

from server.erp.seed import DemoWorld

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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"product": "GHOST"}, "There is no product GHOST."),
        ({"quantity": "-3"}, "This must be at least 0."),
        ({"quantity": "0"}, "Expected a quantity above zero, got 0."),
        ({"quantity": "1e40"}, "This number is too large."),
        ({"lot": "two words"}, "Write a lot of at most 20 letters, digits and signs, without blanks."),
        ({"target": "nowhere"}, "There is no location nowhere."),
    ],
)
def test_a_receipt_that_cannot_be_is_shown_again_with_what_is_wrong(
    planner: httpx.Client, change: dict[str, str], said: str
) -> None:
    refused = received(planner, **{"product": "TUBE-34", "lot": "L1", "reference": "LS <b>77</b>", **change})

    assert refused.status_code == 422
    assert said in refused.text
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
