"""Materials as people look at them: how much lies where, which are low, and how each came and went."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, aliased

from server.catalog.models import Product
from server.erp.floor.models import Station
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.reservations.models import Reservation
from server.erp.reservations.rules import ReservationState
from server.erp.stock.models import StockBalance, StockItem, StockLocation, StockMove
from server.erp.stock.rules import MoveKind
from server.http.text import fold
from server.journal.models import EventRecord, EventSource, Fact

#: What a page shows of balances and of lots at once.
MOST: Final = 200
#: So many moves stand on one page.
MOVES: Final = 20
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Material:
    """A counted product with what there is of it in all."""

    product_id: int
    sku: str
    name: str
    uom: str
    quantity: Decimal
    reorder_level: Decimal | None
    #: Somewhere more was taken than was known to lie there.
    negative: bool
    row_version: int
    #: What lines of confirmed orders have reserved of it.
    reserved: Decimal = _ZERO

    @property
    def available(self) -> Decimal:
        """What nobody has reserved."""
        return max(self.quantity - self.reserved, _ZERO)

    @property
    def low(self) -> bool:
        """Whether less is left than the level says."""
        return self.reorder_level is not None and self.quantity < self.reorder_level


@dataclass(frozen=True, slots=True)
class MaterialFilter:
    """Which materials a list shows; None takes all."""

    text: str | None = None
    location: str | None = None
    #: low | negative
    show: str | None = None


_TOTAL: ColumnElement[Decimal] = func.coalesce(func.sum(StockBalance.quantity), 0)
_RESERVED = (
    select(func.coalesce(func.sum(Reservation.quantity), 0))
    .where(Reservation.product_id == Product.id, Reservation.state == ReservationState.RESERVED.value)
    .correlate(Product)
    .scalar_subquery()
)
_LOWEST: ColumnElement[Decimal] = func.coalesce(func.min(StockBalance.quantity), 0)


def materials(
    session: Session, wanted: MaterialFilter, *, after: str | None = None, limit: int = 50
) -> tuple[list[Material], bool]:
    """A page of materials by sku, and whether more follow; one query."""
    statement = _materials()
    if wanted.text:
        text = wanted.text.strip()
        named = Product.search_name.contains(fold(text), autoescape=True)
        statement = statement.where(named | (Product.gtin == text.zfill(14)))
    if wanted.location:
        here = select(StockBalance.product_id).join(StockLocation, StockLocation.id == StockBalance.location_id)
        lying = here.where(StockLocation.key == wanted.location, StockBalance.quantity != 0)
        statement = statement.where(Product.id.in_(lying))
    if wanted.show == "low":
        statement = statement.having(StockItem.reorder_level > _TOTAL)
    if wanted.show == "negative":
        statement = statement.having(_LOWEST < 0)
    if after is not None:
        statement = statement.where(Product.sku > after)
    rows = session.execute(statement.order_by(Product.sku).limit(limit + 1)).all()
    return [_material(row) for row in rows[:limit]], len(rows) > limit


def material(session: Session, sku: str) -> Material | None:
    """One material; one query."""
    row = session.execute(_materials().where(Product.sku == sku)).one_or_none()
    return None if row is None else _material(row)


def counts(session: Session) -> Mapping[str, int]:
    """How many materials are low, and how many are negative somewhere; one query."""
    each = _materials().subquery()
    low = case((each.c.reorder_level > each.c.total, 1), else_=0)
    negative = case((each.c.lowest < 0, 1), else_=0)
    row = session.execute(select(func.count(), func.sum(low), func.sum(negative)).select_from(each)).one()
    return {"": int(row[0]), "low": int(row[1] or 0), "negative": int(row[2] or 0)}


def _materials() -> Any:
    columns = (Product.id, Product.sku, Product.name, Product.uom)
    return (
        select(
            *columns,
            _TOTAL.label("total"),
            StockItem.reorder_level,
            _LOWEST.label("lowest"),
            StockItem.row_version,
            _RESERVED.label("reserved"),
        )
        .select_from(StockItem)
        .join(Product, Product.id == StockItem.product_id)
        .outerjoin(StockBalance, StockBalance.product_id == StockItem.product_id)
        .group_by(Product.id, StockItem.product_id)
    )


def _material(row: Any) -> Material:
    product_id, sku, name, uom, total, level, lowest, version, reserved = row
    negative = quantity_of(lowest) < 0
    return Material(product_id, sku, name, uom, quantity_of(total), level, negative, version, quantity_of(reserved))


def quantity_of(value: Any) -> Decimal:
    """A sum as a quantity; what was coalesced to nothing comes as a plain number."""
    return value if isinstance(value, Decimal) else Decimal(value or 0)


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies at a location, of one lot or of all."""

    location: str
    location_name: str
    lot: str
    quantity: Decimal
    lots: int = 1


