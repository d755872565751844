"""Estimates of the last minute: kept over scans, made anew after a decision or a minute."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy.orm import Session

from server.erp.orders import estimates
from server.erp.orders.recent import RecentEstimates

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
NO_SESSION = cast(Session, None)


@dataclass(frozen=True)
class Order:
    id: int = 1
    row_version: int = 1
    lifecycle: str = "processing"
    fulfilment: str = "in_production"
    on_hold: bool = False


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """What was worked out, in order; the estimate is the moment itself."""
    found: list[list[int]] = []

    def compute(_session: Session, order_ids: Collection[int], *, now: datetime) -> dict[int, Any]:
        found.append(sorted(order_ids))
        return dict.fromkeys(order_ids, now)

    monkeypatch.setattr(estimates, "compute", compute)
    return found


def test_within_a_minute_the_same_estimate_is_given(asked: list[list[int]]) -> None:
    recent = RecentEstimates()

    first = recent.of(NO_SESSION, Order(), now=NOW)
    second = recent.of(NO_SESSION, Order(fulfilment="produced"), now=NOW + timedelta(seconds=60))

    assert first is second
    assert asked == [[1]]


@pytest.mark.parametrize(
    "change", [{"row_version": 2}, {"on_hold": True}, {"lifecycle": "done"}, {"fulfilment": "shipped"}]
)
def test_a_decision_makes_a_new_one_at_once(asked: list[list[int]], change: dict[str, Any]) -> None:
    recent = RecentEstimates()
    recent.of(NO_SESSION, Order(), now=NOW)

    recent.of(NO_SESSION, replace(Order(), **change), now=NOW + timedelta(seconds=1))

    assert asked == [[1], [1]]


def test_after_a_minute_all_that_were_looked_at_lately_are_made_in_one_go(asked: list[list[int]]) -> None:
    recent = RecentEstimates()
    for number in (1, 2):
        recent.of(NO_SESSION, Order(id=number), now=NOW)
    recent.of(NO_SESSION, Order(id=3), now=NOW - timedelta(hours=1))

    recent.of(NO_SESSION, Order(id=2), now=NOW + timedelta(seconds=61))
    recent.of(NO_SESSION, Order(id=1), now=NOW + timedelta(seconds=62))

    assert asked == [[1], [2], [3], [1, 2]]
