"""What may still be changed of an order after its release, by where its units stand. Pure."""

import pytest

from server.erp.changes import rules


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
