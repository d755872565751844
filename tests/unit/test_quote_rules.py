"""The states of a quote, the day it expires, and the difference of its versions in words."""

from datetime import date
from decimal import Decimal

import pytest

from server.crm.quotes import pricing, rules
from server.crm.quotes.difference import Terms, compare, in_words
from server.crm.quotes.rules import QuoteAction, QuoteState, Standing, after, possible, refusal, refuse_acceptance

LAST_DAY = date(2026, 11, 30)
SENT = Standing(QuoteState.SENT, LAST_DAY, sent_version=3)


def line(sku: str = "FRAME", *, colour: str = "blue", quantity: int = 20, price: str = "120.00") -> Terms:
    return Terms(sku, sku.title(), {"colour": colour}, Decimal(quantity), Decimal(price))


def words(before: list[Terms], now: list[Terms]) -> list[tuple[str, str, str]]:
    return [(found.kind, found.name, in_words(found.changes, str)) for found in compare(before, now)]


def test_a_quote_goes_exactly_the_ways_of_its_table() -> None:
    s = QuoteState
    ways = {
        (begin, end)
        for action, table in rules.TRANSITIONS.items()
        if action != QuoteAction.WITHDRAW
        for begin, end in table.items()
        if begin != end
    }

    assert ways == {
        (s.DRAFT, s.SENT), (s.SENT, s.NEGOTIATING), (s.SENT, s.ACCEPTED), (s.SENT, s.DECLINED), (s.SENT, s.EXPIRED),
        (s.NEGOTIATING, s.SENT), (s.ACCEPTED, s.CONVERTED),
    }  # fmt: skip


@pytest.mark.parametrize("state", QuoteState)
@pytest.mark.parametrize("action", QuoteAction)
def test_what_is_not_in_the_table_is_refused_in_a_sentence(state: QuoteState, action: QuoteAction) -> None:
    found = refusal("Q-1000", Standing(state, LAST_DAY), action)

    if state in rules.TRANSITIONS[action]:
        assert found is None
        assert isinstance(after(state, action), QuoteState)
    else:
        assert found is not None
        assert "Q-1000" in found.sentence
        assert found.sentence.endswith(".")
        assert found.reason == f"quote_{state.value}"


@pytest.mark.parametrize("action", QuoteAction)
def test_nothing_can_be_done_with_what_was_withdrawn(action: QuoteAction) -> None:
    found = refusal("Q-1000", Standing(QuoteState.SENT, LAST_DAY, withdrawn=True), action)

    assert found is not None
    assert found.reason == "quote_withdrawn"


def test_a_quote_can_be_accepted_on_its_last_day_and_not_a_day_later() -> None:
    assert refuse_acceptance("Q-1000", SENT.on(LAST_DAY), 3) is None
    late = refuse_acceptance("Q-1000", SENT.on(date(2026, 12, 1)), 3)

    assert late is not None
    assert late.sentence == "Q-1000 cannot be accepted: it has expired."


def test_an_old_version_cannot_be_accepted() -> None:
    found = refuse_acceptance("Q-1000", SENT, 2)

    assert found is not None
    assert found.reason == "quote_old_version"
    assert "version 3 is out" in found.sentence


@pytest.mark.parametrize("state", [state for state in QuoteState if state != QuoteState.SENT])
def test_only_what_was_sent_and_not_answered_expires(state: QuoteState) -> None:
    assert Standing(state, LAST_DAY).on(date(2027, 1, 1)).state == state


def test_a_draft_is_changed_and_sent_and_a_sent_quote_gets_a_new_version() -> None:
    draft = possible(Standing(QuoteState.DRAFT, LAST_DAY), has_draft=True)
    sent = possible(SENT, has_draft=False)

    assert draft == [QuoteAction.CHANGE, QuoteAction.SEND, QuoteAction.WITHDRAW]
    assert sent == [QuoteAction.REVISE, QuoteAction.ACCEPT, QuoteAction.DECLINE, QuoteAction.WITHDRAW]


def test_a_difference_is_told_in_words() -> None:
    found = words([line()], [line(quantity=25, colour="red", price="115.00")])

    assert found == [("changed", "Frame", "Quantity 20 → 25, colour blue → red, price 120.00 → 115.00")]


def test_lines_that_came_and_went_are_named() -> None:
    found = words([line(), line("RACK")], [line("RACK"), line("STEP")])

    assert found == [("added", "Step", "colour blue, price 120.00"), ("removed", "Frame", "")]


def test_two_lines_of_one_product_are_told_apart_by_their_options() -> None:
    red, blue = line(colour="red"), line(colour="blue", quantity=10)

    assert words([red, blue], [blue]) == [("removed", "Frame", "")]
    assert words([red, blue], [blue, red]) == []


def test_a_margin_is_what_is_left_of_the_price() -> None:
    assert pricing.Margin.of(Decimal(200), Decimal(150)) == pricing.Margin(Decimal("50.00"), Decimal("25.0"))
    assert pricing.Margin.of(Decimal(0), Decimal(10)).percent is None
