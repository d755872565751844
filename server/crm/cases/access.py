"""Whose cases somebody may know of: every query carries the filter."""

from sqlalchemy import ColumnElement, false, true

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.access import is_customer
from server.crm.cases.models import Case


def visible_cases(principal: Principal) -> ColumnElement[bool]:
    """The cases that exist for this caller; whoever came by a private link knows those of that order alone."""
    if not principal.may(Permission.CASES_READ):
        return false()
    if principal.kind == "visit":
        return Case.order_id == principal.order_id if principal.order_id is not None else false()
    if is_customer(principal):
        return Case.customer_id == principal.customer_id if principal.customer_id is not None else false()
    return true() if principal.kind in ("user", "key") else false()


def may_speak(principal: Principal) -> bool:
    """Whether he may open cases and write: the customer himself, or whoever takes care of them."""
    return is_customer(principal) or principal.may(Permission.CASES_WRITE)
