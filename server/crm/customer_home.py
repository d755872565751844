"""A customer's one place: what he ordered and how far it is, what waits for his word, and what was said.

Every query carries the filters of orders, quotes and cases, and their number does not grow with what is found.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.access import visible_orders
from server.crm.cases import repository as cases
from server.crm.cases.access import visible_cases
from server.crm.cases.models import Case
from server.crm.cases.rules import CaseState
from server.crm.conversations import Conversation, conversations
from server.crm.customer_view import row_as_told
from server.crm.here import Here
from server.crm.milestones import Milestone, StepCount, milestones
from server.crm.orders_list import OrderRow, open_ids, rows_of
from server.crm.quotes import repository as quotes
from server.crm.quotes.access import visible_quotes
from server.crm.quotes.models import Quote, QuoteLine, QuoteVersion
from server.crm.quotes.rules import QuoteState
from server.erp.changes.models import ChangeRequest
from server.erp.changes.rules import as_told
from server.erp.logistics.models import Shipment
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.tracking.states import ChangeState, OrderLifecycle, ShipmentState, UnitKind, UnitState

ORDERS_SHOWN, CLOSED_SHOWN, OTHERS_SHOWN = 8, 5, 6
_OVER = (OrderLifecycle.DONE.value, OrderLifecycle.CANCELLED.value)
_LEFT = (ShipmentState.SHIPPED.value, ShipmentState.DELIVERED.value)
_UNANSWERED = (QuoteState.SENT.value, QuoteState.NEGOTIATING.value)


@dataclass(frozen=True, slots=True)
class HomeOrder(OrderRow):
    """An order as its customer may know it, with its milestones."""

    milestones: Sequence[Milestone] = ()
    #: Customers are not told of places.
    moved_where: str | None = None

    @classmethod
    def of(cls, row: OrderRow, found: Sequence[Milestone]) -> "HomeOrder":
        """The row with its milestones."""
        return cls(**{each.name: getattr(row, each.name) for each in fields(row)}, milestones=found)


@dataclass(frozen=True, slots=True)
class HomeQuote:
    """An offer that lies before the customer."""

    number: str
    reference: str | None
    state: str
    version: int
    total: Decimal
    currency: str
    valid_until: date
    #: Quantity and name of each line, with the options that were chosen.
    lines: Sequence[tuple[Decimal, str]]


@dataclass(frozen=True, slots=True)
class HomeChange:
    """What shall be otherwise about one of his orders."""

    number: str
    order: str
    state: str
    effectivity: str
    difference: Sequence[Mapping[str, Any]]
    submitted_at: datetime | None
    acknowledged_at: datetime | None
    #: Why it cannot be done.
    decision_reason: str | None
    origin: str

    def told(self) -> "HomeChange":
        """The change without our own people's words."""
        return replace(self, difference=as_told(self.difference, self.origin))


class HomeOffer(NamedTuple):
    """The wording of a quote that the customer was sent, or that he signed."""

    number: str
    version: int
    sent_at: datetime | None


class HomeShipment(NamedTuple):
    """What left together for one of his orders."""

    number: str
    order: str
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerHome:
    """Everything on the customer's home."""

    orders: Sequence[HomeOrder]
    open_orders: int
    closed: Sequence[OrderRow]
    quotes: Sequence[HomeQuote]
    #: The newest quotes that were sent, answered or not.
    papers: Sequence[HomeOffer]
    #: What has left our house lately.
    shipments: Sequence[HomeShipment]
    changes: Sequence[HomeChange]
    conversations: Sequence[Conversation]
    cases: Sequence[Case]

    @property
    def is_empty(self) -> bool:
        """Whether he has nothing here at all."""
        return not (self.open_orders or self.closed or self.papers or self.cases)


def customer_home(session: Session, principal: Principal, *, here: Here) -> CustomerHome:
    """What this customer's person may know, in a number of queries that does not depend on how much that is."""
    opened = open_ids(session, principal)
    shown, closed = opened[:ORDERS_SHOWN], _closed(session, principal)
    rows = {row.id: row_as_told(row) for row in rows_of(session, [*shown, *closed], here=here)}
    steps = _milestones(session, shown, rows)
    sent = visible_quotes(principal)
    unanswered = quotes.QuoteFilter(today=here.today, states=_UNANSWERED)
    known = cases.CaseFilter(states=[state.value for state in CaseState if state is not CaseState.CLOSED])
    waiting = quotes.newest(session, unanswered, visible=sent, limit=OTHERS_SHOWN).items
    return CustomerHome(
        orders=[HomeOrder.of(rows[found], steps[found]) for found in shown],
        open_orders=len(opened),
        closed=[rows[found] for found in closed],
        quotes=_quotes(session, waiting),
        papers=_offers(session, sent),
        shipments=_shipments(session, principal),
        changes=_changes(session, principal),
        conversations=conversations(session, principal, limit=OTHERS_SHOWN),
        cases=cases.newest(session, known, visible=visible_cases(principal), limit=OTHERS_SHOWN).items,
    )


def _closed(session: Session, principal: Principal) -> list[int]:
    statement = select(SalesOrder.id).where(visible_orders(principal), SalesOrder.lifecycle.in_(_OVER))
    return list(session.scalars(statement.order_by(SalesOrder.id.desc()).limit(CLOSED_SHOWN)))


