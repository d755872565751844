"""Sentences that count: they read well for one as for many, and without a step."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from server.crm.customer_view import StoryLine
from server.crm.quotes.rules import QuoteState, Standing
from server.tracking.facts import FactKind
from server.web.i18n import Formats
from server.web.order_view import story_words
from server.web.quote_sentences import status
from server.web.sentences import Say

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
FORMATS = Formats("en", ZoneInfo("Europe/Berlin"), NOW)


@pytest.mark.parametrize(
    ("days", "words"), [(0, "Today is its last day."), (1, "Tomorrow is its last day."), (2, "2 days left.")]
)
def test_the_last_days_of_a_quote_are_told_as_people_tell_them(days: int, words: str) -> None:
    until = date(2026, 11, 27) + timedelta(days=days)
    standing = Standing(QuoteState.SENT, until)
    quote: dict[str, Any] = {"draft_version": None, "sent_version": 1, "accepted_version": None, "accepted_by": None}
    quote |= {"valid_until": until, "closing_reason": None, "accepted_at": None}
    quote |= {"customer": SimpleNamespace(name="Aurora Bikes")}

    told = status(cast(Any, SimpleNamespace(**quote)), standing, None, FORMATS, for_customer=True)

    assert told.remark == words


@pytest.mark.parametrize(
    ("step", "units", "words"),
    [
        ("Weld", 1, "Weld done: U-1"),
        ("Weld", 4, "Weld done for 4 units"),
        (None, 1, "Done: U-1"),
        (None, 4, "4 units made"),
    ],
)
def test_a_line_of_the_customers_story_is_a_phrase_with_and_without_a_step(
    step: str | None, units: int, words: str
) -> None:
    subjects = tuple(f"U-{number}" for number in range(1, units + 1))

    assert story_words(StoryLine(FactKind.OPERATION_COMPLETED, step, subjects, NOW), Say("en")) == words
