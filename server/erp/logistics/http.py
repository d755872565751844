"""The doors to handling units and shipments."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.logistics import packing, repository, service
from server.erp.logistics.contents import inside
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.logistics.schemas import (
    HandlingUnitIn,
    HandlingUnitList,
    HandlingUnitOut,
    PackBody,
    ReasonBody,
    ShipmentIn,
    ShipmentList,
    ShipmentOut,
    ShipmentPatch,
    UnpackBody,
)
from server.erp.orders.access import visible_orders
from server.errors import NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.http.versions import guard
from server.tracking.states import HandlingUnitState, ShipmentState

router = APIRouter(prefix="/api/v1")

OrdersRead = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
ShipmentsWrite = Annotated[Principal, Depends(require(Permission.SHIPMENTS_WRITE))]

# --- handling units ---


@router.get("/handling-units", response_model=HandlingUnitList)
def list_handling_units(
    database: DatabaseDep,
    principal: OrdersRead,
    order: Text = None,
    state: HandlingUnitState | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """The handling units of visible orders, by age."""
    wanted = repository.LogisticsFilter(order, state.value if state else None)
    with database.read() as session:
        visible = visible_orders(principal)
        page = repository.handling_units(session, wanted, visible=visible, after=after, limit=limit)
        held = inside(session, [box.id for box in page.items])
        items = [HandlingUnitOut.of(box, held[box.id]).model_dump(mode="json") for box in page.items]
    return JSONResponse(as_json(items, more=page.more))


@router.get("/handling-units/{number}", response_model=HandlingUnitOut)
def get_handling_unit(database: DatabaseDep, principal: OrdersRead, number: Number) -> JSONResponse:
    """One handling unit, by number or SSCC."""
    with database.read() as session:
        return shown(_box_body(session, _box(session, number, principal)))


@router.post("/handling-units", status_code=201, response_model=HandlingUnitOut)
def post_handling_unit(door: DoorDep, principal: ShipmentsWrite, body: HandlingUnitIn) -> JSONResponse:
    """A new box or pallet for an order, empty or filled; the rules are those of a scan at packing."""

    def make(session: Session) -> Answer:
        return Answer(201, _box_body(session, packing.open_box(session, body, actor=principal.actor, now=door.now)))

    return door.post(principal, body, make)


@router.post("/handling-units/{number}/close", response_model=HandlingUnitOut)
def close(door: DoorDep, principal: ShipmentsWrite, number: Number) -> JSONResponse:
    """The box is full."""

    def act(session: Session, box: HandlingUnit) -> None:
        service.close_box(session, box, actor=principal.actor, now=door.now)

    return _act_on_box(door, principal, number, act)


@router.post("/handling-units/{number}/reopen", response_model=HandlingUnitOut)
def reopen(door: DoorDep, principal: ShipmentsWrite, number: Number, body: ReasonBody) -> JSONResponse:
    """Something must come out again, with a reason."""

    def act(session: Session, box: HandlingUnit) -> None:
        service.reopen_box(session, box, reason=body.reason, actor=principal.actor, now=door.now)

    return _act_on_box(door, principal, number, act, body)


@router.post("/handling-units/{number}/pack", response_model=HandlingUnitOut)
def pack(door: DoorDep, principal: ShipmentsWrite, number: Number, body: PackBody) -> JSONResponse:
    """Boxes go onto an open pallet."""

    def act(session: Session, box: HandlingUnit) -> None:
        packing.put_on(session, box, body.handling_units, actor=principal.actor, now=door.now)

    return _act_on_box(door, principal, number, act, body)


@router.post("/handling-units/{number}/unpack", response_model=HandlingUnitOut)
def unpack(door: DoorDep, principal: ShipmentsWrite, number: Number, body: UnpackBody) -> JSONResponse:
    """Units come out of a box, or boxes off a pallet; it is open from then on."""

    def act(session: Session, box: HandlingUnit) -> None:
        packing.take_out(session, box, body, actor=principal.actor, now=door.now)

    return _act_on_box(door, principal, number, act, body)


# --- shipments ---


@router.get("/shipments", response_model=ShipmentList)
def list_shipments(
    database: DatabaseDep,
    principal: OrdersRead,
    order: Text = None,
    state: ShipmentState | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """The shipments of visible orders, by age."""
    wanted = repository.LogisticsFilter(order, state.value if state else None)
    with database.read() as session:
        page = repository.shipments(session, wanted, visible=visible_orders(principal), after=after, limit=limit)
        boxes = repository.boxes_by_shipment(session, [found.id for found in page.items])
        items = [ShipmentOut.of(found, boxes.get(found.id, [])).model_dump(mode="json") for found in page.items]
    return JSONResponse(as_json(items, more=page.more))


@router.get("/shipments/{number}", response_model=ShipmentOut)
def get_shipment(database: DatabaseDep, principal: OrdersRead, number: Number) -> JSONResponse:
    """One shipment with its boxes."""
    with database.read() as session:
        return shown(_body(session, _found(session, number, principal)))


@router.post("/shipments", status_code=201, response_model=ShipmentOut)
def post_shipment(door: DoorDep, principal: ShipmentsWrite, body: ShipmentIn) -> JSONResponse:
    """A shipment of closed boxes."""

    def make(session: Session) -> Answer:
        shipment = service.create_shipment(session, body, actor=principal.actor, now=door.now)
        return Answer(201, _body(session, shipment))

    return door.post(principal, body, make)


@router.patch("/shipments/{number}", response_model=ShipmentOut)
def patch_shipment(door: DoorDep, principal: ShipmentsWrite, number: Number, body: ShipmentPatch) -> JSONResponse:
    """Change who carries it and under which number; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        shipment = _found(session, number, principal, lock=True)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = _body(session, shipment)
        guard(number, expected=expected, got=shipment.row_version, wanted=wanted, stored=stored)
        service.change_shipment(session, shipment, body, actor=principal.actor, now=door.now)
        return Answer(200, _body(session, shipment))

    return door.change(make)


