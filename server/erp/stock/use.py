"""What must be known to book what units use: parts of work orders, materials, what was used and what was booked."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from server.catalog.models import Product
from server.erp.production.models import PIECES, Unit, WorkOrder
from server.erp.stock.book import NewMove
from server.erp.stock.genealogy import NET, USED
from server.erp.stock.models import StockBalance, StockItem, StockLocation, StockMove
from server.erp.stock.rules import MoveKind, Spot

_MILLIONTH: Final = Decimal("0.000001")
_HUNDRED: Final = Decimal(100)


class Material(NamedTuple):
    """A product that is counted."""

    id: int
    sku: str
    uom: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What one piece of a work order takes, by sku, with what is lost on the way."""

    lines: Mapping[str, Decimal]


@dataclass(slots=True)
class Known:
    """What a batch has to know before it books."""

    #: Work order -> its parts, from the snapshot of its release.
    parts: dict[int, Parts] = field(default_factory=dict)
    #: Those of the parts that are counted, by sku.
    materials: dict[str, Material] = field(default_factory=dict)
    #: Unit and product: the unit has had its share.
    used: set[tuple[int, int]] = field(default_factory=set)
    #: Product -> the location where most of it lies.
    places: dict[int, int] = field(default_factory=dict)
    #: Fact -> the moves it booked, each with its id.
    booked: dict[int, Sequence[tuple[int, NewMove]]] = field(default_factory=dict)
    #: Lots -> how many pieces they are.
    pieces: dict[int, Decimal] = field(default_factory=dict)
    #: Units made for stock -> their product and how many they are; and where they go when nobody says.
    made: dict[int, tuple[Material, Decimal]] = field(default_factory=dict)
    shelf: int | None = None
    #: Units that lay in stock -> where, and under which lot.
    spots: dict[int, tuple[int | None, str]] = field(default_factory=dict)
    #: What lies where something is counted.
    lying: dict[Spot, Decimal] = field(default_factory=dict)


def look_up(
    session: Session, works: Collection[int], units: Collection[int], facts: Collection[int], spots: Collection[Spot]
) -> Known:
    """What these work orders, units, facts and counted places need; nothing is asked for what is empty.

    Where no material is counted at all, one small question tells so.
    """
    known = Known()
    if works and session.scalar(select(StockItem.product_id).limit(1)) is not None:
        known.parts = _parts(session, works)
        skus = {sku for parts in known.parts.values() for sku in parts.lines}
        known.materials = _materials(session, skus) if skus else {}
    if known.materials:
        ids = sorted(material.id for material in known.materials.values())
        known.used = _used(session, units, ids)
        known.places = _places(session, ids)
    if facts:
        known.booked = _booked(session, facts)
    if spots:
        known.lying = _lying(session, spots)
    return known


def look_up_made(session: Session, known: Known, units: Collection[int]) -> None:
    """What these units are, made for stock as they were, and where such things lie."""
    statement = (
        select(Unit.id, Product.id, Product.sku, Product.uom, PIECES)
        .join(Product, Product.id == Unit.product_id)
        .where(Unit.id.in_(units))
    )
    for unit_id, product_id, sku, uom, pieces in session.execute(statement):
        known.made[unit_id] = (Material(product_id, sku, uom), pieces)
    products = sorted({material.id for material, _ in known.made.values()} - known.places.keys())
    known.places |= _places(session, products) if products else {}
    known.shelf = session.scalar(select(StockLocation.id).order_by(StockLocation.id).limit(1))


def look_up_pieces(session: Session, known: Known, lots: Collection[int]) -> None:
    """How many pieces these lots are, for they may have been split."""
    known.pieces = {row[0]: row[1] for row in session.execute(select(Unit.id, PIECES).where(Unit.id.in_(lots)))}


def look_up_spots(session: Session, known: Known, units: Collection[int]) -> None:
    """Where these units were put when they were made for stock; of others, where most of their kind lies."""
    look_up_made(session, known, units)
    put = select(StockMove.unit_id, StockMove.to_location_id, StockMove.lot).where(
        StockMove.unit_id.in_(units), StockMove.kind == MoveKind.PRODUCE.value, StockMove.reverses_id.is_(None)
    )
    spots = {row[0]: (row[1], row[2]) for row in session.execute(put.order_by(StockMove.id))}
    known.spots = {
        unit_id: spots.get(unit_id) or (known.places.get(material.id), "")
        for unit_id, (material, _) in known.made.items()
    }


