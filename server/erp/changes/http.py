"""The doors to change requests and to packing anew."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.models import User
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.auth.talk_limit import count_message
from server.erp.changes import repository, service
from server.erp.changes.impact import impact_of
from server.erp.changes.models import ChangeRequest
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import (
    ChangeIn,
    ChangeList,
    ChangeOut,
    ChangePatch,
    StationBody,
    TaskList,
    TaskOut,
)
from server.erp.logistics.schemas import ReasonBody
from server.erp.orders.access import is_customer, visible_orders
from server.errors import Forbidden, NotFound, Refused
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.outside import listed, told
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text
from server.http.versions import guard
from server.messages import translate as _
from server.tracking.states import ChangeState

router = APIRouter(prefix="/api/v1")

Reader = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
Writer = Annotated[Principal, Depends(require(Permission.CHANGES_WRITE))]
Decider = Annotated[Principal, Depends(require(Permission.CHANGES_APPROVE))]
Scanner = Annotated[Principal, Depends(require(Permission.SCAN))]
Onlooker = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Packer = Annotated[Principal, Depends(require(Permission.SHIPMENTS_WRITE))]
TaskId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/change-requests", response_model=ChangeList)
def list_changes(
    database: DatabaseDep,
    principal: Reader,
    order: Text = None,
    state: ChangeState | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """The change requests of visible orders, by age."""
    internal = not is_customer(principal)
    wanted = repository.ChangeFilter(order, state.value if state else None, outside=not internal)
    with database.read() as session:
        page = repository.changes(session, wanted, visible=visible_orders(principal), after=after, limit=limit)
        items = [ChangeOut.of(found, internal=internal) for found in page.items]
    return listed(ChangeList, items, more=page.more, internal=internal)


@router.get("/change-requests/{number}", response_model=ChangeOut)
def get_change(database: DatabaseDep, principal: Reader, number: Number) -> JSONResponse:
    """One change request, with what it meets."""
    with database.read() as session:
        return shown(_body(session, found_change(session, number, principal), principal))


@router.post("/change-requests", status_code=201, response_model=ChangeOut)
def post_change(request: Request, door: DoorDep, principal: Writer, body: ChangeIn) -> JSONResponse:
    """A draft for a released work order."""
    count_message(request, principal)

    def make(session: Session) -> Answer:
        work_order = repository.work_order(session, body.work_order, visible=visible_orders(principal))
        if work_order is None:
            raise NotFound
        origin = origin_of(principal)
        change = service.create_change(session, work_order, body, origin=origin, actor=principal.actor, now=door.now)
        return Answer(201, _body(session, change, principal))

    return door.post(principal, body, make)


@router.patch("/change-requests/{number}", response_model=ChangeOut)
def patch_change(door: DoorDep, principal: Writer, number: Number, body: ChangePatch) -> JSONResponse:
    """Change a draft; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        change = found_change(session, number, principal, lock=True)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = _body(session, change, principal)
        guard(number, expected=expected, got=change.row_version, wanted=wanted, stored=stored)
        return Answer(200, _body(session, service.edit_change(session, change, body), principal))

    return door.change(make)


