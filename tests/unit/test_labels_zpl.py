"""ZPL: no text can hold a command, and a printer reads from it what the label says."""

import doctest
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import zxingcpp
from barcode.charsets.code128 import CODES, STOP
from hypothesis import given
from hypothesis import strategies as st

from server.labels import zpl
from server.labels.layout import Code, Draft, Label, Line
from server.labels.matrix import data_matrix, qr
from server.labels.own import own_symbol
from server.labels.queue import states, status
from server.labels.symbols import code_128, ean_13, gs1_128
from simulators.devices.zpl import Graphic, Printed, PrintedCode, ZplFault, parse_labels

HEAD = zpl.Head(203, lambda text, height, _bold: ["1" * len(text)] * height)
LATIN = st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_categories=("Cc", "Cf"))


def printed(*parts: Line | Code) -> Printed:
    """What comes out of a printer for a label of these parts."""
    (label,) = parse_labels(zpl.label_zpl(Label(70, 37, "x", parts), HEAD))
    return label


def scanned(code: PrintedCode) -> tuple[str, bytes]:
    """What a reader finds in the bars of a Code 128 with these values."""
    start, *rest = code.values
    check = (start + sum(place * value for place, value in enumerate(rest, 1))) % 103
    row = "0" * 10 + "".join(CODES[value] for value in (start, *rest, check)) + STOP + "11" + "0" * 10
    dots = np.where(np.array(list(row)) == "1", 0, 255).astype(np.uint8)
    found = zxingcpp.read_barcode(np.tile(np.repeat(dots, 3), (60, 1)))
    assert found is not None
    return found.symbology_identifier, found.bytes


@pytest.mark.parametrize("module", [zpl, states, status])
def test_the_examples_of_the_module_are_true(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


@given(st.text(LATIN, min_size=1, max_size=40))
def test_any_text_comes_out_as_it_is_and_holds_no_command(text: str) -> None:
    said = zpl.field_data(text.encode())

    assert re.findall(r"[\^~]\w\w", said) == ["^FH", "^FD", "^FS"]
    assert printed(Line(4, 2, text, 3)).texts == [text]


@given(st.binary(max_size=60))
def test_no_bytes_at_all_hold_a_command(data: bytes) -> None:
    said = zpl.field_data(data)

    assert said.isascii()
    assert said.isprintable()
    assert len(re.findall(r"[\^~]", said)) == 3


@pytest.mark.parametrize("name", ["^XZ^XA^FDx", "~JR", "^FS~HS", "a\\5Eb", "50 % off", "_5E", "Müller & Söhne"])
def test_a_name_that_looks_like_a_command_is_printed(name: str) -> None:
    assert printed(Line(4, 2, name, 3)).texts == [name]


def test_letters_the_printer_does_not_have_are_drawn() -> None:
    fields = printed(Line(4, 2, "Zażółć", 3), Line(4, 8, "自行车", 3)).fields

    assert [type(part).__name__ for part in fields] == ["Text", "Graphic"]
    assert isinstance(fields[1], Graphic)
    assert fields[1].rows == ("11100000",) * 24


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=24))
def test_a_code_128_of_any_text_has_its_data(text: str) -> None:
    (code,) = printed(Code(4, 4, code_128(text))).codes

    assert (code.carrier, code.data) == ("code_128", text)


@pytest.mark.parametrize("data", ["OLU10011O", "1234567890", "AB123456CD", "A>B^C~D", "12345"])
def test_a_reader_reads_the_bars_that_the_printer_makes(data: str) -> None:
    (code,) = printed(Code(4, 4, code_128(data))).codes

    assert scanned(code) == ("]C0", data.encode())


@pytest.mark.parametrize(
    "elements",
    [(("00", "095060001343500013"),), (("01", "09506000134352"), ("21", "SER123456X")), (("10", "L(1)"), ("21", "7"))],
)
def test_gs1_128_keeps_its_flag_and_its_separators(elements: tuple[tuple[str, str], ...]) -> None:
    symbol = gs1_128(elements)
    (code,) = printed(Code(4, 4, symbol)).codes

    assert (code.carrier, code.data) == ("gs1_128", symbol.data)
    assert scanned(code) == ("]C1", symbol.data.encode())


def test_codes_of_two_dimensions_and_ean_13_say_what_they_say_on_paper() -> None:
    matrix, link, ean = (
        data_matrix((("10", "A_B"), ("21", "7"))),
        qr("https://x.example/01/1?a=^b"),
        ean_13("09506000134352"),
    )
    assert ean is not None
    codes = printed(*(Code(4, 4, symbol) for symbol in (matrix, link, ean))).codes

    assert [(code.carrier, code.data) for code in codes] == [
        ("data_matrix", "10A_B\x1d217"),
        ("qr", "https://x.example/01/1?a=^b"),
        ("ean_13", "9506000134352"),
    ]


@pytest.mark.parametrize(("body", "module"), [("11", 3), ("WAREHOUSE2A", 2)])
def test_bars_that_would_leave_the_label_get_narrower(body: str, module: int) -> None:
    draft = Draft(60, 37, "x")
    draft.bars(own_symbol("L", body))
    (label,) = parse_labels(zpl.label_zpl(draft.done(), HEAD))

    assert label.codes[0].module == module


@pytest.mark.parametrize("dpi", list(zpl.HEADS))
def test_sizes_are_exact_millimetres_on_every_print_head(dpi: int) -> None:
    draft = Draft(70, 37, "x")
    draft.bars(replace(own_symbol("U", "11"), module_mm=0.33))
    (label,) = parse_labels(zpl.label_zpl(draft.done(), replace(HEAD, dpi=dpi), copies=3))
    dots = zpl.HEADS[dpi]

    assert (label.width, label.height, label.copies) == (70 * dots, 37 * dots, 3)
    assert label.codes[0].x == 4 * dots
    assert label.codes[0].height == 12 * dots


@pytest.mark.parametrize("text", ["^XA^ZZ^XZ", "^XA^PW10^LL10^FO99,1^A0N,8,8^FDx^FS^XZ", "^XA^BCN,9^FH\\^FD>9x^FS^XZ"])
def test_the_simulated_printer_refuses_what_a_real_one_would_garble(text: str) -> None:
    with pytest.raises(ZplFault):
        parse_labels(text)
