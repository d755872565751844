"""Every query about reservations, and how much of a product nobody has reserved."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from server.catalog.models import Product
from server.erp.orders.models import SalesOrder
from server.erp.production.models import PIECES, Unit
from server.erp.reservations.models import Reservation
from server.erp.reservations.rules import ReservationState
from server.erp.stock.models import StockBalance
from server.tracking.states import UnitKind, UnitState

_ZERO = Decimal(0)
_HELD = Reservation.state == ReservationState.RESERVED.value


@dataclass(frozen=True, slots=True)
class ReservationFilter:
    """Which reservations a list shows; None takes all."""

    order: str | None = None
    product: str | None = None
    state: str | None = None


def reservations(
    session: Session, wanted: ReservationFilter, *, after: int | None, limit: int
) -> tuple[Sequence[Reservation], bool]:
    """A page of reservations with order, line and product by rising id, and whether more follow."""
    statement = _whole()
    if wanted.order is not None:
        statement = statement.where(SalesOrder.number == wanted.order)
    if wanted.product is not None:
        statement = statement.where(Product.sku == wanted.product)
    if wanted.state is not None:
        statement = statement.where(Reservation.state == wanted.state)
    if after is not None:
        statement = statement.where(Reservation.id > after)
    rows = session.scalars(statement.order_by(Reservation.id).limit(limit + 1)).all()
    return rows[:limit], len(rows) > limit


def _whole() -> Select[Reservation]:
    return (
        select(Reservation)
        .join(SalesOrder, SalesOrder.id == Reservation.order_id)
        .join(Product, Product.id == Reservation.product_id)
        .options(
            joinedload(Reservation.order).joinedload(SalesOrder.customer),
            joinedload(Reservation.line),
            joinedload(Reservation.product),
        )
    )


def of_order(session: Session, order_id: int) -> Mapping[int, Reservation]:
    """The reservations of an order by line."""
    statement = select(Reservation).where(Reservation.order_id == order_id).order_by(Reservation.id)
    return {found.order_line_id: found for found in session.scalars(statement.with_for_update())}


def reserved_of(session: Session, order_ids: Collection[int]) -> Mapping[int, Decimal]:
    """How much of each line of these orders is reserved and still lies in stock."""
    statement = select(Reservation.order_line_id, Reservation.quantity)
    return dict(session.execute(statement.where(Reservation.order_id.in_(order_ids), _HELD)).all())


_LOOSE = (
    Unit.order_id.is_(None),
    Unit.parent_id.is_(None),
    Unit.kind != UnitKind.CONTAINER.value,
    Unit.state == UnitState.IN_STOCK.value,
)


def numbered(session: Session, product_id: int, most: int) -> Sequence[Unit]:
    """Pieces or lots of a product that lie in stock with numbers of their own and are not held, the oldest first."""
    wanted = select(Unit).where(Unit.product_id == product_id, *_LOOSE, Unit.held.is_(False))
    return session.scalars(wanted.order_by(Unit.id).limit(most).with_for_update()).all()


def held_lots(session: Session, product_id: int) -> Collection[str]:
    """The numbers of lots of a product that lie in stock and are held: nobody picks of them."""
    wanted = select(Unit.number).where(Unit.product_id == product_id, *_LOOSE, Unit.held.is_(True))
    return set(session.scalars(wanted.where(Unit.kind == UnitKind.LOT.value)))


def picked_units(session: Session, work_order_id: int | None) -> Sequence[Unit]:
    """The units of a work order that were picked and are not packed yet."""
    wanted = select(Unit).where(Unit.work_order_id == work_order_id, Unit.state == UnitState.IN_STOCK.value)
    return session.scalars(wanted.order_by(Unit.id).with_for_update()).all()


def scrapped(session: Session, work_order_id: int | None) -> Decimal:
    """How many pieces of a work order are lost."""
    lost = select(func.sum(PIECES)).where(Unit.work_order_id == work_order_id, Unit.state == UnitState.SCRAPPED.value)
    return session.scalar(lost) or _ZERO


def lock_products(session: Session, product_ids: Collection[int]) -> None:
    """Keep others from reserving these products until the commit, so that nothing is promised twice."""
    session.execute(select(Product.id).where(Product.id.in_(product_ids)).order_by(Product.id).with_for_update())


def available(session: Session, product_ids: Collection[int]) -> Mapping[int, Decimal]:
    """What lies in stock of these products, is not held, and nobody has reserved; three queries."""
    lying = select(StockBalance.product_id, func.sum(StockBalance.quantity)).group_by(StockBalance.product_id)
    held = select(Reservation.product_id, func.sum(Reservation.quantity)).where(_HELD).group_by(Reservation.product_id)
    there = dict(session.execute(lying.where(StockBalance.product_id.in_(product_ids))).all())
    taken = dict(session.execute(held.where(Reservation.product_id.in_(product_ids))).all())
    kept = select(Unit.product_id, func.sum(PIECES)).where(
        Unit.product_id.in_(product_ids), *_LOOSE, Unit.held.is_(True)
    )
    stopped = dict(session.execute(kept.group_by(Unit.product_id)).all())
    return {each: there.get(each, _ZERO) - taken.get(each, _ZERO) - stopped.get(each, _ZERO) for each in product_ids}
