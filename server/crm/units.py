"""The units of an order, one row each, and the page of a single unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.access import visible_orders
from server.crm.timeline import Timeline, unit_timeline
from server.erp.floor.models import Station
from server.erp.logistics.models import HandlingUnit
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Identifier, Operation, Unit
from server.errors import NotFound
from server.tracking.states import UnitKind, UnitState

_THROUGH = (
    UnitState.FINISHED,
    UnitState.IN_STOCK,
    UnitState.PACKED,
    UnitState.SHIPPED,
    UnitState.DELIVERED,
    UnitState.CONSUMED,
    UnitState.RETURNED,
)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit with where it stands; `steps_done` of `steps_total` operations are behind it."""

    never: ClassVar[datetime] = datetime.min.replace(tzinfo=UTC)

    id: int
    number: str
    position: int
    product: str
    work_order_id: int | None
    state: str
    #: The operation it waits for or is in.
    step: str | None
    steps_done: int
    steps_total: int
    held: bool
    hold_reason: str | None
    serial: str | None
    box: str | None
    box_id: int | None
    last_station: str | None
    last_seen_at: datetime | None

    @property
    def level(self) -> int:
        """How far it is on a scale of 0 to 8, for the shade of its cell."""
        if self.state in (UnitState.SHIPPED, UnitState.DELIVERED):
            return 8
        if self.state == UnitState.PACKED:
            return 7
        if not self.steps_total:
            return 0
        begun = 0.5 if self.state == UnitState.IN_PROCESS else 0
        return round(6 * (self.steps_done + begun) / self.steps_total)


def unit_rows(session: Session, order_id: int, operations: Sequence[Operation]) -> list[UnitRow]:
    """The serials and lots of an order by work order and position; three queries."""
    statement = (
        select(Unit, Product.name, Station.name, HandlingUnit.number)
        .outerjoin(Product, Product.id == Unit.product_id)
        .outerjoin(Station, Station.id == Unit.last_station_id)
        .outerjoin(HandlingUnit, HandlingUnit.id == Unit.parent_id)
        .where(Unit.order_id == order_id, Unit.kind != UnitKind.CONTAINER.value)
        .order_by(Unit.work_order_id, Unit.position, Unit.id)
    )
    serials = _serials(session, order_id)
    routes: dict[int, list[Operation]] = {}
    for operation in operations:
        routes.setdefault(operation.work_order_id, []).append(operation)
    return [
        _row(unit, (product, station, box), routes.get(unit.work_order_id or 0, []), serials.get(unit.id))
        for unit, product, station, box in session.execute(statement)
    ]


def _row(
    unit: Unit, names: tuple[str | None, str | None, str | None], route: Sequence[Operation], serial: str | None
) -> UnitRow:
    product, station, box = names
    present = next((operation for operation in route if operation.step == unit.step), None)
    behind = sum(operation.step < present.step for operation in route) if present else 0
    return UnitRow(
        id=unit.id,
        number=unit.number,
        position=unit.position,
        product=product or "",
        work_order_id=unit.work_order_id,
        state=unit.state,
        step=present.name if present else None,
        steps_done=len(route) if unit.state in _THROUGH else behind,
        steps_total=len(route),
        held=unit.held,
        hold_reason=unit.hold_reason,
        serial=serial,
        box=box,
        box_id=unit.parent_id,
        last_station=station,
        last_seen_at=unit.last_seen_at,
    )


def _serials(session: Session, order_id: int) -> dict[int, str]:
    statement = (
        select(Identifier.unit_id, Identifier.value)
        .join(Unit, Unit.id == Identifier.unit_id)
        .where(Unit.order_id == order_id, Identifier.scheme == "sgtin", Identifier.active)
    )
    return {unit_id: value.partition("/21/")[2] for unit_id, value in session.execute(statement)}


@dataclass(frozen=True, slots=True)
class UnitPage:
    """One unit: what it is, where it stands, what proves it."""

    row: UnitRow
    order: str
    identifiers: Sequence[tuple[str, str]]
    timeline: Timeline


def unit_page(session: Session, principal: Principal, number: str, *, before: int | None = None) -> UnitPage:
    """The unit if its order is visible to this caller; raises NotFound."""
    statement = (
        select(Unit.id, SalesOrder.id, SalesOrder.number)
        .join(SalesOrder, SalesOrder.id == Unit.order_id)
        .where(Unit.number == number, visible_orders(principal))
    )
    found = session.execute(statement).first()
    if found is None:
        raise NotFound
    unit_id, order_id, order_number = found
    row = _single(session, unit_id, order_id)
    identifiers = select(Identifier.scheme, Identifier.value).where(Identifier.unit_id == unit_id, Identifier.active)
    return UnitPage(
        row,
        order_number,
        list(session.execute(identifiers.order_by(Identifier.id)).all()),
        unit_timeline(session, unit_id, before=before),
    )


def _single(session: Session, unit_id: int, order_id: int) -> UnitRow:
    work_order_id = session.execute(select(Unit.work_order_id).where(Unit.id == unit_id)).scalar_one()
    route = session.scalars(
        select(Operation).where(Operation.work_order_id == work_order_id).order_by(Operation.step)
    ).all()
    rows = unit_rows(session, order_id, route)
    found = next((row for row in rows if row.id == unit_id), None)
    if found is None:
        raise NotFound
    return found
