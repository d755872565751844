"""Work orders that nobody has ordered, and pieces in the place of what was scrapped."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode
from orderlight.events import Answer
from server.catalog.models import WorkCenter
from server.db import Database
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.seed import DemoWorld
from server.ingest.rebuild import rebuild

Scan = Callable[[str, str], Answer]


def one(database: Database, model: type[Any], **where: Any) -> Any:
    """The one row with these values."""
    with database.read() as session:
        return session.query(model).filter_by(**where).one()


def made(planner: httpx.Client, quantity: int = 2) -> tuple[str, list[str]]:
    """A work order for stock and its units."""
    answer = planner.post("/api/v1/work-orders", json={"product": "STEP-RAIL", "quantity": quantity})
    assert answer.status_code == 201, answer.text
    number = answer.json()["number"]
    units = planner.get("/api/v1/units", params={"work_order": number}).json()["items"]
    return number, [unit["number"] for unit in units]


def through(database: Database, scan: Scan, unit: str) -> list[Answer]:
    """The unit through every step of its routing, each at a read point of its work center."""
    points = {"cut": "cut-1", "weld": "weld-1", "paint": "paint-gate", "assemble": "assemble-1", "pack": "pack-1"}
    with database.read() as session:
        row = session.query(Unit).filter_by(number=unit).one()
        steps = session.query(Operation).filter_by(work_order_id=row.work_order_id).order_by(Operation.step).all()
        centers = {each.id: each.key for each in session.query(WorkCenter).all()}
    answers = []
    for step in steps:
        at = points[centers[step.work_center_id]]
        for _ in range(2 if at == "weld-1" else 1):
            answers.append(scan(unit, at))
    return answers


def test_what_is_made_for_stock_goes_through_the_stations_and_is_there_when_it_is_finished(
    planner: httpx.Client, database: Database, scan: Scan
) -> None:
    number, units = made(planner)
    answers = through(database, scan, units[0])

    assert {answer.status for answer in answers} == {"applied"}, answers
    assert answers[-1].say.endswith(f"1 of 2. {units[0]} is finished and goes to stock.")
    assert not any("SO-" in answer.say for answer in answers)
    unit = one(database, Unit, number=units[0])
    assert (unit.state, unit.order_id, unit.step) == ("in_stock", None, None)
    facts = planner.get(f"/api/v1/units/{units[0]}").json()["facts"]
    assert [fact["kind"] for fact in facts[-2:]] == ["operation_completed", "unit_stocked"]
    assert one(database, WorkOrder, number=number).state == "in_progress"
    refused = scan(units[0], "pack-1")
    assert (refused.reason, refused.say) == (
        "no_order", f"{units[0]} was made for stock and belongs to no order. Put it to stock.",
    )  # fmt: skip
    undone = scan(str(OwnCode("C", "UNDO")), "assemble-1")
    assert undone.action == "reversed"
    assert one(database, Unit, number=units[0]).state == "queued"
    report = database.write(rebuild)
    assert report.differences == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"product": "NO-SUCH", "quantity": 1}, 422),
        ({"product": "STEP-RAIL", "quantity": 0}, 422),
        ({"product": "STEP-RAIL", "quantity": "1.5"}, 422),
        ({"product": "STEP-RAIL", "quantity": 10**7}, 422),
    ],
)
def test_what_cannot_be_made_is_refused(planner: httpx.Client, body: dict[str, Any], status: int) -> None:
    assert planner.post("/api/v1/work-orders", json=body).status_code == status


def test_work_for_stock_is_listed_found_printed_and_cancelled(
    planner: httpx.Client, signed_in: Any, scan: Scan
) -> None:
    number, units = made(planner)
    listed = planner.get("/api/v1/work-orders", params={"for_stock": "true"}).json()["items"]
    queue = planner.get("/api/v1/work-centers/cut/queue").json()["items"]
    page = planner.get(f"/work-orders/{number}")
    found = planner.get("/search", params={"q": number}, follow_redirects=False)
    cancelled = planner.post(f"/api/v1/work-orders/{number}/cancel", json={"reason": "Not needed"})
    again = planner.post(f"/api/v1/work-orders/{number}/cancel", json={"reason": "Not needed"})
    ordered = planner.post("/api/v1/work-orders/WO-1000/cancel", json={"reason": "Not needed"})

    assert [(each["number"], each["order"]) for each in listed] == [(number, None)]
    assert [each["order"] for each in queue if each["work_order"] == number] == [None]
    assert [each["priority"] for each in queue if each["work_order"] == number] == [9]
    assert "For stock" in page.text
    assert found.headers["location"] == f"/work-orders/{number}"
    assert "For stock" in planner.get(f"/work-orders/{number}/traveller").text
    assert units[0] in planner.get(f"/work-orders/{number}/labels").text
    assert [answer.status_code for answer in (cancelled, again, ordered)] == [200, 409, 409]
    assert scan(units[0], "cut-1").reason == "cancelled"
    assert signed_in("operator").post("/api/v1/work-orders", json={}).status_code == 403


def test_what_an_order_is_short_of_is_made_again(planner: httpx.Client, database: Database, scan: Scan) -> None:
    none = planner.post("/api/v1/work-orders/WO-1000/replace")
    planner.post("/api/v1/work-orders/WO-1000/scrap", json={"quantity": 3, "reason": "MATERIAL"})
    answer = planner.post("/api/v1/work-orders/WO-1000/replace")
    twice = planner.post("/api/v1/work-orders/WO-1000/replace")

    assert (none.status_code, none.json()["reason"]) == (409, "nothing_short")
    assert (answer.status_code, answer.json()["order"], answer.json()["quantity"]) == (201, "SO-1000", "3")
    assert twice.status_code == 409
    unit = planner.get("/api/v1/units", params={"work_order": answer.json()["number"]}).json()["items"][0]
    assert scan(unit["number"], "cut-1").status == "applied"
    assert one(database, SalesOrder, number="SO-1000").fulfilment == "in_production"
    assert database.write(rebuild).differences == ()


def test_the_office_puts_a_piece_too_many_into_stock(planner: httpx.Client, signed_in: Any, database: Database) -> None:
    # Given an order that wants two pieces less than are made for it
    def shorten(session: Session) -> list[str]:
        order = session.query(SalesOrder).filter_by(number="SO-1000").one()
        line = session.query(OrderLine).filter_by(order_id=order.id).first()
        assert line is not None
        units = session.query(Unit).filter_by(order_line_id=line.id).order_by(Unit.id.desc()).limit(3).all()
        line.quantity -= 2
        for unit in units:
            unit.state, unit.step = "finished", None
        return [unit.number for unit in units]

    numbers = database.write(shorten)
    homeless = planner.post(f"/api/v1/units/{numbers[0]}/stock")
    assert (homeless.status_code, homeless.json()["reason"]) == (409, "no_location")
    assert planner.post("/api/v1/locations", json={"key": "hall", "name": "Hall"}).status_code == 201

    # When they are put into stock by a program and on a page, and one more that the order wants
    stocked = planner.post(f"/api/v1/units/{numbers[0]}/stock")
    form = {"why": "stock:", "from": "unit", f"pick.{numbers[1]}": "1"}
    by_page = planner.post("/work-orders/WO-1000/pieces", data=form, follow_redirects=True)
    wanted = planner.post(f"/api/v1/units/{numbers[2]}/stock")
    foreign = signed_in("operator").post(f"/api/v1/units/{numbers[2]}/stock")

    # Then each lies in stock by a move of its own, and the third stays with its order
    assert (stocked.status_code, stocked.json()["state"], stocked.json()["order"]) == (200, "in_stock", None)
    assert f"Put into stock: {numbers[1]}." in by_page.text
    assert (wanted.status_code, wanted.json()["reason"], foreign.status_code) == (409, "not_over", 403)
    moves = planner.get("/api/v1/stock-moves", params={"product": "FRAME-CITY"}).json()["items"]
    assert [(each["kind"], each["quantity"]) for each in moves if each["kind"] == "produce"] == [("produce", "1")] * 2
    page = planner.get("/work-orders/WO-1000").text
    assert numbers[0] in page


def test_the_planner_sees_what_is_short_and_makes_it_again_on_pages(
    planner: httpx.Client, signed_in: Any, counted: Any
) -> None:
    planner.get("/work-orders")
    with counted() as statements:
        planner.get("/work-orders")
    few = len(statements)
    planner.post("/api/v1/work-orders/WO-1000/scrap", json={"quantity": 2, "reason": "MATERIAL"})
    form = {"lines.0.product": "FRAME-CITY", "lines.0.quantity": "3", "lines.0.option-colour": "black"}
    wrong = planner.post("/work-orders/new", data=form | {"lines.0.quantity": "0.5"})
    stocked = planner.post("/work-orders/new", data=form, follow_redirects=True)
    with counted() as statements:
        listed = planner.get("/work-orders?show=short")

    assert "comes in whole pieces" in wrong.text
    assert "For stock" in stocked.text
    assert "2 short" in listed.text
    assert len(statements) <= few + 2
    assert "2 pieces short" in planner.get("/orders/SO-1000").text
    again = planner.post("/work-orders/WO-1000/replace", follow_redirects=True)
    assert "2 × " in again.text
    assert "No order is short of anything" in planner.get("/work-orders?show=short").text
    assert "pieces short" not in planner.get("/orders/SO-1000").text
    assert signed_in("operator").post("/work-orders/WO-1000/replace").status_code == 403


def test_a_scrapped_piece_that_came_out_of_stock_is_made(manager: httpx.Client, world: DemoWorld) -> None:
    manager.post("/api/v1/locations", json={"key": "shelf", "name": "Shelf"})
    move = {"product": "MOUNT-WIND", "kind": "receipt", "target": "shelf", "quantity": 2}
    assert manager.post("/api/v1/stock-moves", json=move).status_code == 201
    lines = [{"product": "MOUNT-WIND", "quantity": 2, "unit_price": "1.00"}]
    body = {"customer": world.customers["Kestrel Rail"].number, "lines": lines}
    order = manager.post("/api/v1/orders", json=body).json()["number"]
    for action in ("confirm", "release"):
        manager.post(f"/api/v1/orders/{order}/{action}")
    unit = manager.get("/api/v1/units", params={"order": order}).json()["items"][0]

    lost = manager.post(f"/api/v1/units/{unit['number']}/scrap", json={"reason": "DAMAGED"})
    short = manager.get("/work-orders?show=short").text
    made = manager.post(f"/api/v1/work-orders/{unit['work_order']}/replace")

    assert unit["work_order"] in short
    assert (unit["state"], lost.json()["state"]) == ("in_stock", "scrapped")
    assert (made.status_code, made.json()["quantity"]) == (201, "1")
    assert made.json()["operations"][0]["name"] == "Cut"
