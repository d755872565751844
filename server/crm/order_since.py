"""What people have decided about an order since somebody opened its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.crm.doers import doers
from server.journal.models import Fact

#: Whoever is further behind reads the timeline.
_MOST = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """A fact of the order itself: who did what when, and which of its fields differ by it."""

    kind: str
    who: str | None
    at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def decisions_since(session: Session, order_id: int, number: str, at: datetime) -> Sequence[Decision]:
    """The newest facts of the order after this moment, newest first; at most three queries."""
    statement = (
        select(Fact.kind, Fact.actor, Fact.observed_at, Fact.detail)
        .where(Fact.order_id == order_id, Fact.recorded_at > at, Fact.subject == number)
        .order_by(Fact.id.desc())
        .limit(_MOST)
    )
    rows = session.execute(statement).all()
    people = doers(session, {row.actor for row in rows})
    key = f"sales_order:{order_id}"
    return [
        Decision(row.kind, people.name(row.actor, row.observed_at), row.observed_at,
                 _of_order(row.detail.get("before"), key), _of_order(row.detail.get("after"), key))
        for row in rows
    ]  # fmt: skip


def _of_order(told: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    """The order's own fields: they stand alone, or below its row beside other rows."""
    found = told or {}
    own = found.get(key)
    return own if own is not None else {name: value for name, value in found.items() if ":" not in name}
