"""The kinds of facts about quotes; docs/reference/facts.md has a line for each, and a test sees to it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from server.crm.quotes.models import Quote
from server.db import touch
from server.journal import facts

#: The topic of the list of quotes.
LIST_TOPIC = "quotes"


class QuoteFact(StrEnum):
    """What became true of a quote. What was said stands in the thread and never in a fact, for people may be erased."""

    CREATED = "quote_created"
    CHANGED = "quote_changed"
    SENT = "quote_sent"
    REVISED = "quote_revised"
    MESSAGE_WRITTEN = "quote_message_written"
    CHANGE_PROPOSED = "quote_change_proposed"
    PROPOSAL_TAKEN = "quote_proposal_taken"
    ACCEPTED = "quote_accepted"
    DECLINED = "quote_declined"
    EXPIRED = "quote_expired"
    WITHDRAWN = "quote_withdrawn"
    ORDER_PLACED = "order_placed_from_quote"


def topic_of(quote: Quote) -> str:
    """The topic of the quote's own page."""
    return f"quote:{quote.number}"


def write_fact(
    session: Session, quote: Quote, kind: QuoteFact, *, actor: str, now: datetime, detail: Mapping[str, Any]
) -> int:
    """Write a fact about a quote whose customer is loaded, note who watches it, and return the fact's id."""
    touch(session, topic_of(quote), f"customer:{quote.customer.number}", LIST_TOPIC)
    told = {"customer": quote.customer.number, **detail}
    return facts.write_about(session, kind, quote.number, actor=actor, now=now, detail=told)
