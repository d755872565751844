"""What private links have in common, whatever they open: they end, they are ended, and a browser comes in by them.

Only hashes are stored. The link itself changes nothing when it is merely loaded, for mail programs load every link.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.auth.tokens import hash_token, new_token
from server.auth.topic import AUTH_TOPIC
from server.crm.models import CustomerLink, CustomerVisit
from server.crm.quotes.models import QuoteLink, QuoteVisit
from server.db import touch
from server.errors import NotFound

LINK_DAYS: Final = 90
VISIT_DAYS: Final = 30

L = TypeVar("L", CustomerLink, QuoteLink)


@dataclass(frozen=True, slots=True)
class LinkKind(Generic[L]):
    """The tables of one kind of link: what it is, and who came by it."""

    link: type[L]
    visit: type[CustomerVisit | QuoteVisit]


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link in a list; the link itself was shown once and is nowhere kept."""

    id: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def works(self, now: datetime) -> bool:
        """Whether it still opens what it leads to."""
        return self.revoked_at is None and self.expires_at > now


class NewLink(NamedTuple):
    """A link just made; its token is shown this once."""

    id: int
    token: str


def rows_of(links: Iterable[L]) -> Sequence[LinkRow]:
    """The links as lists show them."""
    return [
        LinkRow(link.id, link.created_by, link.created_at, link.expires_at, link.revoked_at, link.last_used_at)
        for link in links
    ]


def end(session: Session, kind: LinkKind[L], link: L, *, now: datetime) -> bool:
    """End a link and every visit that came by it, at once; False where it was ended before."""
    if link.revoked_at is not None:
        return False
    link.revoked_at = now
    session.execute(delete(kind.visit).where(kind.visit.link_id == link.id))
    touch(session, AUTH_TOPIC)
    return True


def works(session: Session, kind: LinkKind[L], token: str, *, now: datetime) -> bool:
    """Whether the token opens anything; looking changes nothing."""
    return _working(session, kind, token, now) is not None


def begin_visit(session: Session, kind: LinkKind[L], token: str, *, now: datetime) -> str:
    """Let the browser in by the link and return the token for its cookie. Raises NotFound."""
    link = _working(session, kind, token, now)
    if link is None:
        raise NotFound
    visit = new_token()
    session.execute(delete(kind.visit).where(kind.visit.expires_at <= now))
    ends = min(link.expires_at, now + timedelta(days=VISIT_DAYS))
    session.add(kind.visit(token_hash=hash_token(visit), link_id=link.id, created_at=now, expires_at=ends))
    session.execute(update(kind.link).where(kind.link.id == link.id).values(last_used_at=now))
    return visit


def _working(session: Session, kind: LinkKind[L], token: str, now: datetime) -> L | None:
    made = kind.link
    statement = select(made).where(
        made.token_hash == hash_token(token), made.revoked_at.is_(None), made.expires_at > now
    )
    return session.scalars(statement).one_or_none()
