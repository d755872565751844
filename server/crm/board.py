"""The board: what every place on the floor has before it, late and blocked first."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session, aliased

from server.catalog.models import Product, WorkCenter
from server.crm.here import Here
from server.crm.orders_list import standing_of
from server.crm.risk import OPEN, Risk, due_at, judge
from server.erp.floor.models import ReadPoint, Station
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.production.queue import LAST
from server.journal.models import Fact
from server.parties.models import Customer
from server.tracking.facts import FactKind
from server.tracking.states import Context, OperationState, OrderLifecycle, UnitState, WorkOrderState

#: A wall is read from afar, so a column shows its most pressing cards and says how many more there are.
CARDS_PER_COLUMN = 6
_WAITING = (OperationState.READY, OperationState.RUNNING, OperationState.PAUSED)
_OPEN_WORK = (WorkOrderState.RELEASED, WorkOrderState.IN_PROGRESS, WorkOrderState.ON_HOLD)
_LOUD_FIRST = {risk: place for place, risk in enumerate(Risk)}


@dataclass(frozen=True, slots=True)
class Card:
    """An order at a place."""

    order: str
    customer: str
    done: int
    total: int
    started: bool
    risk: Risk
    due_at: datetime | None
    hold_reason: str | None
    priority: int
    #: What is made for stock stands under its work order, with its product for a customer.
    for_stock: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A work center with the orders before it."""

    key: str
    name: str
    cards: Sequence[Card]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Board:
    """The floor now."""

    columns: Sequence[Column]
    done_today: int
    in_work: int
    late: int
    blocked: int


def board(session: Session, counter: "DoneToday", *, here: Here) -> Board:
    """The whole board in eight queries, however many orders there are."""
    orders = _open_orders(session)
    risks = {row.id: judge(standing_of(row, here.zone), here.now) for row in orders}
    cards = _operation_cards(session, orders, risks, here)
    _add_packing(cards, _at_packing(session), (orders, risks, here))
    return Board(
        columns=[_column(key, name, cards.get(center_id, [])) for center_id, key, name in _places(session)],
        done_today=counter.count(session, here=here),
        in_work=_in_work(session),
        late=sum(risk == Risk.LATE for risk in risks.values()),
        blocked=sum(risk == Risk.BLOCKED for risk in risks.values()),
    )


