"""Reason codes, and units scrapped, sent back and held for them: through the doors, and by touch at a station."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from orderlight.events import Batch, Event
from server.db import Database
from server.erp.production.models import Operation, Unit, WorkOrder
from server.ingest.accept import accept
from server.ingest.door import Door
from server.ingest.wire import Request
from server.settings.clock import utc_now


@pytest.fixture
def operator(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody at a station."""
    return signed_in("operator")


def one(database: Database, model: type[Any], **where: Any) -> Any:
    """The one row with these values."""
    with database.read() as session:
        return session.query(model).filter_by(**where).one()


def test_reasons_are_a_collection_like_any_other(planner: httpx.Client, operator: httpx.Client) -> None:
    made = planner.post("/api/v1/reason-codes", json={"code": "RUST", "kind": "scrap", "name": "Rust"})
    twice = planner.post("/api/v1/reason-codes", json={"code": "RUST", "kind": "hold", "name": "Rust"})
    command = planner.post("/api/v1/reason-codes", json={"code": "UNDO", "kind": "hold", "name": "Undo"})
    small = planner.post("/api/v1/reason-codes", json={"code": "rust!", "kind": "scrap", "name": "Rust"})
    stale = planner.patch("/api/v1/reason-codes/RUST", json={"active": False}, headers={"If-Match": '"9"'})
    off = planner.patch("/api/v1/reason-codes/RUST", json={"active": False}, headers={"If-Match": '"1"'})
    in_use = operator.get("/api/v1/reason-codes", params={"kind": "scrap", "active": "true"}).json()

    assert (made.status_code, made.json()["card"], made.headers["Location"]) == (
        201, "OLCRUSTC", "/api/v1/reason-codes/RUST",
    )  # fmt: skip
    assert [answer.status_code for answer in (twice, command, small, stale, off)] == [409, 422, 422, 409, 200]
    assert [each["code"] for each in in_use["items"]] == ["MATERIAL", "DAMAGED", "SIZE", "MACHINE", "SETUPPIECE"]
    assert operator.post("/api/v1/reason-codes", json={}).status_code == 403


def test_a_program_scraps_sends_back_and_holds_by_the_rules_of_the_floor(
    planner: httpx.Client, database: Database
) -> None:
    nothing = planner.post("/api/v1/units/U-1000/rework", json={"reason": "SURFACE"})
    unknown = planner.post("/api/v1/units/U-1000/scrap", json={"reason": "SURFACE"})
    held = planner.post("/api/v1/units/U-1000/hold", json={"reason_code": "INSPECT", "reason": "Look at the weld"})
    lost = planner.post("/api/v1/units/U-1000/scrap", json={"reason": "MATERIAL"})
    again = planner.post("/api/v1/units/U-1000/scrap", json={"reason": "MATERIAL"})

    assert (nothing.status_code, nothing.json()["reason"]) == (409, "not_started")
    assert (unknown.status_code, unknown.json()["errors"][0]["message"]) == (
        422,
        "Expected a reason for scrap, one of MATERIAL, DAMAGED, SIZE, MACHINE, SETUPPIECE; got SURFACE.",
    )
    assert held.json()["hold_reason"] == "To be inspected: Look at the weld"
    assert (lost.status_code, lost.json()["state"]) == (200, "scrapped")
    assert (again.status_code, again.json()["detail"]) == (409, "U-1000 was scrapped. Put it to the scrap.")
    fact = planner.get("/api/v1/units/U-1000").json()["facts"][-1]
    assert (fact["kind"], fact["detail"]["reason_code"]) == ("unit_scrapped", "MATERIAL")
    operation = one(database, Operation, work_order_id=1, step=10)
    assert (operation.scrap, operation.state) == (1, "ready")


@pytest.mark.parametrize(
    ("quantity", "status"), [(0, 422), (-1, 422), ("1.5", 409), (10**9, 422), (21, 409), (20, 200)]
)
def test_scrap_above_what_is_there_is_refused_and_nothing_is_half_done(
    planner: httpx.Client, database: Database, quantity: Any, status: int
) -> None:
    answer = planner.post("/api/v1/work-orders/WO-1000/scrap", json={"quantity": quantity, "reason": "MATERIAL"})

    assert answer.status_code == status
    with database.read() as session:
        lost = session.query(Unit).filter_by(state="scrapped").count()
    assert lost == (20 if status == 200 else 0)
    if status == 409:
        why = "only 20 can be." if quantity == 21 else "it is made in whole pieces."
        assert answer.json()["detail"] == f"{quantity} of WO-1000 cannot be scrapped: {why}"
    if status == 200:
        assert one(database, WorkOrder, number="WO-1000").state == "completed"


def scan(database: Database, *codes: str, at: str = "cut-1") -> None:
    """Scans of a gateway."""

    events = tuple(
        Event.parse({"sequence": number, "kind": "code_scanned", "read_point": at, "code": code,
                     "observed_at": utc_now().isoformat()})
        for number, code in enumerate(codes, 1)
    )  # fmt: skip
    batch: Request = Batch("gw", f"{abs(hash(codes)) % 16**16:016x}", events, ())
    database.write(lambda session: accept(session, batch, door=Door(actor="gateway:gw"), now=utc_now()) and None)


def test_at_a_station_it_is_told_by_touch_without_a_script(
    operator: httpx.Client, database: Database, counted: Callable[[], Any]
) -> None:
    scan(database, "U-1000", "U-1001")
    with counted() as statements:
        page = operator.get("/station/cut/report?act=rework")
    few = len(statements)
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text.split('class="card why"')[1]))

    told = operator.post("/station/cut/report", data={**form, "reason": "SURFACE"}, follow_redirects=True)
    again = operator.post("/station/cut/report", data={**form, "reason": "SURFACE"}, follow_redirects=True)

    assert form["unit"] == "U-1001"
    assert "U-1001 goes back to Cut: Surface fault. Rework 1." in told.text
    assert "U-1001 goes back" in again.text
    assert one(database, Unit, number="U-1001").rework == 1
    with counted() as statements:
        other = operator.get("/station/cut/report?act=scrap&unit=U-1000")
    assert "Material fault" in other.text
    assert len(statements) <= few
    assert "There is no unit U-99999." in operator.get("/station/cut/report?act=hold&unit=U-99999").text
    assert operator.get("/station/cut/report?act=burn").status_code == 422


def test_reasons_are_kept_on_pages(planner: httpx.Client, operator: httpx.Client) -> None:
    listed = operator.get("/setup/reasons")
    made = planner.post(
        "/setup/reasons/new", data={"code": "RUST", "kind": "scrap", "name": "Rust"}, follow_redirects=True
    )
    wrong = planner.post("/setup/reasons/new", data={"code": "RUST", "kind": "scrap", "name": "Rust"})
    off = planner.post("/setup/reasons/RUST", data={"name": "Rust", "row_version": "1"}, follow_redirects=True)

    assert "Material fault" in listed.text
    assert "/setup/reasons/new" not in listed.text
    assert "Rust" in made.text
    assert "There is a reason RUST already. Choose another code." in wrong.text
    assert "switched off" in off.text
    stale = planner.post("/setup/reasons/RUST", data={"name": "Rot", "row_version": "1"})
    assert (stale.status_code, "Stored now: Rust" in stale.text, "Stored now: scrap" in stale.text) == (
        409,
        True,
        False,
    )
    assert "Scrap" in stale.text
    assert operator.get("/setup/reasons/new").status_code == 403
    assert "Rust" not in planner.get("/print/cards").text
