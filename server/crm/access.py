"""Which orders a caller may see. Every query about orders for people goes through here; the rest is not there."""

from sqlalchemy import ColumnElement, false, true

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.orders.models import SalesOrder


def visible_orders(principal: Principal) -> ColumnElement[bool]:
    """The condition on `sales_order` for this caller: all, one customer's, one link's, or none."""
    if principal.kind == "visit":
        return SalesOrder.id == principal.order_id if principal.order_id is not None else false()
    if not principal.may(Permission.ORDERS_READ):
        return false()
    if principal.kind == "user" and not principal.is_staff:
        return SalesOrder.customer_id == principal.customer_id if principal.customer_id is not None else false()
    return true()
