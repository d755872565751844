"""The doors to reason codes."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.reasons import repository, service
from server.erp.reasons.models import ReasonCode
from server.erp.reasons.schemas import ReasonCodeIn, ReasonCodeList, ReasonCodeOut, ReasonCodePatch
from server.errors import NotFound
from server.http.door import DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, as_json
from server.http.versions import guard
from server.tracking.states import ReasonKind

router = APIRouter(prefix="/api/v1/reason-codes")

FloorWrite = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_floor_read = [Depends(require(Permission.FLOOR_READ))]


@router.get("", response_model=ReasonCodeList, dependencies=_floor_read)
def list_reasons(
    database: DatabaseDep,
    kind: ReasonKind | None = None,
    active: bool | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """Reason codes by age."""
    wanted = kind.value if kind is not None else None
    with database.read() as session:
        page = repository.reasons(session, kind=wanted, active=active, after=after, limit=limit)
        items = [_reason(reason) for reason in page.items]
    return JSONResponse(as_json(items, more=page.more, name="code"))


@router.get("/{code}", response_model=ReasonCodeOut, dependencies=_floor_read)
def get_reason(database: DatabaseDep, code: Number) -> JSONResponse:
    """One reason."""
    with database.read() as session:
        return shown(_reason(_found(repository.reason(session, code))))


@router.post("", status_code=201, response_model=ReasonCodeOut)
def post_reason(door: DoorDep, principal: FloorWrite, body: ReasonCodeIn) -> JSONResponse:
    """A new reason."""

    def make(session: Session) -> Answer:
        return Answer(201, _reason(service.create_reason(session, body, actor=principal.actor, now=door.now)))

    return door.post(principal, body, make, named_by="code")


@router.patch("/{code}", response_model=ReasonCodeOut)
def patch_reason(door: DoorDep, principal: FloorWrite, code: Number, body: ReasonCodePatch) -> JSONResponse:
    """Change a reason, or switch it off; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        reason = _found(repository.reason(session, code, lock=True))
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(code, expected=expected, got=reason.row_version, wanted=wanted, stored=_reason(reason))
        return Answer(200, _reason(service.update_reason(session, reason, body, actor=principal.actor, now=door.now)))

    return door.change(make)


def _found(reason: ReasonCode | None) -> ReasonCode:
    if reason is None:
        raise NotFound
    return reason


def _reason(reason: ReasonCode) -> dict[str, Any]:
    return ReasonCodeOut.of(reason).model_dump(mode="json")
