"""Every code that we print is read back from the paper it stands on, at the 203 dots an inch of a label printer."""

import base64
import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from server.erp.seed_picture import packed_frames
from server.labels import designs, layout, paper
from server.labels.drawing import label_svg
from server.labels.goods import lot_label
from server.labels.layout import Label, fitted, text_width
from server.labels.own import own_symbol
from server.labels.sheets import BoxLabel, Card, Head, UnitLabel
from server.labels.symbols import ean_13, gs1_128

GTIN, SERIAL = "09506000134352", "10011"
ELEMENTS = (("01", GTIN), ("21", SERIAL))
LINK = f"https://orders.example.com/01/{GTIN}/21/{SERIAL}"
HEAD = Head(
    work_order="WO-1000", order="SO-1000",
    customer="Zażółć Gęślą Jaźń Sp. z o.o.", product="自行车踏板组件", sku="PEDAL",
    revision="A", quantity=Decimal(20), promise_date=None, configuration={}, packaging=None, instructions=None,
)  # fmt: skip
UNIT = UnitLabel("U-10011", 3, 20, own_symbol("U", SERIAL, height_mm=8), gs1_128(ELEMENTS, height_mm=7), None, ELEMENTS)
BOX = BoxLabel(
    "HU-1", "095060001343500013", "SO-1000", "Łódź Rowery", None, ("U-1",), gs1_128((("00", "095060001343500013"),))
)


def read(picture: Any) -> set[tuple[str, bytes]]:
    """(symbology identifier, data) of every code on the picture."""
    return {(code.symbology_identifier, code.bytes) for code in zxingcpp.read_barcodes(picture)}


def printed(label: Label) -> set[tuple[str, bytes]]:
    """What a reader finds on the label."""
    return read(Image.open(io.BytesIO(paper.label_png(label, dpi=203))))


def test_a_small_unit_label_carries_our_code_and_a_gs1_datamatrix() -> None:
    assert printed(designs.unit_label(HEAD, UNIT, LINK)) == {
        ("]C0", b"OLU10011O"),
        ("]d2", b"0109506000134352" + b"2110011"),
    }


def test_a_large_unit_label_carries_gs1_128_and_the_digital_link_too() -> None:
    head = replace(HEAD, label_template="large", packaging_rule="Two to a box")

    assert printed(designs.unit_label(head, UNIT, LINK)) == {
        ("]C0", b"OLU10011O"),
        ("]C1", b"01095060001343522110011"),
        ("]Q1", LINK.encode()),
    }


def test_a_logistic_label_carries_the_sscc() -> None:
    assert printed(designs.box_label(BOX, "Demo Factory")) == {("]C1", b"00095060001343500013")}


@pytest.mark.parametrize("template", ["standard", "large"])
def test_what_the_packaging_wants_on_labels_stands_on_them_and_hides_no_code(template: str) -> None:
    head = replace(HEAD, label_template=template, label_text="FRAGILE - NO FOIL")

    label = designs.unit_label(head, UNIT, LINK)

    assert "FRAGILE - NO FOIL" in [part.text for part in label.parts if isinstance(part, layout.Line)]
    assert printed(label) == printed(designs.unit_label(replace(head, label_text=None), UNIT, LINK))
    box = designs.box_label(replace(BOX, texts=("FRAGILE - NO FOIL",)), "Demo Factory")
    assert "FRAGILE - NO FOIL" in [part.text for part in box.parts if isinstance(part, layout.Line)]


@pytest.mark.parametrize(("kind", "letter", "body"), [("badge", "B", "B17"), ("location", "L", "RACK1"),
                                                      ("command", "C", "UNDO"), ("station", "S", "CUT1")])  # fmt: skip
def test_a_card_carries_its_own_code(kind: str, letter: str, body: str) -> None:
    symbol = own_symbol(letter, body)

    assert printed(designs.card_label(Card("x", kind, symbol), "Łukasz 王")) == {("]C0", symbol.text.encode())}


@pytest.mark.parametrize(
    ("lot", "quantity", "data"),
    [("1", None, b"101"), ("L1", Decimal(50), b"10L1\x1d3750"), ("L/1", Decimal("0.5"), b"10L/1")],
)
def test_a_lot_label_carries_product_lot_and_count(lot: str, quantity: Decimal | None, data: bytes) -> None:
    goods = lot_label(name="Tube", sku="TUBE", gtin=GTIN, lot=lot, quantity=quantity)

    assert goods.is_large == (lot != "1")
    assert printed(designs.goods_label(goods, "pcs")) == {("]C1", b"01" + GTIN.encode() + data)}


