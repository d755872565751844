"""Versions, fields and text that all collections share."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from server.errors import Conflict, Invalid
from server.http.fields import Amount, LongName, Note, Patch, PositiveQuantity, Strict, plain
from server.http.versions import PreconditionRequired, expected_version, guard


class Thing(Strict):
    """A body of a test."""

    name: LongName
    note: Note | None = None
    quantity: PositiveQuantity = Decimal(1)


class ThingPatch(Patch):
    """A change of a thing."""

    emptyable = frozenset({"note"})

    name: LongName | None = None
    note: Note | None = None
    price: Amount | None = None


@pytest.mark.parametrize("name", ["", "  ", "a\x00", "a\x1b[0m", "a\nb", "\ud800", "x" * 201])
def test_a_line_of_text_is_short_and_clean(name: str) -> None:
    with pytest.raises(ValidationError):
        Thing(name=name)


def test_several_lines_may_have_tabs_and_one_kind_of_line_end() -> None:
    assert Thing(name="A", note="a\r\nb\tc").note == "a\nb\tc"


@pytest.mark.parametrize(
    "note", ["\u0634\u0643\u0631\u0627 \u200f(\u0645\u0647\u0645)\u200f", "Fahr\u00adrad", "\u05d0\u200e-7"]
)
def test_prose_is_taken_as_it_is_written_from_right_to_left_and_by_word_processors(note: str) -> None:
    assert Thing(name="A", note=note).note == note
    with pytest.raises(ValidationError):
        Thing(name=note)


@pytest.mark.parametrize("note", ["\u202etxt", "a\u2066b", "a\ufeffb", "a\x00"])
def test_prose_that_turns_other_words_or_cannot_be_stored_is_refused(note: str) -> None:
    with pytest.raises(ValidationError):
        Thing(name="A", note=note)


@pytest.mark.parametrize("quantity", [0, -1, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+400"), "1e-7", "x"])
def test_a_quantity_is_positive_and_finite(quantity: object) -> None:
    with pytest.raises(ValidationError):
        Thing(name="A", quantity=quantity)  # type: ignore[arg-type]


def test_an_unknown_field_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Thing.model_validate({"name": "A", "colour": "red"})


def test_null_empties_what_may_be_empty_and_nothing_else() -> None:
    assert ThingPatch(note=None).changed() == {"note": None}
    with pytest.raises(ValidationError, match="got null for name, price"):
        ThingPatch(name=None, price=None)


def test_a_decimal_is_shown_in_plain_digits() -> None:
    assert [plain(Decimal(text)) for text in ("1E+3", "0.50", "0", "100")] == ["1000", "0.5", "0", "100"]


@pytest.mark.parametrize("header", ['W/"3"', "3", '"x"', "", '"3", "4"'])
def test_an_if_match_that_is_none_of_ours_is_refused(header: str) -> None:
    with pytest.raises(Invalid):
        expected_version(header)


def test_a_missing_if_match_is_asked_for() -> None:
    with pytest.raises(PreconditionRequired):
        expected_version(None)


def test_a_stale_change_is_answered_with_the_fields_that_differ() -> None:
    with pytest.raises(Conflict) as caught:
        guard("C-100", expected=1, got=2, wanted={"name": "A", "note": "same"}, stored={"name": "B", "note": "same"})

    assert caught.value.extra == {
        "expected": 1,
        "row_version": 2,
        "difference": {"name": {"wanted": "A", "now": "B"}},
    }


def test_any_version_may_be_changed_when_that_is_asked_for() -> None:
    guard("C-100", expected=None, got=7, wanted={}, stored={})
