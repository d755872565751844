"""The operator's list of a station, and work that overlaps from one step to the next by transfer quantity."""

from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode
from orderlight.events import Answer
from server.auth.users import NewUser, add_user
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.seed_picture import packed_frames
from server.parties.models import Customer
from server.settings.clock import utc_now

Scan = Callable[[str, str], Answer]


def painted(unit: str) -> list[tuple[str, str]]:
    """The reads that bring a frame through cutting, welding and painting."""
    return [(unit, "cut-1"), (unit, "weld-1"), (unit, "weld-1"), (unit, "paint-gate")]


def test_work_overlaps_once_the_transfer_quantity_is_through(planner: httpx.Client, scan: Scan) -> None:
    first = [scan(*read) for read in (*painted("U-1000"), ("U-1000", "assemble-1"))][-1]
    early = planner.get("/station/assemble/list").text
    waiting = planner.get("/api/v1/stations/assemble/queue").json()["upcoming"]
    second = [scan(*read) for read in (*painted("U-1001"), ("U-1000", "assemble-1"))][-1]
    late = planner.get("/api/v1/stations/assemble/queue").json()["items"]

    assert (first.reason, first.say) == (
        "not_ready", "U-1000: Assemble begins when 2 pieces are through Paint, 1 are. Wait for the others.",
    )  # fmt: skip
    assert "Waits for Paint: 1 of 2 pieces are through." in early
    found = next(each["waits_for"] for each in waiting if each["work_order"] == "WO-1000")
    assert found == {"reason": "before", "operation": "Paint", "pieces": 1}
    # Eighteen frames have not even been cut.
    assert second.action == "operation_completed"
    assert [(each["work_order"], each["good"], each["waiting"]) for each in late] == [("WO-1000", 1, 1)]
    assert "handed over from 2 pieces on" in planner.get("/work-orders/WO-1000").text


def test_the_list_of_a_station_is_in_the_order_in_which_work_is_taken_up(
    planner: httpx.Client, signed_in: Callable[..., httpx.Client], counted: Any
) -> None:
    operator = signed_in("operator")
    operator.get("/station/cut/list")
    with counted() as statements:
        page = operator.get("/station/cut/list")
    few = len(statements)
    for _ in range(4):
        planner.post("/api/v1/work-orders", json={"product": "STEP-RAIL", "quantity": 2})
    with counted() as statements:
        longer = operator.get("/station/cut/list")
    items = operator.get("/api/v1/stations/cut/queue").json()["items"]

    assert len(statements) == few
    assert longer.text.count("for stock") >= 4
    ranked = [(each["on_hold"], each["priority"], each["promise_date"] or "9999") for each in items]
    assert ranked == sorted(ranked)
    # The first card is what comes next; the order on hold waits, and says why.
    ready, waiting = page.text.split('id="waiting-head"')
    assert ready.index("SO-1002") < ready.index("SO-1000") < ready.index("SO-1001")
    assert "The order is on hold: Waiting for the customer to approve the drawing." in waiting
    assert 'href="/station/cut/list"' in operator.get("/station/cut").text
    assert operator.get("/station/nowhere/list").status_code == 404
    assert operator.get("/api/v1/stations/nowhere/queue").status_code == 404


def test_who_worked_on_it_stands_with_the_work_order(
    planner: httpx.Client, database: Database, signed_in: Callable[..., httpx.Client], scan: Scan
) -> None:
    for badge, name in (("17", "Kim"), ("18", "Ada")):
        new = NewUser(login=name.lower(), name=name, role="operator", badge=badge)
        database.write(lambda session, new=new: add_user(session, new, actor="test", now=utc_now()) and None)
        scan(str(OwnCode("B", badge)), "cut-1")
    for code in ("U-1000", "U-1001", str(OwnCode("C", "UNDO"))):
        scan(code, "cut-1")

    found = planner.get("/api/v1/work-orders/WO-1000/operators").json()["items"]

    assert [(each["step"], each["name"], each["pieces"], each["minutes"]) for each in found] == [
        (10, "Kim", 1, None), (10, "Ada", 1, None),
    ]  # fmt: skip
    page = signed_in("operator").get("/work-orders/WO-1000").text
    assert "Who worked on it" in page
    assert "Ada" in page


