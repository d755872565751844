"""Check digits, GTIN, SSCC, GLN and the codes we print ourselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderlight.autoid import OWN_TYPES, AutoIdError, Gln, Gtin, OwnCode, Sscc, check_digit
from orderlight.autoid.checks import ALPHABET, check_pair, mod_37_36

bodies = st.text(ALPHABET, min_size=1, max_size=20)
digits = st.text("0123456789", min_size=1, max_size=17)


@pytest.mark.parametrize(
    ("body", "expected"),
    [("629104150021", "3"), ("0950600013435", "2"), ("9638507", "4"), ("03600029145", "2"), ("10614141234567890", "8")],
)
def test_the_check_digit_is_that_of_the_standard(body: str, expected: str) -> None:
    assert check_digit(body) == expected


@given(digits, st.data())
def test_one_wrong_digit_never_passes_the_check(body: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != body[position]))

    assert check_digit(body[:position] + other + body[position + 1 :]) != check_digit(body)


def test_a_check_digit_of_letters_is_refused() -> None:
    with pytest.raises(AutoIdError, match="expected digits, got '12A'"):
        check_digit("12A")


def test_the_check_character_is_that_of_a_published_release_identifier() -> None:
    # The example of ISO/IEC 7064 MOD 37,36 in use: GRid A1-2425G-ABC1234002-M.
    assert mod_37_36("A12425GABC1234002") == "M"


def test_the_check_pair_is_that_of_the_published_model_number() -> None:
    # GS1 General Specifications 7.9.5, worked example.
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("9506000134352", "09506000134352"),
        ("19506000134359", "19506000134359"),
    ],
)
def test_every_length_of_gtin_becomes_fourteen_digits(text: str, value: str) -> None:
    assert Gtin.parse(text).value == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7032069804989", "expected check digit 8, got 9"),
        ("123", "expected 8, 12, 13 or 14 digits, got 3"),
        ("9506000134E52", "expected digits alone"),
        ("٩٦٣٨٥٠٧٤", "expected digits alone"),
    ],
)
def test_a_wrong_gtin_is_refused_with_value_expected_and_got(text: str, message: str) -> None:
    with pytest.raises(AutoIdError, match=message):
        Gtin.parse(text)


@pytest.mark.parametrize(
    ("suppressed", "full"),
    [
        ("04252614", "00042100005264"),
        ("01234505", "00012000003455"),
        ("01234531", "00012300000451"),
        ("01234543", "00012340000053"),
        ("01234558", "00012345000058"),
    ],
)
def test_zero_suppressed_upc_gets_its_zeros_back(suppressed: str, full: str) -> None:
    assert Gtin.parse_upc_e(suppressed[:7] + full[-1]).value == full


def test_an_sscc_counts_within_prefix_and_extension_digit() -> None:
    made = Sscc.make("9506000", 42, extension=3)

    assert made.value.startswith("39506000000000042")
    assert Sscc.parse(made.value) == made
    assert made.extension == "3"


@pytest.mark.parametrize(
    ("prefix", "reference", "extension"), [("95", 1, 0), ("9506000", 10**9, 0), ("9506000", -1, 0), ("9506000", 1, 10)]
)
def test_an_sscc_that_does_not_fit_is_refused(prefix: str, reference: int, extension: int) -> None:
    with pytest.raises(AutoIdError, match="Failed to make an SSCC"):
        Sscc.make(prefix, reference, extension=extension)


def test_a_gln_has_thirteen_digits() -> None:
    assert str(Gln.parse("9506000134352")) == "9506000134352"
    with pytest.raises(AutoIdError, match="expected 13 digits, got 12"):
        Gln.parse("950600013435")


@given(st.sampled_from(sorted(OWN_TYPES.keys() - {"O"})), bodies)
def test_our_own_code_reads_back_as_it_was_printed(letter: str, body: str) -> None:
    code = OwnCode(letter, body)

    assert OwnCode.parse(str(code)) == code
    assert OwnCode.parse(str(code).lower()) == code
    assert code.keys() == {OWN_TYPES[letter]: body}


@given(st.text(ALPHABET, min_size=1, max_size=17), st.integers(0, 999))
def test_an_operation_is_a_work_order_and_three_digits(work_order: str, step: int) -> None:
    code = OwnCode.operation(work_order, f"{step:03d}")

    assert OwnCode.parse(str(code)).keys() == {"work_order": work_order, "operation": f"{step:03d}"}


@given(bodies, st.data())
def test_one_wrong_character_of_our_code_is_found(body: str, data: st.DataObject) -> None:
    text = str(OwnCode("U", body))
    position = data.draw(st.integers(3, len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda character: character != text[position]))

    with pytest.raises(AutoIdError, match="expected check character"):
        OwnCode.parse(text[:position] + other + text[position + 1 :])


@pytest.mark.parametrize(
    ("letter", "body", "message"),
    [
        ("X", "1", "expected a type of W O S B C U Q D L, got 'X'"),
        ("U", "", "expected a body of 1 to 20"),
        ("U", "A" * 21, "expected a body of 1 to 20"),
        ("U", "0-1", "expected a body of 1 to 20"),
        ("O", "010", "expected a work order and a step"),
        ("O", "1000A10", "expected a work order and a step"),
    ],
)
def test_a_code_that_cannot_be_printed_is_refused(letter: str, body: str, message: str) -> None:
    with pytest.raises(AutoIdError, match=message):
        OwnCode(letter, body)


def test_an_operation_without_a_step_is_refused_when_read() -> None:
    text = "OLOABC"
    with pytest.raises(AutoIdError, match="expected a work order and a step"):
        OwnCode.parse(text + mod_37_36(text))
