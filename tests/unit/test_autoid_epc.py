"""EPCs: tag memory in hexadecimal, URIs, and GS1 keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderlight.autoid import AutoIdError, SgtinEpc, SsccEpc, check_digit, identify_epc, sgtin96_hex, sscc96_hex
from orderlight.autoid.checks import CHARACTER_SET_82
from orderlight.autoid.epc import id_uri, parse_uri, read_hex, tag_uri, write_hex
from orderlight.autoid.tds import Fields

prefix_lengths = st.integers(6, 12)
filters = st.integers(0, 7)
gtins = st.text("0123456789", min_size=13, max_size=13).map(lambda body: body + check_digit(body))
ssccs = st.text("0123456789", min_size=17, max_size=17).map(lambda body: body + check_digit(body))


def test_an_sgtin_gives_gtin_serial_filter_and_both_uris() -> None:
    found = identify_epc("3034257BF7194E4000001A85")

    assert found.error is None
    assert found.kind == "epc"
    assert found.keys == {"gtin": "80614141123458", "serial": "6789"}
    assert found.filter == 1
    assert found.epc_uri == "urn:epc:id:sgtin:0614141.812345.6789"
    assert found.tag_uri == "urn:epc:tag:sgtin-96:1.0614141.812345.6789"
    assert found.digital_link == "https://id.gs1.org/01/80614141123458/21/6789"


def test_an_sscc_gives_its_eighteen_digits() -> None:
    found = identify_epc(sscc96_hex("106141412345678908", 7, filter=2))

    assert found.keys == {"sscc": "106141412345678908"}
    assert found.tag_uri == "urn:epc:tag:sscc-96:2.0614141.1234567890"


@pytest.mark.parametrize(
    ("uri", "keys"),
    [
        ("urn:epc:tag:sgln-96:3.0614141.12345.400", {"gln": "0614141123452", "extension": "400"}),
        ("urn:epc:tag:sgln-96:3.0614141.12345.0", {"gln": "0614141123452"}),
        ("urn:epc:tag:grai-96:0.0614141.12345.400", {"grai": "00614141123452400"}),
        ("urn:epc:tag:giai-96:0.0614141.5678", {"giai": "06141415678"}),
        ("urn:epc:tag:gsrn-96:0.0614141.1234567890", {"gsrn": "061414112345678902"}),
        ("urn:epc:tag:gsrnp-96:0.0614141.1234567890", {"gsrn_provider": "061414112345678902"}),
        ("urn:epc:tag:sgtin-198:3.0614141.712345.32a%2Fb", {"gtin": "70614141123451", "serial": "32a/b"}),
    ],
)
def test_the_other_keys_of_gs1_come_out_of_their_tags(uri: str, keys: dict[str, str]) -> None:
    fields, with_tag = parse_uri(uri)

    found = identify_epc(write_hex(fields))

    assert with_tag
    assert found.error is None
    assert found.keys == keys
    assert found.tag_uri == uri


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        ("000000000000000000000000", "the tag is blank"),
        ("E28011700000020A1B2C3D4E", "its header E2 belongs to a chip's own number"),
        ("3000E2801170000002000000", "3000 is a protocol control word"),
        ("F7A1B2C3D4E5F60718293A4B", "as SGTIN+: expected a digit, got B"),
        ("FD3795211411234538566CB0AFC525065F1876F0D996D800", "its header FD belongs to SGTIN++"),
        ("1234567890ABCDEF12345678", "its header 12 is none of GS1"),
        ("303C257BF7194E4000001A85", "expected partition 0 to 6, got 7"),
        ("3034257BF7194E40", "expected 24 hexadecimal digits, got 16"),
        ("3034257BF7194E4000001A8500000000", "expected 24 hexadecimal digits, got 32"),
        ("3017FFFFFFFFFFFFFFFFFFFF", "it is not a GS1 number"),
        ("300000000000000000000001", "a company prefix of zeros"),
        ("3114257BF4499602D2000001", "expected zeros in the last 24 bits"),
        ("36FF", "as SGTIN-198: expected 52 hexadecimal digits"),
    ],
)
def test_memory_that_is_no_epc_of_gs1_is_carried_raw_with_a_reason(memory: str, reason: str) -> None:
    found = identify_epc(memory)

    assert found.kind == "epc"
    assert found.keys == {"epc": memory}
    assert reason in (found.error or "")


@pytest.mark.parametrize("memory", ["", "zz", "0x", "3034 257B\x00", "\ud800", "٣٠٣٤"])
def test_text_that_is_no_hexadecimal_is_an_answer_with_a_reason(memory: str) -> None:
    found = identify_epc(memory)

    assert found.keys == {}
    assert "expected hexadecimal digits" in (found.error or "")


@pytest.mark.parametrize(
    "memory", ["3034257bf7194e4000001a85", "0x3034257BF7194E4000001A85", "3034-257B F719 4E40 0000 1A85"]
)
def test_small_letters_blanks_and_dashes_in_memory_are_tolerated(memory: str) -> None:
    assert identify_epc(memory).keys == {"gtin": "80614141123458", "serial": "6789"}


@given(gtins, st.integers(0, 2**38 - 1), prefix_lengths, filters)
def test_a_gtin_with_a_numeric_serial_survives_the_tag(gtin: str, serial: int, length: int, filter_value: int) -> None:
    if not gtin[1 : length + 1].strip("0"):
        return
    memory = sgtin96_hex(gtin, str(serial), length, filter=filter_value)

    found = identify_epc(memory)

    if memory.startswith("3000E2"):
        assert found.error is not None
    else:
        assert (found.keys, found.filter) == ({"gtin": gtin, "serial": str(serial)}, filter_value)
        assert SgtinEpc.parse(memory) == SgtinEpc(gtin, str(serial), length, filter_value)


@given(gtins, st.text(CHARACTER_SET_82, min_size=1, max_size=20), prefix_lengths, filters)
def test_a_gtin_with_any_serial_survives_the_tag(gtin: str, serial: str, length: int, filter_value: int) -> None:
    tag = SgtinEpc(gtin, serial, length, filter_value)

    if gtin[1 : length + 1].strip("0") and not tag.hex().startswith("3000E2"):
        assert SgtinEpc.parse(tag.hex()) == tag
    assert parse_uri(tag.tag_uri())[0] == tag.fields()


@given(ssccs, prefix_lengths, filters)
def test_an_sscc_survives_the_tag(sscc: str, length: int, filter_value: int) -> None:
    tag = SsccEpc(sscc, length, filter_value)

    if sscc[1 : length + 1].strip("0"):
        assert SsccEpc.parse(tag.hex()) == tag
    assert parse_uri(tag.uri())[0].reference == tag.fields().reference


@given(st.binary(min_size=12, max_size=12))
def test_any_ninety_six_bits_that_decode_encode_to_themselves(memory: bytes) -> None:
    digits = bytes([0x30 + memory[0] % 5]).hex() + memory[1:].hex()
    try:
        fields = read_hex(digits.upper())
    except AutoIdError:
        return
    assert write_hex(fields) == digits.upper()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (Fields("sgtin-96", 0, "0614141", "812345", "007"), "a serial of digits without zeros in front"),
        (Fields("sgtin-96", 0, "0614141", "812345", str(2**38)), "below 274877906944"),
        (Fields("sgtin-96", 0, "0614141", "812345", "A1"), "a serial of digits"),
        (Fields("sgtin-96", 8, "0614141", "812345", "1"), "expected filter 0 to 7, got 8"),
        (Fields("sgtin-96", 0, "06141", "81234567", "1"), "expected a company prefix of 6 to 12 digits"),
        (Fields("grai-170", 0, "0614141", "12345", "A" * 17), "expected at most 16 characters, got 17"),
        (Fields("giai-96", 0, "0614141", "007", ""), "a reference of digits without zeros in front"),
    ],
)
def test_fields_that_do_not_fit_the_tag_are_refused(fields: Fields, message: str) -> None:
    with pytest.raises(AutoIdError, match=message):
        write_hex(fields)


@pytest.mark.parametrize(
    "uri",
    [
        "urn:epc:id:sgtin:0614141.812345",
        "urn:epc:id:sgtin:0614141.81234.6789",
        "urn:epc:id:sgtin:0614141.8123456.6789",
        "urn:epc:id:sgtin:06141.81234567.6789",
        "urn:epc:id:sscc:0614141.123456789X",
        "urn:epc:id:giai:0614141.",
        "urn:epc:id:grai:0614141.12345.40000000000000000",
        "urn:epc:id:unknown:1.2.3",
        "urn:epc:tag:sgtin-96:8.0614141.812345.6789",
        "urn:epc:tag:sgtin-96:1.0614141.812345.A",
        "urn:epc:id:sgtin:٠٦١٤١٤١.812345.6789",
        "urn:epc:",
    ],
)
def test_a_wrong_epc_uri_is_refused(uri: str) -> None:
    with pytest.raises(AutoIdError):
        parse_uri(uri)


def test_an_sgtin_needs_a_true_gtin_and_a_possible_prefix() -> None:
    with pytest.raises(AutoIdError, match="expected check digit 8, got 9"):
        SgtinEpc("80614141123459", "1", 7)
    with pytest.raises(AutoIdError, match="expected 6 to 12 digits, got 13"):
        SgtinEpc("80614141123458", "1", 13)
    with pytest.raises(AutoIdError, match="expected SGTIN, got SSCC-96"):
        SgtinEpc.parse(sscc96_hex("106141412345678908", 7))
    with pytest.raises(AutoIdError, match="expected SSCC-96, got SGTIN-96"):
        SsccEpc.parse(sgtin96_hex("80614141123458", "1", 7))


def test_a_gtin_of_thirteen_digits_is_taken_for_a_tag() -> None:
    assert SgtinEpc("9506000134352", "1", 7).uri() == "urn:epc:id:sgtin:9506000.013435.1"


def test_uris_of_one_tag_differ_in_filter_and_size_alone() -> None:
    fields = read_hex("3034257BF7194E4000001A85")

    assert id_uri(fields).endswith("0614141.812345.6789")
    assert tag_uri(fields) == "urn:epc:tag:sgtin-96:1.0614141.812345.6789"
