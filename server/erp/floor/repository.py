"""Every query about stations, read points and what a station remembers."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.erp.floor.models import GatePass, ReadPoint, Station, StationState
from server.http.paging import Keyset, Page
from server.journal.models import Fact
from server.tracking.facts import FactKind
from server.tracking.missed import SentBack

# --- stations ---


@dataclass(frozen=True, slots=True)
class StationFilter:
    """Which stations a list shows; None takes all."""

    work_center_id: int | None = None
    active: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.work_center_id is not None:
            found.append(Station.work_center_id == self.work_center_id)
        if self.active is not None:
            found.append(Station.active == self.active)
        return found


def stations(session: Session, wanted: StationFilter, *, after: str | None = None, limit: int = 25) -> Page[Station]:
    """A page of stations with work center and read points, by age."""
    statement = (
        select(Station)
        .where(*wanted.conditions())
        .options(joinedload(Station.work_center), selectinload(Station.read_points))
    )
    return Keyset(Station.id, Station.key).page(session, statement, after=after, limit=limit)


def station(session: Session, key: str, *, lock: bool = False) -> Station | None:
    """The station of this key with work center and read points."""
    statement = (
        select(Station)
        .where(Station.key == key)
        .options(selectinload(Station.work_center), selectinload(Station.read_points))
    )
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def stations_by_id(session: Session, ids: Collection[int]) -> Mapping[int, Station]:
    """The stations of these ids, alone."""
    return {found.id: found for found in session.scalars(select(Station).where(Station.id.in_(ids)))}


def station_keys(session: Session, work_center_ids: Collection[int]) -> Sequence[str]:
    """The keys of the stations that do the work of these work centers, for their topics."""
    return session.scalars(select(Station.key).where(Station.work_center_id.in_(work_center_ids))).all()


def work_centers(session: Session) -> Mapping[int, int]:
    """The work center of every station, by station id."""
    return {row[0]: row[1] for row in session.execute(select(Station.id, Station.work_center_id))}


def stations_per_work_center(session: Session) -> Mapping[int, int]:
    """How many active stations each work center has."""
    rows = session.execute(
        select(Station.work_center_id, func.count()).where(Station.active).group_by(Station.work_center_id)
    )
    return {row[0]: row[1] for row in rows}


# --- read points ---


def read_points(session: Session, *, after: str | None = None, limit: int = 25) -> Page[ReadPoint]:
    """A page of read points with their stations, by age."""
    statement = select(ReadPoint).options(joinedload(ReadPoint.station))
    return Keyset(ReadPoint.id, ReadPoint.key).page(session, statement, after=after, limit=limit)


def read_point(session: Session, key: str, *, lock: bool = False) -> ReadPoint | None:
    """The read point of this key with its station."""
    statement = select(ReadPoint).where(ReadPoint.key == key).options(selectinload(ReadPoint.station))
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def read_points_of(session: Session, context: str) -> Sequence[ReadPoint]:
    """The read points in use that have this meaning, with station and work center, by age."""
    statement = (
        select(ReadPoint)
        .join(ReadPoint.station)
        .where(ReadPoint.context == context, ReadPoint.active, Station.active)
        .options(joinedload(ReadPoint.station).joinedload(Station.work_center))
        .order_by(ReadPoint.id)
    )
    return session.scalars(statement).all()


# --- gates that must see every unit ---


def gates(session: Session) -> Sequence[ReadPoint]:
    """The read points in use that every unit has to be seen at, by age."""
    wanted = select(ReadPoint).where(ReadPoint.must_see.is_(True), ReadPoint.active.is_(True))
    return session.scalars(wanted.order_by(ReadPoint.id)).all()


def gate_passes(session: Session, unit_ids: Collection[int]) -> Mapping[tuple[int, int, int], GatePass]:
    """What the gates saw and missed of these units, by read point, unit and how often it had been sent back."""
    rows = session.scalars(select(GatePass).where(GatePass.unit_id.in_(unit_ids)))
    return {(row.read_point_id, row.unit_id, row.rework): row for row in rows}


def sent_back(session: Session, unit_ids: Collection[int]) -> Mapping[int, Mapping[int, SentBack]]:
    """When and to which step these units were sent back, by unit and the count of their rework."""
    statement = (
        select(Fact.unit_id, Fact.step, Fact.observed_at, Fact.detail)
        .where(Fact.unit_id.in_(unit_ids), Fact.kind == FactKind.UNIT_REWORKED.value)
        .order_by(Fact.id)
    )
    found: dict[int, dict[int, SentBack]] = defaultdict(dict)
    # Where a rework was undone, the one that came after it has its count.
    for unit_id, step, at, detail in session.execute(statement):
        found[unit_id][detail["rework"]] = SentBack(step, at)
    return found


# --- what stations remember ---


def state(session: Session, station_id: int) -> StationState | None:
    """What the station remembers, or None before its first scan."""
    return session.get(StationState, station_id)


def states(session: Session, station_ids: Collection[int]) -> Mapping[int, StationState]:
    """What these stations remember, by station id."""
    statement = select(StationState).where(StationState.station_id.in_(station_ids))
    return {found.station_id: found for found in session.scalars(statement)}


def state_of(session: Session, key: str) -> StationState | None:
    """What the station of this key remembers; None before its first scan."""
    statement = select(StationState).join(Station, Station.id == StationState.station_id).where(Station.key == key)
    return session.scalars(statement).one_or_none()
