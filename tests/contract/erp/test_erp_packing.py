"""Boxes made by a program follow the rules of the packing bench, and leave the same facts behind."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from orderlight.autoid import Sscc
from server.catalog.models import WorkCenter
from server.db import Database
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.seed import DemoWorld
from server.ingest.rebuild import rebuild
from server.journal.models import Fact


def ready(database: Database, order_id: int) -> list[str]:
    """Every unit of the order waits for packing, which is its last step; returns their numbers."""

    def work(session: Session) -> list[str]:
        bench = session.scalars(select(WorkCenter.id).where(WorkCenter.key == "pack")).one()
        work_ids = select(WorkOrder.id).where(WorkOrder.order_id == order_id)
        operations = session.scalars(select(Operation).where(Operation.work_order_id.in_(work_ids))).all()
        last = max(each.step for each in operations)
        for each in operations:
            if each.step != last:
                each.started = each.good = int(each.quantity)
            else:
                each.work_center_id = bench
            each.state = "ready" if each.step == last else "completed"
        session.execute(update(Unit).where(Unit.order_id == order_id).values(state="queued", step=last))
        return list(session.scalars(select(Unit.number).where(Unit.order_id == order_id).order_by(Unit.id)))

    return database.write(work)


def test_an_empty_box_is_opened_for_an_order(manager: httpx.Client, world: DemoWorld) -> None:
    order = world.orders[2].number

    made = manager.post("/api/v1/handling-units", json={"order": order})

    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/handling-units/{made.json()['number']}"
    assert (made.json()["order"], made.json()["state"], made.json()["units"]) == (order, "open", 0)
    assert Sscc.parse(made.json()["sscc"]).value.startswith("09506000")
    assert manager.get(f"/api/v1/handling-units/{made.json()['sscc']}").json()["number"] == made.json()["number"]


def test_units_are_packed_as_a_scan_would_pack_them_and_the_last_closes_the_box(
    manager: httpx.Client, world: DemoWorld, database: Database
) -> None:
    order = world.orders[2]
    numbers = ready(database, order.id)
    first, rest = numbers[:3], numbers[3:]

    some = manager.post("/api/v1/handling-units", json={"order": order.number, "units": first}).json()
    all_others = manager.post("/api/v1/handling-units", json={"order": order.number, "units": rest}).json()

    assert (some["state"], some["units"]) == ("open", 3)
    assert (all_others["state"], all_others["units"]) == ("closed", len(rest))
    assert manager.get(f"/api/v1/orders/{order.number}").json()["fulfilment"] == "packed"
    with database.read() as session:
        told = session.scalars(select(Fact).where(Fact.order_id == order.id).order_by(Fact.id)).all()
        kinds = [fact.kind for fact in told]
        unit = session.scalars(select(Unit).where(Unit.number == first[0])).one()
        proof = session.get_one(Fact, unit.last_fact_id)
    assert kinds.count("unit_packed") == kinds.count("operation_completed") == len(numbers)
    assert (kinds.count("box_opened"), kinds[-1]) == (2, "box_closed")
    assert (proof.kind, proof.unit_id, proof.actor[:5]) == ("unit_packed", unit.id, "user:")


def test_facts_of_such_a_box_fold_to_the_same_rows(manager: httpx.Client, world: DemoWorld, database: Database) -> None:
    order = world.orders[2]
    numbers = ready(database, order.id)
    manager.post("/api/v1/handling-units", json={"order": order.number, "units": numbers[:2]})

    report = database.write(rebuild)

    with database.read() as session:
        packed = session.scalars(select(Unit).where(Unit.number.in_(numbers[:2]))).all()
    names = {f"unit:{unit.id}" for unit in packed}
    wrong = {each for each in report.differences if each.row in names or each.row.startswith("handling_unit")}
    assert (len(packed), report.created, wrong) == (2, 0, set())


def test_each_unit_that_may_not_be_packed_is_told_with_its_reason(
    manager: httpx.Client, world: DemoWorld, database: Database
) -> None:
    order, foreign = world.orders[2], world.orders[1]
    numbers, theirs = ready(database, order.id), ready(database, foreign.id)
    boxed = manager.post("/api/v1/handling-units", json={"order": order.number, "units": numbers[:1]}).json()
    manager.post(f"/api/v1/units/{numbers[1]}/hold", json={"reason": "A scratch."})

    asked = ["U-9", numbers[0], numbers[1], theirs[0], boxed["number"], numbers[2]]
    refused = manager.post("/api/v1/handling-units", json={"order": order.number, "units": asked})

    assert refused.status_code == 422
    reasons = {error["field"]: error["reason"] for error in refused.json()["errors"]}
    assert reasons == {
        "units.0": "unknown",
        "units.1": "already_done",
        "units.2": "on_hold",
        "units.3": "wrong_customer",
        "units.4": "unknown",
    }
    assert f"{numbers[0]} is packed in {boxed['number']} already." in refused.json()["detail"]
    assert manager.get(f"/api/v1/units/{numbers[2]}").json()["state"] == "queued"


@pytest.mark.parametrize(
    ("body", "field"),
    [({"order": "SO-9999"}, "order"), ({"read_point": "cut-end"}, "read_point"), ({"units": ["x y"]}, "units.0")],
)
def test_a_box_for_nothing_or_nowhere_is_refused(
    manager: httpx.Client, world: DemoWorld, body: dict[str, object], field: str
) -> None:
    refused = manager.post("/api/v1/handling-units", json={"order": world.orders[2].number, **body})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_a_held_order_and_a_draft_take_no_box(manager: httpx.Client, world: DemoWorld) -> None:
    order = world.orders[2].number
    manager.post(f"/api/v1/orders/{order}/hold", json={"reason": "Not paid."})

    held, draft = (manager.post("/api/v1/handling-units", json={"order": each}) for each in (order, "SO-1009"))

    assert (held.status_code, held.json()["reason"]) == (409, "on_hold")
    assert (draft.status_code, draft.json()["reason"]) == (409, "not_released")


def test_a_full_box_costs_as_many_statements_as_one_unit(
    manager: httpx.Client,
    world: DemoWorld,
    database: Database,
    counted: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    order = world.orders[2]
    numbers = ready(database, order.id)
    asked = [numbers[:1], numbers[1:]]
    found = []
    for units in asked:
        with counted() as statements:
            manager.post("/api/v1/handling-units", json={"order": order.number, "units": units})
        found.append(len(statements))

    assert found[1] <= found[0] + 2


def test_a_box_by_a_program_asks_for_changes_that_the_station_has_not_seen(
    manager: httpx.Client, world: DemoWorld, database: Database
) -> None:
    # Given a packed unit, and an immediate change that the packing station has not seen
    order = world.orders[2]
    numbers = ready(database, order.id)
    first = manager.post("/api/v1/handling-units", json={"order": order.number, "units": numbers[:1]}).json()
    work = manager.get("/api/v1/work-orders", params={"order": order.number}).json()["items"][0]["number"]
    body = {"work_order": work, "changes": {"box": "B61"}, "effectivity": "immediate"}
    change = manager.post("/api/v1/change-requests", json=body).json()["number"]
    for step in ("submit", "approve"):
        manager.post(f"/api/v1/change-requests/{change}/{step}")

    # When a program packs, before and after somebody there has seen it
    asked = {"order": order.number, "units": numbers[:2]}
    refused = manager.post("/api/v1/handling-units", json=asked)
    manager.post(f"/api/v1/change-requests/{change}/acknowledge", json={"station": "pack"})
    packed = manager.post("/api/v1/handling-units", json=asked)

    # Then it is refused before, and afterwards the packed unit is packed anew
    assert [each["reason"] for each in refused.json()["errors"]] == ["spec_changed", "spec_changed"]
    assert (packed.status_code, packed.json()["units"]) == (201, 2)
    assert manager.get(f"/api/v1/handling-units/{first['number']}").json()["units"] == 0
    assert manager.get("/api/v1/repack-tasks").json()["items"] == []
