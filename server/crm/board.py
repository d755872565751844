"""The board: what every place on the floor has before it, late and blocked first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Row, String, cast, func, or_, select
from sqlalchemy.orm import Session

from server.catalog.models import Product, WorkCenter
from server.crm.done_today import DoneToday
from server.crm.here import Here
from server.crm.open_orders import InWork, Standings, in_work
from server.crm.risk import Risk, due_at
from server.db.prepared import Prepared
from server.erp.floor.models import ReadPoint, Station
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.production.queue import LAST
from server.parties.models import Customer
from server.tracking.states import Context, Fulfilment, OperationState, OrderLifecycle, UnitState, WorkOrderState

#: A wall is read from afar, so a column shows its most pressing cards and says how many more there are.
CARDS_PER_COLUMN = 6
_GOING_ON = (OperationState.READY, OperationState.RUNNING, OperationState.PAUSED)
#: Work orders of which a unit may be in work.
_BEGUN = (WorkOrderState.IN_PROGRESS, WorkOrderState.ON_HOLD)
_OPEN_WORK = (WorkOrderState.RELEASED, *_BEGUN)
#: Units before packing, packed, and gone.
_GROUPS = (
    (UnitState.FINISHED, UnitState.IN_STOCK),
    (UnitState.PACKED,),
    (UnitState.SHIPPED, UnitState.DELIVERED),
)


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


def board(session: Session, counter: DoneToday, *, here: Here) -> Board:
    """The whole board in a dozen queries, however many orders there are."""
    orders = {found.id: found for found in in_work(session, here=here)}
    standing = Standings(here.today, "").counts(session)
    centers = _places(session)
    waiting = _at_operations(session)
    packing = _at_packing(session)
    for center_id, counts in packing.items():
        waiting.setdefault(center_id, set()).update(counts)
    first = {center_id: _most_pressing(waiting.get(center_id, set()), orders) for center_id, _key, _name in centers}
    cards = _Cards(session, {one for some in first.values() for one in some}, orders, packing, zone=here.zone)
    for_stock = _stock_cards(session)
    return Board(
        columns=[
            _column(center, waiting.get(center[0], ()), first[center[0]], cards=cards, for_stock=for_stock)
            for center in centers
        ],
        done_today=counter.count(session, here=here),
        in_work=_in_work(session),
        late=standing["late"],
        blocked=standing["blocked"],
    )


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
            Operation.state.in_([state.value for state in _GOING_ON]),
        )
        .order_by(WorkOrder.number)
    )  # fmt: skip
    cards: dict[int, list[Card]] = {}
    for center_id, number, product, started, good, total in session.execute(statement):
        risk = Risk.NO_PROMISE if started else Risk.WAITING
        card = Card(number, product, good, total, started > 0, risk, None, None, LAST, for_stock=True)
        cards.setdefault(center_id, []).append(card)
    return cards


def _most_pressing(order_ids: Collection[int], orders: Mapping[int, InWork]) -> list[int]:
    """The orders that a column shows, and the first of them first."""
    return list(islice((one for one in orders if one in order_ids), CARDS_PER_COLUMN))


def _at_operations(session: Session) -> dict[int, set[int]]:
    """Work center -> the orders with an operation that can go on there."""
    return {row.work_center_id: set(map(int, row.orders.split(","))) for row in _WAITING_ROWS.all(session)}


class _Waiting(NamedTuple):
    work_center_id: int
    #: Their ids with commas between, which is far quicker than a row for each.
    orders: str


_WAITING_ROWS = Prepared(
    _Waiting,
    select(Operation.work_center_id, func.aggregate_strings(cast(WorkOrder.order_id, String), ","))
    .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
    .join(SalesOrder, SalesOrder.id == WorkOrder.order_id)
    .where(
        SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value,
        or_(*(Operation.state == state.value for state in _GOING_ON)),
    )
    .group_by(Operation.work_center_id),
)


def _at_packing(session: Session) -> dict[int, dict[int, int]]:
    """Packing and shipping are no operations; their places hold the orders with finished or packed units.

    With each order, how many of its units have gone through.
    """
    contexts = select(ReadPoint.context, Station.work_center_id).join(Station, Station.id == ReadPoint.station_id)
    where = contexts.where(ReadPoint.active, Station.active).distinct()
    places: dict[str, int] = dict(session.execute(where).all())
    found: dict[int, dict[int, int]] = {}
    for order_id, counts in _unit_counts(session).items():
        finished, packed, gone = (sum(counts.get(state, 0) for state in group) for group in _GROUPS)
        if finished and Context.PACK in places:
            found.setdefault(places[Context.PACK], {})[order_id] = packed + gone
        if packed and Context.SHIP in places:
            found.setdefault(places[Context.SHIP], {})[order_id] = gone
    return found


def _unit_counts(session: Session) -> dict[int, dict[str, int]]:
    """Order in work -> state -> how many of its made units. Read from the index of units by work order alone."""
    begun = select(SalesOrder.id).where(
        SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value,
        SalesOrder.fulfilment != Fulfilment.NOT_STARTED.value,
    )
    statement = (
        select(WorkOrder.order_id, Unit.state, func.count())
        .join(Unit, Unit.work_order_id == WorkOrder.id)
        .where(WorkOrder.order_id.in_(begun), Unit.state.in_([state.value for group in _GROUPS for state in group]))
        .group_by(WorkOrder.order_id, Unit.state)
    )
    found: dict[int, dict[str, int]] = {}
    for order_id, state, count in session.execute(statement):
        found.setdefault(order_id or 0, {})[state] = count
    return found


class _Cards:
    """What cards say, read for the orders that are shown."""

    def __init__(
        self,
        session: Session,
        order_ids: Collection[int],
        orders: Mapping[int, InWork],
        packing: Mapping[int, Mapping[int, int]],
        *,
        zone: ZoneInfo,
    ) -> None:
        self._orders, self._packing, self._zone = orders, packing, zone
        self._sums = _operation_sums(session, order_ids)
        self._totals = _unit_totals(session, {one for counts in packing.values() for one in counts} & set(order_ids))
        self._named = _named(session, order_ids)

    def at(self, center_id: int, order_id: int) -> Card:
        """The card of an order at a place: its operations there, or else what is packed of it."""
        order, named = self._orders[order_id], self._named[order_id]
        sums = self._sums.get((center_id, order_id))
        packed = self._packing.get(center_id, {}).get(order_id, 0)
        done, total, started = sums or (packed, self._totals.get(order_id, 0), packed > 0)
        return Card(
            order=named.number,
            customer=named.customer,
            done=done,
            total=total,
            started=started,
            risk=Risk(order.risk),
            due_at=due_at(order.promise_date, self._zone),
            hold_reason=named.hold_reason if order.on_hold else None,
            priority=order.priority,
        )


def _operation_sums(session: Session, order_ids: Collection[int]) -> dict[tuple[int, int], tuple[int, int, bool]]:
    """Work center and order -> pieces done, pieces in all, and whether it has begun."""
    statement = (
        select(
            Operation.work_center_id,
            WorkOrder.order_id,
            func.sum(Operation.good).label("done"),
            func.sum(Operation.quantity - Operation.scrap).label("total"),
            func.sum(Operation.started).label("started"),
        )
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .where(WorkOrder.order_id.in_(order_ids), Operation.state.in_([state.value for state in _GOING_ON]))
        .group_by(Operation.work_center_id, WorkOrder.order_id)
    )
    return {
        (row.work_center_id, row.order_id): (int(row.done), int(row.total), bool(row.started))
        for row in session.execute(statement)
    }


def _unit_totals(session: Session, order_ids: Collection[int]) -> dict[int, int]:
    """How many units each of these orders has, scrap not counted."""
    statement = (
        select(WorkOrder.order_id, func.count())
        .join(Unit, Unit.work_order_id == WorkOrder.id)
        .where(WorkOrder.order_id.in_(order_ids), Unit.state != UnitState.SCRAPPED.value)
        .group_by(WorkOrder.order_id)
    )
    return {order_id or 0: count for order_id, count in session.execute(statement)}


def _named(session: Session, order_ids: Collection[int]) -> dict[int, Row[*tuple[Any, ...]]]:
    statement = (
        select(SalesOrder.id, SalesOrder.number, SalesOrder.hold_reason, Customer.name.label("customer"))
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(SalesOrder.id.in_(order_ids))
    )
    return {row.id: row for row in session.execute(statement)}


def _places(session: Session) -> Sequence[tuple[int, str, str]]:
    """Work centers that have a station in use, in their order."""
    statement = (
        select(WorkCenter.id, WorkCenter.key, WorkCenter.name)
        .where(WorkCenter.id.in_(select(Station.work_center_id).where(Station.active)))
        .order_by(WorkCenter.position, WorkCenter.id)
    )
    return [(center_id, key, name) for center_id, key, name in session.execute(statement)]


def _column(
    center: tuple[int, str, str],
    waiting: Collection[int],
    first: Sequence[int],
    *,
    cards: _Cards,
    for_stock: Mapping[int, Sequence[Card]],
) -> Column:
    center_id, key, name = center
    behind = for_stock.get(center_id, ())
    shown = [*(cards.at(center_id, one) for one in first), *behind[: CARDS_PER_COLUMN - len(first)]]
    return Column(key, name, shown, max(0, len(waiting) + len(behind) - len(shown)))


def _in_work(session: Session) -> int:
    # By the work orders that have begun: what was made in all the years before is not looked at. Which units are in
    # process the index tells; those that wait for their next step have been seen before.
    begun = select(WorkOrder.id).where(WorkOrder.state.in_([state.value for state in _BEGUN]))
    units = select(func.count()).where(Unit.work_order_id.in_(begun))
    in_process = units.where(Unit.state == UnitState.IN_PROCESS.value)
    between = units.where(Unit.state == UnitState.QUEUED.value, Unit.last_seen_at.is_not(None))
    return session.execute(in_process).scalar_one() + session.execute(between).scalar_one()
