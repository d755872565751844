"""Queries about units in the making and the work orders they belong to, for those who change them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.erp.orders.models import OrderLine
from server.erp.production.models import PIECES, Operation, Unit, WorkOrder
from server.tracking.states import UnitKind, UnitState


def lock_work_order(session: Session, work_order_id: int) -> WorkOrder:
    """The work order with its operations, kept from other writers until the commit."""
    statement = (
        select(WorkOrder)
        .where(WorkOrder.id == work_order_id)
        .options(selectinload(WorkOrder.operations).joinedload(Operation.work_center))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).one()


def work_order_of(session: Session, unit_id: int) -> WorkOrder | None:
    """The work order that the unit belongs to, with product and order."""
    statement = (
        select(WorkOrder)
        .join(Unit, Unit.work_order_id == WorkOrder.id)
        .where(Unit.id == unit_id)
        .options(joinedload(WorkOrder.product))
    )
    return session.scalars(statement).one_or_none()


def line(session: Session, line_id: int) -> OrderLine:
    """The order line with its product."""
    statement = select(OrderLine).where(OrderLine.id == line_id).options(joinedload(OrderLine.product))
    return session.scalars(statement).one()


def alive_of_lines(session: Session, line_ids: Collection[int]) -> Mapping[int, Decimal]:
    """How many pieces of these order lines are made or in the making: those that are not scrapped."""
    statement = (
        select(WorkOrder.order_line_id, func.sum(PIECES))
        .join(Unit, (Unit.work_order_id == WorkOrder.id) & (Unit.order_id == WorkOrder.order_id))
        # By their orders, which have an index.
        .where(WorkOrder.order_id.in_(select(OrderLine.order_id).where(OrderLine.id.in_(line_ids))))
        .where(WorkOrder.order_line_id.in_(line_ids), Unit.state != UnitState.SCRAPPED.value)
        .group_by(WorkOrder.order_line_id)
    )
    return {line_id or 0: pieces for line_id, pieces in session.execute(statement)}


def lots_of_lines(session: Session, line_ids: Collection[int]) -> Mapping[int, int]:
    """How many lots of these order lines are not scrapped."""
    statement = (
        select(Unit.order_line_id, func.count())
        .where(Unit.order_id.in_(select(OrderLine.order_id).where(OrderLine.id.in_(line_ids))))
        .where(Unit.order_line_id.in_(line_ids), Unit.work_order_id.is_not(None))
        .where(Unit.state != UnitState.SCRAPPED.value)
        .group_by(Unit.order_line_id)
    )
    return {line_id or 0: count for line_id, count in session.execute(statement)}


def lost_of(session: Session, work_order_ids: Collection[int]) -> Mapping[int, int]:
    """How many units of these work orders are scrapped."""
    statement = (
        select(Unit.work_order_id, func.count())
        .where(Unit.work_order_id.in_(work_order_ids), Unit.state == UnitState.SCRAPPED.value)
        .group_by(Unit.work_order_id)
    )
    return {work_order_id or 0: count for work_order_id, count in session.execute(statement)}


def pieces(session: Session, work_order_id: int, *, limit: int) -> Sequence[Unit]:
    """The units of a work order in their order."""
    statement = select(Unit).where(Unit.work_order_id == work_order_id, Unit.kind != UnitKind.CONTAINER.value)
    return session.scalars(statement.order_by(Unit.position, Unit.id).limit(limit)).all()


def loose_units(
    session: Session, work_order_id: int, *, states: Collection[str], step: int | None, limit: int
) -> Sequence[Unit]:
    """The units in these states, at one step or anywhere, the last of the work order first, kept from others."""
    statement = select(Unit).where(Unit.work_order_id == work_order_id, Unit.state.in_(states))
    if step is not None:
        statement = statement.where(Unit.step == step)
    return session.scalars(statement.order_by(Unit.position.desc()).limit(limit).with_for_update()).all()


def counts_of(session: Session, work_order_ids: Collection[int]) -> Mapping[int, Mapping[str, int]]:
    """How many units of these work orders stand in each state."""
    statement = (
        select(Unit.work_order_id, Unit.state, func.count())
        # What went from an order to stock is counted for it no more.
        .join(WorkOrder, WorkOrder.id == Unit.work_order_id)
        .where(Unit.work_order_id.in_(work_order_ids), Unit.order_id.is_not_distinct_from(WorkOrder.order_id))
        .group_by(Unit.work_order_id, Unit.state)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for work_order_id, state, count in session.execute(statement):
        found[work_order_id or 0][state] = count
    return found
