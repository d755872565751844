"""Boxes on pallets, pallets at the dock, and what arrives, all by scans."""

from collections.abc import Callable
from typing import Any

import pytest

from server.erp.logistics.models import HandlingUnit, Shipment
from server.ingest.rebuild import rebuild

A, B, C = "U-1000", "U-1001", "U-1002"
OTHER, OTHER_2 = "U-1003", "U-1004"
SAME_CUSTOMER = "U-1005"
PACKED = ("cut-end", "weld-end", "pack-pack")

Scan = Callable[..., Any]


def boxed(plant: Any, tools: Any, *units: str) -> list[str]:
    """A closed box for each of these units; returns the codes on the labels of the boxes."""
    for unit in units:
        plant.through(unit, *PACKED)
        plant.scan(tools.card("CLOSE"), "pack-pack")
    labels = [f"]C100{row[0]}" for row in plant.sql("SELECT sscc FROM handling_unit ORDER BY id")]
    return labels[-len(units) :]


def label_of(plant: Any, number: str) -> str:
    return f"]C100{plant.one(HandlingUnit, number=number).sscc}"


def lies_on(plant: Any, box: str) -> str | None:
    parent = plant.unit(box).parent_id
    return None if parent is None else str(plant.one(HandlingUnit, id=parent).number)


def is_whole(plant: Any) -> bool:
    """Whether a rebuild from facts finds everything where it stands."""
    return bool(plant.database.write(lambda session: rebuild(session).differences) == ())


@pytest.fixture
def pallet(plant: Any, tools: Any) -> str:
    """The label of an open pallet HU-1002 with HU-1000 and HU-1001 on it, one unit in each."""
    first, second = boxed(plant, tools, A, B)
    plant.scan(tools.card("PALLET"), "pack-pack")
    plant.scan(first, "pack-pack")
    plant.scan(second, "pack-pack")
    return label_of(plant, "HU-1002")


def test_a_card_begins_a_pallet_and_further_boxes_go_onto_it(plant: Any, tools: Any) -> None:
    first, second = boxed(plant, tools, A, B)
    plant.scan(tools.card("PALLET"), "pack-pack")

    begun = plant.scan(first, "pack-pack")
    another = plant.scan(second, "pack-pack")
    closed = plant.scan(tools.card("CLOSE"), "pack-pack")

    assert (begun.action, begun.say) == ("box_stacked", "HU-1000 is on HU-1002 now, boxes on it: 1.")
    assert another.say == "HU-1001 is on HU-1002 now, boxes on it: 2."
    assert closed.say == "HU-1002 is closed, boxes on it: 2. Print its label."
    assert plant.one(HandlingUnit, number="HU-1002").kind == "pallet"
    assert (lies_on(plant, "HU-1000"), lies_on(plant, "HU-1001")) == ("HU-1002", "HU-1002")
    assert is_whole(plant)


def test_a_box_scanned_after_an_open_pallet_goes_onto_it(plant: Any, tools: Any, pallet: str) -> None:
    third, foreign = boxed(plant, tools, C, OTHER)
    loose = plant.scan(third, "pack-pack")

    chosen = plant.scan(pallet, "pack-pack")
    stacked = plant.scan(third, "pack-pack")

    assert (loose.reason, loose.say) == ("already_done", "HU-1003 is closed already. Next: shipping.")
    assert (chosen.action, stacked.action, lies_on(plant, "HU-1003")) == ("box_chosen", "box_stacked", "HU-1002")
    assert chosen.say == "HU-1002 is the open pallet at Pack now: SO-1000 for Aurora Bikes."
    refused = plant.scan(foreign, "pack-pack")
    assert (refused.reason, refused.say) == (
        "wrong_customer",
        "HU-1004 is for Nordwind, HU-1002 for Aurora Bikes. Put it aside, or scan PALLET to begin another.",
    )


