"""Changes after release on the floor: units stop until a badge was shown, and packed ones are packed anew."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.erp.changes import repository, service
from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest, RepackTask
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn
from server.erp.floor.repository import station as find_station
from server.erp.floor.schemas import ReadPointIn, StationIn, StationPatch
from server.erp.floor.service import create_read_point, create_station, update_station
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.logistics.schemas import ShipmentIn
from server.erp.logistics.service import Carriage, create_shipment, ship_order
from server.erp.orders.models import SalesOrder
from server.erp.production.models import WorkOrder
from server.errors import Refused
from server.ingest.rebuild import rebuild
from server.tracking.states import Context

Approve = Callable[..., str]


@pytest.fixture
def approve(plant: Any) -> Approve:
    """Asks for a change of a unit's work order and approves it, or one that was asked for; returns its number."""

    def make(
        unit: str, effectivity: str = "remaining", *, number: str = "", decide: bool = True, **changes: Any
    ) -> str:
        about: dict[str, Any] = {"actor": "user:sam", "now": plant.now}

        def decided(session: Session) -> str:
            change = repository.change(session, number)
            assert change is not None
            service.approve_change(session, change, **about)
            return change.number

        def work(session: Session) -> str:
            number = session.scalars(
                select(WorkOrder.number).where(WorkOrder.id == plant.unit(unit).work_order_id)
            ).one()
            work_order = repository.work_order(session, number)
            assert work_order is not None
            wanted = changes or {"box": "B60", "inner_material": "foam"}
            body = ChangeIn.model_validate({"work_order": number, "effectivity": effectivity, "changes": wanted})
            change = service.create_change(session, work_order, body, origin=Origin.SALES, **about)
            service.submit_change(session, change, **about)
            if decide:
                service.approve_change(session, change, **about)
            return change.number

        return str(plant.database.write(decided if number else work))

    return make


def made(plant: Any, order: int = 0) -> list[str]:
    """The units of an order, taken up to packing."""
    units = list(plant.orders.values())[order]
    for step in ("cut-end", "weld-end"):
        for unit in units:
            plant.through(unit, step)
    return units


def ship_closed_boxes(session: Session, plant: Any) -> list[str]:
    """Press the button of the order page for the order of the box."""
    order = session.scalars(select(SalesOrder).join(HandlingUnit, HandlingUnit.order_id == SalesOrder.id)).one()
    return ship_order(session, order, Carriage(), actor="user:sam", now=plant.now)


def is_whole(plant: Any) -> bool:
    """Whether a rebuild from facts finds everything where it stands."""
    return bool(plant.database.write(lambda session: rebuild(session).differences) == ())


def test_a_unit_is_refused_at_packing_until_a_badge_is_shown_there(plant: Any, approve: Approve, tools: Any) -> None:
    # Given units that wait for packing, and a change of their box
    units = made(plant)
    plant.wait(5)
    number = approve(units[0])

    # When one is scanned at packing
    plant.wait(5)
    refused = plant.scan(tools.code(units[0]), "pack-pack")

    # Then it stops with what changed, and again
    assert (refused.status, refused.reason, refused.signal) == ("refused", "spec_changed", "stop")
    assert refused.say == (
        f"{units[0]} has changed: box none → B60; inner material none → foam. "
        "Scan your badge to confirm that you have seen it."
    )
    assert plant.scan(tools.code(units[0]), "pack-pack").reason == "spec_changed"

    # When an operator shows a badge there
    seen = plant.scan(tools.badge("17"), "pack-pack")

    # Then the change is acknowledged, the station goes on, and the facts tell the same
    assert (seen.action, seen.say.startswith("Anna has seen it at Pack: box none → B60")) == (
        "change_acknowledged",
        True,
    )
    assert plant.one(ChangeRequest, number=number).state == "acknowledged"
    assert plant.one(ChangeAcknowledgement, name="Anna").badge == "17"
    assert plant.scan(tools.code(units[0]), "pack-pack").status == "applied"
    assert is_whole(plant)


def test_an_unknown_badge_acknowledges_nothing(plant: Any, approve: Approve, tools: Any) -> None:
    units = made(plant)
    approve(units[0])
    plant.wait(5)

    assert plant.scan(tools.badge("99"), "pack-pack").reason == "unknown_operator"
    assert plant.scan(tools.code(units[0]), "pack-pack").reason == "spec_changed"


