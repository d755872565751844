"""Every query about change requests, their stations and packing anew."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest, RepackTask
from server.erp.changes.rules import OPEN_ORDERS, OPEN_WORK, OVER, Origin
from server.erp.floor.models import ReadPoint, Station
from server.erp.orders.access import of_orders
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, Unit, WorkOrder
from server.http.paging import Keyset, Page
from server.tracking.states import ChangeState, Context, RepackState, UnitKind

EVERYTHING: ColumnElement[bool] = true()


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which change requests a list shows; None takes all."""

    order: str | None = None
    state: str | None = None
    #: Asked from outside of our house: what we think about among ourselves is left out.
    outside: bool = False


def _whole() -> Select[ChangeRequest]:
    return select(ChangeRequest).options(
        selectinload(ChangeRequest.order).selectinload(SalesOrder.customer),
        selectinload(ChangeRequest.work_order).joinedload(WorkOrder.product),
        selectinload(ChangeRequest.work_order).selectinload(WorkOrder.operations),
        selectinload(ChangeRequest.acknowledgements).joinedload(ChangeAcknowledgement.station),
    )


def _for_list() -> Select[ChangeRequest]:
    """Change requests with what a list says of them, and no more: snapshots are long."""
    return select(ChangeRequest).options(
        joinedload(ChangeRequest.order).load_only(SalesOrder.number, raiseload=True),
        joinedload(ChangeRequest.work_order).load_only(WorkOrder.number, raiseload=True),
        selectinload(ChangeRequest.acknowledgements)
        .joinedload(ChangeAcknowledgement.station)
        .load_only(Station.key, raiseload=True),
    )


def _visible(visible: ColumnElement[bool]) -> ColumnElement[bool]:
    return of_orders(ChangeRequest.order_id, visible)


def _told() -> ColumnElement[bool]:
    return or_(ChangeRequest.state != ChangeState.DRAFT.value, ChangeRequest.origin == Origin.CUSTOMER.value)


def changes(
    session: Session,
    wanted: ChangeFilter,
    *,
    visible: ColumnElement[bool] = EVERYTHING,
    after: str | None = None,
    limit: int = 25,
) -> Page[ChangeRequest]:
    """A page of change requests of visible orders, by age."""
    mine = and_(_visible(visible), _told()) if wanted.outside else _visible(visible)
    statement = _for_list().where(mine)
    if wanted.order is not None:
        statement = statement.where(of_order(wanted.order))
    if wanted.state is not None:
        statement = statement.where(ChangeRequest.state == wanted.state)
    return Keyset(ChangeRequest.id, ChangeRequest.number, mine).page(session, statement, after=after, limit=limit)


def newest(
    session: Session, *conditions: ColumnElement[bool], before: int | None = None, limit: int = 25
) -> Page[ChangeRequest]:
    """A page of the change requests that fulfil these conditions, newest first, with order and customer."""
    statement = select(ChangeRequest).options(selectinload(ChangeRequest.order).selectinload(SalesOrder.customer))
    if before is not None:
        statement = statement.where(ChangeRequest.id < before)
    rows = session.scalars(statement.where(*conditions).order_by(ChangeRequest.id.desc()).limit(limit + 1)).all()
    return Page(rows[:limit], more=len(rows) > limit)


def requirements(session: Session, *conditions: ColumnElement[bool], limit: int = 100) -> Sequence[ChangeRequest]:
    """The newest change requests that fulfil these conditions, whole."""
    return session.scalars(_whole().where(*conditions).order_by(ChangeRequest.id.desc()).limit(limit)).all()


def change(
    session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING, lock: bool = False
) -> ChangeRequest | None:
    """One change request, whole; `lock` takes its order, its work order and then itself, as scans do."""
    if lock:
        ids = session.execute(
            select(ChangeRequest.order_id, ChangeRequest.work_order_id).where(ChangeRequest.number == number)
        ).first()
        if ids is not None:
            lock_work(session, ids.order_id, ids.work_order_id)
    statement = _whole().where(ChangeRequest.number == number, _visible(visible))
    if lock:
        statement = statement.with_for_update(of=ChangeRequest).execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def lock_work(session: Session, order_id: int, work_order_id: int) -> None:
    """Keep scans and other people away from an order and one work order of it."""
    session.execute(select(SalesOrder.id).where(SalesOrder.id == order_id).with_for_update())
    session.execute(select(WorkOrder.id).where(WorkOrder.id == work_order_id).with_for_update())


