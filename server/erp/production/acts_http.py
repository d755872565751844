"""The doors to scrap, rework, work for stock and replacements, from a screen or by a program."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.orders.access import is_customer, visible_orders
from server.erp.production import repository
from server.erp.production.acts import Wish, act_on_part, by_people, scrap_pieces
from server.erp.production.deeds import Deed, DeedKind, do
from server.erp.production.for_stock import cancel_work, make_for_stock, make_replacement
from server.erp.production.inside import Share
from server.erp.production.models import WorkOrder
from server.erp.production.operator_time import work_of
from server.erp.production.schemas import (
    CancelBody,
    ReworkBody,
    ScrapBody,
    ScrapPiecesBody,
    SplitBody,
    StockWorkIn,
    UnitOut,
    WorkOrderOut,
)
from server.erp.reasons.service import chosen_reason
from server.errors import NotFound
from server.http.door import Door, DoorDep
from server.http.fields import plain
from server.http.idempotency import Answer
from server.http.paging import Number
from server.tracking.states import Command, ReasonKind
from server.tracking.world import ReasonCode

router = APIRouter(prefix="/api/v1")

Release = Annotated[Principal, Depends(require(Permission.ORDERS_RELEASE))]
OrdersRead = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
FloorWrite = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]


@router.post("/units/{number}/scrap", response_model=UnitOut)
def scrap(door: DoorDep, principal: FloorWrite, number: Number, body: ScrapBody) -> JSONResponse:
    """The unit is lost, for this reason."""

    def wish(session: Session) -> Wish:
        return Wish(Command.SCRAP, reason_of(session, body.reason, ReasonKind.SCRAP))

    return door.post(
        principal, body, lambda session: _unit(session, principal, number, wish(session), door, body.share)
    )


@router.post("/units/{number}/rework", response_model=UnitOut)
def rework(door: DoorDep, principal: FloorWrite, number: Number, body: ReworkBody) -> JSONResponse:
    """The unit goes back to a step that it has done, for this reason."""

    def wish(session: Session) -> Wish:
        return Wish(Command.REWORK, reason_of(session, body.reason, ReasonKind.REWORK), body.step)

    return door.post(
        principal, body, lambda session: _unit(session, principal, number, wish(session), door, body.share)
    )


@router.post("/units/{number}/stock", response_model=UnitOut)
def stock(door: DoorDep, principal: FloorWrite, number: Number) -> JSONResponse:
    """The unit is more than its order wants: it lies in stock from now on, and belongs to nobody."""

    def make(session: Session) -> Answer:
        row = repository.unit(session, number, visible=visible_orders(principal))
        if row is None or row.work_order is None:
            raise NotFound
        found = visible_work_order(session, row.work_order, principal)
        do(session, found, [row.unit.number], Deed(DeedKind.STOCK), by_people(principal.actor, door.now))
        row = repository.unit(session, number, visible=visible_orders(principal)) or row
        return Answer(200, UnitOut.from_row(row, internal=True).model_dump(mode="json"))

    return door.post(principal, None, make)


@router.post("/units/{number}/split", response_model=UnitOut)
def split(door: DoorDep, principal: FloorWrite, number: Number, body: SplitBody) -> JSONResponse:
    """So many pieces of a lot are a lot of their own from now on; the answer is that lot."""

    def make(session: Session) -> Answer:
        row = repository.unit(session, number, visible=visible_orders(principal))
        if row is None or row.work_order is None:
            raise NotFound
        found = visible_work_order(session, row.work_order, principal)
        deed = Deed(DeedKind.SPLIT, quantity=body.quantity, inside=body.units)
        (part,) = do(session, found, [row.unit.number], deed, by_people(principal.actor, door.now))
        row = repository.unit(session, part, visible=visible_orders(principal)) or row
        return Answer(200, UnitOut.from_row(row, internal=True).model_dump(mode="json"))

    return door.post(principal, body, make)


@router.post("/work-orders/{number}/scrap", response_model=WorkOrderOut)
def scrap_quantity(door: DoorDep, principal: FloorWrite, number: Number, body: ScrapPiecesBody) -> JSONResponse:
    """So many pieces are lost, the last of the work order first; more than there are is refused."""

    def make(session: Session) -> Answer:
        found = visible_work_order(session, number, principal)
        wish = Wish(Command.SCRAP, reason_of(session, body.reason, ReasonKind.SCRAP), body.step)
        scrap_pieces(session, found, body.quantity, wish, by_people(principal.actor, door.now))
        return Answer(200, WorkOrderOut.of(found, internal=True).model_dump(mode="json"))

    return door.post(principal, body, make)


@router.post("/work-orders", status_code=201, response_model=WorkOrderOut)
def post_work_order(door: DoorDep, principal: Release, body: StockWorkIn) -> JSONResponse:
    """Pieces to be made for stock, released at once."""

    def make(session: Session) -> Answer:
        made = make_for_stock(session, body, actor=principal.actor, now=door.now)
        return Answer(201, _work_order(session, made.number, principal))

    return door.post(principal, body, make)


@router.post("/work-orders/{number}/cancel", response_model=WorkOrderOut)
def cancel(door: DoorDep, principal: Release, number: Number, body: CancelBody) -> JSONResponse:
    """End work for stock that is open."""

    def make(session: Session) -> Answer:
        found = visible_work_order(session, number, principal)
        cancel_work(session, found, reason=body.reason, actor=principal.actor, now=door.now)
        return Answer(200, _work_order(session, number, principal))

    return door.post(principal, body, make)


@router.post("/work-orders/{number}/replace", status_code=201, response_model=WorkOrderOut)
def replace(door: DoorDep, principal: Release, number: Number) -> JSONResponse:
    """A work order for what the order is short of, made as the scrapped pieces were."""

    def make(session: Session) -> Answer:
        found = visible_work_order(session, number, principal)
        made = make_replacement(session, found, actor=principal.actor, now=door.now)
        return Answer(201, _work_order(session, made.number, principal))

    return door.post(principal, None, make)


@router.get("/work-orders/{number}/operators")
def get_operators(database: DatabaseDep, principal: OrdersRead, number: Number) -> JSONResponse:
    """Who worked on it, step by step: pieces, and minutes between start and end; for our own house alone."""
    with database.read() as session:
        found = visible_work_order(session, number, principal)
        if is_customer(principal):
            raise NotFound
        items = [
            {
                "step": share.step,
                "operator": share.who,
                "name": share.name,
                "pieces": share.pieces,
                "minutes": None if share.minutes is None else plain(share.minutes),
            }
            for share in work_of(session, found.id)
        ]
    return JSONResponse({"items": items, "next": None})


def visible_work_order(session: Session, number: str, principal: Principal) -> WorkOrder:
    """The work order of this number, wholly loaded; raises NotFound."""
    found = repository.work_order(session, number, visible=visible_orders(principal))
    if found is None:
        raise NotFound
    return found


def _work_order(session: Session, number: str, principal: Principal) -> dict[str, Any]:
    session.expire_all()
    found = visible_work_order(session, number, principal)
    return WorkOrderOut.of(found, internal=True).model_dump(mode="json")


def reason_of(session: Session, code: str, kind: ReasonKind) -> ReasonCode:
    """The chosen reason as the rules know it."""
    found = chosen_reason(session, code, kind)
    return ReasonCode(found.code, found.kind, found.name)


def _unit(session: Session, principal: Principal, number: str, wish: Wish, door: Door, share: Share) -> Answer:
    """What became of the unit, or of the part that was split off it."""
    visible = visible_orders(principal)
    row = repository.unit(session, number, visible=visible)
    if row is None:
        raise NotFound
    part = act_on_part(session, row.unit, share, wish, by_people(principal.actor, door.now))
    if part is not row.unit:
        row = repository.unit(session, part.number, visible=visible) or row
    return Answer(200, UnitOut.from_row(row, internal=True).model_dump(mode="json"))