def test_what_was_read_before_the_change_counted_is_taken_as_it_was(plant: Any, approve: Approve, tools: Any) -> None:
    # Given a scan that a gateway kept while it had no connection, and a badge from that time
    units = made(plant)
    late, card = plant.event(tools.code(units[0]), "pack-pack"), plant.event(tools.badge("17"), "pack-pack")
    plant.wait(60)
    approve(units[0])

    # When both come after the approval
    answers = plant.send(late, card).results

    # Then the unit is packed, and nobody has seen the change yet
    assert [answer.action for answer in answers] == ["unit_packed", "operator_changed"]
    plant.wait(5)
    assert plant.scan(tools.code(units[1]), "pack-pack").reason == "spec_changed"


def test_units_of_other_orders_and_other_stations_go_on(plant: Any, approve: Approve, tools: Any) -> None:
    units, others = made(plant), made(plant, 1)
    approve(others[0])
    plant.wait(5)

    assert plant.scan(tools.code(units[0]), "pack-pack").status == "applied"
    assert plant.scan(tools.code(others[0]), "pack-pack").reason == "spec_changed"


def test_new_instructions_stop_every_station_that_is_still_to_come(plant: Any, approve: Approve, tools: Any) -> None:
    # Given three units at their first step, and new instructions
    units = next(iter(plant.orders.values()))
    approve(units[0], instructions="Grind the seam")
    plant.wait(5)

    # When they are scanned, each station wants to see a badge of its own
    assert plant.scan(tools.code(units[0])).reason == "spec_changed"
    plant.scan(tools.badge("17"), "cut-badge")
    assert plant.scan(tools.code(units[0])).status == "applied"
    assert plant.scan(tools.code(units[0]), "weld-end").reason == "spec_changed"

    # Then the change is not acknowledged before the last of them has seen it
    assert plant.one(ChangeRequest).state == "applied"
    plant.scan(tools.badge("17"), "weld-end")
    plant.scan(tools.badge("17"), "pack-pack")
    assert plant.one(ChangeRequest).state == "acknowledged"


def test_a_unit_begun_here_goes_on_when_the_next_one_is_the_first(plant: Any, approve: Approve, tools: Any) -> None:
    units = next(iter(plant.orders.values()))
    plant.through(units[0], "cut-start")
    approve(units[0], "next_unit", instructions="Grind the seam")
    plant.wait(5)

    assert plant.scan(tools.code(units[1])).reason == "spec_changed"
    assert plant.scan(tools.code(units[0])).status == "applied"


def test_a_box_that_was_begun_is_filled_as_before_when_the_next_one_is_the_first(
    plant: Any, approve: Approve, tools: Any
) -> None:
    units = made(plant)
    plant.through(units[0], "pack-pack")
    plant.wait(5)
    approve(units[0], "next_batch")
    plant.wait(5)

    assert plant.scan(tools.code(units[1]), "pack-pack").status == "applied"
    plant.scan(tools.card("CLOSE"), "pack-pack")
    assert plant.scan(tools.code(units[2]), "pack-pack").reason == "spec_changed"


def test_a_packed_unit_comes_out_and_is_packed_anew(plant: Any, approve: Approve, tools: Any) -> None:
    # Given a packed unit, and a change that counts at once
    units = made(plant)
    plant.through(units[0], "pack-pack")
    box = plant.unit(units[0]).parent_id
    plant.wait(5)
    approve(units[0], "immediate")
    assert plant.one(RepackTask).handling_unit_id == box
    plant.wait(5)
    plant.scan(tools.badge("17"), "pack-pack")

    # When it is scanned at packing twice
    out = plant.scan(tools.code(units[0]), "pack-pack")
    assert (out.action, out.signal, plant.unit(units[0]).parent_id) == ("unit_unpacked", "warn", None)
    again = plant.scan(tools.code(units[0]), "pack-pack")

    # Then it lies in a box, its task is done, and the facts tell the same
    assert (again.action, plant.one(RepackTask).state) == ("unit_packed", "done")
    assert is_whole(plant)

    # When that is taken back, the task is open again
    plant.scan(tools.card("UNDO"), "pack-pack")
    assert plant.one(RepackTask).state == "open"
    assert is_whole(plant)


def test_a_box_does_not_leave_while_a_unit_in_it_is_to_be_packed_anew(plant: Any, approve: Approve, tools: Any) -> None:
    units = made(plant, 2)
    plant.through(units[0], "pack-pack")
    approve(units[0], "immediate")
    plant.wait(5)

    refused = plant.scan(tools.code(units[0]), "ship-ship")

    assert (refused.reason, "must be packed anew before it leaves" in refused.say) == ("spec_changed", True)

    # And the office's button sends it no more than the dock does
    plant.scan(tools.card("CLOSE"), "pack-pack")
    with pytest.raises(Refused, match=f"{units[0]} must be packed anew first"):
        plant.database.write(lambda session: ship_closed_boxes(session, plant))
    assert plant.unit(units[0]).state == "packed"


