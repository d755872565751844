"""Gates that must see every unit: what they missed is inferred from a later read, told as such, and counted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from orderlight.autoid import OwnCode
from server.erp.floor.models import GatePass, ReadPoint
from server.erp.floor.repository import read_point
from server.erp.floor.schemas import ReadPointPatch
from server.erp.floor.service import update_read_point
from server.ingest.rebuild import rebuild
from server.journal.models import Fact

A = "U-1000"


@pytest.fixture
def gated(plant: Any) -> Any:
    """The plant whose gate at weld every unit has to pass."""

    def work(session: Any) -> None:
        point = read_point(session, "weld-gate")
        assert point is not None
        update_read_point(session, point, ReadPointPatch(must_see=True), actor="test", now=plant.now)

    plant.database.write(work)
    return plant


def epc(plant: Any, number: int = 0) -> str:
    found = plant.sql("SELECT value FROM identifier WHERE scheme = 'epc' ORDER BY unit_id")
    return str(found[number][0].removeprefix("epc:"))


def missed(plant: Any) -> list[Any]:
    return list(plant.rows(Fact.__table__.select().where(Fact.kind == "read_missed").order_by(Fact.id)))


def passes(plant: Any) -> list[tuple[int, bool]]:
    """The passes of the units at the gate: how often the unit had been sent back, and whether it was seen."""
    found = GatePass.__table__.select().order_by(GatePass.unit_id, GatePass.rework)
    return [(row.rework, row.seen_at is not None) for row in plant.rows(found)]


def send_back(plant: Any, tools: Any, *operation: str) -> None:
    """At packing, to this operation, or to the last one that the unit did."""
    for shown in (tools.card("REWORK"), *operation):
        plant.scan(shown, "pack-pack")
    assert plant.scan(tools.code(A), "pack-pack").action == "unit_reworked"


@pytest.fixture
def second(gated: Any, tools: Any) -> Any:
    """The gate saw the unit pass once, and it was sent back to weld."""
    gated.through(A, "cut-end")
    gated.tag(epc(gated), "weld-gate")
    send_back(gated, tools)
    return gated


def test_a_refused_read_further_on_tells_that_the_gate_missed_the_unit_and_moves_nothing(
    gated: Any, tools: Any
) -> None:
    gated.through(A, "cut-end")
    refused = gated.scan(tools.code(A), "pack-pack")
    gated.scan(tools.code(A), "pack-pack")

    (fact,) = missed(gated)
    event = gated.sql("SELECT id FROM event WHERE reason = 'out_of_sequence' ORDER BY id")[0][0]
    assert refused.reason == "out_of_sequence"
    assert (fact.subject, fact.event_id) == (A, event)
    assert fact.detail == {"missed": "weld-gate", "seen_at": "pack-pack"}
    assert (gated.unit(A).state, gated.unit(A).last_read_point, gated.operation(A, 20).good) == ("queued", "cut-end", 0)
    assert gated.database.write(rebuild).differences == ()


def test_a_read_that_is_refused_because_more_than_the_gates_step_is_open_tells_nothing_of_the_gate(
    gated: Any, tools: Any
) -> None:
    # Nobody has cut it: it is the wrong label, or a unit that did not go its way.
    refused = gated.scan(tools.code(A), "pack-pack")
    # The same in one batch with the cut that follows: at the moment of the read it was not cut.
    gated.send(gated.event(tools.code("U-1001"), "pack-pack"), gated.event(tools.code("U-1001"), "cut-end"))

    assert refused.reason == "out_of_sequence"
    assert missed(gated) == []
    assert gated.rows(GatePass.__table__.select()) == []


def test_what_the_gate_saw_was_not_missed_even_if_it_was_refused(gated: Any, tools: Any) -> None:
    gated.through(A, "cut-end")
    gated.change("UPDATE unit SET held = true WHERE number = 'U-1000'")
    gated.tag(epc(gated), "weld-gate")
    gated.scan(tools.code(A), "pack-pack")

    assert missed(gated) == []
    assert gated.one(GatePass).seen_at is not None


def test_a_read_that_comes_late_takes_the_inference_back(gated: Any, tools: Any) -> None:
    gated.through(A, "cut-end")
    gated.scan(tools.code(A), "pack-pack")
    earlier = (gated.now - timedelta(seconds=1)).isoformat()
    gated.tag(epc(gated), "weld-gate", observed_at=earlier)

    (fact,) = missed(gated)
    back = gated.rows(Fact.__table__.select().where(Fact.reverses_id == fact.id))
    assert len(back) == 1
    assert gated.one(GatePass).seen_at is not None
    assert gated.database.write(rebuild).differences == ()


def test_in_one_batch_a_gate_and_what_follows_it_agree(gated: Any, tools: Any) -> None:
    events = [
        gated.event(tools.code(A), "cut-end"),
        gated.event(None, "weld-gate", kind="tag_arrived", epc=epc(gated)),
        gated.event(tools.code(A), "pack-pack"),
        gated.event(tools.code("U-1001"), "cut-end"),
        gated.event(tools.code("U-1001"), "pack-pack"),
    ]
    gated.send(*events)

    assert [fact.subject for fact in missed(gated)] == ["U-1001"]


def test_a_unit_that_is_sent_back_passes_the_gate_again_and_both_passes_are_noted(
    second: Any, tools: Any, signed_in: Callable[..., httpx.Client]
) -> None:
    second.tag(epc(second), "weld-gate")
    second.through(A, "pack-pack")

    assert passes(second) == [(0, True), (1, True)]
    assert missed(second) == []
    assert '<td data-label="Seen" class="end">2</td>' in signed_in("admin").get("/admin/gates").text


def test_a_second_pass_that_the_gate_missed_is_told_once(second: Any, tools: Any) -> None:
    second.through(A, "weld-end", "pack-pack")
    second.scan(tools.code(A), "ship-ship")
    second.scan(tools.code(A), "pack-pack")

    (fact,) = missed(second)
    assert fact.detail == {"missed": "weld-gate", "seen_at": "pack-pack", "rework": 1}
    assert passes(second) == [(0, True), (1, False)]
    assert second.database.write(rebuild).differences == ()


def test_a_late_read_of_the_second_pass_takes_its_miss_back(second: Any, tools: Any) -> None:
    second.through(A, "weld-end", "pack-pack")
    second.tag(epc(second), "weld-gate", observed_at=(second.now - timedelta(seconds=1)).isoformat())
    second.scan(tools.code(A), "ship-ship")

    (fact,) = missed(second)
    assert len(second.rows(Fact.__table__.select().where(Fact.reverses_id == fact.id))) == 1
    assert passes(second) == [(0, True), (1, True)]
    assert second.database.write(rebuild).differences == ()


def test_a_read_of_the_first_pass_that_comes_after_the_rework_counts_for_the_first(gated: Any, tools: Any) -> None:
    gated.through(A, "cut-end", "weld-end")
    passed = gated.now.isoformat()
    gated.scan(tools.code(A), "pack-pack")
    send_back(gated, tools, str(OwnCode("O", "1000010")))
    gated.tag(epc(gated), "weld-gate", observed_at=passed)
    gated.through(A, "cut-end", "weld-end", "pack-pack")

    first, second = missed(gated)
    assert (first.detail.get("rework"), second.detail.get("rework")) == (None, 1)
    assert [row.reverses_id for row in gated.rows(Fact.__table__.select().where(Fact.kind == "reversed"))] == [first.id]
    assert passes(gated) == [(0, True), (1, False)]


def test_a_unit_that_is_read_again_where_it_was_sent_back_may_not_have_gone_yet(second: Any, tools: Any) -> None:
    second.scan(tools.code(A), "pack-pack")
    before = missed(second)
    second.scan(tools.code(A), "ship-ship")

    assert before == []
    assert [fact.detail["seen_at"] for fact in missed(second)] == ["ship-ship"]


def test_in_one_batch_each_pass_is_counted_for_itself(gated: Any, tools: Any) -> None:
    events = [
        gated.event(tools.code(A), "cut-end"),
        gated.event(None, "weld-gate", kind="tag_arrived", epc=epc(gated)),
        gated.event(tools.card("REWORK"), "pack-pack"),
        gated.event(tools.code(A), "pack-pack"),
        gated.event(tools.code(A), "weld-end"),
        gated.event(tools.code(A), "pack-pack"),
    ]
    gated.send(*events)

    assert passes(gated) == [(0, True), (1, False)]
    assert [fact.detail["rework"] for fact in missed(gated)] == [1]


def test_nothing_is_asked_of_reworks_where_no_unit_was_sent_back(second: Any, tools: Any, counted: Any) -> None:
    with counted() as first:
        second.scan(tools.code("U-1001"), "cut-end")
    with counted() as again:
        second.scan(tools.code(A), "weld-end")

    assert sum("FROM gate_pass" in text for text in first) == 1
    assert sum("FROM fact" in text for text in first) == 0
    assert sum("FROM fact" in text for text in again) == 1


def test_a_house_without_such_gates_asks_nothing(plant: Any, tools: Any, counted: Any) -> None:
    with counted() as statements:
        plant.scan(tools.code(A))

    assert not [text for text in statements if "gate_pass" in text]


def test_the_units_page_and_the_page_of_gates_tell_it(
    gated: Any, tools: Any, signed_in: Callable[..., httpx.Client]
) -> None:
    gated.through(A, "cut-end")
    gated.scan(tools.code(A), "pack-pack")
    gated.through("U-1001", "cut-end")
    gated.tag(epc(gated, 1), "weld-gate")
    admin = signed_in("admin")
    unit, gates = admin.get(f"/units/{A}", follow_redirects=True).text, admin.get("/admin/gates").text
    figures = admin.get("/api/v1/read-points/weld-gate").json()

    assert "Passed unread (inferred)" in unit
    assert "inferred from a later read" in unit
    assert "weld-gate" in gates
    assert all(words in gates for words in ("Missed last", A, "<code>pack-pack</code>", "refused: Out of sequence"))
    assert "U-1001" not in gates
    assert "50" in gates
    assert figures["must_see"] is True
    assert gated.one(ReadPoint, key="weld-gate").must_see_since is not None
