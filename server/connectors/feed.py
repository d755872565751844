"""`GET /api/v1/feed?after=`: the facts in the order they became true, for other programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.billing.states import MoneyFact
from server.http.fields import Shown, ShownDecimal
from server.journal.models import Fact

router = APIRouter(prefix="/api/v1", tags=["feed"])

FeedRead = Annotated[Principal, Depends(require(Permission.FEED_READ))]
MOST = 1000


class FactOut(Shown):
    """One fact; docs/reference/facts.md says what each kind means."""

    id: int
    kind: str
    subject: str
    order_id: int | None
    work_order_id: int | None
    unit_id: int | None
    step: int | None
    station_id: int | None
    quantity: ShownDecimal | None
    actor: str
    event_id: int | None
    reverses_id: int | None
    observed_at: datetime
    recorded_at: datetime
    detail: dict[str, Any]

    @classmethod
    def of(cls, fact: Fact, *, sees_credit: bool) -> "FactOut":
        """The row as it is given out; why credit was released is for those who see credit."""
        fields = {name: getattr(fact, name) for name in cls.model_fields}
        if fact.kind == MoneyFact.CREDIT_RELEASED and not sees_credit:
            fields["detail"] = {}
        return cls(**fields)


class Feed(Shown):
    """Some facts, and where to go on: `after=<next>`; the same `next` again when there is nothing new."""

    items: list[FactOut]
    next: int
    more: bool


@router.get("/feed")
def feed(
    database: DatabaseDep,
    principal: FeedRead,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="The `next` of the answer before; 0 at first.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Feed:
    """Facts after a position. Their ids rise in commit order, so nothing is ever passed over."""
    with database.read() as session:
        facts = facts_after(session, after, limit=limit + 1)
    sees_credit = principal.may(Permission.CREDIT_READ)
    shown = [FactOut.of(fact, sees_credit=sees_credit) for fact in facts[:limit]]
    return Feed(items=shown, next=shown[-1].id if shown else after, more=len(facts) > limit)


def facts_after(session: Session, after: int, *, limit: int) -> Sequence[Fact]:
    """The facts that follow the one with this id."""
    return session.scalars(select(Fact).where(Fact.id > after).order_by(Fact.id).limit(limit)).all()