def test_a_closed_box_that_is_unpacked_is_open_and_filled_again(plant: Any, approve: Approve, tools: Any) -> None:
    # Given an order that is packed whole in a closed box, and a change that counts at once
    units = made(plant, 1)
    plant.through(units[0], "pack-pack")
    plant.through(units[1], "pack-pack")
    assert plant.one(HandlingUnit).state == "closed"
    plant.wait(5)
    approve(units[0], "immediate")
    plant.wait(5)
    plant.scan(tools.badge("17"), "pack-pack")

    # When its units are taken out
    plant.scan(tools.code(units[0]), "pack-pack")
    plant.scan(tools.code(units[1]), "pack-pack")

    # Then the empty box is open at the station, takes them again, and is closed with the last of them
    assert (plant.one(HandlingUnit).state, plant.one(HandlingUnit).closed_at) == ("open", None)
    assert is_whole(plant)
    assert plant.scan(tools.code(units[0]), "pack-pack").action == "unit_packed"
    assert plant.scan(tools.code(units[1]), "pack-pack").action == "unit_packed"
    assert (plant.one(HandlingUnit).state, plant.count(HandlingUnit)) == ("closed", 1)
    assert {row[0] for row in plant.rows(select(RepackTask.state))} == {"done"}


def test_a_packing_scan_that_comes_after_an_immediate_change_asks_for_packing_anew(
    plant: Any, approve: Approve, tools: Any
) -> None:
    # Given a packing scan that waits at the edge while a change is approved, and seen at the station
    units = made(plant)
    late = plant.event(tools.code(units[0]), "pack-pack")
    plant.wait(5)
    approve(units[0], "immediate")
    plant.wait(5)
    plant.scan(tools.badge("17"), "pack-pack")

    # When it arrives
    packed = plant.send(late).results[0]

    # Then it is taken as it was, and the unit is to be packed anew
    assert packed.action == "unit_packed"
    task = plant.one(RepackTask)
    assert (task.state, task.unit_id, task.handling_unit_id) == (
        "open", plant.unit(units[0]).id, plant.one(HandlingUnit).id,
    )  # fmt: skip
    assert is_whole(plant)

    # And what is packed later, as the change says, is not
    assert plant.scan(tools.code(units[1]), "pack-pack").action == "unit_packed"
    assert plant.count(RepackTask) == 1
    assert plant.scan(tools.code(units[0]), "pack-pack").action == "unit_unpacked"
    plant.scan(tools.code(units[0]), "pack-pack")
    assert plant.one(RepackTask).state == "done"


def test_a_change_that_no_station_must_see_is_acknowledged_at_once(plant: Any, approve: Approve) -> None:
    plant.change("UPDATE station SET active = false WHERE key = 'pack'")
    units = next(iter(plant.orders.values()))

    approve(units[0])

    assert (plant.one(ChangeRequest).state, plant.one(ChangeRequest).acknowledged_at) == ("acknowledged", plant.now)


def test_a_station_that_is_closed_need_not_see_a_change(plant: Any, approve: Approve) -> None:
    units = next(iter(plant.orders.values()))
    approve(units[0])
    assert plant.one(ChangeRequest).state == "applied"

    def close(session: Session) -> None:
        station = find_station(session, "pack")
        assert station is not None
        update_station(session, station, StationPatch(active=False), actor="user:sam", now=plant.now)

    plant.database.write(close)

    assert plant.one(ChangeRequest).state == "acknowledged"


def test_a_station_that_comes_later_must_see_what_counts_like_the_others(
    plant: Any, approve: Approve, tools: Any
) -> None:
    # Given a change that every station has seen
    units = made(plant)
    number = approve(units[0])
    plant.wait(5)
    plant.scan(tools.badge("17"), "pack-pack")
    assert plant.one(ChangeRequest, number=number).state == "acknowledged"

    # When a second bench is set up where the order is packed
    def add(session: Session) -> None:
        about: dict[str, Any] = {"actor": "user:sam", "now": plant.now}
        create_station(session, StationIn(key="pack2", name="Pack 2", work_center="pack"), **about)
        point = ReadPointIn(key="pack2-pack", name="Bench", station="pack2", context=Context.PACK, quiet_seconds=0)
        create_read_point(session, point, **about)

    plant.database.write(add)
    plant.wait(5)

    # Then it stops like the others did, the change waits for it, and its badge settles that
    assert plant.one(ChangeRequest, number=number).state == "applied"
    assert plant.scan(tools.code(units[0]), "pack2-pack").reason == "spec_changed"
    assert plant.scan(tools.code(units[0]), "pack-pack").status == "applied"
    assert plant.scan(tools.badge("17"), "pack2-pack").action == "change_acknowledged"
    assert plant.one(ChangeRequest, number=number).state == "acknowledged"
    assert plant.scan(tools.code(units[1]), "pack2-pack").status == "applied"
    assert is_whole(plant)