def order(session: Session, number: str, *, visible: ColumnElement[bool]) -> SalesOrder | None:
    """The visible order of this number, whatever is made of it."""
    return session.scalars(select(SalesOrder).where(SalesOrder.number == number, visible)).one_or_none()


def work_order(session: Session, number: str, *, visible: ColumnElement[bool] = EVERYTHING) -> WorkOrder | None:
    """A work order of a visible order, with order, customer, product and operations."""
    statement = _work_orders().where(WorkOrder.number == number, of_orders(WorkOrder.order_id, visible))
    return session.scalars(statement).one_or_none()


def work_orders_of(session: Session, order: str, *, visible: ColumnElement[bool] = EVERYTHING) -> Sequence[WorkOrder]:
    """The work orders of a visible order, by age."""
    mine = select(SalesOrder.id).where(SalesOrder.number == order, visible)
    return session.scalars(_work_orders().where(WorkOrder.order_id.in_(mine)).order_by(WorkOrder.id)).all()


def _work_orders() -> Select[WorkOrder]:
    return select(WorkOrder).options(
        selectinload(WorkOrder.order).selectinload(SalesOrder.customer),
        joinedload(WorkOrder.product),
        selectinload(WorkOrder.operations),
    )


def work_by_id(session: Session, works: Collection[int]) -> Sequence[WorkOrder]:
    """These work orders, by age; no query for none."""
    statement = select(WorkOrder).where(WorkOrder.id.in_(works)).order_by(WorkOrder.id)
    return session.scalars(statement).all() if works else ()


# --- whom a change concerns ---


def packing_stations(session: Session, works: Collection[int]) -> Sequence[Station]:
    """Open stations that pack: those of these work orders' own packing operations, else all."""
    packs = select(ReadPoint.station_id).where(ReadPoint.context == Context.PACK.value, ReadPoint.active)
    found = session.scalars(select(Station).where(Station.active, Station.id.in_(packs)).order_by(Station.id)).all()
    centers = set(session.scalars(select(Operation.work_center_id).where(Operation.work_order_id.in_(works))))
    own = [station for station in found if station.work_center_id in centers]
    return own or found


def making_stations(session: Session, works: Collection[int], *, untouched: bool) -> Sequence[Station]:
    """Open stations of operations that are not over; `untouched` takes those alone where nothing has begun."""
    centers = select(Operation.work_center_id).where(Operation.work_order_id.in_(works), Operation.state.not_in(OVER))
    if untouched:
        centers = centers.where(Operation.started == 0)
    statement = select(Station).where(Station.active, Station.work_center_id.in_(centers))
    return session.scalars(statement.order_by(Station.id)).all()


def units_of(session: Session, works: Collection[int]) -> Sequence[Unit]:
    """The units of these work orders in their order."""
    statement = select(Unit).where(Unit.work_order_id.in_(works), Unit.kind != UnitKind.CONTAINER.value)
    return session.scalars(statement.order_by(Unit.work_order_id, Unit.position, Unit.id)).all()


def unit_states(session: Session, works: Collection[int]) -> Collection[str]:
    """The states in which units of these work orders are."""
    statement = select(Unit.state).where(Unit.work_order_id.in_(works), Unit.kind != UnitKind.CONTAINER.value)
    return session.scalars(statement.distinct()).all()


def counting(session: Session, *conditions: ColumnElement[bool]) -> Sequence[ChangeRequest]:
    """What counts for work that is not over and fulfils these conditions, the oldest first."""
    counts = in_states(ChangeState.APPLIED.value, ChangeState.ACKNOWLEDGED.value)
    statement = (
        _whole()
        .join(WorkOrder, WorkOrder.id == ChangeRequest.work_order_id)
        .join(SalesOrder, SalesOrder.id == ChangeRequest.order_id)
        .where(counts, *conditions)
        .where(SalesOrder.lifecycle.in_(OPEN_ORDERS), WorkOrder.state.in_(OPEN_WORK))
        .order_by(ChangeRequest.id)
    )
    return session.scalars(statement.with_for_update(of=ChangeRequest)).all()


