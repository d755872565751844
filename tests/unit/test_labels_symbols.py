"""What we print is what a reader reads: every symbol is decoded again from its own bars."""

import re

import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray

from server.labels.symbols import QUIET_MODULES, Symbol, code_128, gs1_128


def _picture(symbol: Symbol) -> NDArray[np.uint8]:
    """The SVG's own rectangles, drawn at three dots a module."""
    total = len(symbol.modules) + 2 * QUIET_MODULES
    row = np.full(total, 255, dtype=np.uint8)
    group = symbol.svg().split("<g", 1)[1]
    for x, width in re.findall(r'<rect x="(\d+)" y="0" width="(\d+)"', group):
        row[int(x) : int(x) + int(width)] = 0
    return np.tile(np.repeat(row, 3), (60, 1))


def test_a_unit_code_reads_back_as_printed() -> None:
    read = zxingcpp.read_barcode(_picture(code_128("OLU00117")))

    assert read is not None
    assert read.bytes == b"OLU00117"
    assert read.symbology_identifier == "]C0"


def test_a_gs1_128_carries_its_flag_and_both_elements() -> None:
    symbol = gs1_128((("01", "09506000134352"), ("21", "0011")))

    read = zxingcpp.read_barcode(_picture(symbol))

    assert read is not None
    assert read.symbology_identifier == "]C1"
    assert read.bytes == b"0109506000134352210011"
    assert symbol.text == "(01)09506000134352(21)0011"


def test_a_variable_element_before_another_is_closed_by_a_separator() -> None:
    read = zxingcpp.read_barcode(_picture(gs1_128((("10", "LOT1"), ("21", "7")))))

    assert read is not None
    assert read.bytes == b"10LOT1\x1d217"


def test_an_sscc_reads_back_as_a_gs1_128() -> None:
    read = zxingcpp.read_barcode(_picture(gs1_128((("00", "095060001343500013"),))))

    assert read is not None
    assert read.bytes == b"00095060001343500013"


@pytest.mark.parametrize("text", ["", "Zażółć", "A\x00B", "A\nB"])
def test_a_text_that_code_128_cannot_carry_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(ValueError, match="expected printable ASCII"):
        code_128(text)


def test_the_svg_holds_no_style_that_the_security_policy_would_drop() -> None:
    assert "style" not in code_128("OLU00117").svg()