def _open_orders(session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
    statement = (
        select(
            SalesOrder.id,
            SalesOrder.number,
            Customer.name.label("customer"),
            SalesOrder.priority,
            SalesOrder.lifecycle,
            SalesOrder.fulfilment,
            SalesOrder.on_hold,
            SalesOrder.hold_reason,
            SalesOrder.promise_date,
            SalesOrder.predicted_at,
            SalesOrder.predicted_late_at,
        )
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(SalesOrder.lifecycle.in_([state.value for state in OPEN]))
    )
    return session.execute(statement).all()


def _operation_cards(
    session: Session, orders: Sequence[Row[*tuple[Any, ...]]], risks: Mapping[int, Risk], here: Here
) -> dict[int, list[Card]]:
    by_id = {row.id: row for row in orders}
    statement = (
        select(
            Operation.work_center_id,
            WorkOrder.order_id,
            func.sum(Operation.good).label("done"),
            func.sum(Operation.quantity - Operation.scrap).label("total"),
            func.sum(Operation.started).label("started"),
        )
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .join(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .where(
            SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value,
            Operation.state.in_(
                [s.value for s in (OperationState.READY, OperationState.RUNNING, OperationState.PAUSED)]
            ),
        )
        .group_by(Operation.work_center_id, WorkOrder.order_id)
    )
    cards: dict[int, list[Card]] = _stock_cards(session)
    for row in session.execute(statement):
        if row.order_id in by_id:
            card = _card(by_id[row.order_id], risks[row.order_id], here)
            card = replace(card, done=int(row.done), total=int(row.total), started=bool(row.started))
            cards.setdefault(row.work_center_id, []).append(card)
    return cards


def _stock_cards(session: Session) -> dict[int, list[Card]]:
    """Work for stock by work center: cards of no customer, behind what somebody has ordered."""
    statement = (
        select(Operation.work_center_id, WorkOrder.number, Product.name, Operation.started, Operation.good,
               Operation.quantity - Operation.scrap)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .join(Product, Product.id == WorkOrder.product_id)
        .where(
            WorkOrder.order_id.is_(None),
            WorkOrder.state.in_([state.value for state in _OPEN_WORK]),
            Operation.state.in_(
                [s.value for s in (OperationState.READY, OperationState.RUNNING, OperationState.PAUSED)]
            ),
        )
    )  # fmt: skip
    cards: dict[int, list[Card]] = {}
    for center_id, number, product, started, good, total in session.execute(statement):
        risk = Risk.NO_PROMISE if started else Risk.WAITING
        card = Card(number, product, good, total, started > 0, risk, None, None, LAST, for_stock=True)
        cards.setdefault(center_id, []).append(card)
    return cards


def _card(order: Row[*tuple[Any, ...]], risk: Risk, here: Here) -> Card:
    return Card(
        order=order.number,
        customer=order.customer,
        done=0,
        total=0,
        started=False,
        risk=risk,
        due_at=due_at(order.promise_date, here.zone),
        hold_reason=order.hold_reason if order.on_hold else None,
        priority=order.priority,
    )


def _at_packing(session: Session) -> dict[int, dict[int, tuple[int, int]]]:
    """Packing and shipping are no operations; their places hold the orders with finished or packed units."""
    contexts = select(ReadPoint.context, Station.work_center_id).join(Station, Station.id == ReadPoint.station_id)
    where = contexts.where(ReadPoint.active, Station.active).distinct()
    places: dict[str, int] = dict(session.execute(where).all())
    finished, packed, shipped = _unit_sums()
    statement = (
        select(Unit.order_id, finished, packed, shipped, func.count())
        .where(
            Unit.order_id.in_(select(SalesOrder.id).where(SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value)),
            Unit.work_order_id.is_not(None),
            Unit.state != UnitState.SCRAPPED.value,
        )
        .group_by(Unit.order_id)
    )
    found: dict[int, dict[int, tuple[int, int]]] = {}
    for order_id, is_finished, is_packed, is_shipped, total in session.execute(statement):
        if is_finished and Context.PACK in places:
            found.setdefault(places[Context.PACK], {})[order_id] = (is_packed + is_shipped, total)
        if is_packed and Context.SHIP in places:
            found.setdefault(places[Context.SHIP], {})[order_id] = (is_shipped, total)
    return found


def _unit_sums() -> tuple[Any, Any, Any]:
    groups = (
        (UnitState.FINISHED, UnitState.IN_STOCK),
        (UnitState.PACKED,),
        (UnitState.SHIPPED, UnitState.DELIVERED),
    )
    first, second, third = (
        func.sum(case((Unit.state.in_([state.value for state in group]), 1), else_=0)) for group in groups
    )
    return first, second, third


def _add_packing(
    cards: dict[int, list[Card]],
    packing: Mapping[int, Mapping[int, tuple[int, int]]],
    known: tuple[Sequence[Row[*tuple[Any, ...]]], Mapping[int, Risk], Here],
) -> None:
    orders, risks, here = known
    by_id = {row.id: row for row in orders}
    for center_id, counts in packing.items():
        present = {card.order for card in cards.get(center_id, [])}
        for order_id, (done, total) in counts.items():
            if order_id in by_id and by_id[order_id].number not in present:
                card = replace(_card(by_id[order_id], risks[order_id], here), done=done, total=total, started=done > 0)
                cards.setdefault(center_id, []).append(card)


def _places(session: Session) -> Sequence[tuple[int, str, str]]:
    """Work centers that have a station in use, in their order."""
    statement = (
        select(WorkCenter.id, WorkCenter.key, WorkCenter.name)
        .where(WorkCenter.id.in_(select(Station.work_center_id).where(Station.active)))
        .order_by(WorkCenter.position, WorkCenter.id)
    )
    return [(center_id, key, name) for center_id, key, name in session.execute(statement)]


def _column(key: str, name: str, cards: Sequence[Card]) -> Column:
    ranked = sorted(cards, key=lambda card: (_LOUD_FIRST[card.risk] > 1, card.priority, _due(card), card.order))
    return Column(key, name, ranked[:CARDS_PER_COLUMN], max(0, len(ranked) - CARDS_PER_COLUMN))


def _due(card: Card) -> float:
    return card.due_at.timestamp() if card.due_at else float("inf")


def _in_work(session: Session) -> int:
    # By the open work orders: what was made in all the years before is not looked at.
    opened = select(WorkOrder.id).where(WorkOrder.state.in_([state.value for state in _OPEN_WORK]))
    statement = select(func.count()).where(
        Unit.work_order_id.in_(opened),
        Unit.last_seen_at.is_not(None),
        Unit.state.in_([UnitState.QUEUED.value, UnitState.IN_PROCESS.value]),
    )
    return session.execute(statement).scalar_one()


class DoneToday:
    """Counts the steps done today by looking only at facts it has not seen; facts are numbered in commit order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day: datetime | None = None
        self._last = 0
        self._done = 0

    def count(self, session: Session, *, here: Here) -> int:
        """Operations completed since midnight at the site, less those taken back."""
        midnight = datetime.combine(here.today, time(), here.zone)
        with self._lock:
            if self._day != midnight:
                self._day, self._done = midnight, 0
            done, last = self._new(session, midnight)
            self._done, self._last = self._done + done, max(self._last, last)
            return self._done

    def _new(self, session: Session, midnight: datetime) -> tuple[int, int]:
        completed, original = FactKind.OPERATION_COMPLETED.value, aliased(Fact)
        worth = case((Fact.kind == completed, 1), (original.kind == completed, -1), else_=0)
        statement = (
            select(func.sum(worth), func.max(Fact.id))
            .outerjoin(original, (original.id == Fact.reverses_id) & (Fact.kind == FactKind.REVERSED.value))
            .where(Fact.id > self._last, Fact.recorded_at >= midnight)
        )
        done, last = session.execute(statement).one()
        return int(done or 0), int(last or 0)
