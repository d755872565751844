"""Every query about work orders, operations, units and identifiers."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, selectinload

from server.catalog.models import Product, WorkCenter
from server.erp.logistics.models import HandlingUnit
from server.erp.orders.access import of_orders
from server.erp.orders.models import SalesOrder
from server.erp.production.models import IN_USE, Identifier, Operation, Unit, WorkOrder
from server.erp.production.resolve import identifier_values
from server.http.paging import Keyset, Page
from server.tracking.states import OperationState

EVERYTHING: ColumnElement[bool] = true()
_OVER = (OperationState.COMPLETED.value, OperationState.SKIPPED.value)

# --- work orders and operations ---


@dataclass(frozen=True, slots=True)
class WorkOrderFilter:
    """Which work orders a list shows; None takes all."""

    order: str | None = None
    state: str | None = None
    for_stock: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.order is not None:
            found.append(SalesOrder.number == self.order)
        if self.state is not None:
            found.append(WorkOrder.state == self.state)
        if self.for_stock is not None:
            found.append(WorkOrder.order_id.is_(None) if self.for_stock else WorkOrder.order_id.is_not(None))
        return found


def _whole_work_orders() -> Select[WorkOrder]:
    return (
        select(WorkOrder)
        .outerjoin(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .options(
            selectinload(WorkOrder.order),
            selectinload(WorkOrder.product),
            selectinload(WorkOrder.operations).joinedload(Operation.work_center),
        )
    )


def _listed_work_orders() -> Select[WorkOrder]:
    """Work orders with what a list says of their order and product, and no more."""
    return (
        select(WorkOrder)
        .outerjoin(WorkOrder.order)
        .options(
            contains_eager(WorkOrder.order).load_only(SalesOrder.number, raiseload=True),
            joinedload(WorkOrder.product).load_only(Product.sku, raiseload=True),
        )
    )


def work_orders(
    session: Session,
    wanted: WorkOrderFilter,
    *,
    visible: ColumnElement[bool] = EVERYTHING,
    after: str | None = None,
    limit: int = 25,
) -> Page[WorkOrder]:
    """A page of work orders with the names of order and product, by age."""
    statement = _listed_work_orders().where(visible, *wanted.conditions())
    named = aliased(WorkOrder)
    seen = select(named.id).outerjoin(SalesOrder, SalesOrder.id == named.order_id)
    mine = seen.where(named.id == WorkOrder.id, visible).exists()
    return Keyset(WorkOrder.id, WorkOrder.number, mine).page(session, statement, after=after, limit=limit)


def work_order(session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING) -> WorkOrder | None:
    """The visible work order of this number with order, product and operations."""
    statement = _whole_work_orders().where(WorkOrder.number == number, visible)
    return session.scalars(statement).one_or_none()


def operations_of(
    session: Session, work_order_ids: Collection[int], fields: Sequence[str]
) -> Mapping[int, list[dict[str, Any]]]:
    """Work order id -> these fields of each operation, in their order, with the key of its work center."""
    columns = [WorkCenter.key if field == "work_center" else getattr(Operation, field) for field in fields]
    statement = (
        select(Operation.work_order_id, *columns)
        .join(WorkCenter, WorkCenter.id == Operation.work_center_id)
        .where(Operation.work_order_id.in_(work_order_ids))
        .order_by(Operation.work_order_id, Operation.step)
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for work_order_id, *values in session.execute(statement):
        found[work_order_id].append(dict(zip(fields, values, strict=True)))
    return found


def work_orders_of(session: Session, order_ids: Collection[int], *, lock: bool = False) -> Sequence[WorkOrder]:
    """The work orders of these orders with their operations, by rising id; `lock` keeps other writers out."""
    statement = (
        select(WorkOrder)
        .where(WorkOrder.order_id.in_(order_ids))
        .order_by(WorkOrder.id)
        .options(selectinload(WorkOrder.operations).joinedload(Operation.work_center))
    )
    return session.scalars(statement.with_for_update() if lock else statement).all()


def open_work_centers(session: Session, order_id: int) -> set[int]:
    """The work centers where the order still has work."""
    statement = (
        select(Operation.work_center_id)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .where(WorkOrder.order_id == order_id, Operation.state.not_in(_OVER))
    )
    return set(session.scalars(statement))


# --- units ---


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """A unit with the numbers of what it belongs to."""

    unit: Unit
    order: str | None
    work_order: str | None
    product: str | None
    product_name: str | None
    parent: str | None
    #: Units planned in its work order: the 20 of "4 of 20".
    of: int | None


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """Which units a list shows; None takes all."""

    order: str | None = None
    work_order: str | None = None
    state: str | None = None
    held: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.order is not None:
            found.append(SalesOrder.number == self.order)
        if self.work_order is not None:
            found.append(WorkOrder.number == self.work_order)
        if self.state is not None:
            found.append(Unit.state == self.state)
        if self.held is not None:
            found.append(Unit.held == self.held)
        return found


_Parent = aliased(Unit)


_Select: TypeAlias = "Select[Unit, str, str, Decimal, str, str, str]"


def _columns() -> "_Select":
    return select(
        Unit, SalesOrder.number, WorkOrder.number, WorkOrder.quantity, Product.sku, Product.name, _Parent.number
    )


def _joined(statement: "_Select") -> "_Select":
    return (
        statement.outerjoin(WorkOrder, WorkOrder.id == Unit.work_order_id)
        .outerjoin(Product, Product.id == Unit.product_id)
        .outerjoin(_Parent, _Parent.id == Unit.parent_id)
    )


def _rows() -> "_Select":
    return _joined(_columns().outerjoin(SalesOrder, SalesOrder.id == Unit.order_id))


def _row(row: Any) -> UnitRow:
    unit, order, work_order, quantity, sku, name, parent = row
    planned = None if quantity is None else int(quantity) if unit.kind == "serial" else 1
    return UnitRow(
        unit=unit, order=order, work_order=work_order, product=sku, product_name=name, parent=parent, of=planned
    )


def units(
    session: Session,
    wanted: UnitFilter,
    *,
    visible: ColumnElement[bool] = EVERYTHING,
    after: str | None = None,
    limit: int = 25,
) -> tuple[list[UnitRow], bool]:
    """A page of visible units by age, and whether more follow."""
    statement = _rows().where(visible, *wanted.conditions())
    if after is not None:
        mine = of_orders(Unit.order_id, visible)
        statement = statement.where(Unit.id > Keyset(Unit.id, Unit.number, mine).position(session, after))
    rows = session.execute(statement.order_by(Unit.id).limit(limit + 1)).all()
    return [_row(row) for row in rows[:limit]], len(rows) > limit


def bound_to(session: Session, code: str) -> list[int]:
    """The ids of the units that answer to this code."""
    # Asked for alone: an OR with a subquery would make PostgreSQL read every unit.
    statement = select(Identifier.unit_id).where(Identifier.value.in_(identifier_values(code)), IN_USE)
    return list(session.scalars(statement))


def unit(session: Session, reference: str, *, visible: ColumnElement[bool] = EVERYTHING) -> UnitRow | None:
    """The visible unit of this number, identifier or scanned code; a box is visible with its order."""
    known = or_(Unit.number == reference.strip().upper(), Unit.id.in_(bound_to(session, reference)))
    owner = func.coalesce(Unit.order_id, HandlingUnit.order_id)
    statement = (
        _columns()
        .outerjoin(HandlingUnit, HandlingUnit.id == Unit.id)
        .outerjoin(SalesOrder, SalesOrder.id == owner)
        .where(visible, known)
        .order_by(Unit.id)
        .limit(1)
    )
    row = session.execute(_joined(statement)).one_or_none()
    return None if row is None else _row(row)


def lock_unit(session: Session, unit_id: int) -> Unit:
    """The unit of this id, kept from other writers until the commit."""
    # What another writer changed while we waited must replace what this session has read before.
    statement = select(Unit).where(Unit.id == unit_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).one()


def orders_of_units(session: Session, numbers: Collection[str]) -> set[int | None]:
    """The orders that the units of these numbers belong to."""
    return set(session.scalars(select(Unit.order_id).where(Unit.number.in_(numbers))))


def lock_units(session: Session, numbers: Collection[str]) -> Sequence[Unit]:
    """The units of these numbers by rising id, kept from other writers until the commit."""
    statement = select(Unit).where(Unit.number.in_(numbers)).order_by(Unit.id).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).all()


def units_by_id(session: Session, ids: Collection[int]) -> dict[int, Unit]:
    """The units of these ids, by id."""
    return {found.id: found for found in session.scalars(select(Unit).where(Unit.id.in_(ids)).order_by(Unit.id))}


def units_in(session: Session, box_ids: Collection[int]) -> Sequence[Unit]:
    """What lies in these boxes, by rising id."""
    return session.scalars(select(Unit).where(Unit.parent_id.in_(box_ids)).order_by(Unit.id)).all()


def identifiers(session: Session, unit_ids: Collection[int]) -> Mapping[int, list[Identifier]]:
    """What these units answer to."""
    statement = select(Identifier).where(Identifier.unit_id.in_(unit_ids)).order_by(Identifier.id)
    found: dict[int, list[Identifier]] = defaultdict(list)
    for identifier in session.scalars(statement):
        found[identifier.unit_id].append(identifier)
    return found


def state_counts(session: Session, order_id: int) -> Mapping[int, Mapping[str, int]]:
    """How many units stand in each state, by work order."""
    statement = (
        select(Unit.work_order_id, Unit.state, func.count())
        .where(Unit.order_id == order_id, Unit.work_order_id.is_not(None))
        .group_by(Unit.work_order_id, Unit.state)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for work_order_id, state, count in session.execute(statement):
        found[work_order_id or 0][state] = count
    return found
