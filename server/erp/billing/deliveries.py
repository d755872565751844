"""What left the house, and what issued invoices ask for of it."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, selectinload

from server.erp.billing.models import Invoice, InvoiceLine, InvoiceShipment
from server.erp.billing.repository import overdue
from server.erp.billing.states import ISSUED, OPEN
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.pricing import Priced
from server.erp.production.models import PIECES, Unit
from server.http.paging import Page
from server.parties.models import Customer
from server.tracking.states import ShipmentState

_LEFT = (ShipmentState.SHIPPED.value, ShipmentState.DELIVERED.value)


def shipments_by_number(session: Session, numbers: Collection[str]) -> Mapping[str, Shipment]:
    """The shipments of these numbers with order and customer."""
    statement = (
        select(Shipment)
        .where(Shipment.number.in_(numbers))
        .options(selectinload(Shipment.order).selectinload(SalesOrder.customer))
        .options(selectinload(Shipment.order).selectinload(SalesOrder.lines).selectinload(OrderLine.product))
    )
    return {found.number: found for found in session.scalars(statement)}


def invoiced_shipments(session: Session, shipment_ids: Collection[int]) -> Mapping[int, str]:
    """The living invoice of each shipment that has one."""
    statement = (
        select(InvoiceShipment.shipment_id, Invoice.number)
        .join(Invoice, Invoice.id == InvoiceShipment.invoice_id)
        .where(InvoiceShipment.shipment_id.in_(shipment_ids), InvoiceShipment.active)
    )
    return dict(session.execute(statement).all())


def uninvoiced_shipments(
    session: Session, *, customer: str | None = None, after: int = 0, limit: int = 25
) -> Page[Shipment]:
    """A page of what has left and no living invoice asks for, the oldest first, with order and customer."""
    statement = (
        select(Shipment)
        .where(Shipment.state.in_(_LEFT), Shipment.to_invoice, Shipment.id > after)
        .options(selectinload(Shipment.order).selectinload(SalesOrder.customer))
        .options(selectinload(Shipment.order).selectinload(SalesOrder.lines))
        .order_by(Shipment.id)
        .limit(limit + 1)
    )
    if customer is not None:
        owner = select(Customer.id).where(Customer.number == customer)
        orders = select(SalesOrder.id).where(SalesOrder.customer_id.in_(owner))
        statement = statement.where(Shipment.order_id.in_(orders))
    rows = session.scalars(statement).all()
    return Page(rows[:limit], more=len(rows) > limit)


def pieces() -> ColumnElement[Decimal]:
    """The quantity of units, in SQL."""
    return func.sum(PIECES)


def shipped_quantities(session: Session, shipment_ids: Collection[int]) -> Mapping[int, dict[int, Decimal]]:
    """How much of each order line left with each of these shipments, from the units in their boxes."""
    statement = (
        select(HandlingUnit.shipment_id, Unit.order_line_id, pieces())
        .join(Unit, Unit.parent_id == HandlingUnit.id)
        .where(HandlingUnit.shipment_id.in_(shipment_ids), Unit.order_line_id.is_not(None))
        .group_by(HandlingUnit.shipment_id, Unit.order_line_id)
        .order_by(Unit.order_line_id)
    )
    found: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for shipment_id, line_id, quantity in session.execute(statement):
        found[shipment_id or 0][line_id or 0] = Decimal(quantity)
    return found


def as_lines(order: SalesOrder, quantities: Mapping[int, Decimal]) -> list[Priced]:
    """What would be invoiced of an order whose lines are loaded, by quantities of its lines."""
    return [
        Priced(quantities[line.id], line.unit_price, line.discount_percent, line.tax_percent)
        for line in order.lines
        if line.id in quantities
    ]


def gone_quantities(session: Session, order_ids: Collection[int]) -> Mapping[int, Decimal]:
    """How much of each order line of these orders has left the house."""
    statement = (
        select(Unit.order_line_id, pieces())
        .join(HandlingUnit, HandlingUnit.id == Unit.parent_id)
        .join(Shipment, Shipment.id == HandlingUnit.shipment_id)
        .where(Unit.order_id.in_(order_ids), Unit.order_line_id.is_not(None), Shipment.state.in_(_LEFT))
        .group_by(Unit.order_line_id)
    )
    return {line_id or 0: Decimal(quantity) for line_id, quantity in session.execute(statement)}


def invoiced_quantities(session: Session, order_ids: Collection[int]) -> Mapping[int, Decimal]:
    """How much of each order line of these orders issued invoices ask for."""
    statement = (
        select(InvoiceLine.order_line_id, func.sum(InvoiceLine.quantity))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.order_id.in_(order_ids), Invoice.state.in_(ISSUED))
        .group_by(InvoiceLine.order_line_id)
    )
    return dict(session.execute(statement).all())


def unpaid_orders(session: Session, order_ids: Collection[int]) -> frozenset[int]:
    """Those among the orders that an issued invoice asks for which is not wholly paid."""
    statement = (
        select(InvoiceLine.order_id)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.order_id.in_(order_ids), Invoice.state.in_(OPEN))
    )
    return frozenset(session.scalars(statement))


def overdue_orders(session: Session, order_ids: Collection[int], today: date) -> frozenset[int]:
    """Those among the orders that an overdue invoice asks for."""
    statement = (
        select(InvoiceLine.order_id)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.order_id.in_(order_ids), overdue(today))
    )
    return frozenset(session.scalars(statement))
