"""What may become orders, weighted by how likely it is, and apart from it what is ordered for real."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.quotes import repository
from server.crm.quotes.rules import OPEN
from server.erp.orders.models import SalesOrder
from server.tracking.states import OrderLifecycle

_CENT = Decimal("0.01")
_REAL = (OrderLifecycle.CONFIRMED.value, OrderLifecycle.PROCESSING.value)


@dataclass(frozen=True, slots=True)
class Sum:
    """Quotes of one state and currency: how many, how much, and how much of it is to be expected."""

    state: str
    currency: str
    count: int
    total: Decimal
    weighted: Decimal


@dataclass(frozen=True, slots=True)
class Demand:
    """Confirmed orders that are not done, in one currency."""

    currency: str
    count: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Hope and demand, kept apart; every figure as of one moment."""

    sums: Sequence[Sum]
    demand: Sequence[Demand]
    as_of: datetime

    @property
    def open_sums(self) -> Sequence[Sum]:
        """What may still become an order."""
        return [each for each in self.sums if each.state in OPEN]

    def weighted(self) -> dict[str, Decimal]:
        """What is to be expected of open quotes, by currency."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for each in self.open_sums:
            found[each.currency] += each.weighted
        return dict(sorted(found.items()))


def pipeline(
    session: Session, visible: ColumnElement[bool], *, here: Here, states: Collection[str] | None = None
) -> Pipeline:
    """The figures of the visible quotes in these states, or in all; two queries whatever their number."""
    wanted = repository.QuoteFilter(today=here.today, states=states)
    return Pipeline(_sums(repository.sums(session, wanted, visible=visible)), _demand(session), here.now)


def _sums(rows: Iterable[Any]) -> list[Sum]:
    found: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in rows:
        entry = found[(row.state, row.currency)]
        entry[0] += row.count
        entry[1] += row.total
        entry[2] += row.total * row.probability / 100
    return [
        Sum(state, currency, int(count), _rounded(total), _rounded(weighted))
        for (state, currency), (count, total, weighted) in sorted(found.items())
    ]


def _demand(session: Session) -> list[Demand]:
    statement = (
        select(SalesOrder.currency, func.count(), func.sum(SalesOrder.total_net))
        .where(SalesOrder.lifecycle.in_(_REAL))
        .group_by(SalesOrder.currency)
        .order_by(SalesOrder.currency)
    )
    return [Demand(currency, count, _rounded(total)) for currency, count, total in session.execute(statement)]


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)
