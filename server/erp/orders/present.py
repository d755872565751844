"""A work order's snapshot beside the present truth of its product, its choices and its packaging."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.catalog.models import BomLine, Product, RoutingOperation
from server.catalog.packaging import packaging_for
from server.catalog.repository import whole_product
from server.erp.orders.configured import configured_lines
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.snapshot import snapshot_of
from server.erp.production.models import WorkOrder


def present_snapshot(session: Session, work_order: WorkOrder) -> tuple[dict[str, Any] | None, list[str]]:
    """The snapshot that a release would take now, or None and why there could be none, each in a sentence."""
    if work_order.order_line_id is None:
        line, customer_id = stock_line(session, work_order), None
    else:
        line = _line(session, work_order.order_line_id)
        customer_id = line.order.customer_id
    configured, problems = configured_lines(session, [line])
    if line.id not in configured:
        return None, problems
    packaging = packaging_for(session, line.product_id, customer_id)
    return snapshot_of(line, configured[line.id], packaging), []


def stock_line(session: Session, work_order: WorkOrder) -> OrderLine:
    """What a work order for stock makes, as a line that nobody has ordered; it is never stored."""
    product = session.scalars(
        select(Product).where(Product.id == work_order.product_id).options(*whole_product())
    ).one()
    choices = work_order.snapshot.get("configuration") or {}
    return unordered_line(product, work_order.quantity, choices)


def unordered_line(product: Product, quantity: Decimal, choices: Mapping[str, str]) -> OrderLine:
    """A line of no order, for a wholly loaded product."""
    return OrderLine(
        id=0, position=1, product_id=product.id, product=product, quantity=quantity, configuration=dict(choices)
    )


def _line(session: Session, order_line_id: int) -> OrderLine:
    product = joinedload(OrderLine.product)
    statement = (
        select(OrderLine)
        .join(SalesOrder, SalesOrder.id == OrderLine.order_id)
        .where(OrderLine.id == order_line_id)
        .options(
            joinedload(OrderLine.order),
            product.selectinload(Product.bom).joinedload(BomLine.component),
            product.selectinload(Product.routing).joinedload(RoutingOperation.work_center),
        )
    )
    return session.scalars(statement).one()
