"""Every EPC scheme of the Tag Data Standard, both ways, and what stands before and behind an EPC in tag memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderlight.autoid import AutoIdError, check_digit, identify_epc
from orderlight.autoid.bit_text import Bits, read_characters, write_characters
from orderlight.autoid.checks import CHARACTER_SET_82
from orderlight.autoid.epc import parse_uri, tag_uri, write_hex
from orderlight.autoid.plus_tags import HEADERS, PlusTag, decode, encode
from orderlight.autoid.schemes import BY_NAME, Scheme
from orderlight.autoid.tds import Fields
from orderlight.autoid.tds import decode as decode_fields

# The numbers are the examples of GS1 EPC Tag Data Standard 2.3, annex E.3; filters are 3, but 0 for SSCCs.
WITH_PREFIX = [
    ("3066C4409047E140075BCD15", "(01)09506000134352(21)123456789"),
    ("3666C4409047E159B2C2BF100000000000000000000000000000", "(01)09506000134352(21)32a/b"),
    ("311BA1B300CE0A6A83000000", "(00)095201234567891235"),
    ("3276451FD46072000000162E", "(414)9521141123454(254)5678"),
    ("3976451FD46072CD9615F8800000000000000000000000000000", "(414)9521141123454(254)32a/b"),
    ("3376451FD40C0E400000162E", "(8003)095211411234545678"),
    ("3776451FD40C0E59B2C2BF1000000000000000000000", "(8003)0952114112345432a/b"),
    ("3476451FD40000000000162E", "(8004)95211415678"),
    ("3876451FD59B2C2BF10000000000000000000000000000000000", "(8004)952114132a/b"),
    ("2D76451FD4499602D2000000", "(8018)952114112345678906"),
    ("2E76451FD4499602D2000000", "(8017)952114112345678906"),
    ("2C76451FD46072000000162E", "(253)95211411234545678"),
    ("3E76451FD7039B061438997367D0C18B266D1AB66EE0", "(253)9521141987650ABCDefgh012345678"),
    ("3C76451FD400C0E680003039", "(8010)952114198765(8011)12345"),
    ("3D76451FD75411DEF6B4CC00000003039000", "(8010)95211415PQ7/Z43(8011)12345"),
    ("3F76451FD612640000019907", "(255)952114167890904711"),
    ("4076451FD40C0E40820000000F54", "(8006)095211411234540102(21)981"),
    ("4176451FD40C0E4082DBDD8B36600000000000000000000000000000", "(8006)095211411234540102(21)mw133"),
]
PLUS = [
    ("F73795211411234538566CB0AFC4", "(01)79521141123453(21)32a/b"),
    ("FB342CDE795211411234538566CB0AFC4", "(01)79521141123453(21)32a/b(17)220630"),
    ("F90095201234567891235", "(00)095201234567891235"),
    ("F2395211411234548566CB0AFC4", "(414)9521141123454(254)32a/b"),
    ("F13095211411234548566CB0AFC4", "(8003)0952114112345432a/b"),
    ("FA3952114132E83C2BF10", "(8004)952114132a/b"),
    ("F43952114112345678906", "(8018)952114112345678906"),
    ("F53952114112345678906", "(8017)952114112345678906"),
    ("F6395211411234540458B8", "(253)95211411234545678"),
    ("F0395211415E87A145BAFB4D19A8C0E4", "(8010)95211415PQ7/Z43(8011)12345"),
    ("F839521141678909509338", "(255)952114167890904711"),
    ("F3309521141123454010266AE27FDF35", "(8006)095211411234540102(21)rif981"),
]

digits = st.text("0123456789", min_size=1)
characters = st.text(CHARACTER_SET_82, min_size=1, max_size=20)
lengths = st.integers(6, 12)


@pytest.mark.parametrize(("memory", "elements"), [*WITH_PREFIX, *PLUS])
def test_the_examples_of_the_standard_give_their_element_strings(memory: str, elements: str) -> None:
    found = identify_epc(memory)

    assert found.error is None
    assert found.element_string == elements
    assert found.filter == (0 if "(00)" in elements else 3)
    assert found.digital_link is not None


@pytest.mark.parametrize("memory", [memory for memory, _ in WITH_PREFIX])
def test_the_examples_of_the_standard_are_written_as_they_stand_and_by_their_uris(memory: str) -> None:
    fields = decode_fields(memory)

    assert write_hex(fields) == memory
    assert write_hex(parse_uri(tag_uri(fields))[0]) == memory


@pytest.mark.parametrize("memory", [memory for memory, _ in PLUS])
def test_the_examples_of_the_plus_schemes_are_written_as_they_stand_up_to_the_next_word(memory: str) -> None:
    written = encode(decode(memory))

    assert len(written) % 4 == 0
    assert written.rstrip("0") == memory.rstrip("0")


def test_a_general_identifier_has_a_uri_and_a_key_of_its_own_and_no_filter() -> None:
    found = identify_epc("3500E86F8000A9E000000586")

    assert found.keys == {"gid": "952056.2718.1414"}
    assert (found.element_string, found.digital_link, found.filter) == (None, None, None)
    assert found.epc_uri == "urn:epc:id:gid:952056.2718.1414"
    assert found.tag_uri == "urn:epc:tag:gid-96:952056.2718.1414"
    assert write_hex(parse_uri(found.tag_uri)[0]) == "3500E86F8000A9E000000586"


def test_the_company_prefix_of_a_plus_tag_is_told_by_the_caller() -> None:
    memory = "F73795211411234538566CB0AFC4"

    assert identify_epc(memory).epc_uri is None
    assert identify_epc(memory, gcp_length=7).epc_uri == "urn:epc:id:sgtin:9521141.712345.32a%2Fb"


def test_a_protocol_control_word_in_front_is_taken_off() -> None:
    assert identify_epc("30003034257BF7194E4000001A85").keys == {"gtin": "80614141123458", "serial": "6789"}
    assert identify_epc("2C76451FD46072000000162E").keys == {"gdti": "95211411234545678"}


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        ("31003034257BF7194E4000001A85", "its control word says that the memory is not of GS1"),
        ("28003034257BF7194E4000001A85", "its header 28 is none of GS1"),
        ("3000E280117000000200000A", "E2 begins a chip's own number"),
        ("F7379521141123453856", "as SGTIN+: expected 7 more bits, got 4"),
        ("F73795211411234548566CB0AFC4", "expected check digit 3, got 4"),
        ("F73795211411234538566CB0AFC4FFFF", "expected zeros behind it"),
        ("F73795211411234539FA", "expected at most 20 characters, got 31"),
        ("F7379521141123453C00", "expected an encoding of 0 to 5, got 6"),
        ("FB3F2CDE795211411234538566CB0AFC4", "expected a kind of date from 0 to 6, got 15"),
        ("3D76451FD75411DEF6B4", "expected a reference ended by six zero bits"),
        ("3F76451FD612640000000003", "expected a serial of 1 to 12 digits behind a 1, got 3"),
        ("4076451FD40C0E40020000000F54", "expected a piece from 01"),
        ("3500E86F", "as GID-96: expected 24 hexadecimal digits, got 8"),
    ],
)
def test_memory_that_is_cut_or_not_of_gs1_is_carried_raw_with_a_reason(memory: str, reason: str) -> None:
    found = identify_epc(memory)

    assert found.keys == {"epc": memory}
    assert reason in (found.error or "")


def test_what_follows_a_plus_tag_is_kept_as_bits() -> None:
    memory = "F7" + "B" + "795211411234538566CB0AFC4" + "10AB"

    tag = decode(memory)

    assert tag.items == (("01", "79521141123453"), ("21", "32a/b"))
    assert tag.more != ""
    assert encode(tag) == memory
    assert identify_epc(memory).keys == {"gtin": "79521141123453", "serial": "32a/b"}


@pytest.mark.parametrize(
    ("text", "indicator"),
    [("0099", 0), ("12AF", 1), ("12af", 2), ("ab_Z", 3), ("a/b!", 4), ("AB.123.XY.45", 5), ("#1", 4)],
)
def test_characters_are_packed_by_the_method_of_the_fewest_bits(text: str, indicator: int) -> None:
    bits = write_characters(text, 20)

    assert int(bits[:3], 2) == indicator
    assert read_characters(Bits(bits), 20) == text


@given(characters)
def test_any_characters_are_unpacked_as_they_were(text: str) -> None:
    assert read_characters(Bits(write_characters(text, 20)), 20) == text


@st.composite
def fields(draw: st.DrawFn, scheme: Scheme) -> Fields:
    """Any fields of a scheme that a company could have written."""
    length = draw(lengths)
    prefix = draw(st.text("0123456789", min_size=length, max_size=length))
    if scheme.key_digits:
        width = scheme.key_digits - length
        reference = draw(st.text("0123456789", min_size=width, max_size=width))
    elif scheme.reference == "text":
        reference = draw(st.text(CHARACTER_SET_82, min_size=1, max_size=30 - length))
    else:
        reference = str(draw(st.integers(0, min(10 ** (scheme.characters - length), 1 << scheme.key_bits - 40) - 1)))
    serial = {
        "zeros": st.just(""),
        "number": st.integers(0, (1 << scheme.tail_bits) - 1).map(str),
        "text": st.text(CHARACTER_SET_82, min_size=1, max_size=scheme.characters),
        "coupon": st.text("0123456789", min_size=1, max_size=12),
    }[scheme.tail]
    pieces = draw(st.integers(1, 99).map(lambda piece: f"{piece:02d}99")) if scheme.pieces else ""
    return Fields(scheme.name, draw(st.integers(0, 7)), prefix, reference, draw(serial), pieces)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_whatever_a_scheme_can_hold_is_decoded_as_it_was_encoded(name: str) -> None:
    @given(fields(BY_NAME[name]))
    def holds(given_fields: Fields) -> None:
        assert decode_fields(write_hex(given_fields)) == given_fields
        assert parse_uri(tag_uri(given_fields))[0] == given_fields

    holds()


@given(lengths, st.text("#-/0123456789ABCXYZ", min_size=1, max_size=18), st.integers(0, 10**12 - 1), st.integers(0, 7))
def test_whatever_a_component_tag_can_hold_is_decoded_as_it_was_encoded(
    length: int, reference: str, serial: int, filter_value: int
) -> None:
    given_fields = Fields("cpi-var", filter_value, "9521141"[:length].ljust(length, "7"), reference, str(serial))

    assert decode_fields(write_hex(given_fields)) == given_fields


def _checked(body: str) -> str:
    return body + check_digit(body)


bodies = st.text("0123456789", min_size=17, max_size=17)


@given(bodies, characters, st.text("0123456789", min_size=1, max_size=12), st.integers(0, 7))
def test_whatever_a_plus_tag_can_hold_is_decoded_as_it_was_encoded(
    body: str, text: str, number: str, filter_value: int
) -> None:
    gln = _checked(body[:12])
    component = body[:9] + "-" + number + "#"
    values = {
        "CPI+": (("8010", component), ("8011", str(int(number) or 1))),
        "GRAI+": (("8003", "0" + gln + text[:16]),),
        "SGLN+": (("414", gln), ("254", text)),
        "ITIP+": (("8006", _checked(body[:13]) + "0102"), ("21", text)),
        "GSRN+": (("8018", _checked(body)),),
        "GSRNP+": (("8017", _checked(body)),),
        "GDTI+": (("253", gln + text[:17]),),
        "SGTIN+": (("01", _checked(body[:13])), ("21", text)),
        "SGCN+": (("255", gln + number),),
        "SSCC+": (("00", _checked(body)),),
        "GIAI+": (("8004", body[:10] + text),),
        "DSGTIN+": (("01", _checked(body[:13])), ("21", text), ("7006", "261126")),
    }

    assert values.keys() == HEADERS.keys()
    for name, items in values.items():
        tag = PlusTag(name, filter_value, items)
        assert decode(encode(tag)) == tag


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (PlusTag("SGTIN+", 0, (("01", "79521141123453"),)), r"expected a value for AI \(21\)"),
        (PlusTag("SGTIN+", 8, (("01", "79521141123453"), ("21", "1"))), "expected filter 0 to 7, got 8"),
        (PlusTag("SSCC+", 0, (("00", "1"),)), "expected 18 digits"),
        (PlusTag("SSCC+", 0, (("00", "0952012345678912351"),)), "expected 18 digits"),
        (PlusTag("SGCN+", 0, (("255", "9521141678909ABC"),)), "expected at most 12 digits"),
        (PlusTag("DSGTIN+", 0, (("01", "79521141123453"), ("21", "1"))), "expected a date of AI"),
        (PlusTag("GIAI+", 0, (("8004", "952114\x1d"),)), "expected characters of GS1"),
        (PlusTag("SSCC+", 0, (("00", "095201234567891236"),)), "expected check digit 5, got 6"),
    ],
)
def test_values_that_do_not_fit_a_plus_tag_are_refused(tag: PlusTag, message: str) -> None:
    with pytest.raises(AutoIdError, match=message):
        encode(tag)


@pytest.mark.parametrize(
    ("given_fields", "message"),
    [
        (Fields("sgcn-96", 0, "9521141", "67890", "1234567890123"), "expected a serial of 1 to 12 digits"),
        (Fields("itip-110", 0, "9521141", "012345", "1", "1"), "expected piece and total"),
        (Fields("sgtin-96", 0, "9521141", "12345", "1"), "expected a reference of 6 digits"),
        (Fields("cpi-96", 0, "952114112345", "1234", "1"), "expected a reference of at most 3 digits"),
        (Fields("cpi-var", 0, "9521141", "5pq", "1"), "expected capitals"),
        (Fields("cpi-var", 0, "9521141", "5PQ", "007"), "without zeros in front"),
        (Fields("gid-96", 0, "268435456", "1", "1"), "expected a manager of digits below 268435456"),
    ],
)
def test_parts_that_do_not_fit_a_tag_are_refused(given_fields: Fields, message: str) -> None:
    with pytest.raises(AutoIdError, match=message):
        write_hex(given_fields)
