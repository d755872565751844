"""Whose quotes somebody may know of, and what he may do with them: every query carries the filter.

A customer knows of what was sent to him, never of a draft; whoever came by a private link knows of that one quote.
"""

from sqlalchemy import ColumnElement, and_, false, true

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.access import is_customer
from server.crm.quotes.models import Quote


def visible_quotes(principal: Principal) -> ColumnElement[bool]:
    """The quotes that exist for this caller, as a condition on Quote; whoever is not listed here sees none."""
    if not principal.may(Permission.QUOTES_READ):
        return false()
    if principal.kind == "visit":
        return _sent(Quote.id == principal.quote_id) if principal.quote_id is not None else false()
    if is_customer(principal):
        return _sent(Quote.customer_id == principal.customer_id) if principal.customer_id is not None else false()
    return true() if principal.kind in ("user", "key") else false()


def may_answer(principal: Principal) -> bool:
    """Whether he may accept or decline: the customer himself, or who records what the customer said."""
    return is_customer(principal) or principal.may(Permission.QUOTES_WRITE)


def _sent(own: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(own, Quote.sent_version.is_not(None))
