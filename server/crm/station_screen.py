"""What a station's screen shows: who is there, the last verdicts, the work at hand and what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.models import WorkCenter
from server.crm.here import Here
from server.crm.order_changes import Waiting, waiting_at
from server.crm.station_work import Job, packing_at, stock_work_at, with_snapshot, work_at, work_for_stock
from server.erp.floor.models import ReadPoint, Station, StationState
from server.erp.logistics.models import HandlingUnit
from server.erp.passages.repository import newest_at
from server.erp.passages.schemas import comparison_of, end_of
from server.erp.passages.service import sentence_of
from server.errors import NotFound
from server.tracking.goods_rows import materials_in, units_in
from server.tracking.states import Context, OperationState

#: Which read point of a station a browser's scan goes to, when it has several.
_PREFERRED = (
    Context.TOGGLE, Context.END, Context.START, Context.PACK, Context.SHIP, Context.RECEIVE, Context.COUNT,
    Context.GATE,
)  # fmt: skip
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
    #: What the customer wants everybody to see who works for him.
    alerts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What tells this answer from every other."""
        return f"{self.gateway}/{self.epoch}/{self.sequence}"


@dataclass(frozen=True, slots=True)
class ReadPointRow:
    """A way to scan at this station."""

    key: str
    name: str
    context: str
    checks_passages: bool = False


@dataclass(frozen=True, slots=True)
class PassageRow:
    """What is expected at the station's gate, against what has passed."""

    read_point: str
    subject: str
    #: server.erp.passages.rules.Verdict, and in words.
    verdict: str
    say: str
    open: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """What is packed into; `kind` as server.tracking.states.HandlingUnitKind has it."""

    number: str
    kind: str


@dataclass(frozen=True, slots=True)
class StationScreen:
    """Everything on the screen of one station."""

    key: str
    name: str
    work_center: str
    operator: str | None
    operator_since: datetime | None
    #: The names of everybody who works here.
    crew: Sequence[str]
    armed: str | None
    armed_until: datetime | None
    #: The box or pallet that the station fills.
    filled: Filled | None
    #: Where goods that are scanned here lie, and the lots that the work here uses.
    place: str | None
    materials: Sequence[Mapping[str, Any]]
    verdicts: Sequence[VerdictRow]
    read_points: Sequence[ReadPointRow]
    job: Job | None
    queue: Sequence[Job]
    #: Whether boxes are packed here, so that the customer's packaging rule counts.
    packs: bool = False
    #: Changes that nobody here has seen yet.
    changes: Sequence[Waiting] = ()
    #: Whether a gate here compares passages, and the comparison that was opened last.
    checks: bool = False
    passage: PassageRow | None = None

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
    """The screen of the station with this key; raises NotFound. Eight queries, ten where boxes are packed."""
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
    at_hand = _at_hand(session, state)
    read_points = _read_points(session, station.id)
    packs = any(point.context == Context.PACK for point in read_points)
    checks = any(point.checks_passages for point in read_points)
    jobs = [*work_at(session, station.work_center_id, here=here), *stock_work_at(session, station.work_center_id)]
    if packs:
        jobs = [*jobs, *packing_at(session, at_hand, here=here)]
    job = next((each for each in jobs if each.order == at_hand), jobs[0] if jobs else None)
    armed = state is not None and state.armed_until is not None and state.armed_until > here.now
    return StationScreen(
        key=station.key,
        name=station.name,
        work_center=center,
        operator=state.operator_name if state else None,
        operator_since=state.operator_since if state else None,
        crew=_crew(state),
        armed=state.armed_command if state and armed else None,
        armed_until=state.armed_until if state and armed else None,
        filled=_filled(session, state),
        place=_place(state),
        materials=[*materials_in(state.stock), *units_in(state.stock)] if state else (),
        verdicts=verdicts,
        read_points=read_points,
        job=with_snapshot(session, job, unit=_newest_unit(verdicts), work_center_id=station.work_center_id),
        packs=packs,
        changes=waiting_at(session, station.id),
        checks=checks,
        passage=_passage(session, key, here) if checks else None,
        queue=[each for each in jobs if job is None or each.order != job.order][:QUEUE_LENGTH],
    )


def _passage(session: Session, key: str, here: Here) -> PassageRow | None:
    check = newest_at(session, key)
    if check is None:
        return None
    found = comparison_of(check)
    is_open = end_of(check, here.now) is None
    return PassageRow(check.read_point.key, check.subject, found.verdict.value, sentence_of(found), is_open)


def _at_hand(session: Session, state: StationState | None) -> str | None:
    """The order that the newest scan was about, or the work order of what is made for stock."""
    for row in state.verdicts if state is not None else []:
        if row.get("order"):
            return str(row["order"])
        subject = str(row.get("subject") or "")
        if subject.startswith("U-"):
            return work_for_stock(session, subject)
    return None


def _newest_unit(verdicts: Sequence[VerdictRow]) -> str | None:
    """The unit that was read last, whatever became of the read."""
    return next((row.subject for row in verdicts if row.subject and row.subject.startswith("U-")), None)


def _crew(state: StationState | None) -> list[str]:
    if state is None or not state.operator_name:
        return []
    return [member["name"] for member in state.crew or ()] or [state.operator_name]


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
        alerts=tuple(map(str, row.get("alerts") or ())),
    )


def _read_points(session: Session, station_id: int) -> list[ReadPointRow]:
    columns = (ReadPoint.key, ReadPoint.name, ReadPoint.context, ReadPoint.checks_passages)
    statement = select(*columns).where(ReadPoint.station_id == station_id, ReadPoint.active)
    return [ReadPointRow(*row) for row in session.execute(statement.order_by(ReadPoint.key))]


def _place(state: StationState | None) -> str | None:
    told = ((state.stock if state else None) or {}).get("place")
    return told["name"] if told else None


def _filled(session: Session, state: StationState | None) -> Filled | None:
    if state is None or state.open_handling_unit_id is None:
        return None
    statement = select(HandlingUnit.number, HandlingUnit.kind).where(HandlingUnit.id == state.open_handling_unit_id)
    row = session.execute(statement).one_or_none()
    return Filled(row.number, row.kind) if row is not None else None
