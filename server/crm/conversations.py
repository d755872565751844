"""What was said last in each thread: about quotes and about cases, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.cases.access import visible_cases
from server.crm.cases.models import Case, CaseMessage
from server.crm.quotes.access import visible_quotes
from server.crm.quotes.models import Quote, QuoteMessage

#: A quotation of what was said, not the whole of it.
LETTERS = 220


@dataclass(frozen=True, slots=True)
class Conversation:
    """The last word about one quote or case."""

    #: quote | case
    kind: str
    number: str
    #: What a case is about; a quote is named by its number.
    subject: str | None
    #: Whether the customer said it.
    is_own: bool
    #: None for a proposal without words.
    text: str | None
    at: datetime


def conversations(session: Session, principal: Principal, *, limit: int) -> list[Conversation]:
    """The threads of the quotes and cases that this caller may know of, by their last word; two queries."""
    found = [*_of_quotes(session, principal, limit), *_of_cases(session, principal, limit)]
    return sorted(found, key=lambda each: each.at, reverse=True)[:limit]


def _of_quotes(session: Session, principal: Principal, limit: int) -> Sequence[Conversation]:
    last = (
        select(func.max(QuoteMessage.id).label("id"))
        .join(Quote, Quote.id == QuoteMessage.quote_id)
        .where(visible_quotes(principal))
        .group_by(QuoteMessage.quote_id)
        .order_by(func.max(QuoteMessage.id).desc())
        .limit(limit)
    ).subquery()
    statement = (
        select(Quote.number, QuoteMessage)
        .join(QuoteMessage, QuoteMessage.quote_id == Quote.id)
        .where(QuoteMessage.id.in_(select(last.c.id)))
    )
    return [
        Conversation("quote", number, None, said.side == "customer", _short(said.body), said.created_at)
        for number, said in session.execute(statement)
    ]


def _of_cases(session: Session, principal: Principal, limit: int) -> Sequence[Conversation]:
    last = (
        select(func.max(CaseMessage.id).label("id"))
        .join(Case, Case.id == CaseMessage.case_id)
        .where(visible_cases(principal))
        .group_by(CaseMessage.case_id)
        .order_by(func.max(CaseMessage.id).desc())
        .limit(limit)
    ).subquery()
    statement = (
        select(Case.number, Case.subject, CaseMessage)
        .join(CaseMessage, CaseMessage.case_id == Case.id)
        .where(CaseMessage.id.in_(select(last.c.id)))
    )
    return [
        Conversation("case", number, subject, said.side == "customer", _short(said.body), said.created_at)
        for number, subject, said in session.execute(statement)
    ]


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= LETTERS:
        return text
    return text[:LETTERS].rstrip() + "…"