def _milestones(
    session: Session, ids: Sequence[int], rows: Mapping[int, OrderRow]
) -> Mapping[int, Sequence[Milestone]]:
    """The milestones of these orders, from their operations and how many units stand where; two queries."""
    states: dict[int | None, Counter[str]] = defaultdict(Counter)
    alive: Counter[int | None] = Counter()
    counted = (
        select(Unit.order_id, Unit.work_order_id, Unit.state, func.count())
        .where(Unit.order_id.in_(ids), Unit.kind != UnitKind.CONTAINER.value)
        .group_by(Unit.order_id, Unit.work_order_id, Unit.state)
    )
    for order_id, work_order_id, state, number in session.execute(counted):
        states[order_id][state] += number
        alive[work_order_id] += number if state != UnitState.SCRAPPED else 0
    steps: dict[int, list[StepCount]] = defaultdict(list)
    operations = (
        select(WorkOrder.order_id, WorkOrder.id, Operation.step, Operation.name, Operation.started, Operation.good)
        .join(Operation, Operation.work_order_id == WorkOrder.id)
        .where(WorkOrder.order_id.in_(ids))
        .order_by(WorkOrder.id, Operation.step)
    )
    for order_id, work_order_id, step, name, started, good in session.execute(operations):
        steps[order_id or 0].append(StepCount(step, name, alive[work_order_id], started, good))
    return {found: milestones(rows[found].lifecycle, steps[found], states[found]) for found in ids}


def _quotes(session: Session, found: Sequence[Quote]) -> list[HomeQuote]:
    """What each of them offers, in the version that lies before the customer; one query."""
    statement = (
        select(Quote.id, QuoteLine.quantity, Product.name, QuoteLine.chosen)
        .join(QuoteVersion, QuoteVersion.id == QuoteLine.version_id)
        .join(Quote, (Quote.id == QuoteVersion.quote_id) & (Quote.sent_version == QuoteVersion.version))
        .join(Product, Product.id == QuoteLine.product_id)
        .where(Quote.id.in_([quote.id for quote in found]))
        .order_by(Quote.id, QuoteLine.position)
    )
    lines: dict[int, list[tuple[Decimal, str]]] = defaultdict(list)
    for quote_id, quantity, name, chosen in session.execute(statement):
        options = ", ".join(map(str, chosen.values()))
        lines[quote_id].append((quantity, f"{name} ({options})" if options else name))
    return [
        HomeQuote(
            quote.number, quote.customer_reference, quote.state, quote.sent_version or 0, quote.total, quote.currency,
            quote.valid_until, lines[quote.id],
        )
        for quote in found
    ]  # fmt: skip


def _offers(session: Session, visible: ColumnElement[bool]) -> list[HomeOffer]:
    """The newest quotes that were sent, each in the version that was signed, else in the last one; one query."""
    statement = (
        select(Quote.number, QuoteVersion.version, QuoteVersion.sent_at)
        .join(Quote, Quote.id == QuoteVersion.quote_id)
        .where(visible, QuoteVersion.version == func.coalesce(Quote.accepted_version, Quote.sent_version))
        .order_by(Quote.id.desc())
        .limit(OTHERS_SHOWN)
    )
    return [HomeOffer(*row) for row in session.execute(statement)]


def _shipments(session: Session, principal: Principal) -> list[HomeShipment]:
    """The newest that have left; one query."""
    statement = (
        select(Shipment.number, SalesOrder.number, Shipment.shipped_at)
        .join(SalesOrder, SalesOrder.id == Shipment.order_id)
        .where(visible_orders(principal), Shipment.state.in_(_LEFT))
        .order_by(Shipment.id.desc())
        .limit(OTHERS_SHOWN)
    )
    return [HomeShipment(*row) for row in session.execute(statement)]


def has_left(session: Session, number: str, order: str, *, visible: ColumnElement[bool]) -> bool:
    """Whether this shipment of that visible order has left our house."""
    statement = (
        select(Shipment.id)
        .join(SalesOrder, SalesOrder.id == Shipment.order_id)
        .where(Shipment.number == number, SalesOrder.number == order, visible, Shipment.state.in_(_LEFT))
    )
    return session.execute(statement).first() is not None


def _changes(session: Session, principal: Principal) -> list[HomeChange]:
    """The newest changes of his orders that were put to somebody; one query."""
    statement = (
        select(
            ChangeRequest.number, SalesOrder.number, ChangeRequest.state, ChangeRequest.effectivity,
            ChangeRequest.difference, ChangeRequest.submitted_at, ChangeRequest.acknowledged_at,
            ChangeRequest.decision_reason, ChangeRequest.origin,
        )
        .join(SalesOrder, SalesOrder.id == ChangeRequest.order_id)
        .where(visible_orders(principal), ChangeRequest.state != ChangeState.DRAFT.value)
        .order_by(ChangeRequest.id.desc())
        .limit(OTHERS_SHOWN)
    )  # fmt: skip
    told = [HomeChange(*row).told() for row in session.execute(statement)]
    return [change for change in told if change.difference]
