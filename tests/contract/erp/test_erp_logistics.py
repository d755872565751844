"""Boxes and shipments through the programming interface, up to the end of an order."""

import re
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from orderlight.autoid import Sscc
from server.db import Database
from server.erp.logistics.models import HandlingUnit
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.seed import DemoWorld
from server.journal.models import Fact
from server.parties.repository import site
from server.settings.clock import utc_now

BOXES = ("HU-1000", "HU-1001")


def pack(session: Session, order: SalesOrder, unit_ids: list[int], number: str) -> None:
    """An open box with these units of the order, as scans at packing leave it."""
    box = Unit(number=number, kind="container", state="in_stock")
    session.add(box)
    session.flush()
    sscc = Sscc.make(site(session).gs1_company_prefix, box.id).value
    session.add(HandlingUnit(id=box.id, number=number, sscc=sscc, order_id=order.id, state="open", opened_at=utc_now()))
    packed = {"state": "packed", "step": None, "parent_id": box.id}
    session.execute(update(Unit).where(Unit.id.in_(unit_ids)).values(packed))


@pytest.fixture
def order(world: DemoWorld, database: Database) -> SalesOrder:
    """An order of eight units, five of them in an open box and three in another."""
    found = world.orders[2]

    def work(session: Session) -> None:
        ids = session.scalars(select(Unit.id).where(Unit.order_id == found.id).order_by(Unit.id)).all()
        pack(session, found, list(ids[:5]), "HU-1000")
        pack(session, found, list(ids[5:]), "HU-1001")
        work_ids = select(WorkOrder.id).where(WorkOrder.order_id == found.id)
        session.execute(update(Operation).where(Operation.work_order_id.in_(work_ids)).values(state="completed"))
        session.execute(update(WorkOrder).where(WorkOrder.order_id == found.id).values(state="completed"))

    database.write(work)
    return found


def test_a_box_is_found_by_its_sscc_with_what_lies_inside(
    manager: httpx.Client, signed_in: Callable[..., httpx.Client], order: SalesOrder, world: DemoWorld
) -> None:
    sscc = manager.get("/api/v1/handling-units/HU-1000").json()["sscc"]
    owner = signed_in("customer", customer_id=world.customers["Kestrel Rail"].id)
    other = signed_in("customer", customer_id=world.customers["Aurora Bikes"].id)

    box = manager.get("/api/v1/units/HU-1000").json()

    assert (box["order"], box["kind"], len(box["inside"])) == (order.number, "container", 5)
    assert manager.get(f"/api/v1/handling-units/{sscc}").json()["number"] == "HU-1000"
    assert owner.get("/api/v1/units/HU-1000").status_code == 200
    assert other.get("/api/v1/units/HU-1000").status_code == 404
    assert other.get(f"/api/v1/handling-units/{sscc}").status_code == 404


def test_a_box_is_closed_and_opened_again_with_a_reason(manager: httpx.Client, order: SalesOrder) -> None:
    closed = manager.post("/api/v1/handling-units/HU-1000/close")
    twice = manager.post("/api/v1/handling-units/HU-1000/close")
    unreasoned = manager.post("/api/v1/handling-units/HU-1000/reopen")
    opened = manager.post("/api/v1/handling-units/HU-1000/reopen", json={"reason": "One label is missing."})

    assert (closed.json()["state"], closed.json()["units"]) == ("closed", 5)
    assert twice.json()["detail"] == "HU-1000 cannot be closed: it is closed."
    assert unreasoned.status_code == 422
    assert opened.json()["state"] == "open"


def test_an_order_is_done_when_its_last_shipment_has_arrived(
    manager: httpx.Client, order: SalesOrder, database: Database
) -> None:
    def seen() -> tuple[str, str]:
        found = manager.get(f"/api/v1/orders/{order.number}").json()
        return found["lifecycle"], found["fulfilment"]

    manager.post("/api/v1/handling-units/HU-1000/close")
    assert manager.post("/api/v1/shipments", json={"order": order.number}).json()["handling_units"] == ["HU-1000"]
    manager.post("/api/v1/shipments/SH-1000/ship")
    assert seen() == ("processing", "partially_shipped")

    manager.post("/api/v1/handling-units/HU-1001/close")
    manager.post("/api/v1/shipments", json={"order": order.number, "carrier": "Rail freight"})
    manager.post("/api/v1/shipments/SH-1001/ship")
    assert seen() == ("processing", "shipped")

    manager.post("/api/v1/shipments/SH-1000/deliver")
    assert seen() == ("processing", "shipped")
    delivered = manager.post("/api/v1/shipments/SH-1001/deliver")
    assert delivered.json()["state"] == "delivered"
    assert seen() == ("done", "delivered")

    with database.read() as session:
        kinds = session.scalars(select(Fact.kind).where(Fact.order_id == order.id).order_by(Fact.id)).all()
    assert kinds.count("unit_shipped") == kinds.count("unit_delivered") == 8
    assert kinds[-1] == "order_completed"


