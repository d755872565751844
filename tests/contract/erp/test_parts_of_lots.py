"""Parts of lots and single pieces scrapped, held and sent back by the office, through doors and on pages."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from orderlight.events import Answer
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.seed import DemoWorld
from server.erp.stock.models import StockBalance, StockMove
from server.ingest.rebuild import rebuild

Scan = Callable[[str, str], Answer]

POINTS = ("cut-1", "paint-gate")


@pytest.fixture
def spacers(manager: httpx.Client, world: DemoWorld) -> str:
    """A product that moves as a lot, of tube that is counted."""
    manager.post("/api/v1/locations", json={"key": "bulk", "name": "Bulk store"})
    move = {"product": "TUBE-34", "kind": "receipt", "target": "bulk", "quantity": 1000, "lot": "T1"}
    assert manager.post("/api/v1/stock-moves", json=move).status_code == 201
    steps = [{"name": "Cut", "work_center": "cut"}, {"name": "Paint", "work_center": "paint"}]
    body = {"sku": "SPACER", "name": "Spacer", "tracking": "lot", "routing": steps}
    body |= {"bom": [{"component": "TUBE-34", "quantity": 2}]}
    answer = manager.post("/api/v1/products", json=body)
    assert answer.status_code == 201, answer.text
    return "SPACER"


def ordered(manager: httpx.Client, world: DemoWorld, sku: str, quantity: int) -> tuple[str, dict[str, Any]]:
    """A released order of one line, and its only unit."""
    lines = [{"product": sku, "quantity": quantity, "unit_price": "2.00"}]
    body = {"customer": world.customers["Kestrel Rail"].number, "lines": lines}
    number = manager.post("/api/v1/orders", json=body).json()["number"]
    for action in ("confirm", "release"):
        assert manager.post(f"/api/v1/orders/{number}/{action}").status_code == 200
    return number, manager.get("/api/v1/units", params={"order": number}).json()["items"][0]


def used(database: Database, number: str) -> str:
    """What a unit took, less what was given back."""
    with database.read() as session:
        moves = session.scalars(
            select(StockMove).join(Unit, Unit.id == StockMove.unit_id).where(Unit.number == number)
        ).all()
        return f"{sum(move.quantity if move.reverses_id is None else -move.quantity for move in moves):.0f}"


def test_a_part_of_a_lot_is_scrapped_and_made_again_and_the_rest_goes_on(
    manager: httpx.Client, world: DemoWorld, database: Database, spacers: str, scan: Scan
) -> None:
    # Given a lot of fifty that is cut and painted, with the tube it took
    order, lot = ordered(manager, world, spacers, 50)
    for point in POINTS:
        assert scan(lot["number"], point).status == "applied"
    assert used(database, lot["number"]) == "100"

    # When twelve of it are scrapped, and then more than there are
    at = f"/api/v1/units/{lot['number']}/scrap"
    lost = manager.post(at, json={"reason": "MATERIAL", "quantity": 12}).json()
    above = manager.post(at, json={"reason": "MATERIAL", "quantity": 39})
    half = manager.post(at, json={"reason": "MATERIAL", "quantity": "0.5"})
    whichever = {"reason": "MATERIAL", "quantity": "1.5"}
    lost_half = manager.post(f"/api/v1/work-orders/{lot['work_order']}/scrap", json=whichever)

    # Then the part is a scrapped lot with its share of the tube, the rest is 38, and no balance moved
    assert (lost["state"], lost["quantity"]) == ("scrapped", "12")
    assert (above.status_code, above.json()["reason"]) == (409, "over_quantity")
    assert above.json()["detail"] == f"39 pieces of {lot['number']} cannot be taken: it is 38."
    assert half.json()["detail"] == f"0.5 of {lot['number']} cannot be taken: it comes in whole pieces."
    assert (lost_half.status_code, lost_half.json()["reason"]) == (409, "not_whole")
    assert manager.get(f"/api/v1/units/{lot['number']}").json()["quantity"] == "38"
    assert [used(database, lot["number"]), used(database, lost["number"])] == ["76", "24"]
    with database.read() as session:
        assert session.scalar(select(func.sum(StockBalance.quantity))) == 900
        steps = session.scalars(select(Operation).join(WorkOrder).where(WorkOrder.number == lot["work_order"])).all()
        assert [(step.state, step.quantity, step.good + step.scrap) for step in steps] == [("completed", 2, 2)] * 2

    assert f"12 → {lost['number']}" in manager.get(f"/orders/{order}/units/{lot['number']}").text

    # And the order is short of twelve, which are made again; what is packed is invoiced as it is
    assert "12 pieces short" in manager.get(f"/orders/{order}").text
    assert "12 short" in manager.get("/work-orders?show=short").text
    again = manager.post(f"/api/v1/work-orders/{lot['work_order']}/replace").json()
    assert again["quantity"] == "12"
    assert "pieces short" not in manager.get(f"/orders/{order}").text
    packed = scan(lot["number"], "pack-1")
    assert packed.status == "applied", packed.say
    refused = manager.post(at, json={"reason": "MATERIAL", "quantity": 1})
    assert refused.json()["reason"] == "is_packed"
    assert database.write(rebuild).differences == ()


def test_a_part_of_a_lot_is_held_or_sent_back_and_is_a_lot_of_its_own(
    manager: httpx.Client, world: DemoWorld, database: Database, spacers: str, scan: Scan
) -> None:
    _order, lot = ordered(manager, world, spacers, 10)
    scan(lot["number"], "cut-1")

    held = manager.post(f"/api/v1/units/{lot['number']}/hold", json={"reason": "Burrs", "quantity": 3}).json()
    back = manager.post(f"/api/v1/units/{lot['number']}/rework", json={"reason": "SURFACE", "quantity": 2}).json()

    assert (held["quantity"], held["held"], held["step"]) == ("3", True, 20)
    assert (back["quantity"], back["rework"], back["step"]) == ("2", 1, 10)
    assert scan(held["number"], "paint-gate").reason == "on_hold"
    assert scan(back["number"], "cut-1").status == "applied"
    assert scan(lot["number"], "paint-gate").status == "applied"
    assert "Part of the lot taken apart" in manager.get(f"/units/{back['number']}", follow_redirects=True).text
    # What is one piece has no parts
    serial = manager.post("/api/v1/units/U-1000/scrap", json={"reason": "MATERIAL", "quantity": "0.5"})
    assert (serial.status_code, serial.json()["detail"]) == (409, "U-1000 is one piece; 0.5 of it cannot be taken.")
    assert database.write(rebuild).differences == ()


def test_what_is_scrapped_in_stock_leaves_the_balance(
    manager: httpx.Client, world: DemoWorld, database: Database, spacers: str, scan: Scan
) -> None:
    number = manager.post("/api/v1/work-orders", json={"product": spacers, "quantity": 40}).json()["number"]
    lot = manager.get("/api/v1/units", params={"work_order": number}).json()["items"][0]["number"]
    for point in POINTS:
        scan(lot, point)
    assert manager.get(f"/api/v1/units/{lot}").json()["state"] == "in_stock"

    form = {f"pick.{lot}": "1", "why": "scrap:DAMAGED", "quantity": "15", "from": "unit"}
    page = manager.post(f"/work-orders/{number}/pieces", data=form, follow_redirects=True)

    assert page.url.path == f"/units/{lot}"
    assert "25 pieces" in page.text
    stock = manager.get("/api/v1/stock", params={"product": spacers}).json()["items"]
    assert [(row["lot"], row["quantity"]) for row in stock if row["quantity"] != "0"] == [(lot, "25")]
    assert "scrap" in manager.get(f"/stock/{spacers}").text.lower()

    # And ten of them go to an order as a part with a number; of sixty the last ones come out of stock with theirs, and
    # the others are made
    first, _lot = ordered(manager, world, spacers, 10)
    second, _lot = ordered(manager, world, spacers, 60)
    lots = [manager.get("/api/v1/units", params={"order": each}).json()["items"] for each in (first, second)]
    told = [[(each["number"] == lot, each["state"], each["quantity"]) for each in mine] for mine in lots]
    assert told == [[(False, "in_stock", "10")], [(True, "in_stock", "15"), (False, "queued", "45")]]
    assert manager.get("/api/v1/stock", params={"product": spacers}).json()["items"][0]["quantity"] == "0"
    assert "short" not in manager.get(f"/work-orders/{lots[1][0]['work_order']}").text
    assert scan(lots[0][0]["number"], "pack-1").status == "applied"
    assert database.write(rebuild).differences == ()


def test_the_office_acts_on_ticked_pieces_all_or_none(
    planner: httpx.Client, database: Database, signed_in: Callable[..., httpx.Client]
) -> None:
    def act(**form: str) -> str:
        return planner.post("/work-orders/WO-1000/pieces", data=form, follow_redirects=True).text

    both = {"pick.U-1000": "1", "pick.U-1001": "1"}
    assert "Choose what is done and why." in act(**both)
    assert "On hold: U-1000, U-1001." in act(**both, why="hold:INSPECT", words="first pieces")
    assert "U-1000 is on hold already" in act(**both, **{"pick.U-1002": "1"}, why="hold:", words="all")
    assert planner.get("/api/v1/units/U-1002").json()["held"] is False
    assert "U-1000, U-1001 may go on." in act(**both, why="resume:")
    assert "A quantity is taken of one unit; 2 are chosen." in act(**both, why="scrap:MATERIAL", quantity="2")
    assert "Expected how many as a number above 0, got -1." in act(why="scrap:MATERIAL", quantity="-1")
    assert "99999999 is more than can be entered at once; at most 1000000." in act(
        why="scrap:MATERIAL", quantity="99999999"
    )
    assert "cannot be scrapped" in act(why="scrap:MATERIAL", quantity="9999")
    assert "Scrapped: U-1000." in act(**{"pick.U-1000": "1"}, why="scrap:MATERIAL")
    with database.read() as session:
        short = session.scalar(select(SalesOrder.number).where(SalesOrder.number == "SO-1000"))
    assert f"/orders/{short}/units/U-1000" in str(planner.get("/units/U-1000", follow_redirects=True).url)
    operator = signed_in("operator")
    assert operator.post("/work-orders/WO-1000/pieces", data=both | {"why": "hold:"}).status_code == 403
    assert "Lift the hold" not in operator.get("/orders/SO-1000/units/U-1001").text


def test_a_recall_goes_through_lots_that_were_made_of_the_lot(
    manager: httpx.Client, world: DemoWorld, spacers: str, scan: Scan
) -> None:
    # Given spacers made for stock of a lot of tube that is at hand, and a clip of two spacers that somebody ordered
    steps = [{"name": "Weld", "work_center": "weld"}]
    bom = [{"component": spacers, "quantity": 2}]
    manager.post("/api/v1/products", json={"sku": "CLIP", "name": "Clip", "routing": steps, "bom": bom})
    number = manager.post("/api/v1/work-orders", json={"product": spacers, "quantity": 40}).json()["number"]
    lot = manager.get("/api/v1/units", params={"work_order": number}).json()["items"][0]["number"]
    order, clip = ordered(manager, world, "CLIP", 1)
    gtin = manager.get("/api/v1/products/TUBE-34").json()["gtin"]
    assert scan(f"]C101{gtin}10T1", "cut-1").action == "material_loaded"
    for point in POINTS:
        scan(lot, point)

    # When it is on hold, neither its own code nor a label with its number takes it to hand
    gtin = "09506000300993"
    manager.patch(f"/api/v1/products/{spacers}", json={"gtin": gtin}, headers={"If-Match": "*"})
    manager.post(f"/api/v1/units/{lot}/hold", json={"reason": "Burrs"})
    refused = [scan(code, "weld-1") for code in (lot, f"]C101{gtin}10{lot}")]
    assert [(answer.reason, answer.say) for answer in refused] == [
        ("on_hold", f"{lot} is on hold: Burrs. Put it aside.")
    ] * 2, refused
    manager.post(f"/api/v1/units/{lot}/resume")

    # When the lot is taken to hand by its own code, and the clip is made
    loaded = scan(lot, "weld-1")
    for _ in range(2):
        scan(clip["number"], "weld-1")

    # Then the clip took two of that lot, whose rest lies under its number, and the lot of tube leads to the order
    assert loaded.say == f"Spacer, lot {lot}, is at hand at Weld. What is made here uses it from now on."
    stock = manager.get("/api/v1/stock", params={"product": spacers}).json()["items"]
    assert [(row["lot"], row["quantity"]) for row in stock] == [(lot, "38")]
    held = manager.get("/api/v1/materials/TUBE-34/holders", params={"lot": "T1"}).json()
    told = [(row["unit"], row["through"], row["quantity"]) for row in held["items"]]
    assert told == [(lot, None, "80"), (clip["number"], lot, None)]
    assert {row["order"]: row["units"] for row in held["orders"]} == {None: {"made": 1}, order: {"made": 1}}
    page = manager.get("/stock/TUBE-34/lots", params={"lot": "T1"}).text
    assert f"through lot {lot}" in page
    assert clip["number"] in manager.get("/stock/TUBE-34/lots.csv", params={"lot": "T1"}).text
