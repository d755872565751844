"""Bar codes as SVG that a strict content security policy lets through: fills are attributes, never styles.

The library is imported with the first code: where Pillow is installed it loads that, too, and a start need not wait.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from orderlight.autoid.elements import GS, Elements

#: ISO/IEC 15417, 4.4: a quiet zone of ten modules on each side.
QUIET_MODULES = 10
#: A module of 0.33 mm prints cleanly at 203 dots per inch (2.6 dots) and reads at arm's length.
MODULE_MM = 0.33
FNC1 = "\xf1"


class Carrier(StrEnum):
    """The kinds of symbols we print."""

    CODE_128 = "code_128"
    GS1_128 = "gs1_128"
    EAN_13 = "ean_13"
    DATA_MATRIX = "data_matrix"
    QR = "qr"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A linear bar code: `modules` is its row of 1 (bar) and 0 (space) without quiet zones."""

    modules: str
    #: What stands under the bars for people.
    text: str
    height_mm: float = 12.0
    module_mm: float = MODULE_MM
    carrier: Carrier = Carrier.CODE_128
    #: What a reader gives, without the symbology identifier; GS ends an element that has no length of its own.
    data: str = ""

    @property
    def width_mm(self) -> float:
        """The width with both quiet zones."""
        return round((len(self.modules) + 2 * QUIET_MODULES) * self.module_mm, 2)

    def svg(self) -> str:
        """The symbol as an inline SVG, sized in millimetres, its units one module wide."""
        total = len(self.modules) + 2 * QUIET_MODULES
        bars = "".join(
            f'<rect x="{QUIET_MODULES + x}" y="0" width="{width}" height="1"/>' for x, width in dark_runs(self.modules)
        )
        return (
            f'<svg class="barcode" xmlns="http://www.w3.org/2000/svg" width="{self.width_mm}mm" '
            f'height="{self.height_mm}mm" viewBox="0 0 {total} 1" preserveAspectRatio="none" aria-hidden="true" '
            f'shape-rendering="crispEdges"><rect width="{total}" height="1" fill="#fff"/>'
            f'<g fill="#000">{bars}</g></svg>'
        )


def code_128(text: str, *, height_mm: float = 12.0) -> Symbol:
    """Code 128 of printable ASCII; ValueError names a text that Code 128 cannot carry."""
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError(f"Failed to draw {text!r} as Code 128: expected printable ASCII.")
    from barcode.codex import Code128

    return Symbol(_modules(Code128(text)), text, height_mm, data=text)


def gs1_128(elements: tuple[tuple[str, str], ...], *, height_mm: float = 12.0) -> Symbol:
    """GS1-128 of (AI, value) pairs, FNC1 behind each variable-length value but the last (GS1 GenSpecs 7.8.4)."""
    from barcode.codex import Gs1_128

    data = Elements(elements).encode()
    text = "".join(f"({identifier}){value}" for identifier, value in elements)
    # The library puts the leading FNC1 that makes a Code 128 a GS1-128.
    modules = _modules(Gs1_128(data.replace(GS, FNC1)))
    return Symbol(modules, text, height_mm, carrier=Carrier.GS1_128, data=data)


def ean_13(gtin: str, *, height_mm: float = 12.0) -> Symbol | None:
    """EAN-13 of a GTIN-14 that begins with 0, None of another one: it needs GS1-128 or a 2D code.

    >>> ean_13("09506000134352").text, ean_13("19506000134359")
    ('9506000134352', None)
    """
    if len(gtin) != 14 or not gtin.startswith("0"):
        return None
    from barcode.ean import EAN13

    number = gtin[1:]
    return Symbol(_modules(EAN13(number)), number, height_mm, carrier=Carrier.EAN_13, data=number)


def _modules(barcode: Any) -> str:
    return str(barcode.build()[0])


def dark_runs(modules: str) -> list[tuple[int, int]]:
    """(first module, how many) of each run of dark modules.

    >>> dark_runs("1101")
    [(0, 2), (3, 1)]
    """
    runs, x = [], 0
    for module, run in groupby(modules):
        width = len(list(run))
        if module == "1":
            runs.append((x, width))
        x += width
    return runs
