"""Reserve or make, decided on the page of the order."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.access import visible_orders
from server.erp.orders.repository import order as find_order
from server.erp.reservations.schemas import ReserveBody
from server.erp.reservations.service import decide_line
from server.errors import Invalid, NotFound, Refused
from server.http.paging import Number
from server.messages import N_
from server.web.entry import Fault, FormDep, checked
from server.web.page import PageDep

router = APIRouter(include_in_schema=False)

Planner = Annotated[Principal, Depends(require(Permission.ORDERS_RELEASE))]


@router.post("/orders/{number}/reserve")
def reserve(page: PageDep, principal: Planner, number: Number, form: FormDep) -> Response:
    """So much of a line comes out of stock."""
    place = f"/orders/{number}#lines-head"
    data = {name: form.text(name) for name in ("line", "quantity")}
    try:
        body = checked(page, form, model=ReserveBody, data=data)
    except Fault as fault:
        return page.go(place, next(iter(fault.form.faults.values()), fault.form.fault or ""), kind="stop")

    def work(session: Session) -> None:
        order = find_order(session, number, visible=visible_orders(principal), lock=True)
        if order is None:
            raise NotFound
        decide_line(session, order, body.line, body.quantity, actor=principal.actor, now=page.now)

    try:
        page.database.write(work)
    except (Refused, Invalid) as refusal:
        return page.go(place, refusal.detail, kind="stop")
    return page.go(place, page.say(N_("Decided: what is not taken out of stock is made.")))