def test_the_list_of_a_packing_station_has_what_is_made_and_what_is_packed_anew(
    planner: httpx.Client, manager: httpx.Client, signed_in: Callable[..., httpx.Client], database: Database
) -> None:
    # Given pieces that wait for a box while others of their order are made, and a customer who has alerts and a rule
    def make(session: Session) -> tuple[str, list[str]]:
        work = session.query(WorkOrder).filter_by(number="WO-1000").one()
        units = session.query(Unit).filter_by(work_order_id=work.id).order_by(Unit.id).limit(3).all()
        for unit in units:
            unit.state, unit.step = "finished", None
        order = session.get_one(SalesOrder, work.order_id)
        order.special_instructions = None
        customer = session.get_one(Customer, order.customer_id)
        customer.alerts, customer.packaging_rule = "Call before delivery", "Two to a box, never stacked"
        customer.special_instructions = "No wax."
        return order.number, [unit.number for unit in units]

    order, units = database.write(make)
    assert manager.post("/api/v1/handling-units", json={"order": order, "units": units[:1]}).status_code == 201

    # When a change of words and of the box counts at once
    changes = {"box": "B77", "instructions": "Grind the seam"}
    body = {"work_order": "WO-1000", "changes": changes, "effectivity": "immediate"}
    number = planner.post("/api/v1/change-requests", json=body).json()["number"]
    planner.post(f"/api/v1/change-requests/{number}/submit")
    planner.post(f"/api/v1/change-requests/{number}/approve")

    # Then the packing station has both, with what must be minded, and the other lists, the unit and the API have it too
    page = signed_in("operator").get("/station/pack/list").text
    anew, made = page.split('id="made-head"')[0].split('id="anew-head"')[1], page.split('id="made-head"')[1]
    assert (units[0] in anew, "B77" in anew) == (True, True)
    assert (order in made.split('id="ready-head"')[0], "2 pieces stand here" in made) == (True, True)
    for text in ("Call before delivery", "Two to a box, never stacked", "No wax.", "Grind the seam", "B77"):
        assert text in made, text
    cut = planner.get("/station/cut/list").text
    assert ("Call before delivery" in cut, "Grind the seam" in cut, "To pack" in cut) == (True, True, False)
    entry = next(
        each for each in planner.get("/api/v1/stations/cut/queue").json()["items"] if each["work_order"] == "WO-1000"
    )
    assert (entry["changed_instructions"], entry["special_instructions"]) == ("Grind the seam", "No wax.")
    waiting = planner.get("/api/v1/stations/pack/queue").json()
    job = next(each for each in waiting["to_pack"] if each["order"] == order)
    assert (job["ready"], job["packed"], job["alerts"]) == (2, 1, ["Call before delivery"])
    assert (job["changed_instructions"], "B77" in job["packaging"]) == ("Grind the seam", True)
    assert entry["pictures"] == job["pictures"] == [packed_frames().hash]
    assert f'src="/packaging-pictures/{job["pictures"][0]}"' in page
    assert [each["unit"] for each in waiting["to_repack"]] == units[:1]
    assert planner.get("/api/v1/stations/cut/queue").json()["to_pack"] == []
    assert "Grind the seam" in planner.get(f"/orders/{order}/units/{units[1]}").text
    assert "Grind the seam" in planner.get("/work-orders/WO-1000/traveller").text
    report = planner.get(f"/orders/{order}/requirements").text
    for text in ("Call before delivery", "Two to a box, never stacked", "No wax.", "Grind the seam"):
        assert text in report, text