@router.post("/shipments/{number}/ship", response_model=ShipmentOut)
def ship(door: DoorDep, principal: ShipmentsWrite, number: Number) -> JSONResponse:
    """Its boxes leave the house with all their units."""

    def act(session: Session, shipment: Shipment) -> None:
        service.ship(session, shipment, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


@router.post("/shipments/{number}/deliver", response_model=ShipmentOut)
def deliver(door: DoorDep, principal: ShipmentsWrite, number: Number) -> JSONResponse:
    """It has arrived: its units are delivered, and with the last of them the order is done."""

    def act(session: Session, shipment: Shipment) -> None:
        service.deliver(session, shipment, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act)


@router.post("/shipments/{number}/cancel", response_model=ShipmentOut)
def cancel(door: DoorDep, principal: ShipmentsWrite, number: Number, body: ReasonBody) -> JSONResponse:
    """Its boxes stay here for another shipment."""

    def act(session: Session, shipment: Shipment) -> None:
        service.cancel_shipment(session, shipment, reason=body.reason, actor=principal.actor, now=door.now)

    return _act(door, principal, number, act, body)


def _act(
    door: Door,
    principal: Principal,
    number: str,
    act: Callable[[Session, Shipment], None],
    body: ReasonBody | None = None,
) -> JSONResponse:
    def make(session: Session) -> Answer:
        shipment = _found(session, number, principal, lock=True)
        door.check_if_given(number, shipment.row_version, lambda: _body(session, shipment))
        act(session, shipment)
        return Answer(200, _body(session, shipment))

    return door.post(principal, body, make)


def _act_on_box(
    door: Door,
    principal: Principal,
    number: str,
    act: Callable[[Session, HandlingUnit], None],
    body: ReasonBody | PackBody | UnpackBody | None = None,
) -> JSONResponse:
    def make(session: Session) -> Answer:
        box = _box(session, number, principal, lock=True)
        door.check_if_given(number, box.row_version, lambda: _box_body(session, box))
        act(session, box)
        return Answer(200, _box_body(session, box))

    return door.post(principal, body, make)


def _found(session: Session, number: str, principal: Principal, *, lock: bool = False) -> Shipment:
    shipment = repository.shipment(session, number, visible=visible_orders(principal), lock=lock)
    if shipment is None:
        raise NotFound
    return shipment


def _box(session: Session, number: str, principal: Principal, *, lock: bool = False) -> HandlingUnit:
    box = repository.handling_unit(session, number, visible=visible_orders(principal), lock=lock)
    if box is None:
        raise NotFound
    return box


def _body(session: Session, shipment: Shipment) -> dict[str, Any]:
    boxes = repository.boxes_by_shipment(session, [shipment.id]).get(shipment.id, [])
    return ShipmentOut.of(shipment, boxes).model_dump(mode="json")


def _box_body(session: Session, box: HandlingUnit) -> dict[str, Any]:
    return HandlingUnitOut.of(box, inside(session, [box.id])[box.id]).model_dump(mode="json")
