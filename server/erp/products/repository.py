"""Every query about where a product is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, Text, cast, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from server.catalog.models import BomLine, Product
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import WorkOrder
from server.erp.production.standing import in_states
from server.parties.models import Customer
from server.tracking.states import OrderLifecycle, WorkOrderState

#: A bill of material deeper than this is a mistake in the data, and must not keep a query busy.
DEEPEST = 50
#: More than these are a report, not an answer.
MOST = 200
_OPEN_ORDERS = tuple(
    state.value for state in OrderLifecycle if state not in (OrderLifecycle.DONE, OrderLifecycle.CANCELLED)
)
_OPEN_WORK = (
    WorkOrderState.DRAFT.value,
    WorkOrderState.RELEASED.value,
    WorkOrderState.IN_PROGRESS.value,
    WorkOrderState.ON_HOLD.value,
)


@dataclass(frozen=True, slots=True)
class Taker:
    """A product that takes another, directly (level 1) or through its parts."""

    id: int
    sku: str
    name: str
    level: int


@dataclass(frozen=True, slots=True)
class BomUse:
    """A line of a bill of material that takes the product directly; `choice` names what alone takes it."""

    sku: str
    name: str
    revision: str
    quantity: Decimal
    scrap_percent: Decimal
    choice: str | None


@dataclass(frozen=True, slots=True)
class OrderUse:
    """An open order that asks for the product, or for something that takes it."""

    order: str
    customer: str
    lifecycle: str
    product: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class WorkOrderUse:
    """An open work order that makes the product, or whose snapshot takes it."""

    number: str
    order: str | None
    state: str
    product: str
    quantity: Decimal


def bom_uses(session: Session, product_id: int) -> list[BomUse]:
    """The lines of current revisions that take the product directly."""
    statement = (
        select(
            Product.sku,
            Product.name,
            Product.revision,
            BomLine.quantity,
            BomLine.scrap_percent,
            BomLine.choice,
        )
        .join(Product, Product.id == BomLine.product_id)
        .where(BomLine.component_id == product_id)
        .order_by(Product.sku, BomLine.choice, BomLine.id)
    )
    return [BomUse(*row) for row in session.execute(statement)]


def takers(session: Session, product_id: int) -> list[Taker]:
    """Everything that takes the product, nearest first."""
    above = (
        select(BomLine.product_id, literal(1).label("level"))
        .where(BomLine.component_id == product_id)
        .cte("above", recursive=True)
    )
    line = aliased(BomLine)
    above = above.union(
        select(line.product_id, above.c.level + 1)
        .join(above, line.component_id == above.c.product_id)
        .where(above.c.level < DEEPEST)
    )
    level = func.min(above.c.level)
    statement = (
        select(Product.id, Product.sku, Product.name, level)
        .join(above, above.c.product_id == Product.id)
        .group_by(Product.id, Product.sku, Product.name)
        .order_by(level, Product.sku)
    )
    return [Taker(*row) for row in session.execute(statement)]


def open_orders(session: Session, product_ids: Sequence[int], visible: ColumnElement[bool]) -> list[OrderUse]:
    """The newest open lines of visible orders for these products."""
    # A sum has no index: the few open orders shall be read, and not every line that ever asked for the product.
    product = OrderLine.product_id + 0
    statement = (
        select(SalesOrder.number, Customer.name, SalesOrder.lifecycle, Product.sku, OrderLine.quantity)
        .join(OrderLine, OrderLine.order_id == SalesOrder.id)
        .join(Product, Product.id == OrderLine.product_id)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(visible, product.in_(product_ids), SalesOrder.lifecycle.in_(_OPEN_ORDERS))
        .order_by(SalesOrder.id.desc(), OrderLine.position)
        .limit(MOST)
    )
    return [OrderUse(*row) for row in session.execute(statement)]


def open_work_orders(session: Session, sku: str, product_id: int, visible: ColumnElement[bool]) -> list[WorkOrderUse]:
    """The newest open work orders that make the product, or took it into their snapshot at release.

    The snapshot is the truth of a work order, whatever the product says now, so it is looked into; only those that
    are still open are.
    """
    taken = cast(WorkOrder.snapshot, Text).contains(f'{{"sku":"{sku}",', autoescape=True)
    statement = (
        select(WorkOrder.number, SalesOrder.number, WorkOrder.state, Product.sku, WorkOrder.quantity)
        .outerjoin(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .join(Product, Product.id == WorkOrder.product_id)
        .where(visible, in_states(_OPEN_WORK), or_(WorkOrder.product_id == product_id, taken))
        .order_by(WorkOrder.id.desc())
        .limit(MOST)
    )
    return [WorkOrderUse(*row) for row in session.execute(statement)]
