"""Which pictures belong to an order: how its units are packed, and what its changes would show."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.access import is_customer, visible_orders
from server.erp.changes.models import ChangeRequest
from server.erp.changes.rules import as_told
from server.erp.orders.models import SalesOrder
from server.erp.orders.snapshot import packaging_picture
from server.erp.production.models import WorkOrder
from server.tracking.states import ChangeState


def may_see_picture(session: Session, principals: Sequence[Principal], number: str, picture: str) -> bool:
    """Whether one of those who are known at a browser sees the order, and the picture belongs to it.

    Three queries for each of them at most.
    """
    return any(picture in _pictures(session, principal, number) for principal in principals)


def _pictures(session: Session, principal: Principal, number: str) -> set[str | None]:
    order = session.scalar(select(SalesOrder.id).where(SalesOrder.number == number, visible_orders(principal)))
    if order is None:
        return set()
    found = {packaging_picture(each) for each in session.scalars(select(WorkOrder.snapshot).filter_by(order_id=order))}
    told = select(ChangeRequest.difference, ChangeRequest.origin).where(ChangeRequest.order_id == order)
    if is_customer(principal):
        # He is not told what somebody only thinks of asking.
        told = told.where(ChangeRequest.state != ChangeState.DRAFT.value)
    for difference, origin in session.execute(told):
        shown = as_told(difference, origin) if is_customer(principal) else difference
        found |= {each[side] for each in shown if each["field"] == "picture" for side in ("before", "after")}
    return found