def by_location(session: Session, product_ids: Collection[int]) -> Mapping[int, list[Lying]]:
    """Where these materials lie, all lots together; one query."""
    total = func.sum(StockBalance.quantity)
    count = func.sum(case((StockBalance.quantity != 0, 1), else_=0))
    statement = (
        select(StockBalance.product_id, StockLocation.key, StockLocation.name, total, count)
        .join(StockLocation, StockLocation.id == StockBalance.location_id)
        .where(StockBalance.product_id.in_(product_ids))
        .group_by(StockBalance.product_id, StockLocation.id)
        .having(count > 0)
        .order_by(StockLocation.name, StockLocation.id)
    )
    found: dict[int, list[Lying]] = defaultdict(list)
    for product_id, key, name, quantity, lots in session.execute(statement):
        found[product_id].append(Lying(key, name, "", quantity_of(quantity), int(lots)))
    return found


def lying(session: Session, product_id: int, *, lot: str | None = None) -> list[Lying]:
    """What lies where of a material, lot by lot, the newest lots first; one query."""
    statement = (
        select(StockLocation.key, StockLocation.name, StockBalance.lot, StockBalance.quantity)
        .join(StockLocation, StockLocation.id == StockBalance.location_id)
        .where(StockBalance.product_id == product_id)
    )
    statement = statement.where(StockBalance.quantity != 0) if lot is None else statement.where(StockBalance.lot == lot)
    return [Lying(*row) for row in session.execute(statement.order_by(StockBalance.id.desc()).limit(MOST))]


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A move with where it came from and what proves it."""

    id: int
    number: str
    kind: str
    lot: str
    source: str | None
    target: str | None
    quantity: Decimal
    cause: str | None
    reference: str | None
    actor: str
    at: datetime
    work_order: str | None
    unit: str | None
    order: str | None
    station: str | None
    reverses_id: int | None
    gateway: str | None
    sequence: int | None
    read_point: str | None


_Source, _Target = aliased(StockLocation), aliased(StockLocation)


def newest_moves(
    session: Session,
    product_id: int,
    *,
    lot: str | None = None,
    is_used: bool = True,
    before: int | None = None,
) -> tuple[Sequence[MoveRow], bool]:
    """The moves of a material from the newest on, each with its proof, and whether more follow; one query.

    `is_used` takes in what units used.
    """
    move = StockMove
    statement = (
        select(
            move.id, move.number, move.kind, move.lot, _Source.name.label("source"), _Target.name.label("target"),
            move.quantity, move.cause, move.reference, move.actor, move.at,
            WorkOrder.number.label("work_order"), Unit.number.label("unit"), SalesOrder.number.label("order"),
            Station.name.label("station"),
            move.reverses_id, EventSource.gateway, EventRecord.sequence, Fact.detail,
        )
        .outerjoin(_Source, _Source.id == move.from_location_id)
        .outerjoin(_Target, _Target.id == move.to_location_id)
        .outerjoin(WorkOrder, WorkOrder.id == move.work_order_id)
        .outerjoin(Unit, Unit.id == move.unit_id)
        .outerjoin(SalesOrder, SalesOrder.id == Unit.order_id)
        .outerjoin(Station, Station.id == move.station_id)
        .outerjoin(Fact, Fact.id == move.fact_id)
        .outerjoin(EventRecord, EventRecord.id == Fact.event_id)
        .outerjoin(EventSource, EventSource.id == EventRecord.source_id)
        .where(move.product_id == product_id)
    )  # fmt: skip
    if lot is not None:
        statement = statement.where(move.lot == lot)
    if not is_used:
        statement = statement.where(move.kind != MoveKind.BACKFLUSH.value)
    if before is not None:
        statement = statement.where(move.id < before)
    rows: Sequence[Any] = session.execute(statement.order_by(move.id.desc()).limit(MOVES + 1)).all()
    return [_move_row(tuple(row)) for row in rows[:MOVES]], len(rows) > MOVES


def _move_row(row: tuple[Any, ...]) -> MoveRow:
    detail: Mapping[str, Any] = row[-1] or {}
    return MoveRow(*(*row[:-1], detail.get("read_point")))
