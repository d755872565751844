"""What is this code? One answer for every input."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderlight.autoid import AutoIdError, OwnCode, identify, identify_epc
from orderlight.autoid.symbology import split_prefix

GTIN = "09506000134352"
GS = "\x1d"


@pytest.mark.parametrize("prefix", ["]C1", "]d2", "]Q3", "]e0", "]J1", ""])
def test_gs1_data_gives_its_keys_with_and_without_a_symbology_identifier(prefix: str) -> None:
    found = identify(f"{prefix}01{GTIN}21SER42")

    assert found.kind == "gs1"
    assert found.error is None
    assert found.keys == {"gtin": GTIN, "serial": "SER42"}
    assert found.element_string == f"(01){GTIN}(21)SER42"
    assert found.digital_link == f"https://id.gs1.org/01/{GTIN}/21/SER42"
    assert found.epc_uri is None


def test_the_length_of_the_company_prefix_gives_an_epc_uri() -> None:
    assert identify(f"]C101{GTIN}21SER42", gcp_length=7).epc_uri == "urn:epc:id:sgtin:9506000.013435.SER42"
    assert identify(f"]C101{GTIN}10L", gcp_length=7).epc_uri is None
    assert identify("]C100106141412345678908", gcp_length=7).epc_uri == "urn:epc:id:sscc:0614141.1234567890"
    with pytest.raises(AutoIdError, match="expected 6 to 12 digits, got 5"):
        identify("X", gcp_length=5)


@pytest.mark.parametrize("bare", ["7032069804989", "950600013435", "96385075", "19506000134352", "7032069804989\x1d"])
def test_bare_digits_with_a_bad_check_digit_are_an_error_and_never_ai_data(bare: str) -> None:
    found = identify(bare)

    assert found.keys == {}
    assert found.kind == "unknown"
    assert "as GTIN: expected check digit" in (found.error or "")
    assert [reading.kind for reading in found.readings] == ["gtin"]


@pytest.mark.parametrize(
    ("bare", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("9506000134352", GTIN),
        ("]E09506000134352", GTIN),
        ("]E496385074", "00000096385074"),
        ("]E004252614", "00042100005264"),
        ("]E3950600013435212", GTIN),
        ("]E3950600013435212345", GTIN),
        ("]I119506000134359", "19506000134359"),
        ("]C09506000134352", GTIN),
    ],
)
def test_a_trade_item_number_is_given_in_fourteen_digits(bare: str, gtin: str) -> None:
    found = identify(bare)

    assert (found.kind, found.keys, found.error) == ("gtin", {"gtin": gtin}, None)
    assert found.element_string == f"(01){gtin}"


def test_an_ean_symbol_with_a_bad_check_digit_is_an_error() -> None:
    assert "expected check digit 2, got 3" in (identify("]E09506000134353").error or "")


def test_digits_that_are_no_gtin_in_a_symbol_that_is_not_of_retail_are_text() -> None:
    found = identify("]A0950600013435")

    assert found.kind == "text"
    assert found.keys == {}
    assert found.error == "Failed to read '950600013435' as GTIN: expected check digit 9, got 5."
    assert [reading.kind for reading in found.readings] == ["text", "gtin"]


def test_eighteen_bare_digits_are_an_sscc() -> None:
    found = identify("106141412345678908")

    assert (found.kind, found.keys) == ("sscc", {"sscc": "106141412345678908"})
    assert identify("00106141412345678908").keys == {"sscc": "106141412345678908"}
    assert "as SSCC: expected check digit 8, got 7" in (identify("106141412345678907").error or "")


def test_eighteen_digits_with_two_true_readings_are_refused_with_both() -> None:
    # 253 with a document type of 13 digits and a serial of two; the last digit also makes an SSCC true.
    both = identify("253950600013435200")

    assert both.keys == {}
    assert {reading.kind for reading in both.readings} == {"sscc", "gs1"}
    assert "let the scanner send the symbology identifier" in (both.error or "")


@pytest.mark.parametrize("text", ["10ABC123", "21SER42", "240PART", "99X", "HELLO", "A-17", "0109506000134353", "410"])
def test_text_without_promise_is_not_taken_for_ai_data(text: str) -> None:
    found = identify(text)

    assert found.kind == "text"
    assert found.keys == {}
    assert "plain text" in (found.error or "")


def test_a_separator_inside_is_promise_enough() -> None:
    assert identify(f"10LOT7{GS}21SER42").keys == {"lot": "LOT7", "serial": "SER42"}


def test_a_substitute_for_the_separator_is_named_by_the_caller() -> None:
    assert identify("]C110LOT7|21S", gs_substitutes="|").keys == {"lot": "LOT7", "serial": "S"}
    assert identify("]C110LOT7*21S", gs_substitutes="*").keys == {"lot": "LOT7", "serial": "S"}


@pytest.mark.parametrize("sign", ["|", "~", "^", "{GS}", "{FNC1}", "\u241d"])
def test_a_sign_that_no_value_may_hold_stands_for_the_separator(sign: str) -> None:
    keys = {"gtin": GTIN, "lot": "LOT7", "serial": "S"}

    assert identify(f"]C101{GTIN}10LOT7{sign}21S").keys == keys
    assert identify(f"01{GTIN}10LOT7{sign}21S").keys == keys
    assert identify(f"{sign}01{GTIN}10LOT7{sign}21S").keys == keys


def test_two_kinds_of_signs_are_not_both_separators() -> None:
    assert "got '|' at position 5" in (identify(f"]C101{GTIN}10LOT7|X~21S").error or "")


def test_text_with_such_a_sign_stays_text_and_tells_the_other_reading() -> None:
    found = identify("10LOT7|21S")

    assert (found.kind, found.keys) == ("text", {})
    assert [reading.element_string for reading in found.readings] == [None, "(10)LOT7(21)S"]


def test_a_value_too_long_because_a_separator_was_dropped_names_what_it_may_be() -> None:
    found = identify(f"]C101{GTIN}10ABCDEFGHIJKLMNO21ABCDEFGHI")

    assert found.keys == {"gtin": GTIN}
    assert found.readings[1].keys == {"gtin": GTIN, "lot": "ABCDEFGHIJKLMNO", "serial": "ABCDEFGHI"}
    assert "let it send GS" in (found.error or "")


def test_a_scanner_that_sends_separators_has_dropped_none() -> None:
    assert len(identify(f"]C101{GTIN}10LOT7{GS}240AB21S").readings) == 1


def test_the_chosen_reading_comes_first_with_its_reason() -> None:
    first = identify("9506000134352").readings[0]

    assert (first.kind, first.keys, first.reason) == ("gtin", {"gtin": GTIN}, "it is 13 digits with a true check digit")


@pytest.mark.parametrize(
    "prefix",
    [
        "]C1",
        "]e0",
        "]e1",
        "]e2",
        "]e3",
        "]d2",
        "]d5",
        "]Q3",
        "]Q4",
        "]J1",
        "]J4",
        "]z1",
        "]z4",
        "]K1",
        "]L3",
        "]O1",
        "]O5",
    ],
)
def test_every_carrier_of_gs1_is_known_by_its_identifier(prefix: str) -> None:
    assert identify(f"{prefix}10LOT7").keys == {"lot": "LOT7"}


@pytest.mark.parametrize("prefix", ["]d5", "]Q4", "]J4", "]z4", "]e3"])
def test_an_interpretation_in_front_of_gs1_data_is_no_part_of_it(prefix: str) -> None:
    found = identify(f"{prefix}\\00002601{GTIN}10LOT7\x1d21S\\0000031")

    assert (found.keys, found.error) == ({"gtin": GTIN, "lot": "LOT7", "serial": "S1"}, None)


@pytest.mark.parametrize(
    "prefix", ["]C0", "]C2", "]d1", "]d3", "]Q1", "]Q5", "]J0", "]J2", "]z0", "]z2", "]K0", "]K2", "]L4", "]O4"]
)
def test_a_carrier_without_fnc1_in_front_promises_nothing(prefix: str) -> None:
    assert identify(f"{prefix}10LOT7").keys == {}


def test_tag_memory_is_told_by_its_word_in_front() -> None:
    found = identify("epc:3034257BF7194E4000001A85")

    assert (found.input, found.keys["serial"]) == ("epc:3034257BF7194E4000001A85", "6789")


def test_a_bad_value_is_an_error_beside_the_sound_keys() -> None:
    found = identify(f"]d201{GTIN}1700000021SER42")

    assert found.kind == "gs1"
    assert found.keys == {"gtin": GTIN, "serial": "SER42"}
    assert found.error == "Failed to read (17)00|00|00: expected month 01 to 12, got 00."
    assert found.element_string is None


def test_a_conflict_of_ais_is_an_error_and_the_values_stay() -> None:
    found = identify("]C121SER42")

    assert found.keys == {"serial": "SER42"}
    assert found.element_string == "(21)SER42"
    assert found.error == "Failed to take ']C121SER42' as whole: AI (21) needs (01), (03) or (8006) beside it."


def test_ais_that_may_not_stand_together_are_read_without_a_prefix_too() -> None:
    found = identify(f"01{GTIN}3725")

    assert found.keys == {"gtin": GTIN, "count": "25"}
    assert "AI (01) may not stand beside (37)" in (found.error or "")


@pytest.mark.parametrize(
    "text",
    [
        f"(01){GTIN}(21)S",
        f"]Q1https://id.gs1.org/01/{GTIN}/21/S",
        f"[)>\x1e05\x1d01{GTIN}21S\x1e\x04",
        f"]d1(01){GTIN}(21)S",
        f"]C1(01){GTIN}(21)S",
    ],
)
def test_brackets_links_and_format_05_are_read_in_any_symbol(text: str) -> None:
    assert identify(text).keys == {"gtin": GTIN, "serial": "S"}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (str(OwnCode("W", "1000")), {"work_order": "1000"}),
        (str(OwnCode.operation("1000", "010")), {"work_order": "1000", "operation": "010"}),
        (str(OwnCode("S", "CUT")), {"station": "CUT"}),
        (str(OwnCode("B", "B7")), {"operator": "B7"}),
        (str(OwnCode("C", "UNDO")), {"command": "UNDO"}),
        (str(OwnCode("U", "0011")), {"unit": "0011"}),
        (str(OwnCode("Q", "1000")), {"order": "1000"}),
        (str(OwnCode("D", "1000")), {"shipment": "1000"}),
        (str(OwnCode("L", "A17")), {"location": "A17"}),
    ],
)
def test_our_own_codes_are_read_in_any_symbol_and_framing(text: str, keys: dict[str, str]) -> None:
    for code in (text, f"]C0{text}", f"]d1{text}\r\n", f"\x02{text}\x03", text.lower(), text.encode()):
        found = identify(code)
        assert (found.kind, found.keys, found.error) == ("own", keys, None)


def test_our_own_code_misread_says_so() -> None:
    found = identify("OLU0011Q")

    assert (found.kind, found.keys) == ("own", {})
    assert "expected check character P, got Q" in (found.error or "")


def test_an_epc_uri_is_read_too() -> None:
    found = identify("urn:epc:tag:sgtin-96:3.0614141.812345.6789")

    assert (found.kind, found.filter) == ("epc", 3)
    assert found.keys == {"gtin": "80614141123458", "serial": "6789"}
    assert identify("urn:epc:id:sgtin:0614141.812345.6789").tag_uri is None
    assert identify("urn:epc:nonsense").kind == "epc"


def test_an_address_that_is_no_digital_link_is_text_and_a_broken_one_is_an_error() -> None:
    assert identify("https://shop.example/7").kind == "text"
    broken = identify(f"https://id.gs1.org/01/{GTIN}/21/S/10/L")
    assert (broken.kind, broken.keys) == ("digital_link", {})
    assert "in their order" in (broken.error or "")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "got nothing"),
        ("]C1", "got nothing"),
        (" \r\n", "got nothing"),
        ("AB\x00CD", "got '\\x00' at position 3"),
        ("\x1b[2J", "got '\\x1b' at position 1"),
        ("\ud800", "got '\\ud800' at position 1"),
        ("A" * 10_000, "expected at most 4096 characters, got 10000"),
        ("<script>alert(1)</script>", "plain text"),
        ("'; DROP TABLE orders;--", "plain text"),
        (b"\xff\xfe", "plain text"),
        (b"\x00\x01", "got '\\x00' at position 1"),
    ],
)
def test_what_cannot_be_read_is_an_answer_with_the_reason(code: str | bytes, reason: str) -> None:
    found = identify(code)

    assert found.keys == {}
    assert reason in (found.error or "")
    assert len(found.error or "") < 300


@given(st.one_of(st.text(), st.binary(), st.text(st.characters(codec=None))))
@example("\ud800]C1\udfff")
@example("]C101" + "٠" * 14)
@example("http://[")
@example("https://x/01/%")
@example("urn:epc:id:sgtin:٠٠٠٠٠٠.0000000.1")
@example("(٠١)1")
@example("8003" + "²" * 14)
def test_no_text_and_no_bytes_raise(code: str | bytes) -> None:
    found = identify(code, gcp_length=7, gs_substitutes="|~")

    json.dumps(found.as_json())
    assert (found.error is None) == bool(found.keys) or found.error


@given(
    st.sampled_from(
        [
            "]C1",
            "]d2",
            "]Q1",
            "]E0",
            "]E3",
            "]E4",
            "]I1",
            "]C0",
            "(01)",
            "https://a.b/01/",
            "urn:epc:id:",
            "00",
            "01",
            "8003",
            "OL",
        ]
    ),
    st.text(st.sampled_from("0123456789ABOLU()/%?=.:&\x1d "), max_size=40),
)
def test_nothing_that_looks_like_a_code_raises_either(front: str, rest: str) -> None:
    found = identify(front + rest, gcp_length=9)

    assert found.error or found.keys


@given(st.one_of(st.text(), st.text("0123456789abcdefABCDEF", max_size=60)))
def test_no_tag_memory_raises(memory: str) -> None:
    found = identify_epc(memory, gcp_length=12)

    json.dumps(found.as_json())
    assert found.kind == "epc"
    assert found.error or found.keys


@given(st.text("0123456789", min_size=8, max_size=14).filter(lambda text: len(text) in (8, 12, 13, 14)))
def test_no_bare_number_of_a_gtins_length_is_ever_ai_data(bare: str) -> None:
    assert identify(bare).kind in ("gtin", "unknown")


@pytest.mark.parametrize(
    ("text", "name"),
    [("]C1X", "GS1-128"), ("]C0X", "Code 128"), ("]A0X", "Code 39"), ("]z0X", "Aztec Code"), ("]Q3X", "GS1 QR Code")],
)
def test_the_symbology_identifier_names_the_symbol(text: str, name: str) -> None:
    symbology, data = split_prefix(text)

    assert symbology is not None
    assert (symbology.name, data) == (name, "X")


@pytest.mark.parametrize("text", ["]", "]C", "]?1X", "]C-X", "C1X"])
def test_text_that_begins_like_an_identifier_stays_whole(text: str) -> None:
    assert split_prefix(text) == (None, text)


def test_the_answer_as_json_has_every_field() -> None:
    assert list(identify("OLU0011P").as_json()) == [
        "input",
        "kind",
        "keys",
        "element_string",
        "digital_link",
        "epc_uri",
        "tag_uri",
        "filter",
        "readings",
        "error",
    ]


@pytest.mark.parametrize("code", ["30751FEB705C5904E3D50D70", "30751feb705c5904e3d50d70", "3034257BF7194E4000001A85"])
def test_bare_memory_of_a_tag_stays_text_and_the_answer_names_epc(code: str) -> None:
    found = identify(code)

    assert (found.kind, found.keys) == ("text", {})
    assert [reading.kind for reading in found.readings] == ["text", "epc"]
    assert found.readings[1].keys == identify(f"epc:{code}").keys
    assert str(found.error).endswith("if it is the memory of a tag, write epc: in front.")


@pytest.mark.parametrize(
    "code", ["30751FEB705C5904E3D50D7", "30751FEB705C5904E3D5", "FF751FEB705C5904E3D50D70", "3" * 24, "DEADBEEF" * 4]
)
def test_hexadecimal_that_would_be_no_sound_tag_is_text_alone(code: str) -> None:
    found = identify(code)

    assert found.kind == "text"
    assert "epc: in front" not in str(found.error)
