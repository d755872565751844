"""What went into a unit, and which orders hold a lot: read from the moves that production booked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import Session, aliased

from server.catalog.models import Product
from server.db import Quantity, UtcDateTime
from server.erp.floor.models import Station
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.stock.materials import quantity_of
from server.erp.stock.models import StockMove
from server.erp.stock.rules import MoveKind
from server.parties.models import Customer
from server.tracking.states import UnitKind, UnitState

#: The counter-move of a scan that was taken back takes away what the scan had added.
NET: Final = func.sum(case((StockMove.reverses_id.is_(None), StockMove.quantity), else_=-StockMove.quantity))
USED: Final = StockMove.kind == MoveKind.BACKFLUSH.value

#: Unit state -> where the unit is, for whoever recalls a lot.
WHEREABOUTS: Final[Mapping[str, str]] = {
    UnitState.PLANNED.value: "in_work",
    UnitState.QUEUED.value: "in_work",
    UnitState.IN_PROCESS.value: "in_work",
    UnitState.FINISHED.value: "made",
    UnitState.IN_STOCK.value: "made",
    UnitState.CONSUMED.value: "built_in",
    UnitState.PACKED.value: "boxed",
    UnitState.SHIPPED.value: "shipped",
    UnitState.DELIVERED.value: "shipped",
    UnitState.RETURNED.value: "returned",
    UnitState.SCRAPPED.value: "scrapped",
}


@dataclass(frozen=True, slots=True)
class Used:
    """What a unit took of one lot, and where."""

    sku: str
    name: str
    uom: str
    lot: str
    station: str | None
    quantity: Decimal
    at: datetime


def materials_of(session: Session, unit_id: int) -> list[Used]:
    """What went into a unit, by material and lot; one query."""
    statement = (
        select(Product.sku, Product.name, StockMove.uom, StockMove.lot, Station.name, NET, func.max(StockMove.at))
        .join(Product, Product.id == StockMove.product_id)
        .outerjoin(Station, Station.id == StockMove.station_id)
        .where(StockMove.unit_id == unit_id, USED)
        .group_by(Product.id, StockMove.uom, StockMove.lot, Station.id)
        .having(NET > 0)
        .order_by(Product.sku, StockMove.lot)
    )
    rows: Sequence[Any] = session.execute(statement).all()
    return [Used(*(*row[:5], quantity_of(row[5]), row[6])) for row in rows]


@dataclass(frozen=True, slots=True)
class PartUnit:
    """A unit that was built into another."""

    number: str
    sku: str
    name: str


def parts_in(session: Session, unit_id: int) -> list[PartUnit]:
    """The units that were built into this one; one query."""
    statement = (
        select(Unit.number, Product.sku, Product.name)
        .join(Product, Product.id == Unit.product_id)
        .where(Unit.parent_id == unit_id, Unit.state == UnitState.CONSUMED.value)
        .order_by(Unit.id)
    )
    return [PartUnit(*row) for row in session.execute(statement)]


#: What a unit was built into, whatever that was built into, up to the last.
_Whole = aliased(Unit)
#: Where a unit is: where that one is.
_STATE: Final = func.coalesce(_Whole.state, Unit.state)
_ORDER: Final = SalesOrder.id == func.coalesce(Unit.order_id, _Whole.order_id)
_BOX: Final = HandlingUnit.id == case((_Whole.id.is_(None), Unit.parent_id), else_=_Whole.parent_id)


@dataclass(frozen=True, slots=True)
class Holder:
    """A unit that took of the lot, whose it is and where it is now."""

    unit_id: int
    unit: str
    product: str
    state: str
    work_order: str | None
    order: str | None
    customer: str | None
    customer_name: str | None
    box: str | None
    shipment: str | None
    #: The unit that it was built into.
    inside: str | None
    #: The lot, made of this one, that it took of; None where it took of this one itself.
    through: str | None
    #: What it took of this lot itself.
    quantity: Decimal | None
    at: datetime

    @property
    def where(self) -> str:
        """One of the words of WHEREABOUTS."""
        return WHEREABOUTS.get(self.state, self.state)


def holders(
    session: Session, product_id: int, lot: str, *, after: int | None = None, limit: int = 50
) -> tuple[list[Holder], bool]:
    """The units that took of a lot, by age, and whether more follow; one query."""
    held = _held(product_id, lot, after=after, most=limit + 1)
    wholes = _wholes(held)
    statement = (
        select(
            Unit.id, Unit.number, Product.sku, _STATE, WorkOrder.number, SalesOrder.number, Customer.number,
            Customer.name, HandlingUnit.number, Shipment.number, _Whole.number, held.c.through, held.c.quantity,
            held.c.at,
        )
        .join(held, held.c.unit_id == Unit.id)
        .join(Product, Product.id == Unit.product_id)
        .outerjoin(WorkOrder, WorkOrder.id == Unit.work_order_id)
        .outerjoin(wholes, wholes.c.unit_id == Unit.id)
        .outerjoin(_Whole, _Whole.id == wholes.c.whole_id)
        .outerjoin(SalesOrder, _ORDER)
        .outerjoin(Customer, Customer.id == SalesOrder.customer_id)
        .outerjoin(HandlingUnit, _BOX)
        .outerjoin(Shipment, Shipment.id == HandlingUnit.shipment_id)
    )  # fmt: skip
    rows: Sequence[Any] = session.execute(statement.order_by(Unit.id)).all()
    found = [Holder(*(*row[:12], None if row[11] else quantity_of(row[12]), row[13])) for row in rows[:limit]]
    return found, len(rows) > limit


@dataclass(frozen=True, slots=True)
class HeldBy:
    """An order that holds a lot: so many of its units by where they are."""

    order: str | None
    customer: str | None
    customer_name: str | None
    units: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many units in all."""
        return sum(self.units.values())


