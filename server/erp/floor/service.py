"""What happens to stations and read points. Services flush and note; the edge commits."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.catalog.models import WorkCenter
from server.catalog.repository import work_center as find_work_center
from server.db import touch
from server.erp.changes.stations import settle_closed_station, tell_new_station
from server.erp.floor import repository
from server.erp.floor.models import ReadPoint, Station
from server.erp.floor.schemas import (
    ReadPointIn,
    ReadPointOut,
    ReadPointPatch,
    StationIn,
    StationOut,
    StationPatch,
)
from server.errors import Conflict, FieldError, Invalid
from server.journal.audit import changes, write_audit
from server.messages import translate as _
from server.tracking.states import Context


def create_station(session: Session, body: StationIn, *, actor: str, now: datetime) -> Station:
    """A new station; raises Conflict when the key is taken, Invalid for an unknown work center."""
    if repository.station(session, body.key) is not None:
        raise Conflict(
            _("There is a station {key} already. Choose another key.").format(key=body.key), reason="key_taken"
        )
    station = Station(
        **body.model_dump(exclude={"work_center"}), work_center=_work_center(session, body.work_center), read_points=[]
    )
    session.add(station)
    session.flush()
    tell_new_station(session, station, actor=actor, now=now)
    write_audit(session, at=now, actor=actor, action="station_created", subject=station.key)
    touch(session, f"station:{station.key}", "board")
    return station


def update_station(session: Session, station: Station, patch: StationPatch, *, actor: str, now: datetime) -> Station:
    """Change what the patch names of a station that is wholly loaded."""
    before = _plain(StationOut.of(station))
    for field, value in patch.changed().items():
        setattr(station, field, _work_center(session, value) if field == "work_center" else value)
    session.flush()
    if before["active"] and not station.active:
        settle_closed_station(session, station.id, actor=actor, now=now)
    tell_new_station(session, station, actor=actor, now=now)
    detail = changes(before, _plain(StationOut.of(station)))
    write_audit(session, at=now, actor=actor, action="station_changed", subject=station.key, detail=detail)
    touch(session, f"station:{station.key}", "board")
    return station


def create_read_point(session: Session, body: ReadPointIn, *, actor: str, now: datetime) -> ReadPoint:
    """A new read point; raises Conflict when the key is taken, Invalid for an unknown station."""
    if repository.read_point(session, body.key) is not None:
        raise Conflict(
            _("There is a read point {key} already. Choose another key.").format(key=body.key), reason="key_taken"
        )
    point = ReadPoint(
        **body.model_dump(exclude={"station", "context"}),
        context=body.context.value,
        station=_station(session, body.station),
        must_see_since=now if body.must_see else None,
    )
    session.add(point)
    session.flush()
    tell_new_station(session, point.station, actor=actor, now=now)
    write_audit(session, at=now, actor=actor, action="read_point_created", subject=point.key)
    touch(session, f"station:{point.station.key}")
    return point


def update_read_point(
    session: Session, point: ReadPoint, patch: ReadPointPatch, *, actor: str, now: datetime
) -> ReadPoint:
    """Change what the patch names of a read point whose station is loaded."""
    before = _plain(ReadPointOut.of(point))
    if patch.must_see and not point.must_see:
        point.must_see_since = now
    touch(session, f"station:{point.station.key}")
    for field, value in patch.changed().items():
        if field == "station":
            point.station = _station(session, value)
        else:
            # Drivers take plain text, not a member of an enumeration.
            setattr(point, field, value.value if isinstance(value, Context) else value)
    session.flush()
    tell_new_station(session, point.station, actor=actor, now=now)
    detail = changes(before, _plain(ReadPointOut.of(point)))
    write_audit(session, at=now, actor=actor, action="read_point_changed", subject=point.key, detail=detail)
    touch(session, f"station:{point.station.key}")
    return point


def _plain(shown: StationOut | ReadPointOut) -> dict[str, Any]:
    return shown.model_dump(mode="json", exclude={"row_version"})


def _work_center(session: Session, key: str) -> WorkCenter:
    found = find_work_center(session, key)
    if found is None:
        raise Invalid(
            errors=[
                FieldError(
                    "work_center", _("There is no work center {key}. Create it first.").format(key=key), "unknown"
                )
            ]
        )
    return found


def _station(session: Session, key: str) -> Station:
    found = repository.station(session, key)
    if found is None:
        raise Invalid(
            errors=[FieldError("station", _("There is no station {key}. Create it first.").format(key=key), "unknown")]
        )
    return found
