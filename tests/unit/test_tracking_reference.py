"""The reference pages name every kind, answer and reason, and none that does not exist."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from orderlight.events import EventKind, Signal, Status
from server.crm.cases.service import CaseFact
from server.crm.quotes.facts import QuoteFact
from server.erp.billing.states import MoneyFact
from server.erp.stock.rules import StockFact
from server.parties.states import PartyFact
from server.tracking import states, words
from server.tracking.facts import FactKind

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def named(page: str, heading: str) -> set[str]:
    """The words in the first column of the tables under a heading."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None, f"{page} has no heading {heading}"
    return set(re.findall(r"^\| `([A-Za-z_]+)` \|", section[1], re.MULTILINE))


@pytest.mark.parametrize(
    ("page", "heading", "words"),
    [
        ("events.md", "Kinds of events", EventKind),
        ("events.md", "Status", Status),
        ("events.md", "Actions of applied events", states.Action),
        ("events.md", "Reasons", states.Reason),
        ("facts.md", "Kinds", FactKind),
        ("facts.md", "Kinds about customers", PartyFact),
        ("facts.md", "Kinds of quotes", QuoteFact),
        ("facts.md", "Kinds of cases", CaseFact),
        ("facts.md", "Kinds about money", MoneyFact),
        ("facts.md", "Kinds about stock", StockFact),
    ],
)
def test_a_table_names_every_word_and_no_other(page: str, heading: str, words: type[StrEnum]) -> None:
    assert named(page, heading) == {word.value for word in words}


def test_contexts_and_cards_are_documented() -> None:
    expected = {context.value for context in states.Context} | {command.value for command in states.Command}
    assert named("events.md", "Read points and cards") == expected


def test_the_wire_and_the_rules_use_the_same_words() -> None:
    assert {status.value for status in Status} == {status.value for status in states.Status}
    assert {signal.value for signal in Signal} == {signal.value for signal in states.Signal}


def test_every_sentence_speaks_as_the_house_does() -> None:
    sentences = [value for name, value in vars(words).items() if name.isupper() and isinstance(value, str)]
    assert len(sentences) > 60
    assert not [text for text in sentences if "!" in text]
    whole = [text for text in sentences if text[0].isupper() or text.startswith("{")]
    assert not [text for text in whole if not text.endswith(".")]
