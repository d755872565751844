"""Pieces of pages that are drawn once for equal arguments."""

from typing import Any

from markupsafe import Markup

from server.web.rendering import LATER, Kept, environment


def macros() -> Any:
    source = (
        "{% macro cell(text) %}<b>{{ text }}</b>{% endmacro %}"
        "{% macro row(text) %}<i>{{ text }} {{ LATER }}</i>{% endmacro %}"
    )
    return environment("en").from_string(source).module


def test_equal_arguments_are_drawn_once() -> None:
    kept, drawn = Kept(), macros()

    first, again, other = kept(drawn.cell, "a"), kept(drawn.cell, "a"), kept(drawn.cell, "b")

    assert again == first == "<b>a</b>"
    assert other == "<b>b</b>"
    assert len(kept) == 2


def test_text_that_equals_kept_markup_is_escaped_all_the_same() -> None:
    kept, drawn = Kept(), macros()

    assert kept(drawn.cell, Markup("<u>")) == "<b><u></b>"
    assert kept(drawn.cell, "<u>") == "<b>&lt;u&gt;</b>"


def test_macros_of_one_name_in_two_templates_are_not_mixed_up() -> None:
    kept = Kept()
    other = environment("en").from_string("{% macro cell(text) %}<s>{{ text }}</s>{% endmacro %}").module

    assert kept(macros().cell, "a") == "<b>a</b>"
    assert kept(other.cell, "a") == "<s>a</s>"  # type: ignore[attr-defined]


def test_words_that_come_later_are_put_in_escaped_and_drawn_around_only_once() -> None:
    kept, drawn = Kept(), macros()

    first = kept.each_with(drawn.row, [(("a",), "1 second ago"), (("b",), "<now>")])
    second = kept.each_with(drawn.row, [(("a",), "2 seconds ago")])

    assert first == "<i>a 1 second ago</i><i>b &lt;now&gt;</i>"
    assert second == "<i>a 2 seconds ago</i>"
    assert len(kept) == 2
    assert LATER not in first + second
