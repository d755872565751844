"""What the lower rooms ask of the upper ones: whose visit is this, is there such a station, who may watch what."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.access import visible_orders
from server.crm.cases.access import visible_cases
from server.crm.cases.models import Case
from server.crm.models import CustomerLink, CustomerVisit
from server.crm.quotes import links as quote_links
from server.crm.quotes.access import visible_quotes
from server.crm.quotes.models import Quote
from server.db import Database
from server.erp.floor.models import Station
from server.erp.orders.models import SalesOrder
from server.parties.models import Customer


def visit_of(session: Session, token_hash: bytes, now: datetime) -> Principal | None:
    """The customer behind a visit's cookie; None once the visit or its link has ended."""
    statement = (
        select(CustomerVisit, CustomerLink, SalesOrder, Customer)
        .join(CustomerLink, CustomerLink.id == CustomerVisit.link_id)
        .join(SalesOrder, SalesOrder.id == CustomerLink.order_id)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(CustomerVisit.token_hash == token_hash, CustomerVisit.expires_at > now)
        .where(CustomerLink.revoked_at.is_(None), CustomerLink.expires_at > now)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        return quote_links.visit_of(session, token_hash, now)
    _visit, link, order, customer = row
    return Principal(
        kind="visit",
        actor=f"visit:{link.id}",
        name=customer.name,
        customer_id=customer.id,
        order_id=order.id,
        order_number=order.number,
        language=customer.language,
        row_id=link.id,
    )


def station_exists(session: Session, key: str) -> bool:
    """Whether a screen may be bound to this station."""
    return session.execute(select(Station.id).where(Station.key == key, Station.active)).first() is not None


#: Topics that need no look at a row: the right they show.
_BY_PERMISSION = {
    "changes": Permission.FLOOR_READ,
    "stock": Permission.FLOOR_READ,
    "board": Permission.FLOOR_READ,
    "orders": Permission.ORDERS_READ,
    "customers": Permission.CUSTOMERS_READ,
    "quotes": Permission.QUOTES_READ,
    "cases": Permission.CASES_READ,
    "gateways": Permission.FLOOR_READ,
    "inbox": Permission.FLOOR_READ,
    "printers": Permission.LABELS_PRINT,
}


def watching_rights(database: Database) -> Callable[[Principal, str], bool]:
    """may_watch(principal, topic), by the same filters as the pages that show these things."""

    def may_watch(principal: Principal, topic: str) -> bool:
        kind, _, name = topic.partition(":")
        if kind == "order" and name:
            return _exists(database, select(SalesOrder.id).where(SalesOrder.number == name, visible_orders(principal)))
        if kind == "quote" and name:
            return _exists(database, select(Quote.id).where(Quote.number == name, visible_quotes(principal)))
        if kind == "case" and name:
            return _exists(database, select(Case.id).where(Case.number == name, visible_cases(principal)))
        if principal.customer_id is not None:
            return kind == "customer" and _is_customer(database, principal, name)
        if kind == "station" and name:
            is_elsewhere = principal.kind == "device" and principal.station_key not in (None, name)
            return principal.may(Permission.FLOOR_READ) and not is_elsewhere
        if kind == "customer" and name:
            return principal.may(Permission.CUSTOMERS_READ)
        needed = _BY_PERMISSION.get(topic)
        return needed is not None and principal.may(needed)

    return may_watch


def _exists(database: Database, statement: Select[int]) -> bool:
    with database.read() as session:
        return session.execute(statement).first() is not None


def _is_customer(database: Database, principal: Principal, number: str) -> bool:
    if principal.kind != "user":
        return False
    with database.read() as session:
        return session.scalar(select(Customer.id).where(Customer.number == number)) == principal.customer_id
