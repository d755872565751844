"""The doors to scrap and rework from a screen or by a program."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.orders.access import visible_orders
from server.erp.production import repository, work_repository
from server.erp.production.acts import Wish, act_on, by_people, scrap_pieces
from server.erp.production.models import WorkOrder
from server.erp.production.schemas import ReworkBody, ScrapBody, ScrapPiecesBody, UnitOut, WorkOrderOut
from server.erp.reasons.service import chosen_reason
from server.errors import NotFound, Refused
from server.http.door import Door, DoorDep
from server.http.idempotency import Answer
from server.http.paging import Number
from server.messages import translate as _
from server.tracking.states import Command, ReasonKind
from server.tracking.world import ReasonCode

router = APIRouter(prefix="/api/v1")

FloorWrite = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]


@router.post("/units/{number}/scrap", response_model=UnitOut)
def scrap(door: DoorDep, principal: FloorWrite, number: Number, body: ScrapBody) -> JSONResponse:
    """The unit is lost, for this reason."""

    def wish(session: Session) -> Wish:
        return Wish(Command.SCRAP, reason_of(session, body.reason, ReasonKind.SCRAP))

    return door.post(principal, body, lambda session: _unit(session, principal, number, wish(session), door))


@router.post("/units/{number}/rework", response_model=UnitOut)
def rework(door: DoorDep, principal: FloorWrite, number: Number, body: ReworkBody) -> JSONResponse:
    """The unit goes back to a step that it has done, for this reason."""

    def wish(session: Session) -> Wish:
        return Wish(Command.REWORK, reason_of(session, body.reason, ReasonKind.REWORK), body.step)

    return door.post(principal, body, lambda session: _unit(session, principal, number, wish(session), door))


@router.post("/work-orders/{number}/scrap", response_model=WorkOrderOut)
def scrap_quantity(door: DoorDep, principal: FloorWrite, number: Number, body: ScrapPiecesBody) -> JSONResponse:
    """So many pieces are lost, the last of the work order first; more than there are is refused."""

    def make(session: Session) -> Answer:
        found = repository.work_order(session, number, visible=visible_orders(principal))
        if found is None:
            raise NotFound
        wish = Wish(Command.SCRAP, reason_of(session, body.reason, ReasonKind.SCRAP), body.step)
        scrap_pieces(session, found, body.quantity, wish, by_people(principal.actor, door.now))
        return Answer(200, WorkOrderOut.of(found, internal=True).model_dump(mode="json"))

    return door.post(principal, body, make)


def reason_of(session: Session, code: str, kind: ReasonKind) -> ReasonCode:
    """The chosen reason as the rules know it."""
    found = chosen_reason(session, code, kind)
    return ReasonCode(found.code, found.kind, found.name)


def _unit(session: Session, principal: Principal, number: str, wish: Wish, door: Door) -> Answer:
    visible = visible_orders(principal)
    row = repository.unit(session, number, visible=visible)
    if row is None:
        raise NotFound
    work_order: WorkOrder | None = work_repository.work_order_of(session, row.unit.id)
    if work_order is None:
        message = _("{unit} belongs to no work order.").format(unit=row.unit.number)
        raise Refused(message, reason="no_work_order")
    act_on(session, work_order, [row.unit.number], wish, by_people(principal.actor, door.now))
    return Answer(200, UnitOut.from_row(row, internal=True).model_dump(mode="json"))
