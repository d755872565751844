"""The open orders: how many stand how, and which come first, told by an index alone.

The words of `server.crm.risk` as conditions of the database: whether a promise is missed is a comparison of days, for
estimates are kept with the days that they are at the site.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.here import Here
from server.crm.risk import GONE, OPEN, Risk
from server.erp.orders.models import SalesOrder
from server.tracking.states import OrderLifecycle

#: The soonest promise first, and what is promised nothing last.
FIRST = (SalesOrder.promise_date.is_(None), SalesOrder.promise_date, SalesOrder.priority, SalesOrder.id)
IS_OPEN = SalesOrder.lifecycle.in_([state.value for state in OPEN])


class Standings:
    """Which open orders stand in each view of the list, on a day, for one reader; as `server.crm.risk.judge` says."""

    def __init__(self, today: date, actor: str) -> None:
        stuck = or_(SalesOrder.on_hold, SalesOrder.lifecycle == OrderLifecycle.CREDIT_HOLD.value)
        here = SalesOrder.fulfilment.not_in(GONE)
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

    def counts(self, session: Session, *conditions: ColumnElement[bool], only: Collection[str] = ()) -> dict[str, int]:
        """View -> how many open orders that fulfil the conditions; one query. `only` names the views wanted."""
        columns = [func.count().filter(self.views[view]).label(view) for view in only or self.views]
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


class Pressing:
    """How orders in work stand and which press most, on a day: columns for queries over released orders."""

    def __init__(self, today: date) -> None:
        views = Standings(today, "").views
        #: server.crm.risk.Risk, as `server.crm.risk.judge` says.
        self.risk = case(
            *((SalesOrder.fulfilment == state, word.value) for state, word in GONE.items()),
            (views["blocked"], Risk.BLOCKED.value),
            (SalesOrder.promise_date.is_(None), Risk.NO_PROMISE.value),
            (views["late"], Risk.LATE.value),
            (views["at_risk"], Risk.AT_RISK.value),
            else_=Risk.ON_TIME.value,
        )
        #: What is blocked or late comes first.
        self.is_calm = and_(~views["blocked"], ~func.coalesce(views["late"], false()))
