"""A work order: how it is made, as it was known at its release, beside what has changed in the product since."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.orders.access import is_customer, visible_orders
from server.erp.orders.present import present_snapshot
from server.erp.orders.snapshot import difference
from server.erp.production import repository
from server.errors import NotFound
from server.http.paging import Number
from server.web.admin_words import measure, word
from server.web.page import PageDep

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]


@router.get("/work-orders/{number}")
def show_work_order(page: PageDep, number: Number, principal: Reader) -> Response:
    """The snapshot with its operations, and the differences from the present truth."""
    with page.database.read() as session:
        found = repository.work_order(session, number, visible=visible_orders(principal))
        if found is None or is_customer(principal):
            raise NotFound
        present, problems = present_snapshot(session, found.order_line_id)
    changes = [] if present is None else difference(found.snapshot, present)
    return page.show(
        "pages/work_order.html",
        work_order=found,
        snapshot=found.snapshot,
        changes=changes,
        problems=problems,
        measure=lambda code: page.say(measure(code)),
        area=lambda code: page.say(word("area", code)),
    )