def orders_holding(session: Session, product_id: int, lot: str) -> list[HeldBy]:
    """The orders whose units took of a lot, with what is where; one query."""
    held = _held(product_id, lot)
    wholes = _wholes(held)
    statement = (
        select(SalesOrder.number, Customer.number, Customer.name, _STATE, func.count())
        .select_from(Unit)
        .join(held, held.c.unit_id == Unit.id)
        .outerjoin(wholes, wholes.c.unit_id == Unit.id)
        .outerjoin(_Whole, _Whole.id == wholes.c.whole_id)
        .outerjoin(SalesOrder, _ORDER)
        .outerjoin(Customer, Customer.id == SalesOrder.customer_id)
        .group_by(SalesOrder.id, SalesOrder.number, Customer.number, Customer.name, _STATE)
        .order_by(SalesOrder.id)
    )
    found: dict[tuple[str | None, str | None, str | None], dict[str, int]] = {}
    for order, customer, name, state, count in session.execute(statement):
        places = found.setdefault((order, customer, name), {})
        where = WHEREABOUTS.get(state, state)
        places[where] = places.get(where, 0) + count
    return [HeldBy(*whose, units) for whose, units in found.items()]


def _held(product_id: int, lot: str, *, after: int | None = None, most: int | None = None) -> Any:
    """The units that took of the lot and did not give it back, or of lots made of it; all of them or a page."""
    direct = (
        select(
            StockMove.unit_id, literal("").label("through"), NET.label("quantity"), func.max(StockMove.at).label("at")
        )
        .where(StockMove.product_id == product_id, StockMove.lot == lot, USED, StockMove.unit_id.is_not(None))
        .group_by(StockMove.unit_id)
        .having(NET > 0)
    )
    reached = select(direct.subquery("direct")).cte("reached", recursive=True)
    part, back = aliased(Unit), aliased(StockMove)
    taken_back = select(back.id).where(back.reverses_id == StockMove.id, back.quantity == StockMove.quantity).exists()
    further = (
        select(StockMove.unit_id, part.number, literal(None, Quantity()), StockMove.at)
        .select_from(reached)
        .join(part, (part.id == reached.c.unit_id) & (part.kind == UnitKind.LOT.value))
        .join(StockMove, (StockMove.product_id == part.product_id) & (StockMove.lot == part.number) & USED)
        .where(StockMove.unit_id.is_not(None), StockMove.reverses_id.is_(None), ~taken_back)
    )
    reached = reached.union(further)
    # Whoever took of the lot itself, as well, is told once.
    wanted = select(
        reached.c.unit_id,
        func.nullif(func.min(reached.c.through), "").label("through"),
        func.max(reached.c.quantity, type_=Quantity()).label("quantity"),
        func.max(reached.c.at, type_=UtcDateTime()).label("at"),
    ).group_by(reached.c.unit_id)
    if after is not None:
        wanted = wanted.where(reached.c.unit_id > after)
    return (wanted if most is None else wanted.order_by(reached.c.unit_id).limit(most)).subquery()


def _wholes(held: Any) -> Any:
    """What each of these units was built into in the end; nothing of one that is no part.

    Each pair of a unit and what holds it is looked at once, so that a circle, which no scan can make, would end.
    """
    part, whole = aliased(Unit), aliased(Unit)
    climb = select(held.c.unit_id, held.c.unit_id.label("whole_id")).cte("climb", recursive=True)
    above = (
        select(climb.c.unit_id, part.parent_id)
        .join(part, part.id == climb.c.whole_id)
        .where(part.state == UnitState.CONSUMED.value, part.parent_id.is_not(None))
    )
    climb = climb.union(above)
    last = whole.state != UnitState.CONSUMED.value
    found = select(climb.c.unit_id, climb.c.whole_id).join(whole, whole.id == climb.c.whole_id).where(last)
    return found.where(climb.c.whole_id != climb.c.unit_id).subquery()
