"""What a station's screen shows: who is there, the last verdicts, the work at hand and what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from server.catalog.models import WorkCenter
from server.crm.here import Here
from server.crm.risk import due_at
from server.erp.floor.models import ReadPoint, Station, StationState
from server.erp.logistics.models import HandlingUnit
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import Operation, WorkOrder
from server.errors import NotFound
from server.parties.models import Customer
from server.tracking.states import Context, OperationState, OrderLifecycle

#: Which read point of a station a browser's scan goes to, when it has several.
_PREFERRED = (Context.TOGGLE, Context.END, Context.START, Context.PACK, Context.SHIP, Context.GATE)
_WAITING = (OperationState.RUNNING, OperationState.READY, OperationState.PAUSED)
QUEUE_LENGTH = 4


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One of the last eight answers."""

    gateway: str
    epoch: str
    sequence: int
    observed_at: datetime
    code: str
    status: str
    subject: str | None
    say: str
    signal: str
    reason: str | None
    undo: bool
    undone: bool

    @property
    def key(self) -> str:
        """What tells this answer from every other."""
        return f"{self.gateway}/{self.epoch}/{self.sequence}"


@dataclass(frozen=True, slots=True)
class Job:
    """An order at this station."""

    order: str
    customer: str
    operation: str | None
    done: int
    total: int
    due_at: datetime | None
    instructions: str | None = None
    packaging: str | None = None
    on_hold: bool = False


@dataclass(frozen=True, slots=True)
class ReadPointRow:
    """A way to scan at this station."""

    key: str
    name: str
    context: str


@dataclass(frozen=True, slots=True)
class StationScreen:
    """Everything on the screen of one station."""

    key: str
    name: str
    work_center: str
    operator: str | None
    operator_since: datetime | None
    armed: str | None
    armed_until: datetime | None
    open_box: str | None
    verdicts: Sequence[VerdictRow]
    read_points: Sequence[ReadPointRow]
    job: Job | None
    queue: Sequence[Job]

    @property
    def last(self) -> VerdictRow | None:
        """The newest answer."""
        return self.verdicts[0] if self.verdicts else None

    @property
    def undoable(self) -> VerdictRow | None:
        """The newest answer that can be taken back."""
        return next((verdict for verdict in self.verdicts if verdict.undo and not verdict.undone), None)

    @property
    def read_point(self) -> str | None:
        """Where a browser's scan counts as read."""
        ranked = sorted(
            (point for point in self.read_points if point.context in _PREFERRED),
            key=lambda point: _PREFERRED.index(Context(point.context)),
        )
        return ranked[0].key if ranked else (self.read_points[0].key if self.read_points else None)


@dataclass(frozen=True, slots=True)
class StationEntry:
    """A station in the list of stations."""

    key: str
    name: str
    work_center: str
    area: str | None
    operator: str | None
    last_say: str | None
    last_signal: str | None
    last_at: datetime | None


def station_list(session: Session) -> list[StationEntry]:
    """The stations in use, in the order of their work centers."""
    statement = (
        select(Station, WorkCenter.name, StationState)
        .join(WorkCenter, WorkCenter.id == Station.work_center_id)
        .outerjoin(StationState, StationState.station_id == Station.id)
        .where(Station.active)
        .order_by(WorkCenter.position, Station.name)
    )
    return [_entry(station, center, state) for station, center, state in session.execute(statement)]


def _entry(station: Station, center: str, state: StationState | None) -> StationEntry:
    last = verdict_rows(state)[:1]
    return StationEntry(
        station.key,
        station.name,
        center,
        station.area,
        state.operator_name if state else None,
        last[0].say if last else None,
        last[0].signal if last else None,
        last[0].observed_at if last else None,
    )


