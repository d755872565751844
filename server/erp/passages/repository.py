"""Every query about passage checks, and about what a shipment, a box or an order holds."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.erp.floor.models import ReadPoint, Station
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import SalesOrder
from server.erp.passages.models import PassageCheck, PassageItem
from server.erp.production.models import Unit
from server.tracking.states import HandlingUnitState, UnitKind

_STILL_HERE = (HandlingUnitState.OPEN.value, HandlingUnitState.CLOSED.value, HandlingUnitState.LOADED.value)
_WHOLE = (joinedload(PassageCheck.read_point).joinedload(ReadPoint.station), selectinload(PassageCheck.items))


def check(session: Session, check_id: int, *, lock: bool = False) -> PassageCheck | None:
    """The check of this number with its things and its read point."""
    statement = select(PassageCheck).where(PassageCheck.id == check_id).options(*_WHOLE)
    return session.scalars(statement.with_for_update(of=PassageCheck) if lock else statement).unique().one_or_none()


def open_check_at(session: Session, read_point_id: int) -> PassageCheck | None:
    """The check that is open at this read point."""
    statement = select(PassageCheck).where(
        PassageCheck.read_point_id == read_point_id, PassageCheck.closed_at.is_(None)
    )
    return session.scalars(statement.options(*_WHOLE).with_for_update(of=PassageCheck)).unique().one_or_none()


def open_checks_at(session: Session, read_points: Collection[str]) -> Sequence[PassageCheck]:
    """The checks that are open at the read points of these keys, without their things, locked."""
    statement = (
        select(PassageCheck)
        .join(PassageCheck.read_point)
        .where(ReadPoint.key.in_(read_points), PassageCheck.closed_at.is_(None))
        .options(joinedload(PassageCheck.read_point).joinedload(ReadPoint.station))
    )
    return session.scalars(statement.with_for_update(of=PassageCheck)).all()


def items(session: Session, check_id: int, codes: Collection[str]) -> Mapping[str, PassageItem]:
    """The things of this check that have these codes, by code."""
    known = select(PassageItem).where(PassageItem.check_id == check_id, PassageItem.code.in_(codes))
    return {item.code: item for item in session.scalars(known)}


def checks(
    session: Session,
    *,
    read_point: str | None = None,
    station: str | None = None,
    before: int | None = None,
    limit: int = 25,
) -> Sequence[PassageCheck]:
    """Checks with their things, newest first; one more than `limit` where there are more."""
    statement = select(PassageCheck).join(PassageCheck.read_point).join(ReadPoint.station).options(*_WHOLE)
    if read_point is not None:
        statement = statement.where(ReadPoint.key == read_point)
    if station is not None:
        statement = statement.where(Station.key == station)
    if before is not None:
        statement = statement.where(PassageCheck.id < before)
    return session.scalars(statement.order_by(PassageCheck.id.desc()).limit(limit + 1)).unique().all()


def checking_points(session: Session, station: str) -> Sequence[ReadPoint]:
    """The read points in use at a station that compare passages, by key."""
    wanted = select(ReadPoint).join(ReadPoint.station).options(joinedload(ReadPoint.station))
    at = (Station.key == station, ReadPoint.active.is_(True), ReadPoint.checks_passages.is_(True))
    return session.scalars(wanted.where(*at).order_by(ReadPoint.key)).all()


def newest_at(session: Session, station: str) -> PassageCheck | None:
    """The check that was opened last at this station."""
    return next(iter(checks(session, station=station, limit=1)), None)


# --- what is expected ---


def boxes_of_shipment(session: Session, number: str) -> Sequence[int]:
    """The boxes and pallets of the shipment."""
    found = select(HandlingUnit.id).join(Shipment, Shipment.id == HandlingUnit.shipment_id)
    return session.scalars(found.where(Shipment.number == number)).all()


def boxes_of_handling_unit(session: Session, reference: str) -> Sequence[int]:
    """The box or pallet of this number or SSCC, with the boxes on it."""
    named = or_(HandlingUnit.number == reference, HandlingUnit.sscc == reference)
    whole = select(HandlingUnit.id).where(named)
    on_it = select(Unit.id).where(Unit.parent_id.in_(whole), Unit.kind == UnitKind.CONTAINER.value)
    return [*session.scalars(whole), *session.scalars(on_it)]


def boxes_of_order(session: Session, number: str) -> Sequence[int]:
    """The boxes and pallets of the order that have not left."""
    found = select(HandlingUnit.id).join(SalesOrder, SalesOrder.id == HandlingUnit.order_id)
    return session.scalars(found.where(SalesOrder.number == number, HandlingUnit.state.in_(_STILL_HERE))).all()


def sides_of(session: Session, box_ids: Collection[int]) -> Sequence[tuple[int, str, str]]:
    """The boxes and pallets as things: id, number, kind; by number."""
    statement = select(HandlingUnit.id, HandlingUnit.number, HandlingUnit.kind).where(HandlingUnit.id.in_(box_ids))
    return [(row[0], row[1], row[2]) for row in session.execute(statement.order_by(HandlingUnit.id))]


def units_inside(session: Session, box_ids: Collection[int]) -> Sequence[tuple[int, str]]:
    """The units in these boxes, without boxes on pallets: id and number, by age."""
    inside: ColumnElement[bool] = Unit.parent_id.in_(box_ids)
    statement = select(Unit.id, Unit.number).where(inside, Unit.kind != UnitKind.CONTAINER.value).order_by(Unit.id)
    return [(row[0], row[1]) for row in session.execute(statement)]
