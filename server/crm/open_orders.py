"""The open orders: how many stand how, and which come first, told by an index alone; few of them judged here.

The words of `server.crm.risk` as conditions of the database: whether a promise is missed is a comparison of days, for
estimates are kept with the days that they are at the site.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.here import Here
from server.crm.risk import GONE, OPEN, Risk, Standing, due_at, judge
from server.db.prepared import Prepared
from server.erp.orders.models import SalesOrder
from server.tracking.states import OrderLifecycle

#: The soonest promise first, and what is promised nothing last.
FIRST = (SalesOrder.promise_date.is_(None), SalesOrder.promise_date, SalesOrder.priority, SalesOrder.id)
IS_OPEN = SalesOrder.lifecycle.in_([state.value for state in OPEN])


class Standings:
    """Which open orders stand in each view of the list, on a day, for one reader; as `server.crm.risk.judge` says."""

    def __init__(self, today: date, actor: str) -> None:
        stuck = or_(SalesOrder.on_hold, SalesOrder.lifecycle == OrderLifecycle.CREDIT_HOLD.value)
        here = SalesOrder.fulfilment.not_in([state.value for state in GONE])
        promised = SalesOrder.promise_date
        late = or_(promised < today, func.coalesce(SalesOrder.predicted_day, promised) > promised)
        going = and_(here, ~stuck)
        self.views: Mapping[str, ColumnElement[bool]] = {
            "open": true(),
            "late": and_(going, late),
            "at_risk": and_(going, ~late, SalesOrder.predicted_late_day > promised),
            "blocked": and_(here, stuck),
            "mine": SalesOrder.created_by == actor,
            "draft": SalesOrder.lifecycle == OrderLifecycle.DRAFT.value,
        }

    @classmethod
    def of(cls, principal: Principal, here: Here) -> "Standings":
        """Those of this reader, now."""
        return cls(here.today, principal.actor)

    def counts(self, session: Session, *conditions: ColumnElement[bool]) -> dict[str, int]:
        """View -> how many open orders that fulfil the conditions; one query."""
        columns = [func.count().filter(wanted).label(view) for view, wanted in self.views.items()]
        found = session.execute(select(*columns).where(IS_OPEN, *conditions)).one()
        return dict(found._mapping)

    def page(
        self, session: Session, view: str, *conditions: ColumnElement[bool], after: int | None, limit: int
    ) -> Sequence[int]:
        """The ids of the first so many orders of a view behind the order `after`."""
        wanted = [IS_OPEN, self.views[view], *conditions]
        if after is not None:
            last = session.execute(
                select(SalesOrder.promise_date, SalesOrder.priority).where(SalesOrder.id == after, *conditions)
            ).first()
            wanted += [] if last is None else [_behind(*last, after)]
        return session.scalars(select(SalesOrder.id).where(*wanted).order_by(*FIRST).limit(limit)).all()


def _behind(promised: date | None, priority: int, order_id: int) -> ColumnElement[bool]:
    """What comes after such an order in the row of `FIRST`."""
    same_day = SalesOrder.promise_date.is_(None) if promised is None else SalesOrder.promise_date == promised
    next_one = and_(SalesOrder.priority == priority, SalesOrder.id > order_id)
    behind = and_(same_day, or_(SalesOrder.priority > priority, next_one))
    if promised is None:
        return behind
    return or_(behind, SalesOrder.promise_date > promised, SalesOrder.promise_date.is_(None))


class OpenOrder(NamedTuple):
    """What an order in work is judged and ranked by."""

    id: int
    priority: int
    lifecycle: str
    fulfilment: str
    on_hold: bool
    promise_date: date | None
    predicted_at: datetime | None
    predicted_late_at: datetime | None


class Judged(NamedTuple):
    """An open order, when its promise ends, and how it stands."""

    order: OpenOrder
    due_at: datetime | None
    risk: Risk


def in_work(session: Session, *, here: Here) -> list[Judged]:
    """The released orders that are not done, each with its risk: a factory has as many as it can work at."""
    dues: dict[date | None, datetime | None] = {}
    found = []
    for row in _IN_WORK.all(session):
        if row.promise_date not in dues:
            due = due_at(row.promise_date, here.zone)
            # Times of one zone compare without asking it for its offset.
            dues[row.promise_date] = due.astimezone(UTC) if due else None
        due = dues[row.promise_date]
        found.append(Judged(row, due, judge(Standing(*row[2:5], due, *row[6:]), here.now)))
    return found


def _released() -> Select[*tuple[Any, ...]]:
    columns = [getattr(SalesOrder, name) for name in OpenOrder._fields]
    return select(*columns).where(SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value)


_IN_WORK = Prepared(OpenOrder, _released())
