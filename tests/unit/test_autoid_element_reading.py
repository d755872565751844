r"""The short way of GS1 data says what the long way says, and nothing where that finds a fault."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderlight.autoid import AutoIdError, check_digit, element_reading, identify
from orderlight.autoid.answers import Asked, from_elements
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.checks import has_check_digit
from orderlight.autoid.elements import GS, Elements
from orderlight.autoid.symbology import PROMISES

#: One sound value for AIs of every kind of form: fixed and open, of one part and of several, with decimals and signs.
VALUES = {
    "00": "106141412345678908",
    "01": "09506000134352",
    "10": "LOT/7",
    "17": "271200",
    "20": "01",
    "21": "SER42",
    "3103": "001750",
    "3922": "1234",
    "3912": "9781234",
    "253": "9521141123454ABC",
    "254": "X1",
    "414": "9521141123454",
    "400": "PO-1",
    "7003": "2712312359",
    "8003": "09521141123454A",
    "8006": "095060001343520102",
    "8018": "952114112345678906",
    "7023": "9521141A-1",
    "8020": "REF1",
    "415": "9521141123454",
    "30": "2",
}
#: What the others need beside them.
COMPANIONS = {
    **{ai: ["01"] for ai in ("10", "17", "20", "21", "3103", "7003")},
    "254": ["414"],
    "3912": ["8020", "415"],
    "3922": ["01", "30"],
    "8020": ["415"],
    "415": ["8020"],
    "30": ["01"],
}


def _agrees(text: str) -> bool:
    """Whether the short way says what the long way says; also whether there was a short one."""
    short, data = element_reading.read(text), text[3:]
    try:
        elements = Elements.parse(data)
    except AutoIdError:
        assert short is None
        return False
    if elements.faults or elements.conflicts():
        assert short is None
        return False
    if short is not None:
        long = from_elements(Asked(text), "gs1", elements, PROMISES[text[:3]], scanned=data)
        assert short.as_json() == long.as_json()
    return short is not None


def _symbol(ais: list[str], *, everywhere: bool = False) -> str:
    pieces = [ai + VALUES[ai] + (GS if everywhere or AIS[ai].predefined is None else "") for ai in ais]
    return "]C1" + "".join(pieces)


@pytest.mark.parametrize("ai", sorted(VALUES))
def test_a_sound_value_of_every_form_is_read_alike_on_both_ways(ai: str) -> None:
    companions = COMPANIONS.get(ai, [])

    assert _agrees(_symbol([*companions, ai]))
    assert _agrees(_symbol([ai, *companions], everywhere=True))
    _agrees(_symbol([ai, *companions])[:-1])


@given(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5), st.booleans())
def test_any_ais_together_are_read_alike_on_both_ways(ais: list[str], everywhere: bool) -> None:
    _agrees(_symbol(ais, everywhere=everywhere))


@given(st.sampled_from(sorted(AIS)), st.text("0123456789ABCabc-/%=+ \x1d\r\u0663", max_size=24))
@example("17", "270230")
@example("10", "LOT7\x1d\x1d")
@example("01", "09506000134353")
@example("8030", "AAA=")
def test_any_text_behind_an_ai_is_read_alike_on_both_ways(ai: str, value: str) -> None:
    _agrees(f"]d2010950600013435210LOT7\x1d{ai}{value}")
    _agrees(f"]d2{ai}{value}")


@given(st.integers(3, 60), st.characters(codec="utf-8"))
def test_a_code_with_one_character_changed_is_read_alike_on_both_ways(place: int, character: str) -> None:
    text = "]C1010950600013435217271200" + "10LOT7\x1d21SER42\x1d4001234567"
    place %= len(text)

    assert _agrees(text)
    if place > 2:
        _agrees(text[:place] + character + text[place + 1 :])


@pytest.mark.parametrize("prefix", sorted(PROMISES))
def test_a_sound_code_goes_the_short_way_behind_every_identifier_that_promises_gs1_data(prefix: str) -> None:
    text = prefix + "010950600013435221SER42"

    assert _agrees(text)
    assert identify(text) == element_reading.read(text)


def test_what_the_settings_of_a_reader_change_goes_the_long_way() -> None:
    replaced = identify("]C1010950600013435210LOT/21SER42", gs_substitutes="/")
    with_uri = identify("]C1010950600013435221SER42", gcp_length=7)

    assert replaced.keys == {"gtin": "09506000134352", "lot": "LOT", "serial": "SER42"}
    assert with_uri.epc_uri == "urn:epc:id:sgtin:9506000.013435.SER42"


@given(st.text("0123456789", min_size=1, max_size=19), st.sampled_from("0123456789"))
def test_a_number_has_the_check_digit_that_is_made_for_it_and_no_other(body: str, last: str) -> None:
    assert has_check_digit(body + last) == (check_digit(body) == last)
