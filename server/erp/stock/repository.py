"""Every query about locations, moves and balances."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from server.catalog.models import Product
from server.erp.stock.models import StockBalance, StockLocation, StockMove
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


def product(session: Session, sku: str) -> Product | None:
    """The product of this sku."""
    return session.scalars(select(Product).where(Product.sku == sku)).one_or_none()


def moves(session: Session, *, sku: str | None, after: str | None, limit: int) -> Page[StockMove]:
    """A page of moves with product and locations, by age."""
    statement = select(StockMove).options(
        selectinload(StockMove.product), selectinload(StockMove.source), selectinload(StockMove.target)
    )
    if sku is not None:
        statement = statement.where(StockMove.product_id.in_(select(Product.id).where(Product.sku == sku)))
    return Keyset(StockMove.id, StockMove.number).page(session, statement, after=after, limit=limit)


def balance(session: Session, product_id: int, location_id: int) -> StockBalance | None:
    """The balance of a product at a location, as it is in the database now."""
    statement = select(StockBalance).where(
        StockBalance.product_id == product_id, StockBalance.location_id == location_id
    )
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def stock(
    session: Session, *, sku: str | None, location: str | None, after: int | None, limit: int
) -> tuple[Sequence[StockBalance], bool]:
    """Balances with product and location by rising id, and whether more follow."""
    statement = select(StockBalance).options(selectinload(StockBalance.product), selectinload(StockBalance.location))
    if sku is not None:
        statement = statement.where(StockBalance.product_id.in_(select(Product.id).where(Product.sku == sku)))
    if location is not None:
        mine = select(StockLocation.id).where(StockLocation.key == location)
        statement = statement.where(StockBalance.location_id.in_(mine))
    if after is not None:
        statement = statement.where(StockBalance.id > after)
    rows = session.scalars(statement.order_by(StockBalance.id).limit(limit + 1)).all()
    return rows[:limit], len(rows) > limit


def all_balances(session: Session) -> Sequence[StockBalance]:
    """Every balance, by rising id."""
    return session.scalars(select(StockBalance).order_by(StockBalance.id)).all()


def flows(session: Session) -> Iterator[Flow]:
    """Every move there ever was, as balances know it."""
    columns = (StockMove.product_id, StockMove.from_location_id, StockMove.to_location_id, StockMove.quantity)
    for row in session.execute(select(*columns).order_by(StockMove.id)):
        yield Flow(*row)
