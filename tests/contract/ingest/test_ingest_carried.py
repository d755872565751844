"""Changes hold for what makes lost pieces anew, and a box that was begun keeps the number it was begun with."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.erp.changes import repository, service
from server.erp.changes.models import ChangeRequest
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn
from server.erp.production.for_stock import make_replacement
from server.erp.production.models import Unit, WorkOrder
from server.ingest.rebuild import rebuild
from server.tracking.states import Effectivity


def ask(plant: Any, number: str, *, effectivity: str, **changes: Any) -> str:
    """Submit a change of a work order; returns its number."""

    def work(session: Session) -> str:
        found = repository.work_order(session, number)
        assert found is not None
        body = ChangeIn.model_validate({"work_order": number, "effectivity": effectivity, "changes": changes})
        about: dict[str, Any] = {"actor": "user:sam", "now": plant.now}
        change = service.create_change(session, found, body, origin=Origin.SALES, **about)
        service.submit_change(session, change, **about)
        return change.number

    return str(plant.database.write(work))


def approve(plant: Any, number: str) -> None:
    """Let a change count from a moment later on."""
    plant.wait(5)

    def work(session: Session) -> None:
        change = repository.change(session, number)
        assert change is not None
        service.approve_change(session, change, actor="user:sam", now=plant.now)

    plant.database.write(work)
    plant.wait(5)


def make_anew(plant: Any, number: str) -> tuple[str, str]:
    """What the order is short of, made again; returns its work order and its first unit."""

    def work(session: Session) -> tuple[str, str]:
        lost = repository.work_order(session, number)
        assert lost is not None
        for each in lost.operations:
            session.refresh(each, ["work_center"])
        made = make_replacement(session, lost, actor="user:sam", now=plant.now)
        unit = session.scalars(select(Unit.number).where(Unit.work_order_id == made.id).order_by(Unit.id)).first()
        assert unit is not None
        return made.number, unit

    found: tuple[str, str] = plant.database.write(work)
    return found


def test_what_is_made_anew_stops_until_the_change_of_what_was_lost_is_seen(plant: Any, tools: Any) -> None:
    # Given a piece past its first step, new instructions that its second step has not seen, and a wish for a new box
    (unit,) = next(units for units in plant.orders.values() if len(units) == 1)
    lost = plant.one(WorkOrder, id=plant.unit(unit).work_order_id).number
    plant.through(unit, "cut-end")
    told, box = (
        ask(plant, lost, effectivity=Effectivity.REMAINING, instructions="Grind the seam"),
        ask(plant, lost, effectivity=Effectivity.REMAINING, box="B60"),
    )
    approve(plant, told)

    # When it is scrapped and made again, and the box is decided only then
    plant.scan(tools.card("SCRAP"), "weld-end")
    assert plant.scan(tools.code(unit), "weld-end").action == "unit_scrapped"
    number, again = make_anew(plant, lost)
    approve(plant, box)

    # Then the step that was over must see the instructions as well, and each station stops the new piece until then
    assert plant.scan(tools.code(again), "cut-end").reason == "spec_changed"
    plant.scan(tools.badge("17"), "cut-badge")
    assert plant.scan(tools.code(again), "cut-end").status == "applied"
    assert plant.scan(tools.code(again), "weld-end").reason == "spec_changed"
    plant.scan(tools.badge("17"), "weld-end")
    plant.through(again, "weld-end")
    refused = plant.scan(tools.code(again), "pack-pack")
    assert (refused.reason, "box none → B60" in refused.say) == ("spec_changed", True)
    plant.scan(tools.badge("17"), "pack-pack")
    plant.through(again, "pack-pack")

    # And the work order says both, and nothing is left to be seen
    made = plant.one(WorkOrder, number=number)
    assert (made.snapshot["instructions"], made.snapshot["packaging_spec"]["box"]) == ("Grind the seam", "B60")
    assert made.snapshot["changed_by"] == [told, box]
    assert {row[0] for row in plant.rows(select(ChangeRequest.state))} == {"acknowledged"}
    assert plant.database.write(lambda session: rebuild(session).differences) == ()


def test_a_begun_box_keeps_its_number_when_the_next_batch_gets_another(plant: Any, tools: Any) -> None:
    # Given an order of three that is packed by twos, with one piece in its box
    units = next(iter(plant.orders.values()))
    number = plant.one(WorkOrder, id=plant.unit(units[0]).work_order_id).number
    approve(plant, ask(plant, number, effectivity=Effectivity.IMMEDIATE, per_box=2))
    plant.scan(tools.badge("17"), "pack-pack")
    for unit in units:
        plant.through(unit, "cut-end", "weld-end")
    plant.through(units[0], "pack-pack")

    # When the next box is to hold one alone
    approve(plant, ask(plant, number, effectivity=Effectivity.NEXT_BATCH, per_box=1))
    plant.scan(tools.badge("17"), "pack-pack")

    # Then the begun one takes its second piece, and the change has not emptied it
    assert plant.scan(tools.code(units[1]), "pack-pack").action == "unit_packed"
    assert plant.scan(tools.code(units[2]), "pack-pack").reason == "box_full"
