"""What several steps of logistics share: rows that changed, the facts that tell of it, and how far the order is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.logistics.models import HandlingUnit
from server.erp.orders.models import SalesOrder
from server.erp.orders.service import complete_order
from server.erp.production import repository as production
from server.erp.production.models import Unit
from server.journal import facts
from server.tracking.facts import FactKind, NewFact
from server.tracking.settle import fulfilment
from server.tracking.stages import STAGES
from server.tracking.states import Fulfilment, OrderLifecycle, WorkOrderState
from server.tracking.world import Tally

_UNTOUCHED = frozenset({WorkOrderState.DRAFT, WorkOrderState.RELEASED, WorkOrderState.CANCELLED})
_ONE = Decimal(1)


@dataclass(slots=True)
class Changes:
    """One person's step: collects what each fact changed, then writes all facts at once."""

    session: Session
    order: SalesOrder
    actor: str
    now: datetime
    _facts: list[tuple[NewFact, list[Unit]]] = field(default_factory=list)
    _units: list[Unit] = field(default_factory=list)
    _before: dict[str, dict[str, Any]] = field(default_factory=dict)
    _after: dict[str, dict[str, Any]] = field(default_factory=dict)

    def set(self, row: Any, **columns: Any) -> None:
        """Change columns of a row; the next fact carries what was before and what is after."""
        key = f"{row.__tablename__}:{row.id}"
        if isinstance(row, Unit):
            self._units.append(row)
        for column, value in columns.items():
            self._before.setdefault(key, {}).setdefault(column, _plain(getattr(row, column)))
            self._after.setdefault(key, {})[column] = _plain(value)
            setattr(row, column, value)

    def fact(self, kind: FactKind, subject: str, *, unit: Unit | None = None, **detail: Any) -> None:
        """Note a fact about what changed since the last one."""
        rows = {"before": self._before, "after": self._after} if self._after else {}
        made = NewFact(
            kind=kind,
            subject=subject,
            actor=self.actor,
            observed_at=self.now,
            order_id=self.order.id,
            work_order_id=unit.work_order_id if unit else None,
            unit_id=unit.id if unit else None,
            quantity=_ONE if unit is not None and unit.work_order_id is not None else None,
            detail={**rows, **detail},
        )
        # Every unit that changed points at the fact that changed it, as after a scan.
        self._facts.append((made, self._units))
        self._before, self._after, self._units = {}, {}, []

    def write(self) -> None:
        """Store rows and facts, derive how far the order is, and note who watches it."""
        self.session.flush()
        self._settle()
        ids = facts.write(self.session, [fact for fact, _ in self._facts], recorded_at=self.now)
        for fact_id, (_, units) in zip(ids, self._facts, strict=True):
            for unit in units:
                unit.last_fact_id = fact_id
        self.session.flush()
        order = self.order
        if order.fulfilment == Fulfilment.DELIVERED and order.lifecycle == OrderLifecycle.PROCESSING:
            complete_order(self.session, order, actor=self.actor, now=self.now)
        touch(self.session, f"order:{order.number}", f"customer:{order.customer.number}", "orders", "board")

    def _settle(self) -> None:
        """Put on the order how far it is; the last fact, which brought it there, carries the change."""
        order, state = self.order, order_fulfilment(self.session, self.order.id)
        if order.fulfilment == state or not self._facts:
            order.fulfilment = state
            return
        fact, units = self._facts[-1]
        key, told = f"sales_order:{order.id}", dict(fact.told)
        told["before"] = {**told.get("before", {}), key: {"fulfilment": order.fulfilment}}
        told["after"] = {**told.get("after", {}), key: {"fulfilment": state}}
        self._facts[-1] = (fact._replace(detail=told), units)
        order.fulfilment = state


def order_fulfilment(session: Session, order_id: int) -> str:
    """How far the order is by the states of its units, by the same rule as scans."""
    counts = production.state_counts(session, order_id)
    begun = any(found.state not in _UNTOUCHED for found in production.work_orders_of(session, [order_id]))
    return fulfilment((_tally(states.items()) for states in counts.values()), begun=begun)


def _tally(states: Iterable[tuple[str, int]]) -> Tally:
    stages: Counter[str] = Counter()
    for state, count in states:
        stages[STAGES[state]] += count
    return Tally(**stages)


def containers(session: Session, boxes: Sequence[HandlingUnit]) -> dict[int, Unit]:
    """The container side of these boxes, by id."""
    return production.units_by_id(session, [box.id for box in boxes])


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
