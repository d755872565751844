"""Every query about sales orders."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from server.catalog.models import BomLine, Product, RoutingOperation
from server.db.texts import begins, either, holds
from server.erp.orders.access import hides_the_promise, lifecycles_behind
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import Unit
from server.http.paging import Keyset, Page
from server.http.text import fold
from server.parties.models import Customer
from server.tracking.states import OrderLifecycle, UnitKind, UnitState

#: No filter: for services that act for the house itself.
EVERYTHING: ColumnElement[bool] = true()


def whole_order() -> tuple[ORMOption, ORMOption]:
    """Loader options for an order with its customer, lines and their products."""
    return (
        selectinload(SalesOrder.customer),
        selectinload(SalesOrder.lines).joinedload(OrderLine.product),
    )


def _listed_order() -> tuple[ORMOption, ORMOption]:
    """As `whole_order`, with what a list says of customers and products, and no more."""
    return (
        joinedload(SalesOrder.customer).load_only(Customer.number, Customer.name, raiseload=True),
        selectinload(SalesOrder.lines)
        .joinedload(OrderLine.product)
        .load_only(Product.sku, Product.name, raiseload=True),
    )


def with_how_to_make() -> tuple[ORMOption, ...]:
    """As `whole_order`, with the bill of material and routing of every product."""
    product = selectinload(SalesOrder.lines).joinedload(OrderLine.product)
    return (
        selectinload(SalesOrder.customer),
        product.selectinload(Product.bom).joinedload(BomLine.component),
        product.selectinload(Product.routing).joinedload(RoutingOperation.work_center),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders a list shows; None takes all."""

    lifecycle: str | None = None
    fulfilment: str | None = None
    customer: str | None = None
    on_hold: bool | None = None
    promised_before: date | None = None
    text: str | None = None
    #: Asked from outside of our house: credit is being checked in what is a draft there.
    outside: bool = False

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.lifecycle is not None:
            found.append(
                SalesOrder.lifecycle.in_(lifecycles_behind(self.lifecycle) if self.outside else [self.lifecycle])
            )
        if self.fulfilment is not None:
            found.append(SalesOrder.fulfilment == self.fulfilment)
        if self.on_hold is not None:
            found.append(SalesOrder.on_hold == self.on_hold)
        if self.promised_before is not None:
            found.append(SalesOrder.promise_date < self.promised_before)
            if self.outside:
                found.append(SalesOrder.lifecycle.not_in([each for each in OrderLifecycle if hides_the_promise(each)]))
        if self.customer is not None:
            owner = select(Customer.id).where(Customer.number == self.customer)
            found.append(SalesOrder.customer_id.in_(owner))
        if self.text:
            found.append(_matches(session, self.text.strip()))
        return found


def _matches(session: Session, text: str) -> ColumnElement[bool]:
    named = select(Customer.id).where(holds(session, Customer.search_name, fold(text)))
    return either(
        SalesOrder.id,
        begins(session, SalesOrder.number, text, f"SO-{text}"),
        holds(session, SalesOrder.customer_reference, text),
        SalesOrder.customer_id.in_(named),
    )


def orders(
    session: Session,
    wanted: OrderFilter,
    *,
    visible: ColumnElement[bool],
    after: str | None = None,
    limit: int = 25,
) -> Page[SalesOrder]:
    """A page of the visible orders with customer, lines and products, by age."""
    statement = select(SalesOrder).where(visible, *wanted.conditions(session)).options(*_listed_order())
    return Keyset(SalesOrder.id, SalesOrder.number, visible).page(session, statement, after=after, limit=limit)


def order(
    session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING, lock: bool = False
) -> SalesOrder | None:
    """The visible order of this number with all that making it takes; `lock` keeps other writers out."""
    statement = select(SalesOrder).where(SalesOrder.number == number, visible).options(*with_how_to_make())
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def orders_by_id(session: Session, ids: Collection[int]) -> Mapping[int, SalesOrder]:
    """The orders of these ids with customer, lines, products and how to make them."""
    statement = select(SalesOrder).where(SalesOrder.id.in_(ids)).options(*with_how_to_make())
    return {found.id: found for found in session.scalars(statement)}


def orders_by_number(session: Session, numbers: Collection[str]) -> Mapping[str, SalesOrder]:
    """The orders of these numbers with customer, lines and products."""
    statement = select(SalesOrder).where(SalesOrder.number.in_(numbers)).options(*whole_order())
    return {found.number: found for found in session.scalars(statement)}


def lines_of(session: Session, order_ids: Collection[int]) -> Sequence[OrderLine]:
    """The lines of these orders with their products."""
    statement = select(OrderLine).where(OrderLine.order_id.in_(order_ids)).options(joinedload(OrderLine.product))
    return session.scalars(statement.order_by(OrderLine.id)).all()


def lock_order(session: Session, order_id: int) -> SalesOrder:
    """The order of this id with its customer, kept from other writers until the commit."""
    statement = (
        select(SalesOrder).where(SalesOrder.id == order_id).options(joinedload(SalesOrder.customer, innerjoin=True))
    )
    # What another writer changed while we waited must replace what this session has read before.
    locked = statement.with_for_update(of=SalesOrder).execution_options(populate_existing=True)
    return session.scalars(locked).one()


@dataclass(frozen=True, slots=True)
class Progress:
    """How many units of an order stand in each state; boxes do not count."""

    by_state: Mapping[str, int]

    @property
    def total(self) -> int:
        """Units that still count: all but the scrapped ones."""
        return sum(count for state, count in self.by_state.items() if state != UnitState.SCRAPPED)


def progress(session: Session, order_ids: Collection[int]) -> Mapping[int, Progress]:
    """The progress of each order, in one query."""
    if not order_ids:
        return {}
    rows = session.execute(
        select(Unit.order_id, Unit.state, func.count())
        .where(Unit.order_id.in_(order_ids), Unit.kind != UnitKind.CONTAINER.value)
        .group_by(Unit.order_id, Unit.state)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for order_id, state, count in rows:
        found[order_id or 0][state] = count
    return {order_id: Progress(found.get(order_id, {})) for order_id in order_ids}
