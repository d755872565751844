"""Units through the programming interface: genealogy, proof, holds."""

from datetime import timedelta
from urllib.parse import quote

import httpx
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from server.db import Database
from server.erp.production.models import Unit
from server.erp.seed import DemoWorld
from server.journal import facts
from server.journal.models import EventRecord, EventSource
from server.settings.clock import utc_now
from server.tracking.facts import FactKind, NewFact


def scanned(session: Session, unit_id: int, station_id: int) -> None:
    """A scan that completed the unit's cutting, as the ingest stores it."""
    now = utc_now()
    session.add(EventSource(id=1, gateway="gw-hall-1", epoch="9f3c2a1788d0e4b2", first_seen_at=now, last_seen_at=now))
    session.flush()
    payload = {"read_point": "cut-1", "reader": "scanner-3", "code": "OLU1000Q", "kind": "code_scanned"}
    event = {
        "id": 7,
        "source_id": 1,
        "sequence": 1204,
        "kind": "code_scanned",
        "station_id": station_id,
        "observed_at": now - timedelta(seconds=2),
        "recorded_at": now,
        "status": "applied",
        "payload": payload,
    }
    session.execute(insert(EventRecord), [event])
    fact = NewFact(
        kind=FactKind.OPERATION_COMPLETED,
        subject="U-1000",
        actor="operator:B17",
        observed_at=now - timedelta(seconds=2),
        unit_id=unit_id,
        step=10,
        station_id=station_id,
        event_id=7,
    )
    fact_id = facts.write(session, [fact], recorded_at=now)[0]
    session.execute(update(Unit).where(Unit.id == unit_id).values(last_fact_id=fact_id, step=20))


def test_a_status_points_at_the_read_that_proves_it(
    manager: httpx.Client, world: DemoWorld, database: Database
) -> None:
    unit_id = 1
    database.write(lambda session: scanned(session, unit_id, world.stations["cut"].id))

    unit = manager.get("/api/v1/units/" + quote("01/09506000134352/21/1000", safe="")).json()
    proof = unit["facts"][-1]

    assert unit["number"] == "U-1000"
    assert (proof["kind"], proof["actor"], proof["station"]) == ("operation_completed", "operator:B17", "cut")
    assert proof["event"] == {
        "gateway": "gw-hall-1",
        "epoch": "9f3c2a1788d0e4b2",
        "sequence": 1204,
        "status": "applied",
        "clock_suspect": False,
        "kind": "code_scanned",
        "read_point": "cut-1",
        "reader": "scanner-3",
        "code": "OLU1000Q",
    }


def test_a_unit_that_nothing_has_touched_is_proved_by_its_release(manager: httpx.Client, world: DemoWorld) -> None:
    unit = manager.get("/api/v1/units/U-1001").json()

    assert [fact["kind"] for fact in unit["facts"]] == ["order_released"]


def test_a_held_unit_says_why_and_is_resumed(planner: httpx.Client, world: DemoWorld) -> None:
    held = planner.post("/api/v1/units/U-1000/hold", json={"reason": "A crack at the weld."})
    twice = planner.post("/api/v1/units/U-1000/hold", json={"reason": "Again."})
    listed = planner.get("/api/v1/units", params={"held": "true"}).json()["items"]
    resumed = planner.post("/api/v1/units/U-1000/resume")
    again = planner.post("/api/v1/units/U-1000/resume")

    assert held.json()["hold_reason"] == "A crack at the weld."
    assert twice.json()["detail"] == "U-1000 is on hold already: A crack at the weld."
    assert [unit["number"] for unit in listed] == ["U-1000"]
    assert not resumed.json()["held"]
    assert again.json()["reason"] == "not_on_hold"
    kinds = [fact["kind"] for fact in planner.get("/api/v1/units/U-1000").json()["facts"]]
    assert kinds[-2:] == ["unit_held", "unit_resumed"]


def test_what_no_unit_answers_to_is_not_found(manager: httpx.Client, world: DemoWorld) -> None:
    for code in ("U-9999", "]C1", "x" * 150, "'; DROP TABLE unit; --", "<script>", "01/09506000134352/21/9999"):
        assert manager.get("/api/v1/units/" + quote(code, safe="")).status_code == 404
    assert manager.get("/api/v1/units/" + quote("a\x00b", safe="")).status_code in (404, 422)
