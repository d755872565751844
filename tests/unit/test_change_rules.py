"""What may still be changed of an order after its release, and what a begun box holds. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from server.erp.changes import rules
from server.tracking.change_rows import Change
from server.tracking.changes import pieces_in
from server.tracking.world import Box, World


@pytest.mark.parametrize(
    ("states", "fields", "effectivity", "why"),
    [
        # Nobody can say that it is too late before there is a unit, or when all of them are lost.
        (set(), {"box"}, "remaining", None),
        ({"scrapped"}, {"box"}, "remaining", None),
        ({"shipped", "delivered"}, {"box", "instructions"}, "immediate", "all_gone"),
        ({"packed", "shipped"}, {"box"}, "next_batch", "all_packed"),
        ({"packed", "shipped"}, {"box"}, "immediate", None),
        ({"packed", "finished"}, {"box"}, "remaining", None),
        ({"packed", "finished"}, {"instructions"}, "immediate", "all_made"),
        # Of two wishes one that comes in time is enough.
        ({"packed"}, {"box", "instructions"}, "immediate", None),
        ({"packed", "queued"}, {"instructions"}, "remaining", None),
    ],
)
def test_a_change_is_too_late_when_it_would_meet_no_unit(
    states: set[str], fields: set[str], effectivity: str, why: str | None
) -> None:
    assert rules.too_late(states, fields, effectivity) == why


@pytest.mark.parametrize(
    ("lifecycle", "fulfilment", "offered"),
    [
        ("processing", "not_started", True),
        ("processing", "partially_shipped", True),
        ("processing", "shipped", False),
        ("processing", "delivered", False),
        ("done", "delivered", False),
        ("confirmed", "not_started", False),
    ],
)
def test_a_change_is_offered_while_something_is_left_in_the_house(
    lifecycle: str, fulfilment: str, offered: bool
) -> None:
    assert rules.may_be_changed(lifecycle, fulfilment) is offered


START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ((), 2),
        # (minutes after the box was opened, from which unit on it counts, pieces in a box before it).
        (((5, "next_batch", "4"),), 4),
        (((5, "remaining", "4"),), 2),
        (((-5, "next_batch", "4"),), 2),
        (((5, "next_batch", None),), None),
        (((5, "next_batch", "4"), (9, "next_batch", "3")), 4),
        # What counts for everything that is left counts for this box too, whatever was asked of the next one before.
        (((5, "next_batch", "4"), (9, "immediate", "3")), 2),
        (((5, "immediate", "4"), (9, "next_batch", "3")), 3),
    ],
)
def test_a_box_keeps_the_number_that_it_was_begun_with(
    changes: Sequence[tuple[int, str, str | None]], most: int | None
) -> None:
    box = Box(9, "HU-1000", "106141412345678908", 1, 1, "open", START, None, None, None)
    world = World(per_box={7: 2})
    for number, (minutes, effectivity, before) in enumerate(changes, 1):
        difference = [{"field": "box", "before": None, "after": "B60"}, {"field": "per_box", "before": before}]
        at = START + timedelta(minutes=minutes)
        world.change_requests[number] = Change(
            number, f"CR-{number}", 1, 7, "acknowledged", effectivity, difference, at, at
        )

    assert pieces_in(world, box, 7) == most
    assert pieces_in(world, box, 8) is None
