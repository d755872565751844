"""Every query about handling units and shipments."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session, selectinload

from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.access import of_orders
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.http.paging import Keyset, Page
from server.tracking.states import ShipmentState

#: A shipment in one of these is still in the house.
PREPARING = tuple(
    state.value for state in (ShipmentState.DRAFT, ShipmentState.WAITING, ShipmentState.PICKING, ShipmentState.PACKED)
)
EVERYTHING: ColumnElement[bool] = true()


@dataclass(frozen=True, slots=True)
class LogisticsFilter:
    """Which handling units or shipments a list shows; None takes all."""

    order: str | None = None
    state: str | None = None


# --- handling units ---


def handling_units(
    session: Session,
    wanted: LogisticsFilter,
    *,
    visible: ColumnElement[bool] = EVERYTHING,
    after: str | None = None,
    limit: int = 25,
) -> Page[HandlingUnit]:
    """A page of the handling units of visible orders, with the order, by age."""
    mine = of_orders(HandlingUnit.order_id, visible)
    statement = select(HandlingUnit).where(mine).options(selectinload(HandlingUnit.order))
    if wanted.order is not None:
        statement = statement.where(of_orders(HandlingUnit.order_id, SalesOrder.number == wanted.order))
    if wanted.state is not None:
        statement = statement.where(HandlingUnit.state == wanted.state)
    return Keyset(HandlingUnit.id, HandlingUnit.number, mine).page(session, statement, after=after, limit=limit)


def handling_unit(
    session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING, lock: bool = False
) -> HandlingUnit | None:
    """The handling unit of this number or SSCC, with its order and customer."""
    statement = (
        select(HandlingUnit)
        .where(
            or_(HandlingUnit.number == number, HandlingUnit.sscc == number),
            of_orders(HandlingUnit.order_id, visible),
        )
        .options(selectinload(HandlingUnit.order).selectinload(SalesOrder.customer))
    )
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def boxes_of(session: Session, order_id: int, *, lock: bool = False) -> Sequence[HandlingUnit]:
    """Every handling unit of an order, by rising id."""
    statement = select(HandlingUnit).where(HandlingUnit.order_id == order_id).order_by(HandlingUnit.id)
    return session.scalars(statement.with_for_update() if lock else statement).all()


def boxes_by_shipment(session: Session, shipment_ids: Collection[int]) -> Mapping[int, list[HandlingUnit]]:
    """The handling units of these shipments, by rising id."""
    statement = select(HandlingUnit).where(HandlingUnit.shipment_id.in_(shipment_ids)).order_by(HandlingUnit.id)
    found: dict[int, list[HandlingUnit]] = defaultdict(list)
    for box in session.scalars(statement):
        found[box.shipment_id or 0].append(box)
    return found


def boxes_by_id(session: Session, ids: Collection[int]) -> Sequence[HandlingUnit]:
    """The handling units of these ids, by rising id."""
    return session.scalars(select(HandlingUnit).where(HandlingUnit.id.in_(ids)).order_by(HandlingUnit.id)).all()


def orders_of_boxes(session: Session, numbers: Collection[str]) -> set[int | None]:
    """The orders that the handling units of these numbers belong to."""
    return set(session.scalars(select(HandlingUnit.order_id).where(HandlingUnit.number.in_(numbers))))


def contents(session: Session, box_ids: Collection[int]) -> Mapping[int, int]:
    """How many units lie in each of these boxes, in one query."""
    statement = select(Unit.parent_id, func.count()).where(Unit.parent_id.in_(box_ids)).group_by(Unit.parent_id)
    return {box_id or 0: count for box_id, count in session.execute(statement)}


# --- shipments ---


def shipments(
    session: Session,
    wanted: LogisticsFilter,
    *,
    visible: ColumnElement[bool] = EVERYTHING,
    after: str | None = None,
    limit: int = 25,
) -> Page[Shipment]:
    """A page of the shipments of visible orders, with the order, by age."""
    mine = of_orders(Shipment.order_id, visible)
    statement = select(Shipment).where(mine).options(selectinload(Shipment.order))
    if wanted.order is not None:
        statement = statement.where(of_orders(Shipment.order_id, SalesOrder.number == wanted.order))
    if wanted.state is not None:
        statement = statement.where(Shipment.state == wanted.state)
    return Keyset(Shipment.id, Shipment.number, mine).page(session, statement, after=after, limit=limit)


def shipments_on_their_way(session: Session, order_id: int) -> Sequence[Shipment]:
    """The shipments of an order that have left and not arrived, by age."""
    statement = (
        select(Shipment)
        .where(Shipment.order_id == order_id, Shipment.state == ShipmentState.SHIPPED.value)
        .options(selectinload(Shipment.order))
        .order_by(Shipment.id)
    )
    return session.scalars(statement).all()


def shipments_emptied(session: Session, order_id: int) -> Sequence[Shipment]:
    """The shipments of an order that were packed once and have no box any more, by age."""
    boxed = select(HandlingUnit.shipment_id).where(
        HandlingUnit.order_id == order_id, HandlingUnit.shipment_id.is_not(None)
    )
    statement = (
        select(Shipment)
        .where(Shipment.order_id == order_id, Shipment.state == ShipmentState.PICKING.value, Shipment.id.not_in(boxed))
        .options(selectinload(Shipment.order))
        .order_by(Shipment.id)
    )
    return session.scalars(statement).all()


def emptied_without(session: Session, box: HandlingUnit) -> Shipment | None:
    """The packed shipment that has no other box than this one."""
    if box.shipment_id is None:
        return None
    others = select(HandlingUnit.id).where(HandlingUnit.shipment_id == box.shipment_id, HandlingUnit.id != box.id)
    statement = select(Shipment).where(Shipment.id == box.shipment_id, Shipment.state == ShipmentState.PACKED.value)
    return session.scalars(statement.where(~others.exists())).one_or_none()


def shipments_by_id(session: Session, ids: Collection[int]) -> Sequence[Shipment]:
    """The shipments of these ids, alone."""
    return session.scalars(select(Shipment).where(Shipment.id.in_(ids)).order_by(Shipment.id)).all()


def shipments_prepared(session: Session, order_id: int) -> Sequence[Shipment]:
    """The shipments of an order that have boxes and have not left, by age."""
    boxed = select(HandlingUnit.shipment_id).where(HandlingUnit.order_id == order_id)
    statement = (
        select(Shipment)
        .where(Shipment.order_id == order_id, Shipment.state.in_(PREPARING), Shipment.id.in_(boxed))
        .options(selectinload(Shipment.order))
        .order_by(Shipment.id)
    )
    return session.scalars(statement).all()


def shipment(
    session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING, lock: bool = False
) -> Shipment | None:
    """The visible shipment of this number with its order and customer."""
    statement = (
        select(Shipment)
        .where(Shipment.number == number, of_orders(Shipment.order_id, visible))
        .options(selectinload(Shipment.order).selectinload(SalesOrder.customer))
    )
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()
