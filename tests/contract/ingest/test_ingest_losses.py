"""Scrap, rework and hold with reasons, and everybody who works at a station."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode
from server.auth.users import NewUser, add_user
from server.erp.floor.schemas import ReadPointIn, StationIn
from server.erp.floor.service import create_read_point, create_station
from server.erp.reasons.service import add_usual_reasons
from server.ingest.rebuild import rebuild
from server.journal.models import Fact
from server.tracking.states import Context

A, B, C = "U-1000", "U-1001", "U-1002"
MADE = ("cut-end", "weld-end")


@pytest.fixture
def reasoned(plant: Any, tools: Any) -> Any:
    """The plant with the usual reasons, and a second operator."""

    def work(session: Session) -> None:
        add_usual_reasons(session, actor="test", now=tools.start)

    plant.database.write(work)
    return plant


def show(plant: Any, tools: Any, *cards: str, at: str = "cut-end") -> Any:
    """Show command and reason cards, then scan A."""
    for card in cards:
        plant.scan(tools.card(card), at)
    return plant.scan(tools.code(A), at)


def detail(plant: Any, kind: str) -> Any:
    """The detail of the last fact of a kind."""
    fact = plant.one(Fact, kind=kind)
    return fact.detail


def test_scrap_asks_why_and_waits_for_the_reason(reasoned: Any, tools: Any) -> None:
    armed = reasoned.scan(tools.card("SCRAP"))
    unexplained = reasoned.scan(tools.code(A))
    unfit = reasoned.scan(tools.card("SURFACE"))
    reason = reasoned.scan(tools.card("MATERIAL"))
    done = reasoned.scan(tools.code(A))

    assert armed.say == "SCRAP is armed for one minute. Scan the reason, then the unit."
    assert (unexplained.reason, unexplained.say) == (
        "reason_missing", "Why? Scan a reason for SCRAP, then U-1000 again.",
    )  # fmt: skip
    assert (unfit.reason, unfit.say) == ("wrong_reason", "Surface fault is no reason for SCRAP. Scan another one.")
    assert reason.say == "SCRAP: Material fault. Scan the unit."
    assert (done.action, done.say) == (
        "unit_scrapped", "U-1000 is scrapped: Material fault. 2 of 3 remain in WO-1000.",
    )  # fmt: skip
    told = detail(reasoned, "unit_scrapped")
    assert (told["reason"], told["reason_code"]) == ("Material fault", "MATERIAL")
    assert reasoned.scan(tools.code(B)).action == "operation_completed"


def test_a_reason_without_a_command_is_refused(reasoned: Any, tools: Any) -> None:
    answer = reasoned.scan(tools.card("MATERIAL"))

    assert (answer.reason, answer.say) == (
        "nothing_armed", "Material fault says why, not what. Scan SCRAP, REWORK or HOLD first.",
    )  # fmt: skip


def test_a_hold_says_why_and_needs_no_reason(reasoned: Any, tools: Any) -> None:
    explained = show(reasoned, tools, "HOLD", "INSPECT")
    released = show(reasoned, tools, "RESUME")
    plain = show(reasoned, tools, "HOLD")

    assert explained.say == "U-1000 is on hold: To be inspected. Scan RESUME, then U-1000, to go on."
    assert released.action == "unit_resumed"
    assert plain.action == "unit_held"


def test_rework_sends_a_unit_back_and_counts(reasoned: Any, tools: Any) -> None:
    reasoned.through(A, *MADE)
    reasoned.through(B, *MADE)

    answer = show(reasoned, tools, "REWORK", "SURFACE")

    assert (answer.action, answer.say) == ("unit_reworked", "U-1000 goes back to Cut: Surface fault. Rework 1.")
    unit = reasoned.unit(A)
    assert (unit.state, unit.step, unit.rework) == ("queued", 10, 1)
    counts = [(reasoned.operation(A, step).started, reasoned.operation(A, step).good) for step in (10, 20)]
    assert counts == [(1, 1), (1, 1)]
    assert reasoned.scan(tools.code(A), "weld-end").reason == "out_of_sequence"
    reasoned.through(A, *MADE)
    again = show(reasoned, tools, "REWORK", "SURFACE", at="pack-pack")
    assert again.say == "U-1000 goes back to Weld: Surface fault. Rework 2."


def test_an_operations_code_says_from_where_on(reasoned: Any, tools: Any) -> None:
    reasoned.through(A, "cut-end")
    reasoned.scan(tools.card("REWORK"), "weld-end")
    reasoned.scan(tools.card("SURFACE"), "weld-end")
    ahead = reasoned.scan(str(OwnCode("O", "1000020")), "weld-end")
    refused = reasoned.scan(tools.code(A), "weld-end")
    for shown in (tools.card("REWORK"), tools.card("SURFACE"), str(OwnCode("O", "1001010"))):
        reasoned.scan(shown, "weld-end")
    foreign = reasoned.scan(tools.code(A), "weld-end")

    assert ahead.action == "command_armed"
    assert (refused.reason, refused.say) == (
        "out_of_sequence", "U-1000 has not been at Weld yet, so it cannot go back there.",
    )  # fmt: skip
    assert foreign.reason == "wrong_order"
    nothing = show(reasoned, tools, "REWORK", "SURFACE", at="pack-pack")
    assert nothing.action == "unit_reworked"
    assert show(reasoned, tools, "REWORK", "SURFACE").reason == "not_started"


@pytest.mark.parametrize("cards", [("SCRAP", "MATERIAL"), ("REWORK", "SURFACE"), ("HOLD", "INSPECT")])
def test_each_is_taken_back_whole(reasoned: Any, tools: Any, cards: tuple[str, str]) -> None:
    reasoned.through(A, "cut-end", "weld-toggle")
    reasoned.through(B, "cut-end", "weld-end")
    was = state(reasoned)
    show(reasoned, tools, *cards, at="weld-toggle")
    assert state(reasoned) != was

    answer = reasoned.scan(tools.card("UNDO"), "weld-toggle")

    assert answer.action == "reversed"
    assert state(reasoned) == was


def state(plant: Any) -> list[Any]:
    """What a card may change."""
    units = plant.sql("SELECT number, state, step, held, hold_reason, rework FROM unit ORDER BY id")
    counts = plant.sql("SELECT id, state, started, good, scrap, started_at, completed_at FROM operation ORDER BY id")
    return [*units, *counts, *plant.sql("SELECT id, state FROM work_order ORDER BY id")]


# --- several people at a station ---


def test_badges_join_and_leave_and_facts_name_everybody(plant: Any, tools: Any) -> None:
    kim = NewUser(login="kim", name="Kim", role="operator", badge="18")
    plant.database.write(lambda session: add_user(session, kim, actor="test", now=tools.start) and None)
    plant.scan(tools.badge("17"))
    beside = plant.scan(tools.badge("18"))
    plant.scan(tools.code(A))
    plant.wait(60)
    left = plant.scan(tools.badge("18"))
    plant.scan(tools.code(B))

    assert beside.say == "Kim works at Cut now, with Anna."
    assert (left.action, left.say) == ("operator_left", "Kim has left Cut.")
    told = plant.rows(select(Fact.actor, Fact.detail).where(Fact.kind == "operation_completed").order_by(Fact.id))
    assert [row[0] for row in told] == ["operator:18", "operator:17"]
    assert [row[1].get("operators") for row in told] == [["17", "18"], None]
    crew = plant.station("cut").crew
    assert [member["name"] for member in crew] == ["Anna"]


def test_what_one_station_has_begun_no_other_takes_up(plant: Any, tools: Any) -> None:
    def work(session: Session) -> None:
        about: dict[str, Any] = {"actor": "test", "now": tools.start}
        create_station(session, StationIn(key="weld2", name="Weld 2", work_center="weld"), **about)
        point = ReadPointIn(key="weld2-toggle", name="weld2", station="weld2", context=Context.TOGGLE)
        create_read_point(session, point, **about)

    plant.database.write(work)
    plant.through(A, "cut-end", "weld2-toggle")

    second = plant.scan(tools.code(A), "weld-toggle")
    ended = plant.scan(tools.code(A), "weld2-toggle")

    assert (second.reason, second.say) == (
        "busy_elsewhere", "U-1000 is in work at Weld 2 already. End it there, or take it back there first.",
    )  # fmt: skip
    assert ended.action == "operation_completed"


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
def test_a_read_from_before_a_rework_that_comes_late_moves_nothing(reasoned: Any, tools: Any, together: bool) -> None:
    # Given a scan at the saw whose gateway was cut off before it could tell
    reasoned.through(A, "cut-end")
    then = reasoned.now.isoformat()
    reasoned.through(A, "weld-end")

    # When the unit was sent back to the saw, and then the scan comes
    cards = [reasoned.event(tools.card(card), "cut-end") for card in ("REWORK", "SURFACE")]
    back = [*cards, reasoned.event(tools.code(A), "cut-end")]
    late = reasoned.event(tools.code(A), "cut-end", observed_at=then)
    for batch in [(*back, late)] if together else [back, (late,)]:
        answer = reasoned.send(*batch)

    # Then nothing is moved by it, in words; what is done anew counts
    told = answer.results[-1]
    said = "U-1000 was read here before it was sent back for rework. Scan it again when this is done anew."
    assert (told.status.value, told.reason, told.say) == ("refused", "already_done", said)
    assert (reasoned.unit(A).state, reasoned.unit(A).step) == ("queued", 10)
    assert reasoned.scan(tools.code(A), "cut-end").action == "operation_completed"
    assert reasoned.database.write(rebuild).differences == ()


def test_a_read_from_before_a_rework_that_was_undone_counts(reasoned: Any, tools: Any) -> None:
    reasoned.through(A, "cut-end")
    late = reasoned.event(tools.code(A), "weld-end")
    show(reasoned, tools, "REWORK", "SURFACE", at="cut-end")
    reasoned.scan(tools.card("UNDO"), "cut-end")

    answer = reasoned.send(late)

    assert [(each.action, each.reason) for each in answer.results] == [("operation_completed", None)]
