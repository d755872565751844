"""Every query about locations, moves and balances."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from server.catalog.design import Kind
from server.catalog.models import Product
from server.erp.stock.models import StockBalance, StockItem, StockLocation, StockMove
from server.erp.stock.rules import Flow
from server.http.paging import Keyset, Page


def locations(session: Session, *, after: str | None, limit: int) -> Page[StockLocation]:
    """A page of locations, by age."""
    keyset = Keyset(StockLocation.id, StockLocation.key)
    return keyset.page(session, select(StockLocation), after=after, limit=limit)


def lock_locations(session: Session, keys: Collection[str]) -> dict[str, StockLocation]:
    """The locations of these keys, kept from other writers, so that their balances change one after the other."""
    statement = select(StockLocation).where(StockLocation.key.in_(keys)).order_by(StockLocation.id)
    return {found.key: found for found in session.scalars(statement.with_for_update())}


def location_of_code(session: Session, code: str) -> StockLocation | None:
    """The location whose printed code holds this; there are few."""
    printed = func.upper(func.replace(StockLocation.key, "-", ""))
    return session.scalars(select(StockLocation).where(printed == code)).first()


def has_location(session: Session) -> bool:
    """Whether goods may lie anywhere."""
    return session.scalar(select(StockLocation.id).limit(1)) is not None


def all_locations(session: Session) -> Sequence[StockLocation]:
    """Every location by name, however many there are: for labels, of which none may be missing."""
    return session.scalars(select(StockLocation).order_by(StockLocation.name, StockLocation.id)).all()


def places(session: Session, *, text: str, after: str | None, limit: int) -> tuple[Sequence[StockLocation], bool]:
    """Locations by name whose key or name holds the text, from behind the key `after` on; whether more follow."""
    statement = select(StockLocation).order_by(StockLocation.name, StockLocation.key).limit(limit + 1)
    if text:
        told = (func.lower(StockLocation.key), func.lower(StockLocation.name))
        statement = statement.where(or_(*(each.contains(text.lower(), autoescape=True) for each in told)))
    last = session.scalars(select(StockLocation).where(StockLocation.key == after)).first() if after else None
    if last is not None:
        statement = statement.where(tuple_(StockLocation.name, StockLocation.key) > tuple_(last.name, last.key))
    found = session.scalars(statement).all()
    return found[:limit], len(found) > limit


def kinds_lying(session: Session, location_ids: Collection[int]) -> Mapping[int, int]:
    """How many materials lie at each of these locations."""
    count = func.count(func.distinct(StockBalance.product_id))
    lies_there = (StockBalance.quantity != 0) & StockBalance.location_id.in_(location_ids)
    statement = select(StockBalance.location_id, count).where(lies_there)
    return {row[0]: row[1] for row in session.execute(statement.group_by(StockBalance.location_id))}


def product(session: Session, text: str) -> Product | None:
    """The product of this sku or GTIN."""
    found = session.scalars(select(Product).where(Product.sku == text)).one_or_none()
    if found is None and text.isascii() and text.isdigit() and len(text) <= 14:
        found = session.scalars(select(Product).where(Product.gtin == text.zfill(14))).one_or_none()
    return found


#: What is bought or counted, which is what comes in and is counted.
KNOWN_MATERIALS: Final = (
    Product.active,
    (Product.kind == Kind.PURCHASED.value) | Product.id.in_(select(StockItem.product_id)),
)


def item(session: Session, sku: str) -> tuple[StockItem, Product] | None:
    """A counted material with its product."""
    statement = select(StockItem, Product).join(Product, Product.id == StockItem.product_id).where(Product.sku == sku)
    row = session.execute(statement).one_or_none()
    return None if row is None else (row[0], row[1])


def move(session: Session, number: str) -> StockMove:
    """The move of this number with product and locations."""
    statement = select(StockMove).where(StockMove.number == number).options(*_whole_move())
    return session.scalars(statement).one()


def _whole_move() -> list[ORMOption]:
    return [joinedload(part) for part in (StockMove.product, StockMove.source, StockMove.target)]


def moves(session: Session, *, sku: str | None, lot: str | None, after: str | None, limit: int) -> Page[StockMove]:
    """A page of moves with product and locations, by age, in one statement."""
    statement = select(StockMove).options(*_whole_move())
    if sku is not None:
        statement = statement.where(StockMove.product_id.in_(select(Product.id).where(Product.sku == sku)))
    if lot is not None:
        statement = statement.where(StockMove.lot == lot)
    return Keyset(StockMove.id, StockMove.number).page(session, statement, after=after, limit=limit)


def balance(session: Session, product_id: int, location_id: int, lot: str) -> StockBalance | None:
    """The balance of a lot at a location, as it is in the database now, kept from other writers."""
    statement = (
        select(StockBalance)
        .where(StockBalance.product_id == product_id, StockBalance.location_id == location_id)
        .where(StockBalance.lot == lot)
        .with_for_update()
    )
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def stock(
    session: Session, *, sku: str | None, location: str | None, lot: str | None, after: int | None, limit: int
) -> tuple[Sequence[StockBalance], bool]:
    """Balances with product and location by rising id, and whether more follow."""
    statement = select(StockBalance).options(selectinload(StockBalance.product), selectinload(StockBalance.location))
    if sku is not None:
        statement = statement.where(StockBalance.product_id.in_(select(Product.id).where(Product.sku == sku)))
    if location is not None:
        mine = select(StockLocation.id).where(StockLocation.key == location)
        statement = statement.where(StockBalance.location_id.in_(mine))
    if lot is not None:
        statement = statement.where(StockBalance.lot == lot)
    if after is not None:
        statement = statement.where(StockBalance.id > after)
    rows = session.scalars(statement.order_by(StockBalance.id).limit(limit + 1)).all()
    return rows[:limit], len(rows) > limit


def all_balances(session: Session) -> Sequence[StockBalance]:
    """Every balance, by rising id."""
    return session.scalars(select(StockBalance).order_by(StockBalance.id)).all()


def flows(session: Session) -> Iterator[Flow]:
    """Every move there ever was, as balances know it."""
    move = StockMove
    columns = (move.product_id, move.lot, move.from_location_id, move.to_location_id, move.quantity)
    for row in session.execute(select(*columns).order_by(StockMove.id)):
        yield Flow(*row)
