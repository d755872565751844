"""Writing facts: one bulk statement, numbered in commit order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from server.db import table_of
from server.db.counters import take
from server.journal.models import Fact
from server.tracking.facts import NewFact


def write(session: Session, facts: Sequence[NewFact], *, recorded_at: datetime) -> range:
    """Append the facts and return their ids in the same order."""
    if not facts:
        return range(0)
    first = take(session, "fact", len(facts))
    rows = [_row(fact_id, fact, recorded_at) for fact_id, fact in enumerate(facts, first)]
    session.connection().execute(insert(table_of(Fact)), rows)
    return range(first, first + len(facts))


def write_about(
    session: Session,
    kind: StrEnum,
    subject: str,
    *,
    actor: str,
    now: datetime,
    detail: Mapping[str, Any],
    order_id: int | None = None,
) -> int:
    """Append one fact about something that is not made, such as a customer or a quote, and return its id.

    Programs read facts in the feed, so the detail holds no personal data, no limit and no terms.
    """
    fact_id = take(session, "fact", 1)
    row = {"id": fact_id, "kind": kind.value, "subject": subject, "actor": actor, "detail": dict(detail)}
    about = {"observed_at": now, "recorded_at": now, "order_id": order_id}
    session.connection().execute(insert(table_of(Fact)), [row | about])
    return fact_id


def _row(fact_id: int, fact: NewFact, recorded_at: datetime) -> dict[str, object]:
    return {
        "id": fact_id,
        "kind": fact.kind.value,
        "subject": fact.subject,
        "order_id": fact.order_id,
        "work_order_id": fact.work_order_id,
        "unit_id": fact.unit_id,
        "step": fact.step,
        "station_id": fact.station_id,
        "quantity": fact.quantity,
        "actor": fact.actor,
        "event_id": fact.event_id,
        "reverses_id": fact.reverses_id,
        "observed_at": fact.observed_at,
        "recorded_at": recorded_at,
        "detail": dict(fact.told),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeFact:
    """A change that no scan can bring about, such as an issued invoice.

    Programs read facts in the feed, so the detail holds no amount, no limit and no terms.
    """

    kind: StrEnum
    subject: str
    actor: str
    at: datetime
    order_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def write_office(session: Session, facts: Sequence[OfficeFact]) -> range:
    """Append the facts and return their ids in the same order."""
    if not facts:
        return range(0)
    first = take(session, "fact", len(facts))
    rows = [
        {
            "id": fact_id,
            "kind": fact.kind.value,
            "subject": fact.subject,
            "order_id": fact.order_id,
            "actor": fact.actor,
            "observed_at": fact.at,
            "recorded_at": fact.at,
            "detail": dict(fact.detail),
        }
        for fact_id, fact in enumerate(facts, first)
    ]
    session.connection().execute(insert(table_of(Fact)), rows)
    return range(first, first + len(facts))