def test_a_box_lies_on_one_pallet_and_a_pallet_on_none(plant: Any, tools: Any, pallet: str) -> None:
    again = plant.scan(label_of(plant, "HU-1000"), "pack-pack")
    plant.scan(tools.card("PALLET"), "pack-pack")
    on_another = plant.scan(label_of(plant, "HU-1000"), "pack-pack")
    plant.scan(tools.card("PALLET"), "pack-pack")
    on_itself = plant.scan(pallet, "pack-pack")
    plant.scan(tools.card("PALLET"), "pack-pack")
    a_unit = plant.scan(tools.code(C), "pack-pack")
    (other,) = boxed(plant, tools, SAME_CUSTOMER)
    plant.scan(pallet, "pack-pack")
    of_another_order = plant.scan(other, "pack-pack")

    assert (again.reason, again.say) == (
        "already_done", "HU-1000 is on HU-1002 already. Scan UNPACK, then HU-1000, to take it off.",
    )  # fmt: skip
    assert on_another.say == again.say
    assert (on_itself.reason, on_itself.say) == ("not_allowed", "HU-1002 is a pallet. Scan a box.")
    assert a_unit.reason == "not_a_box"
    assert of_another_order.reason == "wrong_order"
    assert plant.sql("SELECT count(*) FROM handling_unit WHERE kind = 'pallet'")[0][0] == 1


def test_a_card_takes_boxes_off_and_units_out(plant: Any, tools: Any, pallet: str) -> None:
    plant.scan(tools.card("CLOSE"), "pack-pack")
    plant.scan(tools.card("UNPACK"), "pack-pack")
    off = plant.scan(label_of(plant, "HU-1000"), "pack-pack")
    plant.scan(tools.card("UNPACK"), "pack-pack")
    nowhere = plant.scan(label_of(plant, "HU-1000"), "pack-pack")
    plant.scan(tools.card("UNPACK"), "pack-pack")
    out = plant.scan(tools.code(B), "pack-pack")

    assert (off.action, off.say) == ("box_unstacked", "HU-1000 is off HU-1002. Its label stays good.")
    assert (nowhere.reason, nowhere.say) == ("not_in_box", "HU-1000 is on no pallet.")
    assert (out.action, out.say) == ("unit_unpacked", "U-1001 is out of HU-1001. Next: packing.")
    # What came out leaves everything above it open, and the box off its pallet.
    states = dict(plant.sql("SELECT number, state FROM handling_unit"))
    assert states == {"HU-1000": "closed", "HU-1001": "open", "HU-1002": "open"}
    assert (lies_on(plant, "HU-1000"), lies_on(plant, "HU-1001"), plant.unit(B).state) == (None, None, "finished")
    assert is_whole(plant)


def test_putting_a_box_on_is_taken_back(plant: Any, tools: Any, pallet: str) -> None:
    answer = plant.scan(tools.card("UNDO"), "pack-pack")

    assert (answer.action, lies_on(plant, "HU-1001"), lies_on(plant, "HU-1000")) == ("reversed", None, "HU-1002")
    assert is_whole(plant)


@pytest.mark.parametrize("by", ["pallet", "box", "unit"])
def test_a_pallet_leaves_with_all_its_boxes(plant: Any, tools: Any, pallet: str, by: str) -> None:
    code = {"pallet": pallet, "box": label_of(plant, "HU-1000"), "unit": tools.code(B)}[by]
    waits = plant.scan(code, "ship-ship")
    plant.scan(tools.card("CLOSE"), "pack-pack")

    left = plant.scan(code, "ship-ship")

    assert waits.reason == "not_closed"
    assert (left.action, left.say) == (
        "box_shipped", "HU-1002 shipped: SH-1000 for Aurora Bikes, units: 2.",
    )  # fmt: skip
    assert {row[0] for row in plant.sql("SELECT state FROM handling_unit")} == {"shipped"}
    assert {plant.unit(number).state for number in (A, B, "HU-1000", "HU-1002")} == {"shipped"}
    assert is_whole(plant)
    plant.scan(tools.card("UNDO"), "ship-ship")
    assert {row[0] for row in plant.sql("SELECT state FROM handling_unit")} == {"closed"}
    assert is_whole(plant)


def test_a_pallet_with_a_held_unit_does_not_leave(plant: Any, tools: Any, pallet: str) -> None:
    plant.scan(tools.card("CLOSE"), "pack-pack")
    plant.scan(tools.card("HOLD"), "pack-pack")
    plant.scan(tools.code(A), "pack-pack")

    answers = [plant.scan(code, "ship-ship") for code in (pallet, label_of(plant, "HU-1001"))]

    assert [answer.reason for answer in answers] == ["on_hold", "on_hold"]
    assert "U-1000 in HU-1000 is on hold" in answers[1].say
    assert plant.count(Shipment) == 0


