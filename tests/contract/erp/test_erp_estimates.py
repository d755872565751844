"""Estimates from the database: labelled, explained, never older than a minute when somebody looks."""

import time
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from server.db import Database
from server.erp.orders import estimates, repository
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, WorkOrder
from server.erp.seed import DemoWorld
from server.settings.clock import utc_now


def test_an_estimate_says_what_it_is_worked_out_from(manager: httpx.Client, world: DemoWorld) -> None:
    estimate = manager.get("/api/v1/orders/SO-1000/estimate").json()["estimate"]

    assert estimate["label"] == "estimate"
    assert estimate["at"] < estimate["late_at"]
    assert estimate["working_hours"]["time_zone"] == "Europe/Berlin"
    assert [part["name"] for part in estimate["parts"]] == ["Cut", "Weld", "Paint", "Assemble"]
    assert estimate["parts"][0] == {
        "step": 10,
        "name": "Cut",
        "work_center": "cut",
        "units": 20,
        "work_minutes": 50,
        # Kestrel Rail is served first: 20 minutes of set-up and 8 steps of 5 minutes.
        "queue_minutes": 60,
    }


def test_drafts_held_and_cancelled_orders_have_none(manager: httpx.Client, world: DemoWorld) -> None:
    for number in ("SO-1005", "SO-1009", "SO-1011"):
        assert manager.get(f"/api/v1/orders/{number}/estimate").json()["estimate"] is None


def test_a_stale_estimate_is_made_new_for_whoever_looks_and_stored(
    manager: httpx.Client, world: DemoWorld, database: Database
) -> None:
    old = utc_now() - timedelta(hours=3)
    stale = update(SalesOrder).values(estimated_at=old, predicted_at=old, predicted_late_at=old)
    database.write(lambda session: session.execute(stale) and None)

    shown = manager.get("/api/v1/orders/SO-1000").json()

    assert shown["prediction"]["computed_at"] > old.isoformat()
    # Nobody waits for the storing, so the test looks until it has happened.
    deadline = time.monotonic() + 20
    while (stored := _stored(database)).estimated_at == old and time.monotonic() < deadline:
        time.sleep(0.02)
    assert stored.estimated_at is not None
    assert stored.estimated_at > old
    assert stored.row_version == shown["row_version"]


def test_a_released_order_is_estimated_alone_as_it_is_among_all(world: DemoWorld, database: Database) -> None:
    with database.read() as session:
        released = session.scalars(select(SalesOrder.id).where(SalesOrder.lifecycle == "processing")).all()
        now = utc_now()
        among_all = estimates.compute(session, released, now=now)
        alone = {order_id: estimates.compute(session, [order_id], now=now).get(order_id) for order_id in released}

    assert len(among_all) > 2
    assert {order_id: found for order_id, found in alone.items() if found is not None} == among_all


@pytest.mark.parametrize("path", ["/orders", "/board"])
def test_pages_that_list_orders_work_their_estimates_out_anew(
    manager: httpx.Client, world: DemoWorld, database: Database, path: str
) -> None:
    old = utc_now() - timedelta(hours=3)
    stale = update(SalesOrder).values(estimated_at=old, predicted_at=old, predicted_late_at=old)
    database.write(lambda session: session.execute(stale) and None)

    assert manager.get(path, headers={"Accept": "text/html"}).status_code == 200

    seen = _stored(database)
    assert seen.predicted_at is not None
    assert seen.predicted_at > utc_now() > old
    assert seen.estimated_at is not None
    assert seen.estimated_at > old


def _stored(database: Database) -> SalesOrder:
    with database.read() as session:
        order = repository.order(session, "SO-1000")
    assert order is not None
    return order


def test_units_that_are_done_shorten_the_estimate(world: DemoWorld, database: Database) -> None:

    order = world.orders[2]
    now = utc_now()
    before = database.write(lambda session: estimates.predict(session, [order.id], now=now))[order.id]
    work = update(Operation).where(
        Operation.work_order_id.in_(select(WorkOrder.id).where(WorkOrder.order_id == order.id)), Operation.step == 10
    )
    database.write(lambda session: session.execute(work.values(good=8, started=8, state="completed")) and None)

    after = database.write(lambda session: estimates.predict(session, [order.id], now=now))[order.id]

    assert after.working_minutes < before.working_minutes
    assert [part.name for part in after.parts] == ["Weld", "Assemble"]
