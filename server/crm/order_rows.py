"""What an order page reads of the order itself: its row, lines, work orders, boxes and shipments."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, bindparam, select

from server.catalog.models import Product
from server.db.prepared import Prepared
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.reservations.models import Reservation
from server.parties.models import Customer


class OrderHead(NamedTuple):
    """The row of the order, and its customer's."""

    id: int
    number: str
    row_version: int
    lifecycle: str
    fulfilment: str
    billing: str
    on_hold: bool
    hold_reason: str | None
    priority: int
    promise_date: date | None
    predicted_at: datetime | None
    predicted_late_at: datetime | None
    customer_reference: str | None
    quote_number: str | None
    quote_version: int | None
    special_instructions: str | None
    created_at: datetime
    created_by: str
    confirmed_at: datetime | None
    released_at: datetime | None
    moved_at: datetime | None
    customer_id: int
    customer: str
    customer_number: str
    customer_instructions: str | None


HEADS = Prepared(
    OrderHead,
    select(
        SalesOrder.id,
        SalesOrder.number,
        SalesOrder.row_version,
        SalesOrder.lifecycle,
        SalesOrder.fulfilment,
        SalesOrder.billing,
        SalesOrder.on_hold,
        SalesOrder.hold_reason,
        SalesOrder.priority,
        SalesOrder.promise_date,
        SalesOrder.predicted_at,
        SalesOrder.predicted_late_at,
        SalesOrder.customer_reference,
        SalesOrder.quote_number,
        SalesOrder.quote_version,
        SalesOrder.special_instructions,
        SalesOrder.created_at,
        SalesOrder.created_by,
        SalesOrder.confirmed_at,
        SalesOrder.released_at,
        SalesOrder.moved_at,
        Customer.id.label("customer_id"),
        Customer.name.label("customer_name"),
        Customer.number.label("customer_number"),
        Customer.special_instructions.label("customer_instructions"),
    )
    .join(Customer, Customer.id == SalesOrder.customer_id)
    .where(SalesOrder.number == bindparam("order")),
)


class WorkNumber(NamedTuple):
    """The number of a work order."""

    number: str


class LineRow(NamedTuple):
    """A line of the order with its product."""

    position: int
    sku: str
    name: str
    quantity: Decimal
    uom: str
    configuration: Mapping[str, Any] | None
    packaging: str | None
    configuration_summary: str | None
    tracking: str
    #: What of it comes out of stock, and whether that still lies there.
    reserved: Decimal | None
    reservation: str | None


class BoxRow(NamedTuple):
    """A handling unit."""

    id: int
    number: str
    sscc: str
    state: str
    shipment_id: int | None
    kind: str
    pallet_id: int | None


class ShipmentRow(NamedTuple):
    """A shipment."""

    id: int
    number: str
    state: str
    carrier: str | None
    tracking_reference: str | None
    created_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None


_ORDER: BindParameter[int] = bindparam("order")
WORK = Prepared(WorkNumber, select(WorkOrder.number).where(WorkOrder.order_id == _ORDER).order_by(WorkOrder.id))
LINES = Prepared(
    LineRow,
    select(
        OrderLine.position,
        Product.sku,
        Product.name,
        OrderLine.quantity,
        Product.uom,
        OrderLine.configuration,
        OrderLine.packaging,
        OrderLine.configuration_summary,
        Product.tracking,
        Reservation.quantity.label("reserved"),
        Reservation.state.label("reservation"),
    )
    .outerjoin(Reservation, Reservation.order_line_id == OrderLine.id)
    .join(Product, Product.id == OrderLine.product_id)
    .where(OrderLine.order_id == _ORDER)
    .order_by(OrderLine.position),
)
BOXES = Prepared(
    BoxRow,
    select(
        HandlingUnit.id,
        HandlingUnit.number,
        HandlingUnit.sscc,
        HandlingUnit.state,
        HandlingUnit.shipment_id,
        HandlingUnit.kind,
        Unit.parent_id.label("pallet_id"),
    )
    .join(Unit, Unit.id == HandlingUnit.id)
    .where(HandlingUnit.order_id == _ORDER)
    .order_by(HandlingUnit.id),
)
SHIPMENTS = Prepared(
    ShipmentRow,
    select(
        Shipment.id,
        Shipment.number,
        Shipment.state,
        Shipment.carrier,
        Shipment.tracking_reference,
        Shipment.created_at,
        Shipment.shipped_at,
        Shipment.delivered_at,
    )
    .where(Shipment.order_id == _ORDER)
    .order_by(Shipment.id),
)
