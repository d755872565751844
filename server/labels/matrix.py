"""Codes of two dimensions: GS1 DataMatrix and QR with a Digital Link, as rows of modules.

The writer is imported when the first one is drawn, so that a server that prints none does not load it.
"""

from dataclasses import dataclass
from typing import Any

from server.labels.symbols import Carrier

#: Four dots of a printer with 203 dots an inch; from 0.38 mm on a module reads at arm's length.
MODULE_MM = 0.5
#: ISO/IEC 16022, 7.1 and ISO/IEC 18004, 6.3.8: light modules around the code.
QUIET_MODULES = {Carrier.DATA_MATRIX: 1, Carrier.QR: 4}


@dataclass(frozen=True, slots=True)
class Matrix:
    """A code of two dimensions: `rows` from the top, each of 1 (dark) and 0 (light), without the quiet zone."""

    rows: tuple[str, ...]
    #: What stands beside the code for people.
    text: str
    carrier: Carrier
    #: What a reader gives, without the symbology identifier.
    data: str
    module_mm: float = MODULE_MM

    @property
    def quiet_mm(self) -> float:
        """The width of the quiet zone on each side."""
        return QUIET_MODULES[self.carrier] * self.module_mm

    @property
    def width_mm(self) -> float:
        """The width with both quiet zones."""
        return round(len(self.rows[0]) * self.module_mm + 2 * self.quiet_mm, 2)

    @property
    def height_mm(self) -> float:
        """The height with both quiet zones."""
        return round(len(self.rows) * self.module_mm + 2 * self.quiet_mm, 2)


def data_matrix(elements: tuple[tuple[str, str], ...]) -> Matrix:
    """GS1 DataMatrix of (AI, value) pairs; ValueError when GS1 forbids them.

    >>> data_matrix((("01", "09506000134352"), ("21", "SER42"))).text
    '(01)09506000134352(21)SER42'
    """
    from zxingcpp import BarcodeFormat, create_barcode

    text = "".join(f"({identifier}){value}" for identifier, value in elements)
    made = create_barcode(text, BarcodeFormat.DataMatrix, gs1=True)
    return Matrix(_rows(made), text, Carrier.DATA_MATRIX, made.bytes.decode("ascii"))


def qr(text: str) -> Matrix:
    """QR of an address, with a quarter of it to spare for dirt (level M, ISO/IEC 18004, 6.5.1)."""
    from zxingcpp import BarcodeFormat, create_barcode

    made = create_barcode(text, BarcodeFormat.QRCode, ec_level="M")
    return Matrix(_rows(made), text, Carrier.QR, text)


def _rows(made: Any) -> tuple[str, ...]:
    picture = memoryview(made.to_image(scale=1, add_quiet_zones=False))
    height, width = picture.shape or (0, 0)
    dots = picture.tobytes()
    return tuple(
        "".join("1" if dot < 128 else "0" for dot in dots[row * width : (row + 1) * width]) for row in range(height)
    )
