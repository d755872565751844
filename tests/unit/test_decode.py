"""From reads to readings: meaning where there is one, a reason where there is none."""

import base64

import pytest

from gateway.decode import decode
from gateway.protocols.reads import CodeRead, CodeRules, TagRead
from orderlight.autoid import OwnCode


def code(raw: bytes, **fields: object) -> CodeRead:
    return CodeRead("scanner-1", raw, **fields)  # type: ignore[arg-type]


def test_a_gs1_code_keeps_its_text_with_gs_and_gives_its_keys() -> None:
    reading = decode(code(b"]C10109506000134352" + b"10LOT7\x1d21SER42"))

    assert reading.code == "]C1010950600013435210LOT7\x1d21SER42"
    assert reading.keys == {"gtin": "09506000134352", "lot": "LOT7", "serial": "SER42"}
    assert (reading.kind, reading.raw, reading.error, reading.reader) == ("gs1", None, None, "scanner-1")


def test_an_own_code_is_recognised() -> None:
    reading = decode(code(str(OwnCode("U", "0011")).encode()))

    assert (reading.kind, dict(reading.keys), reading.error) == ("own", {"unit": "0011"}, None)


def test_substitutes_stand_for_gs_but_the_text_stays_as_scanned() -> None:
    reading = decode(code(b"]C1010950600013435210LOT7~21SER42"), CodeRules(gs_substitutes="~"))

    assert reading.keys == {"gtin": "09506000134352", "lot": "LOT7", "serial": "SER42"}
    assert reading.code == "]C1010950600013435210LOT7~21SER42"


def test_a_vendors_code_id_gives_way_to_the_aim_identifier() -> None:
    reading = decode(code(b"j010950600013435221SER42"), CodeRules(code_ids=(("j", "]C1"),)))

    assert reading.code == "]C1010950600013435221SER42"
    assert reading.keys["serial"] == "SER42"


def test_bytes_that_are_not_utf8_are_kept_as_base64_with_a_reason() -> None:
    garbage = b"\xff\xfe\x00abc"

    reading = decode(code(garbage))

    assert base64.b64decode(reading.raw or "") == garbage
    assert reading.error
    assert reading.keys == {}


def test_garbage_never_makes_the_text_longer_than_its_bytes() -> None:
    reading = decode(code(b"\xff" * 4096))

    assert len(reading.code or "") <= 4096


@pytest.mark.parametrize(
    "raw", [b"<script>alert(1)</script>", b"'; DROP TABLE units", b"\x00", b"\x1b[2J", b"]C1", b" "]
)
def test_hostile_codes_are_readings_like_any_other(raw: bytes) -> None:
    reading = decode(code(raw))

    assert reading.code == raw.decode()
    assert reading.keys == {}


def test_nothing_is_recognised_in_half_a_code() -> None:
    whole = str(OwnCode("U", "0011")).encode()

    reading = decode(code(whole, fault="The connection was lost in the middle of the code."))

    assert (reading.kind, dict(reading.keys)) == ("unknown", {})
    assert reading.error == "The connection was lost in the middle of the code."


def test_a_tag_gives_its_epc_and_keys() -> None:
    # SGTIN-96 of the GS1 Tag Data Standard's own example: company 0614141, item 812345, serial 6789.
    reading = decode(TagRead("gate-1", "3074257BF7194E4000001A85", antenna=1))

    assert (reading.epc, reading.code, reading.kind, reading.error) == ("3074257BF7194E4000001A85", None, "epc", None)
    assert (reading.keys["gtin"], reading.keys["serial"]) == ("80614141123458", "6789")


@pytest.mark.parametrize("epc", ["", "00", "FFFF", "E28011606000020A6681F23F"])
def test_a_strange_tag_is_a_reading_with_a_reason(epc: str) -> None:
    reading = decode(TagRead("gate-1", epc))

    assert reading.epc == epc
    assert reading.error
