"""Which gates missed a unit, by where it was seen before and where it is seen now."""

from datetime import UTC, datetime, timedelta

import pytest

from server.tracking.missed import Gate, SentBack, Sight, gates_missed, may_have_stayed, rework_at

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CUT, WELD, PAINT, PACK, OFFICE = 1, 2, 3, 4, 9
ROUTE = [(10, CUT), (20, WELD), (30, PAINT)]
GATES = [Gate(100, "weld-gate", 12, WELD, START), Gate(101, "paint-gate", 13, PAINT, None)]


def seen(center: int, context: str = "end", minutes: int = 1) -> Sight:
    return Sight(center, context, START + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("before", "here", "missed"),
    [
        (seen(CUT), seen(PAINT, minutes=2), ["weld-gate"]),
        (seen(CUT), seen(PACK, "pack", 2), ["weld-gate", "paint-gate"]),
        (seen(WELD), seen(PAINT, minutes=2), ["weld-gate"]),
        (None, seen(PAINT), ["weld-gate"]),
        (seen(CUT), seen(WELD, minutes=2), []),
        (seen(PAINT), seen(CUT, minutes=2), []),
        (seen(PAINT), seen(PACK, "ship", 2), ["paint-gate"]),
        (seen(CUT), seen(OFFICE, minutes=2), []),
        (seen(PACK), seen(PACK, "ship", 2), ["weld-gate", "paint-gate"]),
    ],
)
def test_a_gate_between_two_sights_missed_the_unit(before: Sight | None, here: Sight, missed: list[str]) -> None:
    assert [gate.key for gate in gates_missed(ROUTE, GATES, before, here)] == missed


def test_a_unit_seen_last_before_the_gate_was_made_one_is_given_the_benefit_of_the_doubt() -> None:
    assert gates_missed(ROUTE, GATES[:1], seen(CUT, minutes=-1), seen(PAINT)) == []


@pytest.mark.parametrize(
    ("due", "missed"),
    [(None, 2), (30, 2), (20, 2), (10, 0)],
)
def test_behind_a_step_that_is_open_and_has_no_gate_nothing_was_missed(due: int | None, missed: int) -> None:
    assert len(gates_missed(ROUTE, GATES, None, seen(PACK, "pack"), due=due)) == missed


def test_an_open_step_between_two_gates_keeps_the_first_alone() -> None:
    way = [(10, CUT), (20, WELD), (25, OFFICE), (30, PAINT)]

    assert [gate.key for gate in gates_missed(way, GATES, None, seen(PACK, "pack"), due=20)] == ["weld-gate"]


def test_a_gate_off_the_units_route_misses_nothing_and_a_second_visit_is_no_proof() -> None:
    off = Gate(102, "dock", 14, OFFICE, None)
    twice = [*ROUTE, (40, WELD)]

    assert gates_missed(ROUTE, [off], seen(CUT), seen(PAINT)) == []
    assert [gate.key for gate in gates_missed(twice, GATES, seen(CUT), seen(PAINT))] == ["weld-gate"]


@pytest.mark.parametrize(
    ("step", "here", "missed"),
    [
        (10, seen(PAINT, minutes=9), ["weld-gate"]),
        (20, seen(PACK, "pack", 9), ["weld-gate", "paint-gate"]),
        (30, seen(PACK, "pack", 9), ["paint-gate"]),
        (30, seen(PAINT, minutes=9), []),
    ],
)
def test_who_was_sent_back_passes_the_gates_from_that_step_again(step: int, here: Sight, missed: list[str]) -> None:
    back = SentBack(step, START + timedelta(minutes=5))

    assert [gate.key for gate in gates_missed(ROUTE, GATES, back.start, here)] == missed


def test_who_was_sent_back_before_the_gate_was_made_one_is_given_the_benefit_of_the_doubt() -> None:
    back = SentBack(10, START - timedelta(minutes=1))

    assert gates_missed(ROUTE, GATES[:1], back.start, seen(PAINT)) == []


def test_who_was_sent_back_to_a_second_visit_does_not_pass_the_gates_before_it() -> None:
    twice = [*ROUTE, (40, CUT), (50, PACK)]

    assert gates_missed(twice, GATES, SentBack(40, START).start, seen(PACK, "end")) == []


@pytest.mark.parametrize(
    ("count", "minutes", "rework"), [(2, 9, 2), (2, 8, 2), (2, 7, 1), (2, 4, 0), (1, 9, 1), (0, 9, 0), (3, 1, 3)]
)
def test_a_read_belongs_to_the_way_on_which_the_unit_was_then(count: int, minutes: int, rework: int) -> None:
    back = {1: SentBack(10, START + timedelta(minutes=5)), 2: SentBack(20, START + timedelta(minutes=8))}

    assert rework_at(back, count, START + timedelta(minutes=minutes)) == rework


def test_only_who_is_seen_elsewhere_has_surely_left() -> None:
    assert may_have_stayed(seen(PACK), seen(PACK, minutes=2))
    assert not may_have_stayed(seen(WELD), seen(PACK))
    assert not may_have_stayed(None, seen(PACK))