def moves_of(session: Session, unit_id: int) -> list[tuple[int, NewMove]]:
    """What a unit took and what it gave to stock, each move with its id, less what of it was taken back since."""
    back = aliased(StockMove)
    given_back = (
        select(func.sum(back.quantity))
        .where(back.reverses_id == StockMove.id, back.unit_id == unit_id)
        .scalar_subquery()
    )
    statement = select(StockMove, given_back).where(StockMove.unit_id == unit_id, StockMove.reverses_id.is_(None))
    found = []
    for move, less in session.execute(statement.order_by(StockMove.id)):
        left = move.quantity - (less or 0)
        if left > 0:
            found.append((move.id, replace(_again(move), quantity=left, fact_id=move.fact_id)))
    return found


def parts_of(snapshot: Mapping[str, Any]) -> Parts:
    """The parts as a snapshot tells them.

    >>> parts_of({"bom": [{"sku": "TUBE", "quantity": "4", "scrap_percent": "5"}]}).lines
    {'TUBE': Decimal('4.200000')}
    """
    lines: dict[str, Decimal] = {}
    for line in snapshot.get("bom") or ():
        lost = Decimal(line.get("scrap_percent") or 0)
        each = (Decimal(line["quantity"]) * (_HUNDRED + lost) / _HUNDRED).quantize(_MILLIONTH)
        lines[line["sku"]] = lines.get(line["sku"], Decimal(0)) + each
    return Parts({sku: each for sku, each in lines.items() if each > 0})


def _parts(session: Session, works: Collection[int]) -> dict[int, Parts]:
    statement = select(WorkOrder.id, WorkOrder.snapshot).where(WorkOrder.id.in_(works))
    return {row[0]: parts_of(row[1]) for row in session.execute(statement)}


def _materials(session: Session, skus: Collection[str]) -> dict[str, Material]:
    statement = select(Product.id, Product.sku, Product.uom).join(StockItem, StockItem.product_id == Product.id)
    return {row[1]: Material(*row) for row in session.execute(statement.where(Product.sku.in_(skus)))}


def _used(session: Session, units: Collection[int], products: Collection[int]) -> set[tuple[int, int]]:
    statement = (
        select(StockMove.unit_id, StockMove.product_id)
        .where(StockMove.unit_id.in_(units), StockMove.product_id.in_(products), USED)
        .group_by(StockMove.unit_id, StockMove.product_id)
        .having(NET > 0)
    )
    return {(row[0] or 0, row[1]) for row in session.execute(statement)}


def _places(session: Session, products: Collection[int]) -> dict[int, int]:
    total = func.sum(StockBalance.quantity)
    statement = (
        select(StockBalance.product_id, StockBalance.location_id)
        .where(StockBalance.product_id.in_(products))
        .group_by(StockBalance.product_id, StockBalance.location_id)
        .order_by(total, StockBalance.location_id.desc())
    )
    # By rising quantity: where most lies comes last and stays.
    return {row[0]: row[1] for row in session.execute(statement)}


def _booked(session: Session, facts: Collection[int]) -> dict[int, Sequence[tuple[int, NewMove]]]:
    statement = select(StockMove).where(StockMove.fact_id.in_(facts), StockMove.reverses_id.is_(None))
    found: dict[int, list[tuple[int, NewMove]]] = defaultdict(list)
    for move in session.scalars(statement.order_by(StockMove.id)):
        found[move.fact_id or 0].append((move.id, _again(move)))
    return dict(found)


def _again(move: StockMove) -> NewMove:
    names = ("product_id", "uom", "quantity", "actor", "at", "lot", "work_order_id", "unit_id", "station_id")
    own: dict[str, Any] = {name: getattr(move, name) for name in names}
    own |= {"source_id": move.from_location_id, "target_id": move.to_location_id}
    return NewMove(kind=MoveKind(move.kind), **own)


def _lying(session: Session, spots: Collection[Spot]) -> dict[Spot, Decimal]:
    balance = StockBalance
    columns = (balance.product_id, balance.location_id, balance.lot, balance.quantity)
    products = {spot[0] for spot in spots}
    statement = select(*columns).where(balance.product_id.in_(products)).order_by(*columns[:3]).with_for_update()
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(statement)}
