"""The doors to work orders, units and the queues of work centers."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.repository import work_center
from server.erp.orders.access import is_customer, visible_orders
from server.erp.orders.present import present_snapshot
from server.erp.orders.snapshot import difference
from server.erp.production import repository, service
from server.erp.production.acts import by_people
from server.erp.production.lots import part_of
from server.erp.production.proof import evidence_of
from server.erp.production.queue import queue, upcoming
from server.erp.production.repository import UnitFilter, UnitRow, WorkOrderFilter
from server.erp.production.schemas import (
    HoldBody,
    OperationOut,
    UnitList,
    UnitOut,
    WorkOrderList,
    WorkOrderOut,
    queue_entry,
)
from server.erp.reasons.service import chosen_reason
from server.erp.stock.genealogy import Used, materials_of
from server.errors import NotFound
from server.http.door import Door, DoorDep, shown
from server.http.fields import plain
from server.http.idempotency import Answer
from server.http.outside import listed, told
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.tracking.states import ReasonKind, UnitState, WorkOrderState

router = APIRouter(prefix="/api/v1")

OrdersRead = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
OrdersWrite = Annotated[Principal, Depends(require(Permission.ORDERS_WRITE))]
_floor_read = [Depends(require(Permission.FLOOR_READ))]


@router.get("/work-orders", response_model=WorkOrderList)
def list_work_orders(
    database: DatabaseDep,
    principal: OrdersRead,
    order: Text = None,
    state: WorkOrderState | None = None,
    for_stock: bool | None = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """The work orders of visible orders, and to our own house those for stock, by age."""
    wanted = WorkOrderFilter(order=order, state=state.value if state else None, for_stock=for_stock)
    with database.read() as session:
        visible = visible_orders(principal)
        page = repository.work_orders(session, wanted, visible=visible, after=after, limit=limit)
        ids, internal = [found.id for found in page.items], not is_customer(principal)
        steps = repository.operations_of(session, ids, tuple(OperationOut.model_fields))
        items = [
            WorkOrderOut.with_operations(
                found, [OperationOut(**step) for step in steps.get(found.id, ())], internal=internal
            )
            for found in page.items
        ]
        return listed(WorkOrderList, items, more=page.more, internal=internal)


@router.get("/work-orders/{number}", response_model=WorkOrderOut)
def get_work_order(database: DatabaseDep, principal: OrdersRead, number: Number) -> JSONResponse:
    """One work order with its operations and the snapshot it was released with."""
    with database.read() as session:
        found = repository.work_order(session, number, visible=visible_orders(principal))
        if found is None:
            raise NotFound
        return shown(_work_order(found, principal))


@router.get("/work-orders/{number}/difference")
def get_difference(database: DatabaseDep, principal: OrdersRead, number: Number) -> JSONResponse:
    """What has changed in product, options and packaging since the work order was released; it does not follow."""
    with database.read() as session:
        found = repository.work_order(session, number, visible=visible_orders(principal))
        if found is None or is_customer(principal):
            raise NotFound
        present, problems = present_snapshot(session, found)
        changes = [] if present is None else [change.as_json() for change in difference(found.snapshot, present)]
    return JSONResponse({"work_order": number, "changes": changes, "problems": problems})


@router.get("/work-centers/{key}/queue", dependencies=_floor_read)
def get_queue(database: DatabaseDep, key: Number, limit: Limit = DEFAULT_LIMIT) -> JSONResponse:
    """What can be worked on at a work center, next first, and what waits for the step before."""
    with database.read() as session:
        center = work_center(session, key)
        if center is None:
            raise NotFound
        items = [queue_entry(entry) for entry in queue(session, [center.id], limit=limit)]
        later = [queue_entry(entry) for entry in upcoming(session, [center.id], limit=limit)]
    return JSONResponse({"items": items, "upcoming": later, "next": None})


def _filter(
    order: Text = None, work_order: Text = None, state: UnitState | None = None, held: bool | None = None
) -> UnitFilter:
    return UnitFilter(order=order, work_order=work_order, state=state.value if state else None, held=held)


@router.get("/units", response_model=UnitList)
def list_units(
    database: DatabaseDep,
    principal: OrdersRead,
    wanted: Annotated[UnitFilter, Depends(_filter)],
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """The units of visible orders, by age."""
    with database.read() as session:
        rows, more = repository.units(session, wanted, visible=visible_orders(principal), after=after, limit=limit)
        items = [_unit(row, principal) for row in rows]
    return JSONResponse(as_json(items, more=more))


@router.get("/units/{reference:path}")
def get_unit(database: DatabaseDep, principal: OrdersRead, reference: Number) -> JSONResponse:
    """One unit by its number or any of its codes, percent-encoded: what it is made of and in, and every proof."""
    with database.read() as session:
        row = _found(session, reference, principal)
        return shown(_with_proof(session, row, principal))


@router.post("/units/{number}/hold", response_model=UnitOut)
def hold(door: DoorDep, principal: OrdersWrite, number: Number, body: HoldBody) -> JSONResponse:
    """Keep a unit from moving on, with a reason."""

    def act(session: Session, unit_id: int) -> str:
        code = None if body.reason_code is None else chosen_reason(session, body.reason_code, ReasonKind.HOLD)
        why = service.Why.of(body.reason, code)
        unit = repository.lock_unit(session, unit_id)
        part = part_of(session, unit, body.share, by_people(principal.actor, door.now))
        service.hold_unit(session, part.id, why, actor=principal.actor, now=door.now)
        return part.number

    return _act(door, principal, number, act, body)


@router.post("/units/{number}/resume", response_model=UnitOut)
def resume(door: DoorDep, principal: OrdersWrite, number: Number) -> JSONResponse:
    """Let a held unit move on."""

    def act(session: Session, unit_id: int) -> str:
        return service.resume_unit(session, unit_id, actor=principal.actor, now=door.now).number

    return _act(door, principal, number, act)


def _act(
    door: Door, principal: Principal, number: str, act: Callable[[Session, int], str], body: HoldBody | None = None
) -> JSONResponse:
    def make(session: Session) -> Answer:
        row = _found(session, number, principal)
        acted_on = act(session, row.unit.id)
        if acted_on != row.unit.number:
            row = _found(session, acted_on, principal)
        return Answer(200, _unit(row, principal))

    return door.post(principal, body, make)


def _found(session: Session, reference: str, principal: Principal) -> UnitRow:
    row = repository.unit(session, reference, visible=visible_orders(principal))
    if row is None:
        raise NotFound
    return row


def _unit(row: UnitRow, principal: Principal) -> dict[str, Any]:
    internal = not is_customer(principal)
    return told(UnitOut.from_row(row, internal=internal), internal=internal)


def _work_order(found: Any, principal: Principal) -> dict[str, Any]:
    internal = not is_customer(principal)
    return told(WorkOrderOut.of(found, internal=internal), internal=internal)


def _with_proof(session: Session, row: UnitRow, principal: Principal) -> dict[str, Any]:
    internal = not is_customer(principal)
    known_as = repository.identifiers(session, [row.unit.id])[row.unit.id]
    inside = repository.units_in(session, [row.unit.id])
    return _unit(row, principal) | {
        "identifiers": [{"scheme": found.scheme, "value": found.value, "active": found.active} for found in known_as],
        "inside": [unit.number for unit in inside],
        **({"materials": [_used(found) for found in materials_of(session, row.unit.id)]} if internal else {}),
        "facts": [found.as_json(internal=internal) for found in evidence_of(session, row.unit)],
    }


def _used(found: Used) -> dict[str, Any]:
    own = {name: getattr(found, name) for name in ("name", "uom", "station")}
    return {"product": found.sku, "lot": found.lot or None, "quantity": plain(found.quantity), **own}
