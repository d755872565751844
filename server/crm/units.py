"""The units of an order, one row each, and the page of a single unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar, NamedTuple

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.access import visible_orders
from server.crm.timeline import Timeline, unit_timeline
from server.db.prepared import Prepared
from server.erp.floor.models import Station
from server.erp.logistics.models import HandlingUnit
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Identifier, Operation, Unit, WorkOrder
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
            # What was picked out of stock has nothing left to make.
            return 6 if self.state in (UnitState.IN_STOCK, UnitState.FINISHED) else 0
        begun = 0.5 if self.state == UnitState.IN_PROCESS else 0
        return round(6 * (self.steps_done + begun) / self.steps_total)


class RouteStep(NamedTuple):
    """One operation of a work order, with its pieces."""

    work_order_id: int
    step: int
    name: str
    started: int
    good: int


_ROUTES = Prepared(
    RouteStep,
    select(Operation.work_order_id, Operation.step, Operation.name, Operation.started, Operation.good)
    .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
    .where(WorkOrder.order_id == bindparam("order"))
    .order_by(Operation.work_order_id, Operation.step),
)


class _Found(NamedTuple):
    id: int
    number: str
    position: int
    product: str | None
    work_order_id: int | None
    state: str
    step: int | None
    held: bool
    hold_reason: str | None
    serial: str | None
    box: str | None
    box_id: int | None
    station: str | None
    last_seen_at: datetime | None


_SERIAL = (
    select(func.max(Identifier.value))
    .where(Identifier.unit_id == Unit.id, Identifier.scheme == "sgtin", Identifier.active)
    .correlate(Unit)
    .scalar_subquery()
)
_UNITS = Prepared(
    _Found,
    select(
        Unit.id,
        Unit.number,
        Unit.position,
        Product.name,
        Unit.work_order_id,
        Unit.state,
        Unit.step,
        Unit.held,
        Unit.hold_reason,
        _SERIAL.label("serial"),
        HandlingUnit.number.label("box"),
        Unit.parent_id,
        Station.name.label("station"),
        Unit.last_seen_at,
    )
    .outerjoin(Product, Product.id == Unit.product_id)
    .outerjoin(Station, Station.id == Unit.last_station_id)
    .outerjoin(HandlingUnit, HandlingUnit.id == Unit.parent_id)
    .where(Unit.order_id == bindparam("order"), Unit.kind != UnitKind.CONTAINER.value)
    .order_by(Unit.work_order_id, Unit.position, Unit.id),
)


def route_steps(session: Session | Connection, order_id: int) -> list[RouteStep]:
    """The operations of an order by work order and step; one query."""
    return _ROUTES.all(session, order=order_id)


def unit_rows(session: Session | Connection, order_id: int, operations: Sequence[RouteStep]) -> list[UnitRow]:
    """The serials and lots of an order by work order and position; one query."""
    routes: dict[int | None, tuple[tuple[int, str], ...]] = {}
    for operation in operations:
        before = routes.get(operation.work_order_id, ())
        routes[operation.work_order_id] = (*before, (operation.step, operation.name))
    return [_row(unit, routes.get(unit.work_order_id, ())) for unit in _UNITS.all(session, order=order_id)]


@lru_cache(maxsize=20_000)
def _row(unit: _Found, route: tuple[tuple[int, str], ...]) -> UnitRow:
    """Kept, for a scan changes one unit of an order and leaves the others as they were."""
    places = {step: place for place, (step, _) in enumerate(route)}
    present = places.get(unit.step) if unit.step is not None else None
    return UnitRow(
        id=unit.id,
        number=unit.number,
        position=unit.position,
        product=unit.product or "",
        work_order_id=unit.work_order_id,
        state=unit.state,
        step=None if present is None else route[present][1],
        steps_done=len(route) if unit.state in _THROUGH else present or 0,
        steps_total=len(route),
        held=unit.held,
        hold_reason=unit.hold_reason,
        serial=None if unit.serial is None else unit.serial.partition("/21/")[2],
        box=unit.box,
        box_id=unit.box_id,
        last_station=unit.station,
        last_seen_at=unit.last_seen_at,
    )


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
    rows = unit_rows(session, order_id, route_steps(session, order_id))
    found = next((row for row in rows if row.id == unit_id), None)
    if found is None:
        raise NotFound
    return found
