"""The operator's list of a station, and work that overlaps from one step to the next by transfer quantity."""

from collections.abc import Callable
from typing import Any

import httpx

from orderlight.autoid import OwnCode
from orderlight.events import Answer
from server.auth.users import NewUser, add_user
from server.db import Database
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
