"""A work order's snapshot beside the present truth of its product, its choices and its packaging."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.catalog.models import BomLine, Product, RoutingOperation
from server.catalog.packaging import packaging_for
from server.erp.orders.configured import configured_lines
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.snapshot import snapshot_of


def present_snapshot(session: Session, order_line_id: int) -> tuple[dict[str, Any] | None, list[str]]:
    """The snapshot that a release would take now, or None and why there could be none, each in a sentence."""
    line = _line(session, order_line_id)
    configured, problems = configured_lines(session, [line])
    if line.id not in configured:
        return None, problems
    packaging = packaging_for(session, line.product_id, line.order.customer_id)
    return snapshot_of(line, configured[line.id], packaging), []


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
