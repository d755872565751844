"""The doors to stock: locations, moves and balances."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.stock import materials, repository, service
from server.erp.stock.schemas import (
    BalanceList,
    BalanceOut,
    ItemList,
    ItemOut,
    ItemPatch,
    LocationIn,
    LocationList,
    LocationOut,
    MoveIn,
    MoveList,
    MoveOut,
)
from server.errors import NotFound
from server.http.door import DoorDep, shown
from server.http.fields import plain
from server.http.idempotency import Answer
from server.http.paging import CLEAN, DEFAULT_LIMIT, After, Before, Limit, Number, Text, as_json
from server.http.versions import guard

router = APIRouter(prefix="/api/v1")

FloorWrite = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
Lot = Annotated[str | None, Query(max_length=20, pattern=CLEAN)]
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
    database: DatabaseDep, product: Text = None, lot: Lot = None, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> JSONResponse:
    """The moves of goods, by age."""
    with database.read() as session:
        page = repository.moves(session, sku=product, lot=lot, after=after, limit=limit)
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
    lot: Lot = None,
    after: Before = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """How much of each lot of each product lies at each location."""
    with database.read() as session:
        rows, more = repository.stock(session, sku=product, location=location, lot=lot, after=after, limit=limit)
        items = [BalanceOut.of(row).model_dump(mode="json") for row in rows]
    return JSONResponse(as_json(items, more=more, name="id"))


@router.get("/materials", response_model=ItemList, dependencies=_floor_read)
def list_materials(
    database: DatabaseDep,
    q: Text = None,
    location: Text = None,
    show: Annotated[Literal["low", "negative"] | None, Query()] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """The materials that are counted, with what there is of each in all, by sku."""
    wanted = materials.MaterialFilter(q, location, show)
    with database.read() as session:
        rows, more = materials.materials(session, wanted, after=after, limit=limit)
    return JSONResponse(as_json([_material(row) for row in rows], more=more, name="product"))


@router.get("/materials/{sku}", response_model=ItemOut, dependencies=_floor_read)
def get_material(database: DatabaseDep, sku: Number) -> JSONResponse:
    """One material."""
    with database.read() as session:
        return shown(_found(session, sku))


@router.patch("/materials/{sku}", response_model=ItemOut)
def patch_material(door: DoorDep, principal: FloorWrite, sku: Number, body: ItemPatch) -> JSONResponse:
    """Set the level below which the material is low."""
    expected = door.expected

    def make(session: Session) -> Answer:
        found = repository.item(session, sku)
        if found is None:
            raise NotFound
        item = found[0]
        wanted, stored = body.model_dump(mode="json"), {"reorder_level": _plain(item.reorder_level)}
        guard(sku, expected=expected, got=item.row_version, wanted=wanted, stored=stored)
        service.edit_item(session, item, body, sku=sku, actor=principal.actor, now=door.now)
        return Answer(200, _found(session, sku))

    return door.change(make)


def _found(session: Session, sku: str) -> dict[str, Any]:
    found = materials.material(session, sku)
    if found is None:
        raise NotFound
    return _material(found)


def _material(row: materials.Material) -> dict[str, Any]:
    names = ("name", "uom", "quantity", "reserved", "available", "reorder_level", "low", "negative", "row_version")
    own = {name: getattr(row, name) for name in names}
    return ItemOut(product=row.sku, **own).model_dump(mode="json")


def _plain(level: Decimal | None) -> str | None:
    return None if level is None else plain(level)
