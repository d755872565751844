"""The units of an order, one row each, and the page of a single unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar, NamedTuple

from sqlalchemy import Connection, bindparam, case, func, select
from sqlalchemy.orm import Session, aliased

from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.access import is_customer, visible_orders
from server.crm.timeline import Timeline, unit_timeline
from server.db.prepared import Prepared
from server.erp.floor.models import Station
from server.erp.logistics.models import HandlingUnit
from server.erp.orders.models import SalesOrder
from server.erp.orders.snapshot import packaging_in_words, packaging_picture
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
    #: Of a lot; a serial is one piece.
    pieces: Decimal | None
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


_STEPS = select(Operation.work_order_id, Operation.step, Operation.name, Operation.started, Operation.good).order_by(
    Operation.work_order_id, Operation.step
)
_ROUTES = Prepared(
    RouteStep,
    _STEPS.join(WorkOrder, WorkOrder.id == Operation.work_order_id).where(WorkOrder.order_id == bindparam("order")),
)
_ROUTE = Prepared(RouteStep, _STEPS.where(Operation.work_order_id == bindparam("work_order")))


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
    pieces: Decimal | None
    station: str | None
    last_seen_at: datetime | None


_SERIAL = (
    select(func.max(Identifier.value))
    .where(Identifier.unit_id == Unit.id, Identifier.scheme == "sgtin", Identifier.active)
    .correlate(Unit)
    .scalar_subquery()
)
_OF_UNIT = (
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
        Unit.quantity.label("pieces"),
        Station.name.label("station"),
        Unit.last_seen_at,
    )
    .outerjoin(Product, Product.id == Unit.product_id)
    .outerjoin(Station, Station.id == Unit.last_station_id)
    .outerjoin(HandlingUnit, HandlingUnit.id == Unit.parent_id)
    .where(Unit.kind != UnitKind.CONTAINER.value)
)
_UNITS = Prepared(
    _Found,
    _OF_UNIT.where(Unit.order_id == bindparam("order")).order_by(Unit.work_order_id, Unit.position, Unit.id),
)
_UNIT = Prepared(_Found, _OF_UNIT.where(Unit.id == bindparam("unit")))


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
        pieces=unit.pieces,
        last_station=unit.station,
        last_seen_at=unit.last_seen_at,
    )


@dataclass(frozen=True, slots=True)
class UnitPage:
    """One unit: what it is, where it stands, what proves it."""

    row: UnitRow
    #: None where nobody has ordered it.
    order: str | None
    work_order: str | None
    #: What it was built into.
    inside: str | None
    #: The steps of its work order.
    route: Sequence[RouteStep]
    identifiers: Sequence[tuple[str, str]]
    timeline: Timeline
    #: For our own house: how it is packed, and what a change has added for the hands that make it.
    packaging: str | None = None
    picture: str | None = None
    changed: str | None = None


def unit_page(session: Session, principal: Principal, number: str, *, before: int | None = None) -> UnitPage:
    """The unit of a visible order, or to our own house one that nobody has ordered; raises NotFound."""
    whole = aliased(Unit)
    inside = case((Unit.state == UnitState.CONSUMED.value, whole.number))
    statement = (
        select(Unit.id, Unit.order_id, SalesOrder.number, WorkOrder.number, WorkOrder.id, inside, WorkOrder.snapshot)
        .outerjoin(SalesOrder, SalesOrder.id == Unit.order_id)
        .outerjoin(WorkOrder, WorkOrder.id == Unit.work_order_id)
        .outerjoin(whole, whole.id == Unit.parent_id)
        .where(Unit.number == number, Unit.kind != UnitKind.CONTAINER.value, visible_orders(principal))
    )
    found = session.execute(statement).first()
    if found is None or (found[1] is None and is_customer(principal)):
        raise NotFound
    unit_id, _order_id, order, work_order, work_order_id, built_into, made = found
    snapshot = {} if made is None or is_customer(principal) else made
    route = _ROUTE.all(session, work_order=work_order_id)
    row = _row(_UNIT.all(session, unit=unit_id)[0], tuple((step.step, step.name) for step in route))
    identifiers = select(Identifier.scheme, Identifier.value).where(Identifier.unit_id == unit_id, Identifier.active)
    return UnitPage(
        row,
        order,
        work_order,
        built_into,
        route,
        list(session.execute(identifiers.order_by(Identifier.id)).all()),
        unit_timeline(session, unit_id, before=before),
        packaging_in_words(snapshot),
        packaging_picture(snapshot),
        snapshot.get("instructions"),
    )
