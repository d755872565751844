"""The doors to stock: locations, moves and balances."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.stock import repository, service
from server.erp.stock.schemas import (
    BalanceList,
    BalanceOut,
    LocationIn,
    LocationList,
    LocationOut,
    MoveIn,
    MoveList,
    MoveOut,
)
from server.http.door import DoorDep
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Before, Limit, Text, as_json

router = APIRouter(prefix="/api/v1")

FloorWrite = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_floor_read = [Depends(require(Permission.FLOOR_READ))]


@router.get("/locations", response_model=LocationList, dependencies=_floor_read)
def list_locations(database: DatabaseDep, after: After = None, limit: Limit = DEFAULT_LIMIT) -> JSONResponse:
    """The places where goods lie, by age."""
    with database.read() as session:
        page = repository.locations(session, after=after, limit=limit)
        items = [LocationOut.of(found).model_dump(mode="json") for found in page.items]
    return JSONResponse(as_json(items, more=page.more, name="key"))


@router.post("/locations", status_code=201, response_model=LocationOut)
def post_location(door: DoorDep, principal: FloorWrite, body: LocationIn) -> JSONResponse:
    """A new place where goods lie."""

    def make(session: Session) -> Answer:
        location = service.create_location(session, body, actor=principal.actor, now=door.now)
        return Answer(201, LocationOut.of(location).model_dump(mode="json"))

    return door.post(principal, body, make)


@router.get("/stock-moves", response_model=MoveList, dependencies=_floor_read)
def list_moves(
    database: DatabaseDep, product: Text = None, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> JSONResponse:
    """The moves of goods, by age."""
    with database.read() as session:
        page = repository.moves(session, sku=product, after=after, limit=limit)
        items = [MoveOut.of(found).model_dump(mode="json") for found in page.items]
    return JSONResponse(as_json(items, more=page.more))


@router.post("/stock-moves", status_code=201, response_model=MoveOut)
def post_move(door: DoorDep, principal: FloorWrite, body: MoveIn) -> JSONResponse:
    """Receive, issue, scrap, transfer or count goods; what does not lie there cannot leave."""

    def make(session: Session) -> Answer:
        move = service.move_stock(session, body, actor=principal.actor, now=door.now)
        return Answer(201, MoveOut.of(move).model_dump(mode="json"))

    return door.post(principal, body, make)


@router.get("/stock", response_model=BalanceList, dependencies=_floor_read)
def list_stock(
    database: DatabaseDep,
    product: Text = None,
    location: Text = None,
    after: Before = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """How much of each product lies at each location."""
    with database.read() as session:
        rows, more = repository.stock(session, sku=product, location=location, after=after, limit=limit)
        items = [BalanceOut.of(row).model_dump(mode="json") for row in rows]
    return JSONResponse(as_json(items, more=more, name="id"))