def test_a_station_to_which_a_unit_comes_back_must_see_what_was_changed_since(
    plant: Any, approve: Approve, tools: Any
) -> None:
    # Given a unit that is through the first step, which is over, when its instructions are changed and seen
    (unit,) = next(units for units in plant.orders.values() if len(units) == 1)
    plant.through(unit, "cut-end")
    plant.wait(5)
    number = approve(unit, instructions="Grind the seam")
    plant.wait(5)
    plant.scan(tools.badge("17"), "weld-end")
    plant.scan(tools.badge("17"), "pack-pack")
    assert plant.one(ChangeRequest, number=number).state == "acknowledged"

    # When it is sent back there
    plant.scan(tools.card("REWORK"), "cut-end")
    sent = plant.scan(tools.code(unit), "cut-end")
    plant.wait(5)

    # Then the first station stops until it has seen the change, too
    assert (sent.action, plant.one(ChangeRequest, number=number).state) == ("unit_reworked", "applied")
    assert plant.scan(tools.code(unit), "cut-end").reason == "spec_changed"
    assert plant.scan(tools.badge("17"), "cut-end").action == "change_acknowledged"
    assert plant.scan(tools.code(unit), "cut-end").status == "applied"
    assert plant.one(ChangeRequest, number=number).state == "acknowledged"
    assert is_whole(plant)


def test_a_station_that_comes_when_nothing_is_left_to_do_need_see_nothing(
    plant: Any, approve: Approve, tools: Any
) -> None:
    (unit,) = made(plant, 2)
    approve(unit)
    plant.wait(5)
    plant.scan(tools.badge("17"), "pack-pack")
    plant.through(unit, "pack-pack")

    def add(session: Session) -> None:
        about: dict[str, Any] = {"actor": "user:sam", "now": plant.now}
        create_station(session, StationIn(key="pack2", name="Pack 2", work_center="pack"), **about)
        point = ReadPointIn(key="pack2-pack", name="Bench", station="pack2", context=Context.PACK)
        create_read_point(session, point, **about)

    plant.database.write(add)

    assert (plant.one(ChangeRequest).state, plant.count(ChangeAcknowledgement)) == ("acknowledged", 1)


def test_a_change_that_meets_no_unit_any_more_is_refused_when_it_is_asked_for_and_approved(
    plant: Any, approve: Approve, tools: Any
) -> None:
    # Given a request that waits for a decision while its only unit is packed and leaves
    (unit,) = made(plant, 2)
    number = approve(unit, decide=False)
    plant.through(unit, "pack-pack")

    # When it is packed, only what counts at once can be asked for
    with pytest.raises(Refused, match=r"is packed\. Only a change that counts at once"):
        approve(unit)
    with pytest.raises(Refused, match="instructions come too late"):
        approve(unit, instructions="Grind the seam")
    plant.through(unit, "ship-ship")

    # Then nothing can be once it has left, and the request cannot be approved either
    with pytest.raises(Refused, match="has left the house"):
        approve(unit, "immediate")
    with pytest.raises(Refused, match="has left the house"):
        approve(unit, number=number)
    assert plant.one(ChangeRequest).state == "submitted"


def test_a_shipment_that_packing_anew_has_emptied_is_being_picked_again(
    plant: Any, approve: Approve, tools: Any
) -> None:
    # Given an order that is packed whole and prepared to leave, and a change that counts at once
    (unit,) = made(plant, 2)
    plant.through(unit, "pack-pack")
    order = plant.one(SalesOrder, id=plant.unit(unit).order_id).number

    def prepare(session: Session) -> None:
        create_shipment(session, ShipmentIn(order=order), actor="user:sam", now=plant.now)

    plant.database.write(prepare)
    assert plant.one(Shipment).state == "packed"
    plant.wait(5)
    approve(unit, "immediate")
    plant.wait(5)
    plant.scan(tools.badge("17"), "pack-pack")

    # When its only unit comes out to be packed anew
    assert plant.scan(tools.code(unit), "pack-pack").action == "unit_unpacked"

    # Then the shipment waits for its box again, and leaves with it
    assert (plant.one(Shipment).state, plant.one(HandlingUnit).shipment_id) == ("picking", None)
    assert is_whole(plant)
    plant.scan(tools.code(unit), "pack-pack")
    assert plant.scan(tools.code(unit), "ship-ship").action == "box_shipped"
    assert (plant.one(Shipment).state, plant.count(Shipment)) == ("shipped", 1)
