"""Private links: one order for one customer without a login, until revoked or after 90 days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.auth.tokens import hash_token, new_token
from server.crm import private_links
from server.crm.models import CustomerLink, CustomerVisit
from server.crm.order_page import find_order
from server.crm.private_links import LINK_DAYS, LinkKind, LinkRow, NewLink
from server.erp.orders.models import SalesOrder
from server.errors import NotFound
from server.journal.audit import write_audit

_KIND: Final = LinkKind(CustomerLink, CustomerVisit)


def create_link(session: Session, principal: Principal, number: str, *, now: datetime) -> NewLink:
    """Make a link to the order. Raises NotFound."""
    order, _customer = find_order(session, principal, number)
    token = new_token()
    link = CustomerLink(
        order_id=order.id,
        token_hash=hash_token(token),
        created_by=principal.actor,
        created_at=now,
        expires_at=now + timedelta(days=LINK_DAYS),
    )
    session.add(link)
    session.flush()
    write_audit(session, at=now, actor=principal.actor, action="customer_link_created", subject=f"order:{number}")
    return NewLink(link.id, token)


def revoke_link(session: Session, principal: Principal, number: str, *, link_id: int, now: datetime) -> None:
    """End a link and every visit that came by it, at once. Raises NotFound."""
    order, _customer = find_order(session, principal, number)
    link = session.get(CustomerLink, link_id)
    if link is None or link.order_id != order.id:
        raise NotFound
    if private_links.end(session, _KIND, link, now=now):
        write_audit(session, at=now, actor=principal.actor, action="customer_link_revoked", subject=f"order:{number}")


def links_of(session: Session, order_id: int, *, only: int | None = None) -> Sequence[LinkRow]:
    """The links of an order, newest first; `only` picks one of them."""
    statement = select(CustomerLink).where(CustomerLink.order_id == order_id).order_by(CustomerLink.id.desc()).limit(20)
    if only is not None:
        statement = statement.where(CustomerLink.id == only)
    return private_links.rows_of(session.scalars(statement))


def link_works(session: Session, token: str, *, now: datetime) -> bool:
    """Whether the token opens an order; looking changes nothing."""
    return private_links.works(session, _KIND, token, now=now)


def begin_visit(session: Session, token: str, *, now: datetime) -> str:
    """Let the browser in by the link and return the token for its cookie. Raises NotFound."""
    return private_links.begin_visit(session, _KIND, token, now=now)


def visited_order(session: Session, order_id: int) -> str:
    """The number of the order a visit leads to. Raises NotFound."""
    number = session.execute(select(SalesOrder.number).where(SalesOrder.id == order_id)).scalar_one_or_none()
    if number is None:
        raise NotFound
    return number
