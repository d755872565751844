"""Pallets through the doors and on their page: boxes go on and come off, and all of it leaves together."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.seed import DemoWorld
from server.ingest.rebuild import rebuild

BOXES = "/api/v1/handling-units"
HTML = {"Accept": "text/html"}


def finish(session: Session, order_id: int) -> list[str]:
    """Every unit of the order is through production; returns their numbers."""
    session.execute(update(Unit).where(Unit.order_id == order_id).values(state="finished", step=None))
    session.execute(update(WorkOrder).where(WorkOrder.order_id == order_id).values(state="completed"))
    return list(session.scalars(select(Unit.number).where(Unit.order_id == order_id).order_by(Unit.id)))


@pytest.fixture
def order(world: DemoWorld) -> SalesOrder:
    """An order of eight units."""
    return world.orders[2]


@pytest.fixture
def boxes(manager: httpx.Client, order: SalesOrder, database: Database) -> list[str]:
    """Three closed boxes of the order, with three, three and two units."""
    units = database.write(lambda session: finish(session, order.id))
    found = []
    for part in (units[:3], units[3:6], units[6:]):
        made = manager.post(BOXES, json={"order": order.number, "units": part}).json()
        if made["state"] == "open":
            manager.post(f"{BOXES}/{made['number']}/close")
        found.append(made["number"])
    return found


def test_a_pallet_takes_boxes_gives_them_back_and_leaves_with_the_rest(
    manager: httpx.Client, order: SalesOrder, boxes: list[str], database: Database
) -> None:
    # Given a pallet with two of three boxes
    made = manager.post(BOXES, json={"order": order.number, "kind": "pallet", "handling_units": boxes[:2]}).json()
    assert (made["kind"], made["units"], made["handling_units"]) == ("pallet", 6, boxes[:2])
    assert manager.get(f"{BOXES}/{boxes[0]}").json()["pallet"] == made["number"]

    # When another goes on and one comes off
    path = f"{BOXES}/{made['number']}"
    manager.post(f"{path}/pack", json={"handling_units": [boxes[2]]})
    waits = manager.post("/api/v1/shipments", json={"order": order.number})
    manager.post(f"{path}/close")
    off = manager.post(f"{path}/unpack", json={"handling_units": [boxes[0]]}).json()

    # Then the pallet is open again, and nothing on it leaves before it is closed
    assert (waits.status_code, waits.json()["reason"]) == (409, "no_boxes")
    assert (off["state"], off["handling_units"]) == ("open", boxes[1:])
    alone = manager.post("/api/v1/shipments", json={"order": order.number, "handling_units": [boxes[1]]})
    assert alone.status_code == 422

    # When it is closed and sent
    manager.post(f"{path}/close")
    sent = manager.post("/api/v1/shipments", json={"order": order.number, "handling_units": [made["number"]]}).json()
    assert sorted(sent["handling_units"]) == sorted([made["number"], *boxes[1:]])
    shipped = manager.post(f"/api/v1/shipments/{sent['number']}/ship")

    # Then it has left with its boxes and their units, the third box has not, and facts tell the same
    assert shipped.json()["state"] == "shipped"
    states = {number: manager.get(f"{BOXES}/{number}").json()["state"] for number in (made["number"], *boxes)}
    assert states == {made["number"]: "shipped", boxes[0]: "closed", boxes[1]: "shipped", boxes[2]: "shipped"}
    assert manager.get(f"/api/v1/orders/{order.number}").json()["fulfilment"] == "partially_shipped"
    manager.post(f"/api/v1/shipments/{sent['number']}/deliver")
    assert manager.get(f"{BOXES}/{made['number']}").json()["state"] == "received"
    wrong = {each for each in database.write(rebuild).differences if each.row.startswith("handling_unit")}
    assert wrong == set()


def test_what_does_not_belong_on_a_pallet_or_in_a_box_is_told(
    manager: httpx.Client, order: SalesOrder, boxes: list[str], world: DemoWorld, database: Database
) -> None:
    other = world.orders[1]
    theirs = database.write(lambda session: finish(session, other.id))
    foreign = manager.post(BOXES, json={"order": other.number, "units": theirs[:1]}).json()["number"]
    manager.post(f"{BOXES}/{foreign}/close")
    pallet = manager.post(BOXES, json={"order": order.number, "kind": "pallet", "handling_units": boxes[:1]}).json()
    path, inside = f"{BOXES}/{pallet['number']}", manager.get(f"/api/v1/units/{boxes[1]}").json()["inside"]

    asked = [foreign, boxes[0], pallet["number"], "HU-9999", boxes[1]]
    refused = manager.post(f"{path}/pack", json={"handling_units": asked})
    mixed = manager.post(BOXES, json={"order": order.number, "handling_units": boxes})
    not_in_it = manager.post(f"{path}/unpack", json={"units": inside[:1], "handling_units": [boxes[2]]})
    into_a_box = manager.post(f"{BOXES}/{boxes[1]}/pack", json={"handling_units": [boxes[2]]})
    reopened = manager.post(f"{BOXES}/{boxes[0]}/reopen", json={"reason": "One is missing."})

    reasons = {error["field"]: error["reason"] for error in refused.json()["errors"]}
    assert reasons == {
        "handling_units.0": "wrong_customer",
        "handling_units.1": "already_done",
        "handling_units.2": "not_closed",
        "handling_units.3": "unknown",
    }
    assert manager.get(f"{BOXES}/{boxes[1]}").json()["pallet"] is None
    assert (mixed.status_code, "make a pallet" in mixed.text) == (422, True)
    assert not_in_it.status_code == 422
    assert into_a_box.json()["reason"] == "not_an_open_pallet"
    assert reopened.json()["reason"] == "on_pallet"


def test_units_come_out_of_a_closed_box_which_is_open_then(manager: httpx.Client, boxes: list[str]) -> None:
    inside = manager.get(f"/api/v1/units/{boxes[0]}").json()["inside"]

    opened = manager.post(f"{BOXES}/{boxes[0]}/unpack", json={"units": inside[:2]}).json()

    assert (opened["state"], opened["units"]) == ("open", 1)
    assert manager.get(f"/api/v1/units/{inside[0]}").json()["state"] == "finished"


def test_the_page_of_a_pallet_shows_a_tree_and_works_without_scripts(
    manager: httpx.Client, order: SalesOrder, boxes: list[str], signed_in: Callable[..., httpx.Client]
) -> None:
    def do(path: str, **form: str) -> str:
        answer = manager.post(path, data=form)
        return manager.get(answer.headers["location"], headers=HTML).text

    begun = do(f"/orders/{order.number}/pallet")
    assert "Nothing is on it yet" in begun
    pallet = max(each["number"] for each in manager.get(BOXES, params={"order": order.number}).json()["items"])
    path = f"/handling-units/{pallet}"
    stacked = do(f"{path}/pack", box=boxes[0])
    assert (boxes[0] in stacked, "Take off" in stacked, "3 units" in stacked) == (True, True, True)
    assert "is closed. Print its label." in do(f"{path}/close")
    label = manager.get(f"{path}/label", headers=HTML).text
    assert ("Pallet" in label, boxes[0] in label) == (True, True)
    assert f"on {pallet}" in manager.get(f"/orders/{order.number}", headers=HTML).text
    assert "It is out of" in do(f"{path}/unpack", box=boxes[0])
    assert "Say why" in do(f"{path}/reopen")
    inside = manager.get(f"/api/v1/units/{boxes[0]}").json()["inside"]
    assert "It is out of" in do(f"/handling-units/{boxes[0]}/unpack", unit=inside[0])
    assert f"{inside[0]} is not in {boxes[0]}." in do(f"/handling-units/{boxes[0]}/unpack", unit=inside[0])

    reader = signed_in("operator").get(path, headers=HTML)
    assert (reader.status_code, "Take off" in reader.text) == (200, False)
    assert signed_in("operator").post(f"{path}/close").status_code == 403
    assert manager.get("/handling-units/HU-9999", headers=HTML).status_code == 404


def test_a_full_pallet_costs_as_many_statements_as_an_empty_one(
    manager: httpx.Client,
    order: SalesOrder,
    boxes: list[str],
    counted: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    pallet = manager.post(BOXES, json={"order": order.number, "kind": "pallet", "handling_units": boxes[:1]}).json()
    found = []
    for more in ([], boxes[1:]):
        if more:
            manager.post(f"{BOXES}/{pallet['number']}/pack", json={"handling_units": more})
        for path in (f"/handling-units/{pallet['number']}", f"{BOXES}/{pallet['number']}", BOXES):
            with counted() as statements:
                assert manager.get(path, headers=HTML).status_code == 200
            found.append(len(statements))

    assert found[3:] == found[:3]
