"""The doors to stations and read points."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.floor import repository, service
from server.erp.floor.models import ReadPoint, Station
from server.erp.floor.schemas import (
    ReadPointIn,
    ReadPointList,
    ReadPointOut,
    ReadPointPatch,
    StationIn,
    StationList,
    StationOut,
    StationPatch,
)
from server.errors import NotFound
from server.http.door import DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, as_json
from server.http.versions import guard

router = APIRouter(prefix="/api/v1")

FloorWrite = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_floor_read = [Depends(require(Permission.FLOOR_READ))]


@router.get("/stations", response_model=StationList, dependencies=_floor_read)
def list_stations(
    database: DatabaseDep, active: bool | None = None, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> JSONResponse:
    """Stations by age."""
    with database.read() as session:
        page = repository.stations(session, repository.StationFilter(active=active), after=after, limit=limit)
        items = [_station(station) for station in page.items]
    return JSONResponse(as_json(items, more=page.more, name="key"))


@router.get("/stations/{key}", response_model=StationOut, dependencies=_floor_read)
def get_station(database: DatabaseDep, key: Number) -> JSONResponse:
    """One station with its printed code and read points."""
    with database.read() as session:
        return shown(_station(_found(repository.station(session, key))))


@router.post("/stations", status_code=201, response_model=StationOut)
def post_station(door: DoorDep, principal: FloorWrite, body: StationIn) -> JSONResponse:
    """A new station."""

    def make(session: Session) -> Answer:
        return Answer(201, _station(service.create_station(session, body, actor=principal.actor, now=door.now)))

    return door.post(principal, body, make)


@router.patch("/stations/{key}", response_model=StationOut)
def patch_station(door: DoorDep, principal: FloorWrite, key: Number, body: StationPatch) -> JSONResponse:
    """Change a station; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        station = _found(repository.station(session, key, lock=True))
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(key, expected=expected, got=station.row_version, wanted=wanted, stored=_station(station))
        return Answer(
            200, _station(service.update_station(session, station, body, actor=principal.actor, now=door.now))
        )

    return door.change(make)


@router.get("/read-points", response_model=ReadPointList, dependencies=_floor_read)
def list_read_points(database: DatabaseDep, after: After = None, limit: Limit = DEFAULT_LIMIT) -> JSONResponse:
    """Read points by age."""
    with database.read() as session:
        page = repository.read_points(session, after=after, limit=limit)
        items = [_point(point) for point in page.items]
    return JSONResponse(as_json(items, more=page.more, name="key"))


@router.get("/read-points/{key}", response_model=ReadPointOut, dependencies=_floor_read)
def get_read_point(database: DatabaseDep, key: Number) -> JSONResponse:
    """One read point."""
    with database.read() as session:
        return shown(_point(_found_point(repository.read_point(session, key))))


@router.post("/read-points", status_code=201, response_model=ReadPointOut)
def post_read_point(door: DoorDep, principal: FloorWrite, body: ReadPointIn) -> JSONResponse:
    """A new read point; what gateways send under its key is taken from now on."""

    def make(session: Session) -> Answer:
        return Answer(201, _point(service.create_read_point(session, body, actor=principal.actor, now=door.now)))

    return door.post(principal, body, make)


@router.patch("/read-points/{key}", response_model=ReadPointOut)
def patch_read_point(door: DoorDep, principal: FloorWrite, key: Number, body: ReadPointPatch) -> JSONResponse:
    """Change a read point; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        point = _found_point(repository.read_point(session, key, lock=True))
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(key, expected=expected, got=point.row_version, wanted=wanted, stored=_point(point))
        return Answer(200, _point(service.update_read_point(session, point, body, actor=principal.actor, now=door.now)))

    return door.change(make)


def _found(station: Station | None) -> Station:
    if station is None:
        raise NotFound
    return station


def _found_point(point: ReadPoint | None) -> ReadPoint:
    if point is None:
        raise NotFound
    return point


def _station(station: Station) -> dict[str, Any]:
    return StationOut.of(station).model_dump(mode="json")


def _point(point: ReadPoint) -> dict[str, Any]:
    return ReadPointOut.of(point).model_dump(mode="json")
