"""The doors to reservations."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.orders.access import visible_orders
from server.erp.orders.repository import order as find_order
from server.erp.reservations import repository, service
from server.erp.reservations.rules import ReservationState
from server.erp.reservations.schemas import ReservationList, ReservationOut, ReserveBody
from server.errors import NotFound
from server.http.door import DoorDep
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, Limit, Number, Text, as_json

router = APIRouter(prefix="/api/v1")

_floor_read = [Depends(require(Permission.FLOOR_READ))]
Planner = Annotated[Principal, Depends(require(Permission.ORDERS_RELEASE))]
AfterId = Annotated[int | None, Query(ge=0, le=2**63 - 1)]


@router.get("/reservations", response_model=ReservationList, dependencies=_floor_read)
def list_reservations(
    database: DatabaseDep,
    order: Text = None,
    product: Text = None,
    state: ReservationState | None = None,
    after: AfterId = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """What comes out of stock for which line, by age."""
    wanted = repository.ReservationFilter(order, product, state.value if state else None)
    with database.read() as session:
        rows, more = repository.reservations(session, wanted, after=after, limit=limit)
        items = [ReservationOut.of(row).model_dump(mode="json") for row in rows]
    return JSONResponse(as_json(items, more=more, name="id"))


@router.post("/orders/{number}/reserve", response_model=ReservationOut)
def reserve(door: DoorDep, principal: Planner, number: Number, body: ReserveBody) -> JSONResponse:
    """Decide how much of a line comes out of stock; the rest is made."""

    def make(session: Session) -> Answer:
        order = find_order(session, number, visible=visible_orders(principal), lock=True)
        if order is None:
            raise NotFound
        about: dict[str, Any] = {"actor": principal.actor, "now": door.now}
        service.decide_line(session, order, body.line, body.quantity, **about)
        wanted = repository.ReservationFilter(order=number)
        rows, _more = repository.reservations(session, wanted, after=None, limit=1000)
        row = next(each for each in rows if each.line.position == body.line)
        return Answer(200, ReservationOut.of(row).model_dump(mode="json"))

    return door.post(principal, body, make)