def open_of_order(session: Session, order_id: int) -> Sequence[ChangeRequest]:
    """What is asked for or counts for work of the order, the oldest first."""
    rejected = ChangeRequest.state == ChangeState.REJECTED.value
    statement = _whole().where(ChangeRequest.order_id == order_id, ~rejected).order_by(ChangeRequest.id)
    return session.scalars(statement.with_for_update(of=ChangeRequest)).all()


def unknown_to(station_id: int) -> ColumnElement[bool]:
    """The change requests that were never put before this station."""
    told = select(ChangeAcknowledgement.change_id).where(ChangeAcknowledgement.station_id == station_id)
    return ChangeRequest.id.not_in(told)


def waiting_at(session: Session, station_id: int) -> Sequence[ChangeRequest]:
    """What a station has not seen yet, the oldest first."""
    waiting = select(ChangeAcknowledgement.change_id).where(
        ChangeAcknowledgement.station_id == station_id, ChangeAcknowledgement.acknowledged_at.is_(None)
    )
    return session.scalars(_whole().where(ChangeRequest.id.in_(waiting)).order_by(ChangeRequest.id)).all()


# --- packing anew ---


def _tasks() -> Select[RepackTask]:
    return select(RepackTask).options(
        joinedload(RepackTask.change).joinedload(ChangeRequest.order).joinedload(SalesOrder.customer),
        joinedload(RepackTask.unit),
        joinedload(RepackTask.handling_unit),
    )


def open_tasks(session: Session, *, limit: int = 200) -> Page[RepackTask]:
    """Units to be packed anew, the oldest first."""
    wanted = RepackTask.state == RepackState.OPEN.value
    rows = session.scalars(_tasks().where(wanted).order_by(RepackTask.id).limit(limit + 1)).all()
    return Page(rows[:limit], more=len(rows) > limit)


def task(session: Session, task_id: int, *, lock: bool = False) -> RepackTask | None:
    """One task to pack a unit anew."""
    statement = _tasks().where(RepackTask.id == task_id)
    return session.scalars(statement.with_for_update(of=RepackTask) if lock else statement).one_or_none()


def task_counts(session: Session, change_ids: Collection[int]) -> Mapping[int, Mapping[str, int]]:
    """Change id -> state -> how many tasks."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    statement = select(RepackTask.change_id, RepackTask.state, func.count()).where(RepackTask.change_id.in_(change_ids))
    for change_id, state, count in session.execute(statement.group_by(RepackTask.change_id, RepackTask.state)):
        found[change_id][state] = count
    return found


def open_tasks_of(session: Session, unit_ids: Collection[int]) -> Sequence[RepackTask]:
    """The open tasks of these units with their changes, kept from other writers."""
    statement = select(RepackTask).options(joinedload(RepackTask.change)).where(RepackTask.unit_id.in_(unit_ids))
    wanted = statement.where(RepackTask.state == RepackState.OPEN.value).order_by(RepackTask.id)
    return session.scalars(wanted.with_for_update(of=RepackTask)).all()


def unit_to_repack(session: Session, units: Collection[int]) -> RepackTask | None:
    """An open task of any of these units."""
    wanted = (RepackTask.state == RepackState.OPEN.value, RepackTask.unit_id.in_(units))
    return session.scalars(_tasks().where(*wanted).order_by(RepackTask.id).limit(1)).one_or_none()


def of_order(number: str) -> ColumnElement[bool]:
    """The change requests of an order."""
    return ChangeRequest.order_id.in_(select(SalesOrder.id).where(SalesOrder.number == number))


def in_states(*states: str) -> ColumnElement[bool]:
    """The change requests in any of these states."""
    return or_(*(ChangeRequest.state == state for state in states))