def test_what_has_left_the_house_is_expected_no_more(manager: httpx.Client, order: SalesOrder) -> None:
    def prediction() -> object:
        return manager.get(f"/api/v1/orders/{order.number}").json()["prediction"]

    manager.post("/api/v1/handling-units/HU-1000/close")
    manager.post("/api/v1/handling-units/HU-1001/close")
    manager.post("/api/v1/shipments", json={"order": order.number})
    assert prediction() is not None

    manager.post("/api/v1/shipments/SH-1000/ship")

    assert prediction() is None


def test_what_cannot_leave_says_why(manager: httpx.Client, order: SalesOrder) -> None:
    none = manager.post("/api/v1/shipments", json={"order": order.number})
    unknown = manager.post("/api/v1/shipments", json={"order": order.number, "handling_units": ["HU-1000"]})
    draft = manager.post("/api/v1/shipments", json={"order": "SO-1009"})
    nowhere = manager.post("/api/v1/shipments", json={"order": "SO-9999"})

    assert none.json()["reason"] == "no_boxes"
    assert unknown.json()["errors"][0]["field"] == "handling_units.0"
    assert draft.json()["reason"] == "not_in_draft"
    assert nowhere.status_code == 422


def test_a_shipment_of_a_held_order_stays_here(manager: httpx.Client, order: SalesOrder) -> None:
    manager.post("/api/v1/handling-units/HU-1000/close")
    manager.post("/api/v1/shipments", json={"order": order.number})
    manager.post(f"/api/v1/orders/{order.number}/hold", json={"reason": "Not paid."})

    refused = manager.post("/api/v1/shipments/SH-1000/ship")

    assert refused.status_code == 409
    assert refused.json()["reason"] == "on_hold"


def test_a_shipment_with_a_held_unit_stays_here_whole(
    manager: httpx.Client, order: SalesOrder, database: Database
) -> None:
    # Given two shipments of an order, and one unit on hold in the second
    for box in ("HU-1000", "HU-1001"):
        manager.post(f"/api/v1/handling-units/{box}/close")
        manager.post("/api/v1/shipments", json={"order": order.number, "handling_units": [box]})
    inside = manager.get("/api/v1/units/HU-1001").json()["inside"]
    manager.post(f"/api/v1/units/{inside[0]}/hold", json={"reason": "A scratch."})

    # When they are sent, by program and by the button for both
    refused = manager.post("/api/v1/shipments/SH-1001/ship")
    manager.post(f"/orders/{order.number}/ship")

    # Then a sentence says which unit, and neither has left
    assert (refused.status_code, refused.json()["reason"]) == (409, "on_hold")
    assert f"{inside[0]} is on hold: A scratch." in refused.json()["detail"]
    assert manager.get("/api/v1/shipments/SH-1000").json()["state"] == "packed"

    # When its work order is on hold instead
    manager.post(f"/api/v1/units/{inside[0]}/resume")
    database.write(
        lambda session: (
            session.execute(update(WorkOrder).where(WorkOrder.order_id == order.id).values(state="on_hold")) and None
        )
    )

    assert "is on hold." in manager.post("/api/v1/shipments/SH-1001/ship").json()["detail"]


def test_a_cancelled_shipment_gives_its_boxes_back(manager: httpx.Client, order: SalesOrder) -> None:
    manager.post("/api/v1/handling-units/HU-1000/close")
    manager.post("/api/v1/shipments", json={"order": order.number})

    cancelled = manager.post("/api/v1/shipments/SH-1000/cancel", json={"reason": "Another carrier."})
    shipped = manager.post("/api/v1/shipments/SH-1000/ship")
    next_one = manager.post("/api/v1/shipments", json={"order": order.number})

    assert cancelled.json()["state"] == "cancelled"
    assert shipped.json()["reason"] == "is_cancelled"
    assert next_one.json()["handling_units"] == ["HU-1000"]


def test_an_order_that_has_partly_left_cannot_be_cancelled(manager: httpx.Client, order: SalesOrder) -> None:
    manager.post("/api/v1/handling-units/HU-1000/close")
    manager.post("/api/v1/shipments", json={"order": order.number})
    manager.post("/api/v1/shipments/SH-1000/ship")

    refused = manager.post(f"/api/v1/orders/{order.number}/cancel", json={"reason": "Too late."})

    assert refused.json()["detail"] == f"{order.number} cannot be cancelled: 5 of its units have left the house."


def test_the_carrier_changes_against_the_version(manager: httpx.Client, order: SalesOrder) -> None:
    manager.post("/api/v1/handling-units/HU-1000/close")
    made = manager.post("/api/v1/shipments", json={"order": order.number})

    patch = {"carrier": "Rail freight", "tracking_reference": "RF 17"}
    changed = manager.patch("/api/v1/shipments/SH-1000", json=patch, headers={"If-Match": made.headers["etag"]})
    stale = manager.patch("/api/v1/shipments/SH-1000", json=patch, headers={"If-Match": made.headers["etag"]})

    assert changed.json()["tracking_reference"] == "RF 17"
    assert stale.status_code == 409


