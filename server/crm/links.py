"""Private links: one order for one customer without a login, until revoked or after 90 days.

Only hashes are stored. The link itself changes nothing when it is merely loaded, for mail programs load every link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.auth.tokens import hash_token, new_token
from server.auth.topic import AUTH_TOPIC
from server.crm.models import CustomerLink, CustomerVisit
from server.crm.order_page import find_order
from server.db import touch
from server.erp.orders.models import SalesOrder
from server.errors import NotFound
from server.journal.audit import write_audit

LINK_DAYS = 90
VISIT_DAYS = 30


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link in the list on the order page; the link itself was shown once and is nowhere kept."""

    id: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def works(self, now: datetime) -> bool:
        """Whether it still opens the order."""
        return self.revoked_at is None and self.expires_at > now


class NewLink(NamedTuple):
    """A link just made; its token is shown this once."""

    id: int
    token: str


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
    if link.revoked_at is None:
        link.revoked_at = now
        session.execute(delete(CustomerVisit).where(CustomerVisit.link_id == link.id))
        touch(session, AUTH_TOPIC)
        write_audit(session, at=now, actor=principal.actor, action="customer_link_revoked", subject=f"order:{number}")


def links_of(session: Session, order_id: int, *, only: int | None = None) -> Sequence[LinkRow]:
    """The links of an order, newest first; `only` picks one of them."""
    statement = select(CustomerLink).where(CustomerLink.order_id == order_id).order_by(CustomerLink.id.desc()).limit(20)
    if only is not None:
        statement = statement.where(CustomerLink.id == only)
    return [
        LinkRow(link.id, link.created_by, link.created_at, link.expires_at, link.revoked_at, link.last_used_at)
        for link in session.scalars(statement)
    ]


def link_works(session: Session, token: str, *, now: datetime) -> bool:
    """Whether the token opens an order; looking changes nothing."""
    return _working_link(session, token, now) is not None


def begin_visit(session: Session, token: str, *, now: datetime) -> str:
    """Let the browser in by the link and return the token for its cookie. Raises NotFound."""
    link = _working_link(session, token, now)
    if link is None:
        raise NotFound
    visit = new_token()
    session.execute(delete(CustomerVisit).where(CustomerVisit.expires_at <= now))
    session.add(
        CustomerVisit(
            token_hash=hash_token(visit),
            link_id=link.id,
            created_at=now,
            expires_at=min(link.expires_at, now + timedelta(days=VISIT_DAYS)),
        )
    )
    session.execute(update(CustomerLink).where(CustomerLink.id == link.id).values(last_used_at=now))
    return visit


def visited_order(session: Session, order_id: int) -> str:
    """The number of the order a visit leads to. Raises NotFound."""
    number = session.execute(select(SalesOrder.number).where(SalesOrder.id == order_id)).scalar_one_or_none()
    if number is None:
        raise NotFound
    return number


def _working_link(session: Session, token: str, now: datetime) -> CustomerLink | None:
    statement = select(CustomerLink).where(
        CustomerLink.token_hash == hash_token(token),
        CustomerLink.revoked_at.is_(None),
        CustomerLink.expires_at > now,
    )
    return session.scalars(statement).one_or_none()