def test_the_bars_of_the_longest_lot_are_read_from_a_sheet_of_an_office_printer() -> None:
    goods = lot_label(name="Tube", sku="TUBE", gtin=GTIN, lot="A" * 20, quantity=Decimal(99999))

    with pypdfium2.PdfDocument(paper.sheet_pdf([designs.goods_label(goods, "pcs")] * 2, start=8)) as pdf:
        pages = [read(page.render(scale=600 / 72).to_pil()) for page in pdf]

    assert pages == [{("]C1", b"01" + GTIN.encode() + b"10" + b"A" * 20 + b"\x1d3799999")}] * 2


def test_a_product_label_carries_ean_13_and_its_digital_link() -> None:
    label = designs.product_label("Pedal", "PEDAL", GTIN, f"https://orders.example.com/01/{GTIN}")

    assert printed(label) == {("]E0", GTIN[1:].encode()), ("]Q1", f"https://orders.example.com/01/{GTIN}".encode())}


def test_a_gtin_of_fourteen_digits_gets_gs1_128_where_ean_13_cannot_hold_it() -> None:
    assert ean_13("19506000134359") is None
    label = designs.product_label("Pallet of pedals", "PEDAL-P", "19506000134359", None)

    assert printed(label) == {("]C1", b"0119506000134359")}


def test_a_sheet_begins_at_its_first_free_label_and_every_code_of_it_reads() -> None:
    units = [replace(UNIT, symbol=own_symbol("U", str(number), height_mm=8)) for number in range(100, 104)]
    labels = [designs.unit_label(HEAD, unit, None) for unit in units]

    with pypdfium2.PdfDocument(paper.sheet_pdf(labels, start=22)) as pdf:
        sizes = [[round(side / 72 * 25.4, 1) for side in page.get_size()] for page in pdf]
        pages = [read(page.render(scale=300 / 72).to_pil()) for page in pdf]

    assert sizes == [[210.0, 297.0]] * 2
    own = [{data.decode() for identifier, data in page if identifier == "]C0"} for page in pages]
    assert own == [{unit.symbol.text for unit in units[:3]}, {units[3].symbol.text}]


def test_single_labels_are_pages_of_exactly_their_size_and_hold_the_text_as_text() -> None:
    label = designs.unit_label(HEAD, UNIT, LINK)

    with pypdfium2.PdfDocument(paper.single_pdf([label, label])) as pdf:
        assert len(pdf) == 2
        assert [round(side / 72 * 25.4, 2) for side in pdf[0].get_size()] == [70.0, 37.0]
        text = pdf[0].get_textpage().get_text_range()

    assert HEAD.product in text
    assert "Zażółć Gęślą Jaźń" in text


@pytest.mark.parametrize("text", ["自行车踏板组件", "Zażółć gęślą jaźń", "ŁÓDŹ", "Fahrräder"])
def test_letters_are_drawn_and_not_replaced_by_boxes(text: str) -> None:
    # A font without a letter draws the same box for each of them: letters that differ would look alike.
    drawn = {letter: tuple(paper.text_rows(letter, 24, False)) for letter in set(text) - {" "}}

    assert len(set(drawn.values())) == len(drawn)
    assert all(any("1" in row for row in rows) for rows in drawn.values())


@pytest.mark.parametrize("address", ["http://127.0.0.1/secret", "file:///etc/hostname"])
def test_what_is_printed_may_not_ask_for_anything_from_outside(address: str) -> None:
    with pytest.raises(ValueError, match="needs nothing from outside"):
        paper.document_pdf(f'<img src="{address}">')


def test_a_picture_that_the_page_holds_itself_is_printed() -> None:
    content = base64.b64encode(packed_frames().content).decode()

    assert b"/Image" in paper.document_pdf(f'<img src="data:image/png;base64,{content}">')


def test_an_svg_holds_names_as_text_and_no_style_that_the_security_policy_would_drop() -> None:
    svg = label_svg(designs.card_label(Card("x", "station", own_symbol("S", "CUT")), '<b>"&\x07'))

    assert "&lt;b&gt;" in svg
    assert "style" not in svg
    assert "\x07" not in svg


@pytest.mark.parametrize("text", ["Pedal", "自行车 Zażółć " * 9, "x" * 300, "A B " * 60, "字" * 90])
def test_fitted_lines_are_no_wider_than_their_room(text: str) -> None:
    lines = fitted(text, 40, 3, lines=3)

    assert 1 <= len(lines) <= 3
    assert all(text_width(line, 3) <= 40 for line in lines)
