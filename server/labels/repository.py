"""What a print needs, in a constant number of queries."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.auth.models import User
from server.catalog.models import Product
from server.erp.floor.models import Station
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.tracking.states import UnitKind


def find_work_order(session: Session, number: str) -> WorkOrder | None:
    """A work order with its operations, product, order, line and customer."""
    statement = (
        select(WorkOrder)
        .where(WorkOrder.number == number)
        .options(
            selectinload(WorkOrder.operations).joinedload(Operation.work_center),
            joinedload(WorkOrder.product),
            joinedload(WorkOrder.order_line),
            joinedload(WorkOrder.order).joinedload(SalesOrder.customer),
        )
    )
    return session.scalars(statement).one_or_none()


def list_units(session: Session, work_order_id: int) -> Sequence[Unit]:
    """The serial units of a work order in their order."""
    statement = select(Unit).where(Unit.work_order_id == work_order_id, Unit.kind != UnitKind.CONTAINER)
    return session.scalars(statement.order_by(Unit.position, Unit.id)).all()


def find_handling_unit(session: Session, number: str) -> HandlingUnit | None:
    """A box with its order, customer and lines."""
    statement = (
        select(HandlingUnit)
        .where(HandlingUnit.number == number)
        .options(
            joinedload(HandlingUnit.order).joinedload(SalesOrder.customer),
            joinedload(HandlingUnit.order).selectinload(SalesOrder.lines).joinedload(OrderLine.product),
        )
    )
    return session.scalars(statement).one_or_none()


def find_shipment(session: Session, number: str) -> Shipment | None:
    """A shipment with its order and customer."""
    statement = select(Shipment).where(Shipment.number == number)
    return session.scalars(statement.options(joinedload(Shipment.order).joinedload(SalesOrder.customer))).one_or_none()


def list_packed(session: Session, box_ids: Collection[int]) -> Sequence[Unit]:
    """The units inside these boxes."""
    packed = select(Unit).where(Unit.parent_id.in_(box_ids), Unit.kind != UnitKind.CONTAINER)
    return session.scalars(packed.order_by(Unit.id)).all()


def list_snapshots(session: Session, work_order_ids: Collection[int], *, order_id: int) -> Sequence[dict[str, Any]]:
    """How these work orders are made and packed; without any, all of the order."""
    of_these = WorkOrder.id.in_(work_order_ids) if work_order_ids else WorkOrder.order_id == order_id
    return session.scalars(select(WorkOrder.snapshot).where(of_these).order_by(WorkOrder.id)).all()


def list_stations(session: Session) -> Sequence[Station]:
    """The stations in use."""
    statement = select(Station).where(Station.active).options(joinedload(Station.work_center))
    return session.scalars(statement.order_by(Station.id)).all()


def list_badge_holders(session: Session) -> Sequence[User]:
    """The active people who have a badge."""
    return session.scalars(select(User).where(User.active, User.badge.is_not(None)).order_by(User.name)).all()


def find_work_order_of(session: Session, unit: str) -> str | None:
    """The number of the work order that makes this unit."""
    statement = select(WorkOrder.number).join(Unit, Unit.work_order_id == WorkOrder.id).where(Unit.number == unit)
    return session.scalar(statement)


def find_product(session: Session, sku: str) -> Product | None:
    """A product by our number for it."""
    return session.scalars(select(Product).where(Product.sku == sku)).one_or_none()
