"""Whose orders somebody may know of: every query for people and programs carries this filter.

What it leaves out does not exist for the caller: a foreign order is NotFound, word for word as one that never was.
"""

from typing import Any

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import True_

from server.auth.permissions import Permission, Role
from server.auth.principal import Principal
from server.erp.orders.models import SalesOrder
from server.tracking.states import OrderLifecycle


def visible_orders(principal: Principal) -> ColumnElement[bool]:
    """The orders that exist for this caller, as a condition on SalesOrder; whoever is not listed here sees none."""
    if principal.kind == "visit":
        return SalesOrder.id == principal.order_id if principal.order_id is not None else false()
    if is_customer(principal):
        return SalesOrder.customer_id == principal.customer_id if principal.customer_id is not None else false()
    if principal.kind in ("user", "key") and principal.may(Permission.ORDERS_READ):
        return true()
    return false()


def of_orders(column: InstrumentedAttribute[Any], visible: ColumnElement[bool]) -> ColumnElement[bool]:
    """Rows whose order, in this column, is visible; where every order is, the database is not asked for each."""
    return visible if isinstance(visible, True_) else column.in_(select(SalesOrder.id).where(visible))


def is_customer(principal: Principal) -> bool:
    """Whether the caller stands outside of our house: a customer's login, or a visit by a private link."""
    return principal.kind == "visit" or principal.role == Role.CUSTOMER or principal.customer_id is not None


def sees_prices(principal: Principal) -> bool:
    """Whether prices are shown: to a customer's login on his own orders, and to staff who know customers."""
    if is_customer(principal):
        return principal.kind == "user"
    return principal.may(Permission.CUSTOMERS_READ)


def hides_the_promise(lifecycle: str) -> bool:
    """Whether nothing is agreed on yet, so that a date would say too much to somebody outside of our house.

    >>> hides_the_promise("credit_hold"), hides_the_promise("confirmed")
    (True, False)
    """
    return lifecycle in (OrderLifecycle.DRAFT, OrderLifecycle.CREDIT_HOLD)


def lifecycle_told(lifecycle: str) -> str:
    """The lifecycle as somebody outside of our house is told it: that his credit is being checked is our affair.

    >>> lifecycle_told("credit_hold"), lifecycle_told("released")
    ('draft', 'released')
    """
    return OrderLifecycle.DRAFT.value if lifecycle == OrderLifecycle.CREDIT_HOLD else lifecycle


def lifecycles_behind(told: str) -> list[str]:
    """What he finds when he asks for the orders of a lifecycle.

    >>> lifecycles_behind("draft"), lifecycles_behind("credit_hold")
    (['draft', 'credit_hold'], [])
    """
    return [each.value for each in OrderLifecycle if lifecycle_told(each.value) == told]
