"""The board: what every place on the floor has before it, late and blocked first."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from server.catalog.models import Product, WorkCenter
from server.crm.board_orders import OPEN_WORK, Done, Waiting, first_waiting
from server.crm.done_today import DoneToday
from server.crm.here import Here
from server.crm.open_orders import Standings
from server.crm.risk import Risk, due_at
from server.erp.floor.models import Station
from server.erp.orders.models import SalesOrder
from server.erp.production.models import GOING_ON, Operation, Unit, WorkOrder
from server.erp.production.queue import LAST
from server.parties.models import Customer
from server.tracking.states import UnitState, WorkOrderState

#: A wall is read from afar, so a column shows its most pressing cards and says how many more there are.
CARDS_PER_COLUMN = 6
#: How many halves of a card a column has room for: a card that says why its work stands takes three, any other two.
_HALVES = 13
#: Work orders of which a unit may be in work.
_BEGUN = (WorkOrderState.IN_PROGRESS, WorkOrderState.ON_HOLD)


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
    standing = Standings(here.today, "").counts(session, only=("late", "blocked"))
    centers = _places(session)
    first: dict[int, list[Waiting]] = {}
    for found in first_waiting(session, here=here, limit=CARDS_PER_COLUMN):
        first.setdefault(found.center_id, []).append(found)
    cards = _Cards(session, [one for some in first.values() for one in some], zone=here.zone)
    for_stock = _stock_cards(session)
    return Board(
        columns=[_column(center, first.get(center[0], ()), cards=cards, for_stock=for_stock) for center in centers],
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
            WorkOrder.state.in_([state.value for state in OPEN_WORK]),
            GOING_ON,
        )
        .order_by(WorkOrder.number)
    )  # fmt: skip
    cards: dict[int, list[Card]] = {}
    for center_id, number, product, started, good, total in session.execute(statement):
        risk = Risk.NO_PROMISE if started else Risk.WAITING
        card = Card(number, product, good, total, started > 0, risk, None, None, LAST, for_stock=True)
        cards.setdefault(center_id, []).append(card)
    return cards


class _Cards:
    """What cards say, read for the orders that are shown."""

    def __init__(self, session: Session, shown: Collection[Waiting], *, zone: ZoneInfo) -> None:
        self._zone = zone
        order_ids = {one.order_id for one in shown}
        self._named = _named(session, order_ids) if order_ids else {}
        self._sums = _operation_sums(session, order_ids) if order_ids else {}
        # Where no operation counts them, the units do.
        apart = {one.order_id for one in shown if (one.center_id, one.order_id) not in self._sums}
        self._pieces = _pieces(session, apart) if apart else {}

    def of(self, one: Waiting) -> Card:
        """The card of an order at a place: its operations there, or else what is packed of it."""
        named = self._named[one.order_id]
        done, total, started = self._sums.get((one.center_id, one.order_id)) or self._by_units(one)
        return Card(
            order=named.number,
            customer=named.customer,
            done=done,
            total=total,
            started=started,
            risk=Risk(one.risk),
            due_at=due_at(one.promise_date, self._zone),
            hold_reason=named.hold_reason if one.on_hold else None,
            priority=one.priority,
        )

    def _by_units(self, one: Waiting) -> tuple[int, int, bool]:
        """As the sums of operations: what is packed of it where it is packed, what has left where it is shipped."""
        pieces = self._pieces.get(one.order_id, _NOTHING)
        through = pieces.gone + (pieces.packed if one.done == Done.PACKING else 0)
        return through, pieces.total, through > 0


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
        .where(WorkOrder.order_id.in_(order_ids), GOING_ON)
        .group_by(Operation.work_center_id, WorkOrder.order_id)
    )
    return {
        (row.work_center_id, row.order_id): (int(row.done), int(row.total), bool(row.started))
        for row in session.execute(statement)
    }


class _Pieces(NamedTuple):
    """How many units an order has, scrap not counted, and of these packed ones and those that have left."""

    total: int
    packed: int
    gone: int


_NOTHING = _Pieces(0, 0, 0)


def _pieces(session: Session, order_ids: Collection[int]) -> dict[int, _Pieces]:
    """The units of these orders; read from the index of units by work order alone."""
    statement = (
        select(WorkOrder.order_id, Unit.state, func.count())
        .join(Unit, Unit.work_order_id == WorkOrder.id)
        .where(WorkOrder.order_id.in_(order_ids), Unit.state != UnitState.SCRAPPED.value)
        .group_by(WorkOrder.order_id, Unit.state)
    )
    counts: dict[int, Counter[str]] = {}
    for order_id, state, count in session.execute(statement):
        counts.setdefault(order_id or 0, Counter())[state] = count
    return {
        order_id: _Pieces(each.total(), each[UnitState.PACKED], each[UnitState.SHIPPED] + each[UnitState.DELIVERED])
        for order_id, each in counts.items()
    }


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
    first: Sequence[Waiting],
    *,
    cards: _Cards,
    for_stock: Mapping[int, Sequence[Card]],
) -> Column:
    center_id, key, name = center
    behind = for_stock.get(center_id, ())
    shown = _that_fit([*(cards.of(one) for one in first), *behind[: CARDS_PER_COLUMN - len(first)]])
    in_all = first[0].in_all if first else 0
    return Column(key, name, shown, in_all + len(behind) - len(shown))


def _that_fit(cards: Sequence[Card]) -> Sequence[Card]:
    """The first cards that are seen whole in a column."""
    heights = accumulate(3 if card.hold_reason else 2 for card in cards)
    return [card for card, height in zip(cards, heights, strict=True) if height <= _HALVES]


def _in_work(session: Session) -> int:
    # By the work orders that have begun: what was made in all the years before is not looked at. Which units are in
    # process the index tells; those that wait for their next step have been seen before.
    begun = select(WorkOrder.id).where(WorkOrder.state.in_([state.value for state in _BEGUN]))
    units = select(func.count()).where(Unit.work_order_id.in_(begun))
    in_process = units.where(Unit.state == UnitState.IN_PROCESS.value).scalar_subquery()
    between = units.where(Unit.state == UnitState.QUEUED.value, Unit.last_seen_at.is_not(None)).scalar_subquery()
    return session.scalar(select(in_process + between)) or 0