@router.post("/change-requests/{number}/submit", response_model=ChangeOut)
def submit(door: DoorDep, principal: Writer, number: Number) -> JSONResponse:
    """Put it before whoever decides."""

    def act(session: Session, change: ChangeRequest) -> None:
        service.submit_change(session, change, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


@router.post("/change-requests/{number}/approve", response_model=ChangeOut)
def approve(door: DoorDep, principal: Decider, number: Number) -> JSONResponse:
    """The work order is made otherwise from now on; its stations must see it."""

    def act(session: Session, change: ChangeRequest) -> None:
        service.approve_change(session, change, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


@router.post("/change-requests/{number}/reject", response_model=ChangeOut)
def reject(door: DoorDep, principal: Decider, number: Number, body: ReasonBody) -> JSONResponse:
    """Nothing changes; the reason says why."""

    def act(session: Session, change: ChangeRequest) -> None:
        service.reject_change(session, change, reason=body.reason, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act, body)


@router.post("/change-requests/{number}/acknowledge", response_model=ChangeOut)
def acknowledge(door: DoorDep, principal: Scanner, number: Number, body: StationBody) -> JSONResponse:
    """Somebody at the station has seen it."""

    def act(session: Session, change: ChangeRequest) -> None:
        by = witness(session, principal, body.station, badge=body.badge)
        service.acknowledge_change(session, change, body.station, by, now=door.now)

    return _act(door, principal, number, act, body)


@router.get("/repack-tasks", response_model=TaskList)
def list_tasks(database: DatabaseDep, _principal: Onlooker) -> JSONResponse:
    """Units that are to be packed anew, the oldest first; 200 at most."""
    with database.read() as session:
        return JSONResponse({"items": [TaskOut.of(task) for task in repository.open_tasks(session).items]})


@router.post("/repack-tasks/{task_id}/finish", response_model=TaskOut)
def finish_task(door: DoorDep, principal: Packer, task_id: TaskId, body: ReasonBody) -> JSONResponse:
    """Close the task without a scan, with a reason."""

    def make(session: Session) -> Answer:
        task = repository.task(session, task_id, lock=True)
        if task is None:
            raise NotFound
        service.finish_repack(session, task, reason=body.reason, actor=principal.actor, now=door.now)
        return Answer(200, TaskOut.of(task))

    return door.post(principal, body, make)


def origin_of(principal: Principal) -> Origin:
    """Who wants a change, by who asks for it."""
    if is_customer(principal):
        return Origin.CUSTOMER
    return Origin.SALES if principal.role in ("sales", "service", "manager") else Origin.ENGINEERING


def witness(session: Session, principal: Principal, station: str, *, badge: str | None) -> service.Witness:
    """Whoever has seen it; raises Refused for an unknown badge, Forbidden for another's station."""
    if principal.kind == "device" and principal.station_key != station:
        raise Forbidden(_("This screen belongs to another station."), reason="wrong_station")
    if badge is not None:
        name = session.scalar(select(User.name).where(User.badge == badge, User.active.is_(True)))
        if name is None:
            message = _("The badge {badge} is not known. Ask the office to register it.")
            raise Refused(message.format(badge=badge), reason="unknown_operator")
        return service.Witness(badge, name, f"operator:{badge}")
    login = principal.actor.removeprefix("user:")
    row = session.execute(select(User.badge, User.name).where(User.login == login)).first()
    if principal.kind != "user" or row is None:
        raise Refused(_("Nobody is named: scan a badge, or sign in."), reason="unknown_operator")
    return service.Witness(row.badge, row.name, principal.actor)


def found_change(session: Session, number: str, principal: Principal, *, lock: bool = False) -> ChangeRequest:
    """The change request if this caller may see its order; raises NotFound."""
    # A station's screen sees no orders, and acknowledges what concerns it.
    visible = visible_orders(principal) if principal.may(Permission.ORDERS_READ) else repository.EVERYTHING
    change = repository.change(session, number, visible=visible, lock=lock)
    # What we think about among ourselves is no affair of the customer's before it is put to somebody.
    hidden = change is not None and is_customer(principal) and change.state == "draft" and change.origin != "customer"
    if change is None or hidden:
        raise NotFound
    return change


def _act(
    door: Door,
    principal: Principal,
    number: str,
    act: Callable[[Session, ChangeRequest], None],
    body: ReasonBody | StationBody | None = None,
) -> JSONResponse:
    def make(session: Session) -> Answer:
        change = found_change(session, number, principal, lock=True)
        door.check_if_given(number, change.row_version, lambda: _body(session, change, principal))
        act(session, change)
        return Answer(200, _body(session, change, principal))

    return door.post(principal, body, make)


def _body(session: Session, change: ChangeRequest, principal: Principal) -> dict[str, Any]:
    internal = not is_customer(principal)
    impact = impact_of(session, change).counts if internal else None
    return told(ChangeOut.of(change, internal=internal, impact=impact), internal=internal)