def test_the_order_page_takes_note_that_everything_has_arrived(manager: httpx.Client, order: SalesOrder) -> None:
    page = {"Accept": "text/html"}

    def say_it_arrived() -> str:
        answer = manager.post(f"/orders/{order.number}/deliver", headers=page)
        return manager.get(answer.headers["location"], headers=page).text

    assert "has nothing on its way" in say_it_arrived()
    for box in ("HU-1000", "HU-1001"):
        manager.post(f"/api/v1/handling-units/{box}/close")
        manager.post("/api/v1/shipments", json={"order": order.number})
    for shipment in ("SH-1000", "SH-1001"):
        manager.post(f"/api/v1/shipments/{shipment}/ship")
    assert "It has arrived" in manager.get(f"/orders/{order.number}", headers=page).text

    assert f"What had left for {order.number} has arrived." in say_it_arrived()

    found = manager.get(f"/api/v1/orders/{order.number}").json()
    assert (found["lifecycle"], found["fulfilment"]) == ("done", "delivered")
    shown = manager.get(f"/orders/{order.number}", headers=page).text
    assert "All 8 have arrived." in shown
    assert "It has arrived" not in shown


def test_closed_boxes_leave_by_a_button_where_no_reader_stands_at_the_dock(
    manager: httpx.Client, signed_in: Callable[..., httpx.Client], order: SalesOrder, database: Database
) -> None:
    page, button = {"Accept": "text/html"}, "Ship closed boxes"

    def shown(browser: httpx.Client = manager) -> str:
        return browser.get(f"/orders/{order.number}", headers=page).text

    def ship() -> str:
        form = {"carrier": "Rail freight", "tracking_reference": "RF 17"}
        return manager.get(manager.post(f"/orders/{order.number}/ship", data=form).headers["location"]).text

    assert button not in shown()
    assert "no closed box that waits" in ship()
    manager.post("/api/v1/handling-units/HU-1000/close")
    assert button in shown()
    assert button not in shown(signed_in("sales"))
    assert signed_in("sales").post(f"/orders/{order.number}/ship").status_code == 403

    assert "have left: SH-1000." in ship()

    shipment = manager.get("/api/v1/shipments/SH-1000").json()
    assert (shipment["state"], shipment["carrier"]) == ("shipped", "Rail freight")
    assert (shipment["tracking_reference"], shipment["handling_units"]) == ("RF 17", ["HU-1000"])
    assert button not in shown()
    with database.read() as session:
        kinds = session.scalars(select(Fact.kind).where(Fact.order_id == order.id).order_by(Fact.id)).all()
    assert (kinds.count("unit_shipped"), kinds[-1]) == (5, "shipment_shipped")


def test_what_is_wholly_on_its_way_is_neither_held_nor_called_off_and_then_stands_as_delivered(
    manager: httpx.Client, order: SalesOrder
) -> None:
    page = {"Accept": "text/html"}

    def shown(path: str = f"/orders/{order.number}") -> str:
        return manager.get(path, headers=page).text

    for box in ("HU-1000", "HU-1001"):
        manager.post(f"/api/v1/handling-units/{box}/close")
    assert f'action="/orders/{order.number}/hold"' in shown()

    manager.post(f"/orders/{order.number}/ship")

    assert f'action="/orders/{order.number}/hold"' not in shown()
    assert f'action="/orders/{order.number}/cancel"' not in shown()
    assert "</svg>Shipped</span>" in shown("/orders?show=closed") + shown("/orders")
    manager.post(f"/orders/{order.number}/deliver")
    closed = shown("/orders?show=closed")
    row = closed[closed.index(f'id="row-{order.number}"') :].partition("</tr>")[0]
    assert "</svg>Delivered</span>" in row


def test_a_box_that_was_emptied_is_told_apart_from_those_that_hold_something(
    manager: httpx.Client, database: Database, order: SalesOrder
) -> None:
    def empty(session: Session) -> None:
        full, emptied = (session.scalars(select(Unit.id).where(Unit.number == each)).one() for each in BOXES)
        session.execute(update(Unit).where(Unit.parent_id == emptied).values(parent_id=full))

    database.write(empty)

    shown = manager.get(f"/orders/{order.number}", headers={"Accept": "text/html"}).text

    assert "Open and empty" not in shown.partition("</table>")[0]
    assert re.search(r"Open and empty, and not part of any shipment:\s*<a href=\"/handling-units/HU-1001\">", shown)
    assert shown.count('href="/handling-units/HU-1001/label"') == 0
    assert shown.count('href="/handling-units/HU-1000/label"') == 1
