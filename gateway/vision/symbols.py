"""What was found in a picture, and how far its symbology can be trusted by itself."""

from dataclasses import dataclass, field
from typing import Final

#: Linear symbologies whose check character is optional (ISO/IEC 16388, 16390 and the specification of Codabar): part of
#: a damaged symbol can look like a whole one, so one look at it proves nothing. All others carry a check of their own.
UNCHECKED: Final = frozenset({"Code39", "ITF", "Codabar"})

#: One check digit in ten fits by chance (GS1 General Specifications 7.9), and a slanting look across an EAN-13 can give
#: a UPC-E: what is seen once here is looked at again before it is believed.
WEAK: Final = frozenset({"EAN13", "EAN8", "UPCE"})


@dataclass(frozen=True, slots=True)
class Found:
    """One symbol. `aim` is its AIM identifier such as "]C1", None where the library cannot tell GS1 from plain.

    `data` are the bytes of the symbol with GS (0x1D) for a separating FNC1; `checked` says that the symbology has an
    error check that it passed. `box` is where it was seen, left, top, right and bottom in pixels, if that is known.
    """

    symbology: str
    aim: str | None
    data: bytes
    checked: bool
    box: tuple[int, int, int, int] | None = field(default=None, compare=False)

    @property
    def raw(self) -> bytes:
        """What a scanner would send: the AIM identifier, then the data."""
        return (self.aim or "").encode("ascii") + self.data


def base_of(symbology: str) -> str:
    """One name for the same symbology in both libraries and all their variants.

    >>> base_of("Code39Std"), base_of("I25"), base_of("ITF14"), base_of("CODE128")
    ('Code39', 'ITF', 'ITF', 'Code128')
    """
    plain = symbology.lower().replace("-", "").replace(" ", "")
    for name, beginnings in _BEGINNINGS.items():
        if plain.startswith(beginnings):
            return name
    return symbology


_BEGINNINGS: Final = {
    "Code39": ("code39", "code32", "pzn"),
    "ITF": ("itf", "i25"),
    "Codabar": ("codabar",),
    "Code128": ("code128",),
    "Code93": ("code93",),
    "EAN13": ("ean13", "upca", "isbn"),
    "EAN8": ("ean8",),
    "QRCode": ("qrcode",),
}
