"""What may happen to a sales order: every pair of state and action is either a transition or a refusal in words."""

import pytest

from server.erp.orders.lifecycle import TRANSITIONS, Action, after, possible, refusal
from server.tracking.states import OrderLifecycle


@pytest.mark.parametrize("lifecycle", OrderLifecycle)
@pytest.mark.parametrize("action", Action)
def test_every_pair_is_a_transition_or_refused_in_words(lifecycle: OrderLifecycle, action: Action) -> None:
    because = refusal(lifecycle, action)

    if lifecycle in TRANSITIONS[action]:
        assert because is None
        assert after(lifecycle, action) in OrderLifecycle
    else:
        assert because is not None
        assert because.startswith("it ")


def test_the_way_of_an_order_leads_from_draft_to_done() -> None:
    lifecycle = OrderLifecycle.DRAFT

    for action in (Action.CHANGE, Action.CONFIRM, Action.RELEASE, Action.HOLD, Action.RESUME, Action.COMPLETE):
        lifecycle = after(lifecycle, action)

    assert lifecycle == OrderLifecycle.DONE


@pytest.mark.parametrize("over", [OrderLifecycle.DONE, OrderLifecycle.CANCELLED])
def test_what_is_over_offers_nothing(over: OrderLifecycle) -> None:
    assert possible(over, on_hold=False) == []


def test_a_held_order_offers_to_go_on_instead_of_another_hold() -> None:
    assert Action.RESUME in possible(OrderLifecycle.PROCESSING, on_hold=True)
    assert Action.HOLD not in possible(OrderLifecycle.PROCESSING, on_hold=True)
    assert Action.RESUME not in possible(OrderLifecycle.PROCESSING, on_hold=False)
