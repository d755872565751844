"""The open orders, narrow: what counts them and ranks them, read in one go and judged here.

Whether an order is late hangs on the site's zone and on the hour, which SQL does not know. A factory has as many open
orders as it can work at, however many it has done, so all of them are read; what is shown of a few is read for those.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import True_

from server.crm.here import Here
from server.crm.risk import OPEN, Risk, Standing, due_at, judge
from server.db.prepared import Prepared
from server.erp.orders.models import SalesOrder


class OpenOrder(NamedTuple):
    """What an open order is judged and ranked by."""

    id: int
    created_by: str
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


def _statement(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The soonest promise first."""
    columns = [getattr(SalesOrder, name) for name in OpenOrder._fields]
    return (
        select(*columns)
        .where(or_(*(SalesOrder.lifecycle == state.value for state in OPEN)), *conditions)
        .order_by(SalesOrder.promise_date.is_(None), SalesOrder.promise_date, SalesOrder.priority, SalesOrder.id)
    )


def judged(session: Session, *conditions: ColumnElement[bool], here: Here) -> list[Judged]:
    """The open orders that fulfil the conditions, the soonest promise first, each with its risk."""
    dues: dict[date | None, datetime | None] = {}
    found = []
    for row in _rows(session, conditions):
        if row.promise_date not in dues:
            due = due_at(row.promise_date, here.zone)
            # Times of one zone compare without asking it for its offset.
            dues[row.promise_date] = due.astimezone(UTC) if due else None
        due = dues[row.promise_date]
        found.append(Judged(row, due, judge(Standing(*row[3:6], due, *row[7:]), here.now)))
    return found


def _rows(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[OpenOrder]:
    if all(isinstance(condition, True_) for condition in conditions):
        return _ALL.all(session)
    return [OpenOrder._make(row) for row in session.execute(_statement(*conditions))]


_ALL = Prepared(OpenOrder, _statement())
