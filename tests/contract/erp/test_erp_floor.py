"""Stations and read points through the programming interface."""

import httpx
import pytest

from server.db import Database
from server.erp.floor import repository
from server.erp.seed import DemoWorld


def test_a_station_carries_its_printed_code_and_its_read_points(planner: httpx.Client, world: DemoWorld) -> None:
    station = planner.get("/api/v1/stations/weld").json()

    assert station["code"].startswith("OLSWELD")
    assert station["read_points"] == ["weld-1"]
    assert station["work_center"] == "weld"


def test_a_new_station_with_a_read_point_is_ready_for_scans(planner: httpx.Client, world: DemoWorld) -> None:
    station = planner.post("/api/v1/stations", json={"key": "weld2", "name": "Weld 2", "work_center": "weld"})
    point = planner.post(
        "/api/v1/read-points",
        json={"key": "weld-2", "name": "Weld 2, scanner", "station": "weld2", "context": "toggle"},
    )

    assert (station.status_code, point.status_code) == (201, 201)
    assert (point.json()["context"], point.json()["quiet_seconds"]) == ("toggle", 2)
    assert planner.get("/api/v1/stations/weld2").json()["read_points"] == ["weld-2"]


@pytest.mark.parametrize("key", ["Weld", "weld-2", "a" * 21, "", "wéld"])
def test_a_key_that_cannot_be_printed_is_refused(planner: httpx.Client, world: DemoWorld, key: str) -> None:
    answer = planner.post("/api/v1/stations", json={"key": key, "name": "X", "work_center": "weld"})

    assert answer.status_code == 422


def test_what_does_not_exist_is_named(planner: httpx.Client, world: DemoWorld) -> None:
    station = planner.post("/api/v1/stations", json={"key": "x", "name": "X", "work_center": "laser"})
    point = planner.post(
        "/api/v1/read-points", json={"key": "x-1", "name": "X", "station": "nowhere", "context": "end"}
    )
    context = planner.post(
        "/api/v1/read-points", json={"key": "x-1", "name": "X", "station": "cut", "context": "teleport"}
    )

    assert "no work center laser" in station.json()["detail"]
    assert "no station nowhere" in point.json()["detail"]
    assert context.status_code == 422


def test_a_read_point_moves_to_another_context(planner: httpx.Client, world: DemoWorld, database: Database) -> None:
    changed = planner.patch(
        "/api/v1/read-points/cut-1", json={"context": "start", "quiet_seconds": 5}, headers={"If-Match": '"1"'}
    )

    assert changed.json()["context"] == "start"
    with database.read() as session:
        point = repository.read_point(session, "cut-1")
        assert point is not None
        assert (point.context, point.quiet_seconds) == ("start", 5)


def test_the_row_of_a_work_center_is_led_by_priority_and_leaves_held_orders_last(
    planner: httpx.Client, world: DemoWorld
) -> None:
    queue = planner.get("/api/v1/work-centers/cut/queue").json()["items"]

    assert queue[0]["customer"] == "Kestrel Rail"
    assert queue[-1]["on_hold"]
    assert queue[0]["waiting"] == 8
    assert planner.get("/api/v1/work-centers/weld/queue").json()["items"] == []
    assert planner.get("/api/v1/work-centers/none/queue").status_code == 404