def station_screen(session: Session, key: str, *, here: Here) -> StationScreen:
    """The screen of the station with this key; raises NotFound. Six queries."""
    found = session.execute(
        select(Station, WorkCenter.name, StationState)
        .join(WorkCenter, WorkCenter.id == Station.work_center_id)
        .outerjoin(StationState, StationState.station_id == Station.id)
        .where(Station.key == key, Station.active)
    ).first()
    if found is None:
        raise NotFound
    station, center, state = found
    verdicts = verdict_rows(state)
    at_hand = next((row["order"] for row in (state.verdicts if state else []) if row.get("order")), None)
    jobs = _jobs(session, station.work_center_id, here)
    job = next((each for each in jobs if each.order == at_hand), jobs[0] if jobs else None)
    armed = state is not None and state.armed_until is not None and state.armed_until > here.now
    return StationScreen(
        key=station.key,
        name=station.name,
        work_center=center,
        operator=state.operator_name if state else None,
        operator_since=state.operator_since if state else None,
        armed=state.armed_command if state and armed else None,
        armed_until=state.armed_until if state and armed else None,
        open_box=_open_box(session, state),
        verdicts=verdicts,
        read_points=_read_points(session, station.id),
        job=_with_packaging(session, job),
        queue=[each for each in jobs if job is None or each.order != job.order][:QUEUE_LENGTH],
    )


def verdict_rows(state: StationState | None) -> list[VerdictRow]:
    """The verdicts a station remembers, newest first."""
    return [_verdict(row) for row in (state.verdicts if state else [])]


def _verdict(row: Mapping[str, Any]) -> VerdictRow:
    observed = row["observed_at"]
    return VerdictRow(
        gateway=str(row.get("gateway", "")),
        epoch=str(row.get("epoch", "")),
        sequence=int(row.get("sequence", 0)),
        observed_at=observed if isinstance(observed, datetime) else datetime.fromisoformat(str(observed)),
        code=str(row.get("code") or ""),
        status=str(row["status"]),
        subject=row.get("subject"),
        say=str(row["say"]),
        signal=str(row["signal"]),
        reason=row.get("reason"),
        undo=bool(row.get("undo")),
        undone=bool(row.get("undone")),
    )


def _read_points(session: Session, station_id: int) -> list[ReadPointRow]:
    statement = select(ReadPoint.key, ReadPoint.name, ReadPoint.context).where(
        ReadPoint.station_id == station_id, ReadPoint.active
    )
    return [ReadPointRow(*row) for row in session.execute(statement.order_by(ReadPoint.key))]


def _open_box(session: Session, state: StationState | None) -> str | None:
    if state is None or state.open_handling_unit_id is None:
        return None
    statement = select(HandlingUnit.number).where(HandlingUnit.id == state.open_handling_unit_id)
    return session.execute(statement).scalar_one_or_none()


def _jobs(session: Session, work_center_id: int, here: Here) -> list[Job]:
    statement = (
        select(
            SalesOrder.number,
            Customer.name.label("customer"),
            func.min(Operation.name).label("operation"),
            func.sum(Operation.good).label("done"),
            func.sum(Operation.quantity - Operation.scrap).label("total"),
            SalesOrder.promise_date,
            func.coalesce(SalesOrder.special_instructions, Customer.special_instructions).label("instructions"),
            SalesOrder.on_hold,
        )
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .join(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(
            Operation.work_center_id == work_center_id,
            Operation.state.in_([state.value for state in _WAITING]),
            SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value,
        )
        .group_by(SalesOrder.id, Customer.id)
        .order_by(SalesOrder.priority, SalesOrder.promise_date.is_(None), SalesOrder.promise_date, SalesOrder.id)
        .limit(50)
    )
    return [_job(row, here) for row in session.execute(statement)]


def _job(row: Row[*tuple[Any, ...]], here: Here) -> Job:
    return Job(
        order=row.number,
        customer=row.customer,
        operation=row.operation,
        done=int(row.done),
        total=int(row.total),
        due_at=due_at(row.promise_date, here.zone),
        instructions=row.instructions,
        on_hold=row.on_hold,
    )


def _with_packaging(session: Session, job: Job | None) -> Job | None:
    if job is None:
        return None
    statement = (
        select(OrderLine.packaging)
        .join(SalesOrder, SalesOrder.id == OrderLine.order_id)
        .where(SalesOrder.number == job.order, OrderLine.packaging.is_not(None))
        .order_by(OrderLine.position)
        .limit(1)
    )
    packaging = session.execute(statement).scalar_one_or_none()
    return replace(job, packaging=packaging)
