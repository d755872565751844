"""GS1 element strings, with separators and with brackets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderlight.autoid import AutoIdError, check_digit
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.checks import CHARACTER_SET_82
from orderlight.autoid.elements import GS, Elements

GTIN = "09506000134352"
#: AIs that exclude each other by a line of their own each.
BOTH_WAYS = [("01", "255"), ("255", "01")]
serials = st.text(CHARACTER_SET_82, min_size=1, max_size=20)
gtins = st.text("0123456789", min_size=13, max_size=13).map(lambda body: body + check_digit(body))


def test_a_value_of_predefined_length_needs_no_separator() -> None:
    found = Elements.parse(f"01{GTIN}1726113021SER42")

    assert found.items == (("01", GTIN), ("17", "261130"), ("21", "SER42"))


def test_a_superfluous_separator_behind_a_predefined_length_is_tolerated() -> None:
    assert Elements.parse(f"01{GTIN}{GS}21SER42") == Elements.parse(f"01{GTIN}21SER42")


def test_a_separator_before_and_behind_all_data_is_tolerated() -> None:
    assert Elements.parse(f"{GS}10LOT7{GS}").items == (("10", "LOT7"),)


def test_a_value_of_open_length_ends_at_the_separator() -> None:
    assert Elements.parse(f"10LOT7{GS}21SER42").items == (("10", "LOT7"), ("21", "SER42"))


def test_characters_named_as_substitutes_stand_for_the_separator() -> None:
    assert Elements.parse("10LOT7|21SER~3710", gs_substitutes="|~").keys() == {
        "lot": "LOT7",
        "serial": "SER",
        "count": "10",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got nothing"),
        (GS, "got nothing"),
        ("0109506", "expected 14 digits, got '09506'"),
        ("0109506000134E52", "expected 14 digits, got '09506000134E52'"),
        ("10", "expected a value, got nothing"),
        (f"10{GS}21A", "expected a value, got nothing"),
        ("991\x1d89ABC", "expected an AI at position 5, got '89AB'"),
        ("ABC", "expected an AI at position 1"),
        ("3106001750", "expected an AI at position 1, got '3106'"),
    ],
)
def test_data_that_cannot_be_taken_apart_is_refused(text: str, message: str) -> None:
    with pytest.raises(AutoIdError, match=message):
        Elements.parse(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("(01)09506000134353", "expected check digit 2, got 3"),
        ("(00)106141412345678907", "expected check digit 8, got 7"),
        ("(17)261301", "expected month 01 to 12, got 13"),
        ("(17)260230", "expected day 00 to 28, got 30"),
        ("(11)000000", "expected month 01 to 12, got 00"),
        ("(7003)2611002359", "expected day 01 to 30, got 00"),
        ("(7003)2611302460", "expected hour 00 to 23, got 24"),
        ("(8008)26113023", None),
        ("(8008)2611302361", "expected minutes or seconds 00 to 59, got 61"),
        ("(10)LOT 7", "got ' ' at position 4"),
        ("(10)" + "A" * 21, "expected 1 to 20 characters, got 21"),
        ("(8003)19506000134352X", "expected 0 in front, got 1"),
        ("(8010)95060001343ab", "got 'a' at position 12"),
        ("(8011)01", "expected no zero in front"),
        ("(8006)095060001343520302", "expected a piece from 01"),
        ("(8007)DE89370400440532013000", None),
        ("(8007)DE88370400440532013000", "expected true check digits of an IBAN"),
        ("(253)9506000134352DOC1", None),
        ("(253)950600013435", "expected 13 characters, got 12"),
        ("(4321)2", "expected 0 or 1, got 2"),
        ("(4330)001200-", None),
        ("(4330)001200+", "expected a minus sign, got +"),
        ("(422)56", "expected 3 characters, got 2"),
        ("(423)0560", "expected 3 characters, got 1"),
        ("(423)056276", None),
        ("(7007)261101261102261103", "expected at most 12 characters, got 18"),
    ],
)
def test_each_value_is_checked_by_the_rule_of_its_ai(text: str, fault: str | None) -> None:
    faults = Elements.parse_brackets(text).faults

    assert (fault is None) == (faults == ())
    assert fault is None or fault in faults[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("(01)09506000134353", "(01)0950600013435|3|: expected check digit 2, got 3"),
        ("(10)LOT 7", "(10)LOT| |7: expected"),
        ("(7003)2611302460", "(7003)261130|24|60: expected hour"),
        ("(7003)2611302361", "(7003)26113023|61|: expected minutes"),
        ("(8013)1987654Ad4X4bL5ttr2310c2X", "(8013)1987654Ad4X4bL5ttr2310c|2X|: expected check characters"),
        ("(421)999X", "(421)|999|X: expected the number of a country"),
        ("(3912)9991234", None),
        ("(3912)0001234", "(3912)|000|1234: expected the number of a currency"),
        ("(4307)XX", "(4307)|XX|: expected the two letters of a country"),
        ("(4300)A%2", "(4300)A|%2|: expected two hexadecimal digits"),
        ("(8004)AB1", "(8004)|AB1|: expected a company prefix"),
        ("(8014)12345K5", "(8014)12345|K5|: expected check characters FC"),
        ("(10)" + "A" * 21, "(10)" + "A" * 20 + "|A|: expected 1 to 20"),
        ("(10)A\x1dB", "(10)A|\\x1d|B: expected"),
        ("(7258)3/2", "(7258)|3/2|: expected a place in a sequence"),
        ("(8001)00000000010000", "expected a number above zero"),
    ],
)
def test_a_fault_marks_the_characters_that_are_wrong(text: str, fault: str | None) -> None:
    faults = Elements.parse_brackets(text).faults

    assert (fault is None) == (faults == ())
    assert fault is None or fault in faults[0]


@pytest.mark.parametrize(
    ("text", "conflicts"),
    [
        (f"(01){GTIN}(21)S", []),
        ("(21)S", ["AI (21) needs (01), (03) or (8006) beside it"]),
        (f"(00)106141412345678908(02){GTIN}(37)5", []),
        (f"(00)106141412345678908(02){GTIN}", ["AI (02) needs (37) beside it"]),
        (f"(01){GTIN}(255)9506000134352", [f"AI ({one}) may not stand beside ({other})" for one, other in BOTH_WAYS]),
        (f"(01){GTIN}(3103)001750(3922)0299", []),
        (f"(01){GTIN}(7020)R1", ["AI (7020) needs (01) with (416), (03) with (416) or (8006) with (416) beside it"]),
    ],
)
def test_ais_that_lack_a_companion_or_exclude_each_other_are_told(text: str, conflicts: list[str]) -> None:
    found = Elements.parse_brackets(text)

    assert found.faults == ()
    assert list(found.conflicts()) == conflicts


def test_day_zero_means_the_whole_month() -> None:
    assert Elements.parse_brackets("(17)261100").faults == ()


def test_the_twenty_ninth_of_february_needs_a_leap_year() -> None:
    assert Elements.parse_brackets("(17)280229").faults == ()
    assert Elements.parse_brackets("(17)270229").faults != ()


def test_one_bad_value_leaves_the_others_standing() -> None:
    found = Elements.parse(f"01{GTIN}1700000021SER42")

    assert found.keys() == {"gtin": GTIN, "serial": "SER42"}
    assert found.faults == ("Failed to read (17)00|00|00: expected month 01 to 12, got 00.",)


def test_an_ai_with_two_values_is_a_fault_and_with_the_same_twice_is_not() -> None:
    assert "expected one value, got 'A' before it" in Elements.parse(f"21A{GS}21B").faults[0]
    assert Elements.parse(f"21A{GS}21A").items == (("21", "A"),)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("(3103)001750", {"net_weight_kg": "1.750"}),
        ("(3100)001750", {"net_weight_kg": "1750"}),
        ("(3105)000001", {"net_weight_kg": "0.00001"}),
        ("(3922)1999", {"price": "19.99"}),
        ("(3912)9781234", {"amount_with_currency": "978 12.34"}),
        ("(99)BADGE7", {"internal_99": "BADGE7"}),
        ("(7032)756XY", {"processor_2": "756XY"}),
    ],
)
def test_measures_get_their_decimal_point(text: str, keys: dict[str, str]) -> None:
    assert Elements.parse_brackets(text).keys() == keys


@given(gtins, serials, serials)
def test_elements_read_back_from_the_symbol_and_from_the_brackets(gtin: str, lot: str, serial: str) -> None:
    elements = Elements.checked([("01", gtin), ("10", lot), ("21", serial)])

    assert elements.faults == ()
    assert Elements.parse(elements.encode()) == elements
    assert Elements.parse_brackets(elements.brackets()).items == elements.items


def test_a_value_that_looks_like_an_ai_in_brackets_is_marked() -> None:
    elements = Elements.checked([("10", "A(21)B")])

    assert elements.brackets() == "(10)A\\(21)B"
    assert Elements.parse_brackets(elements.brackets()) == elements


@pytest.mark.parametrize("text", ["(05)1", "()", "X(01)09506000134352", "(1)2"])
def test_brackets_around_no_ai_are_refused(text: str) -> None:
    with pytest.raises(AutoIdError, match="as GS1 elements"):
        Elements.parse_brackets(text)


def test_brackets_without_a_value_are_a_fault() -> None:
    assert "expected 14 characters, got 0" in Elements.parse_brackets("(01)").faults[0]


def test_every_ai_has_its_own_key_name_but_for_decimal_places() -> None:
    names = [entry.key for entry in AIS.values() if entry.decimals is None]

    assert len(names) == len(set(names))
    assert not {"work_order", "operation", "station", "operator", "command", "unit", "order", "shipment"} & set(names)
