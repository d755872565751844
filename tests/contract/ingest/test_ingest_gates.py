"""Gates that must see every unit: what they missed is inferred from a later read, told as such, and counted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

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
    return list(plant.rows(Fact.__table__.select().where(Fact.kind == "read_missed")))


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
