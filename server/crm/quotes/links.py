"""Private links of quotes: one quote for one customer without a login, until revoked or after 90 days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.auth.tokens import hash_token, new_token
from server.crm import private_links
from server.crm.private_links import LINK_DAYS, LinkKind, LinkRow, NewLink
from server.crm.quotes.models import Quote, QuoteLink, QuoteVisit
from server.erp.orders.models import SalesOrder
from server.errors import NotFound
from server.journal.audit import write_audit
from server.parties.models import Customer

_KIND: Final = LinkKind(QuoteLink, QuoteVisit)


def create_link(session: Session, quote: Quote, *, actor: str, now: datetime) -> NewLink:
    """Make a link to the quote."""
    token = new_token()
    link = QuoteLink(
        quote_id=quote.id,
        token_hash=hash_token(token),
        created_by=actor,
        created_at=now,
        expires_at=now + timedelta(days=LINK_DAYS),
    )
    session.add(link)
    session.flush()
    write_audit(session, at=now, actor=actor, action="quote_link_created", subject=f"quote:{quote.number}")
    return NewLink(link.id, token)


def revoke_link(session: Session, quote: Quote, *, link_id: int, actor: str, now: datetime) -> LinkRow:
    """End a link and every visit that came by it, at once. Raises NotFound."""
    link = session.get(QuoteLink, link_id)
    if link is None or link.quote_id != quote.id:
        raise NotFound
    if private_links.end(session, _KIND, link, now=now):
        write_audit(session, at=now, actor=actor, action="quote_link_revoked", subject=f"quote:{quote.number}")
    return private_links.rows_of([link])[0]


def links_of(session: Session, quote_id: int) -> Sequence[LinkRow]:
    """The links of a quote, newest first."""
    statement = select(QuoteLink).where(QuoteLink.quote_id == quote_id).order_by(QuoteLink.id.desc()).limit(20)
    return private_links.rows_of(session.scalars(statement))


def link_works(session: Session, token: str, *, now: datetime) -> bool:
    """Whether the token opens a quote; looking changes nothing."""
    return private_links.works(session, _KIND, token, now=now)


def begin_visit(session: Session, token: str, *, now: datetime) -> str:
    """Let the browser in by the link and return the token for its cookie. Raises NotFound."""
    return private_links.begin_visit(session, _KIND, token, now=now)


def visit_of(session: Session, token_hash: bytes, now: datetime) -> Principal | None:
    """The customer behind a visit's cookie; None once the visit or its link has ended."""
    statement = (
        select(QuoteLink, Quote, Customer, SalesOrder.number)
        .join(QuoteVisit, QuoteVisit.link_id == QuoteLink.id)
        .join(Quote, Quote.id == QuoteLink.quote_id)
        .join(Customer, Customer.id == Quote.customer_id)
        .outerjoin(SalesOrder, SalesOrder.id == Quote.order_id)
        .where(QuoteVisit.token_hash == token_hash, QuoteVisit.expires_at > now)
        .where(QuoteLink.revoked_at.is_(None), QuoteLink.expires_at > now)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    link, quote, customer, order_number = row
    return Principal(
        kind="visit",
        actor=f"visit:quote-{link.id}",
        name=customer.name,
        customer_id=customer.id,
        # Whoever accepted may follow what he ordered.
        order_id=quote.order_id,
        quote_id=quote.id,
        order_number=order_number,
        quote_number=quote.number,
        language=customer.language,
        row_id=link.id,
    )