# --- what arrives ---


def shipped(plant: Any, tools: Any) -> str:
    """An order on its way in two boxes; returns the code on the paper of its shipment."""
    from orderlight.autoid import OwnCode

    for label in boxed(plant, tools, OTHER, OTHER_2):
        assert plant.scan(label, "ship-ship").action == "box_shipped"
    return str(OwnCode("D", "1000"))


def test_the_paper_of_a_shipment_confirms_its_delivery(plant: Any, tools: Any) -> None:
    paper = shipped(plant, tools)

    elsewhere = plant.scan(paper, "ship-ship")
    arrived = plant.scan(paper, "ship-deliver")
    again = plant.scan(paper, "ship-deliver")

    assert elsewhere.reason == "not_a_unit"
    assert (arrived.action, arrived.subject) == ("shipment_delivered", "SH-1000")
    assert arrived.say == "SH-1000 has arrived for Nordwind, units: 2."
    assert (again.reason, again.say) == ("already_done", "SH-1000 has arrived already.")
    order, shipment = plant.order("SO-1001"), plant.one(Shipment)
    assert (order.lifecycle, order.fulfilment, shipment.state) == ("done", "delivered", "delivered")
    assert shipment.delivered_at is not None
    assert [kind for kind, _ in plant.facts()][-2:] == ["shipment_delivered", "order_completed"]
    assert is_whole(plant)

    # And when somebody scanned the wrong paper, he takes it back, and scans it again when it has come
    undone = plant.scan(tools.card("UNDO"), "ship-deliver")
    order, shipment = plant.order("SO-1001"), plant.one(Shipment)
    assert (arrived.undo, undone.say) == (True, "Taken back: SO-1001 is on its way again.")
    assert (order.lifecycle, order.fulfilment, shipment.state) == ("processing", "shipped", "shipped")
    assert shipment.delivered_at is None
    assert {row[0] for row in plant.sql("SELECT state FROM handling_unit")} == {"shipped"}
    assert is_whole(plant)
    assert plant.scan(paper, "ship-deliver").say == arrived.say
    assert plant.order("SO-1001").lifecycle == "done"
    assert is_whole(plant)


def test_boxes_confirm_their_own_delivery_and_the_last_one_the_shipments(plant: Any, tools: Any) -> None:
    shipped(plant, tools)

    first = plant.scan(label_of(plant, "HU-1000"), "ship-deliver")
    assert (first.action, plant.one(Shipment).state) == ("box_received", "shipped")
    plant.scan(tools.card("DELIVER"), "ship-ship")
    last = plant.scan(label_of(plant, "HU-1001"), "ship-ship")

    assert last.say == "HU-1001 has arrived: SH-1000 for Nordwind, units: 1."
    assert (plant.one(Shipment).state, plant.order("SO-1001").lifecycle) == ("delivered", "done")
    assert plant.scan(tools.card("UNDO"), "ship-ship").action == "reversed"
    assert (plant.one(Shipment).state, plant.order("SO-1001").lifecycle) == ("shipped", "processing")
    assert is_whole(plant)


def test_a_pallet_arrives_with_its_boxes(plant: Any, tools: Any, pallet: str) -> None:
    early = plant.scan(pallet, "ship-deliver")
    plant.scan(tools.card("CLOSE"), "pack-pack")
    plant.scan(pallet, "ship-ship")

    arrived = plant.scan(pallet, "ship-deliver")

    assert (early.reason, early.say) == ("not_shipped", "HU-1002 has not left yet, so it cannot have arrived.")
    assert arrived.say == "HU-1002 has arrived: SH-1000 for Aurora Bikes, units: 2."
    assert {row[0] for row in plant.sql("SELECT state FROM handling_unit")} == {"received"}
    assert plant.one(Shipment).state == "delivered"
    assert is_whole(plant)


def test_a_unit_speaks_for_the_box_that_arrives_and_an_unknown_paper_waits(plant: Any, tools: Any) -> None:
    from orderlight.autoid import OwnCode

    shipped(plant, tools)

    assert plant.scan(tools.code(OTHER), "ship-deliver").action == "box_received"
    assert plant.scan(tools.code(A), "ship-deliver").reason == "not_shipped"
    assert plant.scan(str(OwnCode("D", "9999")), "ship-deliver").status == "quarantined"
