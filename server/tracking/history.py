"""Folding facts again: from what became true, in recorded order, to where everything stands now. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from server.tracking.draft import later
from server.tracking.facts import FactKind

#: Facts about a unit that was not there itself: somebody decided, or a label was printed.
NOT_SEEN: Final = frozenset(
    {
        FactKind.REVERSED.value,
        FactKind.UNIT_OVERHEARD.value,
        FactKind.READ_MISSED.value,
        FactKind.BOX_OPENED.value,
        FactKind.BOX_CLOSED.value,
        FactKind.BOX_REOPENED.value,
    }
)

Columns = dict[str, Any]


class PastFact(NamedTuple):
    """What the fold needs of a stored fact."""

    id: int
    kind: str
    order_id: int | None
    unit_id: int | None
    work_order_id: int | None
    station_id: int | None
    observed_at: datetime
    detail: Mapping[str, Any]


@dataclass(slots=True)
class History:
    """Rows by name (`unit:11`, `sales_order:3`) with the columns that facts have set so far."""

    rows: dict[str, Columns] = field(default_factory=dict)
    #: What a column was before the first fact that set it.
    origins: dict[str, Columns] = field(default_factory=dict)
    #: Rows that a fact brought into being, and the fact.
    created: dict[str, int] = field(default_factory=dict)
    #: Order id -> the fact that released it.
    released: dict[int, int] = field(default_factory=dict)
    #: Work order for stock -> the fact that made it.
    made: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def fold(self, facts: Iterable[PastFact]) -> None:
        """Add facts in the order of their ids."""
        for fact in facts:
            self._fold_one(fact)
            self.count += 1

    def _fold_one(self, fact: PastFact) -> None:
        before, after = fact.detail.get("before") or {}, fact.detail.get("after") or {}
        for name, columns in after.items():
            # Facts about words on a screen name plain columns, not rows.
            if ":" not in name:
                continue
            earlier = before.get(name)
            if earlier is None:
                self.created.setdefault(name, fact.id)
            for column, value in (earlier or {}).items():
                self.origins.setdefault(name, {}).setdefault(column, value)
            self.rows.setdefault(name, {}).update(columns)
            if name.startswith("unit:"):
                self.rows[name]["last_fact_id"] = fact.id
        if fact.kind == FactKind.ORDER_RELEASED and fact.order_id is not None:
            self.released[fact.order_id] = fact.id
        if fact.kind == FactKind.WORK_ORDER_CREATED and fact.work_order_id is not None:
            self.made[fact.work_order_id] = fact.id
        if fact.detail.get("read_point") is not None:
            self._see(fact)

    def _see(self, fact: PastFact) -> None:
        if fact.order_id is not None:
            order = self.rows.setdefault(f"sales_order:{fact.order_id}", {})
            order["moved_at"] = later(order.get("moved_at"), fact.observed_at)
        if fact.unit_id is None or fact.kind in NOT_SEEN:
            return
        unit = self.rows.setdefault(f"unit:{fact.unit_id}", {})
        seen = unit.get("last_seen_at")
        if seen is None or fact.observed_at >= seen or "instead_of" in fact.detail:
            unit["last_seen_at"] = fact.observed_at
            unit["last_station_id"] = fact.station_id
            unit["last_read_point"] = fact.detail["read_point"]
