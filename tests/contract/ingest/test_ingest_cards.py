"""Badges, command cards, boxes, shipping and taking back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.production.models import WorkOrder
from server.erp.stock.schemas import LocationIn
from server.erp.stock.service import create_location
from server.ingest.rebuild import rebuild

A, B, C = "U-1000", "U-1001", "U-1002"
OTHER, OTHER_2 = "U-1003", "U-1004"
SAME_CUSTOMER = "U-1005"
MADE = ("cut-end", "weld-end")
PACKED = (*MADE, "pack-pack")


def set_per_box(session: Session, work_order_id: int, count: int) -> None:
    """A box of this work order holds so many."""
    work_order = session.get_one(WorkOrder, work_order_id)
    work_order.snapshot = {**work_order.snapshot, "packaging_spec": {"box": "B40", "per_box": count}}


def place_for_goods(plant: Any) -> None:
    """A location where goods lie."""

    def work(session: Session) -> None:
        create_location(session, LocationIn(key="hall", name="Hall"), actor="system", now=plant.now)

    plant.database.write(work)


# --- badges and commands ---


def test_a_badge_names_who_works_here(plant: Any, tools: Any) -> None:
    answer = plant.scan(tools.badge("17"), "cut-badge")
    plant.scan(tools.code(A))

    assert (answer.action, answer.say) == ("operator_changed", "Anna works at Cut now.")
    assert (plant.station("cut").operator_badge, plant.station("cut").operator_name) == ("17", "Anna")
    actors = plant.sql("SELECT actor FROM fact WHERE event_id IS NOT NULL ORDER BY id")
    assert [row[0] for row in actors] == ["gateway:gw-1", "operator:17"]


def test_an_unknown_badge_is_refused(plant: Any, tools: Any) -> None:
    answer = plant.scan(tools.badge("99"))

    assert (answer.reason, answer.say) == (
        "unknown_operator", "The badge 99 is not known. Ask the office to register it.",
    )  # fmt: skip


def test_an_event_may_say_itself_who_did_it(plant: Any, tools: Any) -> None:
    plant.scan(tools.badge("17"))
    plant.scan(tools.code(A), operator="42")

    assert plant.sql("SELECT actor FROM fact ORDER BY id DESC")[0][0] == "operator:42"


def test_the_card_of_a_station_says_where_one_is(plant: Any) -> None:
    from orderlight.autoid import OwnCode

    here = plant.scan(str(OwnCode("S", "CUT")))
    there = plant.scan(str(OwnCode("S", "WELD")))

    assert (here.action, here.say) == ("station_confirmed", "This is Cut.")
    assert (there.reason, there.say) == ("wrong_station", "This is Cut, the card is for another station. Use it there.")


def test_a_command_is_good_for_one_unit(plant: Any, tools: Any) -> None:
    armed = plant.scan(tools.card("START"))
    started = plant.scan(tools.code(A))
    done = plant.scan(tools.code(B))

    assert (armed.action, armed.say) == ("command_armed", "START is armed for one minute. Scan the unit.")
    assert started.action == "operation_started"
    assert done.action == "operation_completed"


def test_a_command_ends_after_a_minute_of_the_edges_clock(plant: Any, tools: Any) -> None:
    plant.scan(tools.card("SCRAP"))
    plant.wait(60)

    assert plant.scan(tools.code(A)).action == "operation_completed"
    plant.scan(tools.card("SCRAP"))
    plant.wait(59)
    assert plant.scan(tools.code(B)).action == "unit_scrapped"


def test_card_and_unit_in_one_batch_belong_together(plant: Any, tools: Any) -> None:
    receipt = plant.send(plant.event(tools.card("SCRAP")), plant.event(tools.code(A)), plant.event(tools.code(B)))

    assert [answer.action for answer in receipt.results] == ["command_armed", "unit_scrapped", "operation_completed"]


def test_a_refused_unit_uses_the_command_up(plant: Any, tools: Any) -> None:
    plant.scan(tools.card("PAUSE"))
    refused = plant.scan(tools.code(A))

    assert (refused.reason, refused.say) == (
        "not_started", "U-1000: Cut has not started, so there is nothing to pause.",
    )  # fmt: skip
    assert plant.scan(tools.code(A)).action == "operation_completed"


def test_a_passing_tag_is_nobodys_answer_to_a_card(plant: Any, tools: Any) -> None:
    epc = plant.sql("SELECT value FROM identifier WHERE scheme = 'epc' ORDER BY id")[0][0].removeprefix("epc:")
    plant.scan(tools.card("SCRAP"), "weld-end")

    assert plant.tag(epc, "weld-gate").action == "unit_seen"


def test_an_unknown_command_is_refused(plant: Any, tools: Any) -> None:
    assert plant.scan(tools.card("DANCE")).reason == "unknown_command"


def test_scrap_takes_the_unit_out_and_the_others_complete_without_it(plant: Any, tools: Any) -> None:
    plant.through(OTHER, *MADE)
    plant.scan(tools.card("SCRAP"))

    answer = plant.scan(tools.code(OTHER_2))

    assert (answer.say, answer.signal) == ("U-1004 is scrapped. 1 of 2 remain in WO-1001.", "warn")
    assert plant.unit(OTHER_2).state == "scrapped"
    assert plant.operation(OTHER, 10).state == "completed"
    plant.through(OTHER, "pack-pack")
    assert plant.order("SO-1001").fulfilment == "packed"


def test_a_scrapped_finished_unit_no_longer_counts_as_good(plant: Any, tools: Any) -> None:
    plant.through(A, *MADE)
    plant.through(A, "pack-pack")
    plant.scan(tools.card("SCRAP"), "pack-pack")

    answer = plant.scan(tools.code(A), "pack-pack")

    assert answer.action == "unit_scrapped"
    operation = plant.operation(A, 30)
    assert (operation.good, operation.scrap) == (0, 1)
    assert plant.unit(A).parent_id is None


def test_hold_keeps_a_unit_until_it_is_resumed(plant: Any, tools: Any) -> None:
    plant.scan(tools.card("HOLD"))
    held = plant.scan(tools.code(A))
    refused = plant.scan(tools.code(A))
    plant.scan(tools.card("HOLD"))
    again = plant.scan(tools.code(A))
    plant.scan(tools.card("RESUME"))
    resumed = plant.scan(tools.code(A))

    assert held.say == "U-1000 is on hold. Scan RESUME, then U-1000, to go on."
    assert refused.say == "U-1000 is on hold: put on hold at Cut. Put it aside."
    assert (again.reason, again.say) == ("on_hold", "U-1000 is on hold already: put on hold at Cut.")
    assert resumed.say == "U-1000 is no longer on hold. Next: Cut."
    assert plant.scan(tools.code(A)).action == "operation_completed"


def test_pause_and_resume_an_operation(plant: Any, tools: Any) -> None:
    plant.through(A, "cut-start")
    plant.scan(tools.card("PAUSE"))
    paused = plant.scan(tools.code(A))
    assert plant.operation(A, 10).state == "paused"
    plant.scan(tools.card("RESUME"))
    resumed = plant.scan(tools.code(A))

    assert paused.say == "Cut of WO-1000 is paused. Scan a unit to go on."
    assert resumed.say == "Cut of WO-1000 goes on."
    assert plant.operation(A, 10).state == "running"
    plant.scan(tools.card("RESUME"))
    assert plant.scan(tools.code(A)).reason == "not_on_hold"


# --- boxes ---


def test_packing_opens_a_box_with_an_sscc_and_the_last_unit_closes_it(plant: Any, tools: Any) -> None:
    first = plant.through(OTHER, *PACKED)[-1]
    box = plant.one(HandlingUnit, number="HU-1000")
    assert (first.action, first.say) == ("unit_packed", "U-1003 packed in HU-1000, 1 of 2.")
    assert (box.state, box.sscc) == ("open", "095060000000000015")
    assert plant.station("pack").open_handling_unit_id == box.id
    assert (plant.unit(OTHER).state, plant.unit(OTHER).parent_id) == ("packed", box.id)
    assert plant.unit("HU-1000").kind == "container"

    last = plant.through(OTHER_2, *PACKED)[-1]

    assert last.say == "U-1004 packed in HU-1000. SO-1001 is complete: HU-1000 is closed, print its label."
    assert plant.one(HandlingUnit, number="HU-1000").state == "closed"
    assert plant.station("pack").open_handling_unit_id is None
    assert [kind for kind, _ in plant.facts()][-4:] == [
        "operation_completed", "operation_completed", "unit_packed", "box_closed",
    ]  # fmt: skip


def test_a_box_never_takes_another_customers_unit(plant: Any, tools: Any) -> None:
    plant.through(OTHER, *PACKED)
    plant.through(A, *MADE)

    answer = plant.scan(tools.code(A), "pack-pack")

    assert answer.reason == "wrong_customer"
    assert answer.say == (
        "U-1000 belongs to Aurora Bikes, this box is for Nordwind. Put it back, or open a box for Aurora Bikes."
    )
    assert (plant.unit(A).state, plant.unit(A).step) == ("queued", 30)


def test_a_box_never_takes_a_unit_of_another_order(plant: Any, tools: Any) -> None:
    plant.through(A, *PACKED)
    plant.through(SAME_CUSTOMER, *MADE)

    answer = plant.scan(tools.code(SAME_CUSTOMER), "pack-pack")

    assert (answer.reason, answer.say) == (
        "wrong_order", "U-1005 belongs to SO-1002, this box is for SO-1000. Put it back, or close this box first.",
    )  # fmt: skip


@pytest.mark.parametrize(("why", "reason"), [("held", "on_hold"), ("scrapped", "scrapped")])
def test_a_box_never_takes_a_unit_that_is_held_or_scrapped(plant: Any, tools: Any, why: str, reason: str) -> None:
    plant.through(A, *MADE)
    plant.scan(tools.card({"held": "HOLD", "scrapped": "SCRAP"}[why]), "weld-end")
    plant.scan(tools.code(A), "weld-end")

    answer = plant.scan(tools.code(A), "pack-pack")

    assert (answer.status, answer.reason, plant.count(HandlingUnit)) == ("refused", reason, 0)


def test_a_box_never_takes_more_than_was_ordered(plant: Any, tools: Any) -> None:
    # Given an order of two that has become an order of one
    plant.change("UPDATE order_line SET quantity = quantity / 2 WHERE order_id = (SELECT id FROM sales_order "
                 "WHERE number = 'SO-1001')")  # fmt: skip
    plant.through(OTHER, *PACKED)
    plant.through(OTHER_2, *MADE)

    answer = plant.scan(tools.code(OTHER_2), "pack-pack")

    assert (answer.reason, answer.say) == (
        "over_quantity", "U-1004 is more than SO-1001 wants: 1 of 1 FRAME are packed. Scan STOCK, then U-1004 again.",
    )  # fmt: skip
    assert (plant.unit(OTHER_2).state, plant.operation(OTHER_2, 30).good) == ("queued", 1)


def test_a_piece_too_many_goes_to_stock_and_the_order_finishes_without_it(plant: Any, tools: Any) -> None:
    # Given an order of two that has become an order of one, one of them packed and both of them made
    plant.change("UPDATE order_line SET quantity = quantity / 2 WHERE order_id = (SELECT id FROM sales_order "
                 "WHERE number = 'SO-1001')")  # fmt: skip
    plant.through(OTHER, *MADE)
    plant.through(OTHER_2, *MADE)

    # Without any place for goods it stays where it is, and the sentence says what is missing
    plant.scan(tools.card("STOCK"), "pack-pack")
    homeless = plant.scan(tools.code(OTHER_2), "pack-pack")
    assert (homeless.status, homeless.reason) == ("refused", "no_location")
    assert "no location is set up where goods lie. The office makes one at Stock, Locations" in homeless.say
    assert plant.unit(OTHER_2).state == "queued"

    place_for_goods(plant)
    plant.scan(tools.card("STOCK"), "cut-end")
    assert plant.scan(tools.code(OTHER_2), "cut-end").reason == "already_done"
    plant.through(OTHER, "pack-pack")
    assert plant.order("SO-1001").fulfilment == "in_production"

    # When the other one is put into stock
    plant.scan(tools.card("STOCK"), "pack-pack")
    stocked = plant.scan(tools.code(OTHER_2), "pack-pack")

    # Then it is nobody's, a move has brought it there, and the order is packed
    assert (stocked.action, stocked.say) == (
        "unit_stocked", "U-1004 is more than SO-1001 wants and lies in stock from now on. Put it on the shelf.",
    )  # fmt: skip
    assert (plant.unit(OTHER_2).state, plant.unit(OTHER_2).order_id) == ("in_stock", None)
    moves = plant.sql("SELECT kind, unit_id FROM stock_move")
    assert [tuple(row) for row in moves] == [("produce", plant.unit(OTHER_2).id)]
    assert plant.order("SO-1001").fulfilment == "packed"
    plant.scan(tools.card("STOCK"), "pack-pack")
    assert plant.scan(tools.code(OTHER_2), "pack-pack").say == "U-1004 lies in stock already."
    assert plant.database.write(lambda session: rebuild(session).differences) == ()

    # And taken back it is the order's again, and the move is reversed
    plant.scan(tools.card("UNDO"), "pack-pack")
    assert (plant.unit(OTHER_2).state, plant.unit(OTHER_2).order_id) == ("queued", plant.order("SO-1001").id)
    assert plant.order("SO-1001").fulfilment == "in_production"
    assert plant.sql("SELECT SUM(quantity) FROM stock_balance")[0][0] == 0


def test_a_piece_that_an_order_wants_never_goes_to_stock(plant: Any, tools: Any) -> None:
    plant.through(OTHER, *MADE)
    plant.scan(tools.card("STOCK"), "pack-pack")

    answer = plant.scan(tools.code(OTHER), "pack-pack")

    assert (answer.reason, answer.say) == (
        "not_over", "U-1003 is no surplus: SO-1001 wants 2 FRAME, and there are 2. Pack it.",
    )  # fmt: skip


def test_what_lies_in_stock_of_an_order_can_be_scrapped_by_a_card(plant: Any, tools: Any) -> None:
    plant.change("UPDATE order_line SET quantity = quantity / 2 WHERE order_id = (SELECT id FROM sales_order "
                 "WHERE number = 'SO-1001')")  # fmt: skip
    place_for_goods(plant)
    plant.through(OTHER_2, *MADE)
    plant.scan(tools.card("STOCK"), "pack-pack")
    plant.scan(tools.code(OTHER_2), "pack-pack")

    plant.scan(tools.card("SCRAP"), "pack-pack")
    lost = plant.scan(tools.code(OTHER_2), "pack-pack")

    assert (lost.action, plant.unit(OTHER_2).state) == ("unit_scrapped", "scrapped")
    assert plant.database.write(lambda session: rebuild(session).differences) == ()


def test_a_box_never_takes_more_than_its_packaging_says(plant: Any, tools: Any) -> None:
    # Given an order that is packed by twos, and two units of it in their box
    units = next(iter(plant.orders.values()))
    plant.database.write(lambda session: set_per_box(session, plant.unit(units[0]).work_order_id, 2))
    for unit in units[:2]:
        plant.through(unit, *PACKED)
    plant.through(units[2], *MADE)

    # When a third is scanned there
    answer = plant.scan(tools.code(units[2]), "pack-pack")

    # Then it is refused as it was, until the box is closed
    assert (answer.status, answer.reason, answer.say) == (
        "refused", "box_full", f"HU-1000 is full: it holds 2 and has 2. Scan CLOSE, then {units[2]} again.",
    )  # fmt: skip
    assert (plant.unit(units[2]).state, plant.operation(units[2], 30).good) == ("queued", 2)
    plant.scan(tools.card("CLOSE"), "pack-pack")
    assert plant.scan(tools.code(units[2]), "pack-pack").say.startswith(f"{units[2]} packed in HU-1001.")


def test_close_ends_a_box_and_the_next_unit_opens_another(plant: Any, tools: Any) -> None:
    plant.through(A, *PACKED)
    closed = plant.scan(tools.card("CLOSE"), "pack-pack")
    none = plant.scan(tools.card("CLOSE"), "pack-pack")
    second = plant.through(OTHER, *PACKED)[-1]

    assert (closed.action, closed.say) == ("box_closed", "HU-1000 is closed with 1 of SO-1000. Print its label.")
    assert none.reason == "no_open_box"
    assert second.say == "U-1003 packed in HU-1001, 1 of 2."


def test_an_open_box_scanned_at_packing_becomes_the_one_being_filled(plant: Any, tools: Any) -> None:
    plant.through(A, *PACKED)
    aurora = plant.one(HandlingUnit, number="HU-1000").sscc
    plant.change("UPDATE station_state SET open_handling_unit_id = NULL")
    plant.through(OTHER, *PACKED)

    chosen = plant.scan(f"]C100{aurora}", "pack-pack")
    packed = plant.through(B, *PACKED)[-1]

    assert (chosen.action, chosen.say) == (
        "box_chosen", "HU-1000 is the open box at Pack now: SO-1000 for Aurora Bikes.",
    )  # fmt: skip
    assert packed.say == "U-1001 packed in HU-1000, 2 of 3."


def test_a_box_scanned_at_a_machine_is_no_unit(plant: Any, tools: Any) -> None:
    plant.through(A, *PACKED)
    sscc = plant.one(HandlingUnit, number="HU-1000").sscc

    answer = plant.scan(f"]C100{sscc}", "cut-end")

    assert (answer.reason, answer.say) == ("not_a_unit", "HU-1000 is a box. Scan a unit here.")


def test_many_boxes_in_one_batch_get_numbers_of_their_own(plant: Any, tools: Any) -> None:
    for number in (A, OTHER, SAME_CUSTOMER):
        plant.through(number, *MADE)
    close = tools.card("CLOSE")

    receipt = plant.send(
        plant.event(tools.code(A), "pack-pack"), plant.event(close, "pack-pack"),
        plant.event(tools.code(OTHER), "pack-pack"), plant.event(close, "pack-pack"),
        plant.event(tools.code(SAME_CUSTOMER), "pack-pack"),
    )  # fmt: skip

    assert {answer.status.value for answer in receipt.results} == {"applied"}
    boxes = plant.sql("SELECT number, sscc, state FROM handling_unit ORDER BY id")
    assert [tuple(box) for box in boxes] == [
        ("HU-1000", "095060000000000015", "closed"),
        ("HU-1001", "095060000000000022", "closed"),
        ("HU-1002", "095060000000000039", "closed"),
    ]


# --- shipping ---


def packed_order(plant: Any) -> str:
    plant.through(OTHER, *PACKED)
    plant.through(OTHER_2, *PACKED)
    return str(plant.one(HandlingUnit, number="HU-1000").sscc)


@pytest.mark.parametrize("by", ["sscc", "tag", "unit"])
def test_a_closed_box_ships_with_all_its_units(plant: Any, tools: Any, by: str) -> None:
    sscc = packed_order(plant)
    plant.now += timedelta(seconds=1)

    if by == "tag":
        answer = plant.tag(tools.box_epc(sscc), "ship-ship")
    else:
        answer = plant.scan(f"]C100{sscc}" if by == "sscc" else tools.code(OTHER), "ship-ship")

    assert (answer.action, answer.subject) == ("box_shipped", "HU-1000")
    assert answer.say == "HU-1000 shipped: SH-1000 for Nordwind, units: 2."
    assert {plant.unit(number).state for number in (OTHER, OTHER_2, "HU-1000")} == {"shipped"}
    shipment = plant.one(Shipment, number="SH-1000")
    assert (shipment.state, shipment.shipped_at) == ("shipped", plant.now)
    assert plant.one(HandlingUnit, number="HU-1000").shipment_id == shipment.id
    assert plant.order("SO-1001").fulfilment == "shipped"
    assert [kind for kind, _ in plant.facts()][-5:] == [
        "shipment_created", "box_shipped", "unit_shipped", "unit_shipped", "shipment_shipped",
    ]  # fmt: skip
    again = plant.scan(f"]C100{sscc}", "ship-ship")
    assert (again.reason, again.say) == ("already_done", "HU-1000 was shipped already.")


def test_a_shipment_waits_for_the_other_boxes_of_its_order(plant: Any, tools: Any) -> None:
    plant.through(A, *PACKED)
    plant.scan(tools.card("CLOSE"), "pack-pack")
    plant.through(B, *PACKED)
    plant.scan(tools.card("CLOSE"), "pack-pack")

    plant.scan(tools.code(A), "ship-ship")
    assert plant.one(Shipment, number="SH-1000").state == "picking"
    assert plant.order("SO-1000").fulfilment == "partially_shipped"

    plant.scan(tools.code(B), "ship-ship")
    assert plant.one(Shipment, number="SH-1000").state == "shipped"
    assert plant.count(Shipment) == 1


def test_a_held_order_does_not_leave(plant: Any, tools: Any) -> None:
    sscc = packed_order(plant)
    plant.change("UPDATE sales_order SET on_hold = true, hold_reason = 'unpaid' WHERE number = 'SO-1001'")

    answer = plant.scan(f"]C100{sscc}", "ship-ship")

    assert (answer.reason, answer.say) == ("on_hold", "SO-1001 is on hold: unpaid. Put HU-1000 aside.")


@pytest.mark.parametrize("by", ["box", "other unit"])
def test_a_box_with_a_held_unit_does_not_leave(plant: Any, tools: Any, by: str) -> None:
    sscc = packed_order(plant)
    plant.scan(tools.card("HOLD"), "pack-pack")
    plant.scan(tools.code(OTHER), "pack-pack")

    answer = plant.scan(f"]C100{sscc}" if by == "box" else tools.code(OTHER_2), "ship-ship")

    assert (answer.reason, answer.say) == (
        "on_hold", "U-1003 in HU-1000 is on hold: put on hold at Pack. Put HU-1000 aside.",
    )  # fmt: skip
    assert {plant.unit(number).state for number in (OTHER, OTHER_2)} == {"packed"}
    assert plant.count(Shipment) == 0


# --- taking back ---


def state(plant: Any) -> dict[str, Any]:
    """Everything that a scan can change, without when and by what it was proven."""
    return {
        "units": plant.sql(
            "SELECT number, state, step, held, hold_reason, parent_id FROM unit WHERE kind <> 'container' ORDER BY id"
        ),
        "operations": plant.sql(
            "SELECT id, state, started, good, scrap, started_at, completed_at FROM operation ORDER BY id"
        ),
        "work": plant.sql("SELECT id, state, started_at, completed_at FROM work_order ORDER BY id"),
        "orders": plant.sql("SELECT id, lifecycle, fulfilment FROM sales_order ORDER BY id"),
    }


@pytest.mark.parametrize(
    ("before", "cards", "at"),
    [
        ((), (), "cut-end"),
        ((), (), "cut-start"),
        (("cut-start",), (), "cut-end"),
        (("cut-start",), ("PAUSE",), "cut-end"),
        ((), ("SCRAP",), "cut-end"),
        (("cut-start",), ("SCRAP",), "cut-end"),
        ((), ("HOLD",), "cut-end"),
        (MADE, (), "pack-pack"),
        (PACKED, ("SCRAP",), "pack-pack"),
    ],
)
def test_undo_restores_what_was_before(
    plant: Any, tools: Any, before: tuple[str, ...], cards: tuple[str, ...], at: str
) -> None:
    plant.through(B, *before)
    plant.through(A, *before)
    was = state(plant)
    for command in cards:
        plant.scan(tools.card(command), at)
    plant.through(A, at)
    assert state(plant) != was

    answer = plant.scan(tools.card("UNDO"), at)

    assert (answer.status, answer.action, answer.subject) == ("applied", "reversed", A), answer
    assert answer.say.startswith("Taken back: U-1000 is again as it was before.")
    assert state(plant) == was
    reversals = plant.sql("SELECT reverses_id FROM fact WHERE kind = 'reversed'")
    assert reversals
    assert all(plant.sql(f"SELECT id FROM fact WHERE id = {row[0]}") for row in reversals)  # noqa: S608
    verdicts = plant.station(at.partition("-")[0]).verdicts
    assert (verdicts[1]["undone"], verdicts[1]["undo"]) == (True, False)


def test_undo_in_the_same_batch_as_what_it_takes_back(plant: Any, tools: Any) -> None:
    was = state(plant)

    receipt = plant.send(plant.event(tools.code(A)), plant.event(tools.card("UNDO")), plant.event(tools.code(A)))

    assert [answer.action for answer in receipt.results] == ["operation_completed", "reversed", "operation_completed"]
    assert plant.operation(A, 10).good == 1
    plant.scan(tools.card("UNDO"))
    assert state(plant) == was


def test_undo_goes_back_step_by_step_and_then_there_is_nothing(plant: Any, tools: Any) -> None:
    plant.through(A, "cut-end")
    plant.through(B, "cut-end")

    undone = [plant.scan(tools.card("UNDO")).subject for _ in range(2)]
    nothing = plant.scan(tools.card("UNDO"))

    assert undone == [B, A]
    assert (nothing.reason, nothing.say) == ("nothing_to_undo", "There is nothing to take back here.")


def test_undo_after_others_were_counted_takes_back_only_its_own(plant: Any, tools: Any) -> None:
    first = plant.event(tools.code(A))
    plant.send(first)
    plant.through(B, "cut-end")
    corrects = {"gateway": "gw-1", "epoch": plant.epoch, "sequence": first["sequence"]}

    answer = plant.send(plant.event(None, kind="undo_requested", corrects=corrects)).results[0]

    assert (answer.action, answer.subject) == ("reversed", A)
    operation = plant.operation(A, 10)
    assert (operation.good, operation.started, operation.state) == (1, 1, "running")
    again = plant.send(plant.event(None, kind="undo_requested", corrects=corrects)).results[0]
    assert (again.status, again.reason) == ("refused", "moved_on")


def test_undo_of_a_unit_that_moved_on_is_refused(plant: Any, tools: Any) -> None:
    plant.through(A, "cut-end", "weld-end")

    answer = plant.scan(tools.card("UNDO"), "cut-end")

    assert (answer.reason, answer.say) == ("moved_on", "U-1000 has moved on since. Take back the later scan first.")


def test_undo_then_the_same_scan_then_undo_of_the_first_is_refused(plant: Any, tools: Any) -> None:
    first = plant.event(tools.code(A))
    plant.send(first)
    plant.scan(tools.card("UNDO"))
    plant.through(A, "cut-end")
    corrects = {"gateway": "gw-1", "epoch": plant.epoch, "sequence": first["sequence"]}

    answer = plant.send(plant.event(None, kind="undo_requested", corrects=corrects)).results[0]

    assert answer.reason == "moved_on"


def test_undo_after_ten_minutes_is_too_late(plant: Any, tools: Any) -> None:
    plant.through(A, "cut-end")
    plant.wait(600)

    answer = plant.scan(tools.card("UNDO"))

    assert (answer.reason, answer.say) == (
        "too_late", "That was more than ten minutes ago. Ask the office to correct it.",
    )  # fmt: skip


def test_undo_from_another_station_is_refused_unless_it_is_the_same_person(plant: Any, tools: Any) -> None:
    event = plant.event(tools.code(A), operator="17")
    plant.send(event)
    corrects = {"gateway": "gw-1", "epoch": plant.epoch, "sequence": event["sequence"]}

    stranger = plant.send(plant.event(None, "weld-end", kind="undo_requested", corrects=corrects)).results[0]
    mine = plant.send(plant.event(None, "weld-end", kind="undo_requested", corrects=corrects, operator="17")).results[0]

    assert stranger.reason == "not_allowed"
    assert mine.action == "reversed"


def test_undo_of_what_never_was_is_refused(plant: Any) -> None:
    corrects = {"gateway": "gw-9", "epoch": plant.epoch, "sequence": 5}

    answer = plant.send(plant.event(None, kind="undo_requested", corrects=corrects)).results[0]

    assert answer.reason == "nothing_to_undo"


def test_undo_of_a_shipment_brings_box_and_units_back(plant: Any, tools: Any) -> None:
    packed_order(plant)
    was = state(plant)
    plant.scan(tools.code(OTHER), "ship-ship")

    answer = plant.scan(tools.card("UNDO"), "ship-ship")

    assert (answer.action, answer.say) == ("reversed", "Taken back: HU-1000 is again as it was before.")
    assert state(plant) == was
    box = plant.one(HandlingUnit, number="HU-1000")
    assert (box.state, box.shipped_at, box.shipment_id) == ("closed", None, None)
    plant.scan(tools.code(OTHER), "ship-ship")
    assert plant.sql("SELECT number, state FROM shipment") == [("SH-1000", "shipped")]


def test_undo_of_the_last_unit_opens_the_box_again(plant: Any, tools: Any) -> None:
    packed_order(plant)

    answer = plant.scan(tools.card("UNDO"), "pack-pack")

    assert answer.subject == OTHER_2
    box = plant.one(HandlingUnit, number="HU-1000")
    assert (box.state, plant.station("pack").open_handling_unit_id) == ("open", box.id)
    plant.scan(tools.code(OTHER_2), "pack-pack")
    assert plant.one(HandlingUnit, number="HU-1000").state == "closed"


def test_what_lies_in_a_closed_box_cannot_be_taken_back_out_by_undo(plant: Any, tools: Any) -> None:
    event = None
    plant.through(A, *MADE)
    event = plant.event(tools.code(A), "pack-pack")
    plant.send(event)
    plant.scan(tools.card("CLOSE"), "pack-pack")
    corrects = {"gateway": "gw-1", "epoch": plant.epoch, "sequence": event["sequence"]}

    answer = plant.send(plant.event(None, "pack-pack", kind="undo_requested", corrects=corrects)).results[0]

    assert (answer.reason, answer.subject) == ("moved_on", "HU-1000")


def test_a_correction_takes_the_wrong_scan_back_and_stands_in_its_place(plant: Any, tools: Any) -> None:
    wrong = plant.event(tools.code(A))
    plant.send(wrong)
    corrects = {"gateway": "gw-1", "epoch": plant.epoch, "sequence": wrong["sequence"]}

    answer = plant.send(plant.event(tools.code(B), kind="correction", corrects=corrects)).results[0]

    assert (answer.action, answer.subject) == ("operation_completed", B)
    assert [plant.unit(number).step for number in (A, B)] == [10, 20]
    assert plant.operation(A, 10).good == 1


def test_a_card_names_what_it_waits_for(plant: Any, tools: Any) -> None:
    waits_for = {
        "RECEIVE": "the label of the goods.",
        "COUNT": "the label of the goods.",
        "PALLET": "the closed box.",
        "UNPACK": "the unit or the box.",
        "DELIVER": "the box, or the paper of the shipment.",
        "HOLD": "the unit.",
    }

    told = {card: plant.scan(tools.card(card)).say for card in waits_for}

    assert told == {card: f"{card} is armed for one minute. Scan {what}" for card, what in waits_for.items()}
