"""The doors to passage checks."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.floor.models import ReadPoint
from server.erp.floor.repository import read_point as find_read_point
from server.erp.passages import repository, service
from server.erp.passages.models import PassageCheck
from server.erp.passages.schemas import PassageCheckIn, PassageCheckList, PassageCheckOut, comparison_of
from server.errors import NotFound
from server.http.door import DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, Limit, Number, Text, as_json
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1")

Scanner = Annotated[Principal, Depends(require(Permission.SCAN))]
_floor_read = [Depends(require(Permission.FLOOR_READ))]
BeforeId = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/passage-checks", response_model=PassageCheckList, dependencies=_floor_read)
def list_checks(
    database: DatabaseDep, read_point: Text = None, after: BeforeId = None, limit: Limit = DEFAULT_LIMIT
) -> JSONResponse:
    """What was expected at gates and what passed, newest first."""
    now = utc_now()
    with database.read() as session:
        found = repository.checks(session, read_point=read_point, before=after, limit=limit)
        items = [_told(check, now) for check in found[:limit]]
    return JSONResponse(as_json(items, more=len(found) > limit, name="id"))


@router.get("/passage-checks/{check_id}", response_model=PassageCheckOut, dependencies=_floor_read)
def get_check(database: DatabaseDep, check_id: int) -> JSONResponse:
    """One check with all that is missing, surplus and there."""
    with database.read() as session:
        return shown(_told(_found(repository.check(session, check_id)), utc_now()))


@router.post("/read-points/{key}/passage-checks", status_code=201, response_model=PassageCheckOut)
def post_check(door: DoorDep, principal: Scanner, key: Number, body: PassageCheckIn) -> JSONResponse:
    """Expect these things at the read point, from now on."""

    def make(session: Session) -> Answer:
        point = _point(session, principal, key)
        check = service.open_check(session, point, body, actor=principal.actor, now=door.now)
        return Answer(201, _told(check, door.now))

    return door.post(principal, body, make, named_by="id")


@router.post("/passage-checks/{check_id}/close", response_model=PassageCheckOut)
def post_close(door: DoorDep, principal: Scanner, check_id: int) -> JSONResponse:
    """The passage is over; what is missing then stays missing."""

    def make(session: Session) -> Answer:
        check = _found(repository.check(session, check_id, lock=True))
        _point(session, principal, check.read_point.key)
        return Answer(200, _told(service.close_check(session, check, actor=principal.actor, now=door.now), door.now))

    return door.post(principal, None, make)


def _point(session: Session, principal: Principal, key: str) -> ReadPoint:
    """The read point; a screen knows those of its own station alone."""
    point = find_read_point(session, key)
    if point is None or principal.station_key not in (None, point.station.key):
        raise NotFound
    return point


def _found(check: PassageCheck | None) -> PassageCheck:
    if check is None:
        raise NotFound
    return check


def _told(check: PassageCheck, now: Any) -> dict[str, Any]:
    return PassageCheckOut.of(check, service.sentence_of(comparison_of(check)), now).model_dump(mode="json")
