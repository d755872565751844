"""GS1 Digital Link URIs in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderlight.autoid import AutoIdError
from orderlight.autoid.checks import CHARACTER_SET_82
from orderlight.autoid.digital_link import claims_to_be_link, make_link, parse_link
from orderlight.autoid.elements import Elements

GTIN = "09506000134352"
serials = st.text(CHARACTER_SET_82, min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("uri", "brackets"),
    [
        (f"https://id.gs1.org/01/{GTIN}", f"(01){GTIN}"),
        (f"http://shop.example/a/b/01/{GTIN}/22/2A/10/L/21/S", f"(01){GTIN}(22)2A(10)L(21)S"),
        ("https://id.gs1.org/01/9506000134352", f"(01){GTIN}"),
        (f"HTTPS://ID.GS1.ORG/01/{GTIN}/", f"(01){GTIN}"),
        (f"https://id.gs1.org/01/{GTIN}/21/A+B", f"(01){GTIN}(21)A+B"),
        (f"https://id.gs1.org/01/{GTIN}/21/A%2FB%2fC", f"(01){GTIN}(21)A/B/C"),
        (f"https://id.gs1.org/01/{GTIN}?17=261130&linkType=gs1:pip&3103=000500", f"(01){GTIN}(17)261130(3103)000500"),
        (f"https://id.gs1.org/01/{GTIN}?17=261130;10x=1#top", f"(01){GTIN}(17)261130"),
        (
            "https://id.gs1.org/00/106141412345678908?02=09506000134352&37=8",
            "(00)106141412345678908(02)09506000134352(37)8",
        ),
        ("https://id.gs1.org/414/9506000134352/254/R1", "(414)9506000134352(254)R1"),
        ("https://id.gs1.org/8003/09506000134352X7", "(8003)09506000134352X7"),
        (f"https://01.example/01/01/{GTIN}", f"(01){GTIN}"),
    ],
)
def test_a_link_gives_its_elements_whatever_domain_and_path_lead(uri: str, brackets: str) -> None:
    found = parse_link(uri)

    assert found.faults == ()
    assert found.brackets() == brackets


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("https://shop.example/products/7", "expected a GS1 key"),
        ("https:///01/09506000134352", "expected http:// or https:// and a domain"),
        (f"https://id.gs1.org/01/{GTIN}/21/S/10/L", "in their order"),
        (f"https://id.gs1.org/01/{GTIN}/21", "in their order"),
        (f"https://id.gs1.org/01/{GTIN}/235/T/10/L", "in their order"),
        (f"https://id.gs1.org/01/{GTIN}?21=S", "'21' is no AI that may stand in the query"),
        (f"https://id.gs1.org/01/{GTIN}?05=S", "'05' is no AI that may stand in the query"),
        (f"https://id.gs1.org/01/{GTIN}/10/%FF", "percent-encoded UTF-8"),
    ],
)
def test_an_address_that_is_no_link_is_refused_in_words(uri: str, message: str) -> None:
    with pytest.raises(AutoIdError, match=message):
        parse_link(uri)


def test_a_link_with_a_bad_check_digit_names_it() -> None:
    assert "expected check digit 2, got 3" in parse_link("https://id.gs1.org/01/09506000134353").faults[0]


def test_an_address_with_a_key_and_a_sound_value_claims_to_be_a_link() -> None:
    assert claims_to_be_link(f"https://id.gs1.org/01/{GTIN}/21/S/10/L")
    assert not claims_to_be_link("https://shop.example/01/shoes")


def test_qualifiers_are_put_in_order_and_attributes_sorted_in_the_query() -> None:
    elements = Elements.checked([("21", "S/1"), ("3103", "000500"), ("17", "261130"), ("10", "L"), ("01", GTIN)])

    assert make_link(elements) == f"https://id.gs1.org/01/{GTIN}/10/L/21/S%2F1?17=261130&3103=000500"
    assert make_link(elements, stem="https://factory.example").startswith("https://factory.example/01/")


def test_elements_without_a_key_have_no_link() -> None:
    assert make_link(Elements.checked([("10", "LOT")])) is None


@given(serials, serials)
def test_any_lot_and_serial_survive_the_way_through_a_link(lot: str, serial: str) -> None:
    elements = Elements.checked([("01", GTIN), ("10", lot), ("21", serial)])
    link = make_link(elements)

    assert link is not None
    assert parse_link(link) == elements
