"""What sales has done lately for a customer: the latest steps of his orders, for those who decide on credit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.models import User
from server.erp.billing.states import MoneyFact
from server.erp.orders.models import SalesOrder
from server.journal.models import Fact
from server.tracking.facts import FactKind

#: So many orders back; older ones are no latest activity.
_ORDERS = 30
_KINDS = (
    FactKind.ORDER_CREATED.value, FactKind.ORDER_CHANGED.value, FactKind.ORDER_CONFIRMED.value,
    FactKind.ORDER_CANCELLED.value, MoneyFact.CREDIT_HELD.value, MoneyFact.CREDIT_RELEASED.value,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Activity:
    """One step, with where it can be looked at."""

    kind: str
    subject: str
    href: str
    who: str | None
    reason: str | None
    at: datetime


def sales_activity(session: Session, customer_id: int, *, limit: int = 8) -> Sequence[Activity]:
    """The latest steps, newest first; three queries."""
    latest = (
        select(SalesOrder.id, SalesOrder.number)
        .where(SalesOrder.customer_id == customer_id)
        .order_by(SalesOrder.id.desc())
        .limit(_ORDERS)
    )
    numbers = dict(session.execute(latest).all())
    statement = (
        select(Fact).where(Fact.order_id.in_(numbers), Fact.kind.in_(_KINDS)).order_by(Fact.id.desc()).limit(limit)
    )
    found = session.scalars(statement).all()
    logins = [fact.actor.removeprefix("user:") for fact in found if fact.actor.startswith("user:")]
    names = dict(session.execute(select(User.login, User.name).where(User.login.in_(logins))).all())
    # What was entered later may have happened before.
    found = sorted(found, key=lambda fact: fact.observed_at, reverse=True)
    return [
        Activity(
            fact.kind,
            numbers[fact.order_id or 0],
            f"/orders/{numbers[fact.order_id or 0]}",
            names.get(fact.actor.removeprefix("user:")),
            fact.detail.get("reason"),
            fact.observed_at,
        )
        for fact in found
    ]
