"""EPC schemes with a company prefix in their bits: the facts of GS1 EPC Tag Data Standard 14.2, 14.3 and 14.6.

Behind the header of 8 bits come 3 bits of filter, 3 of partition, the company prefix and the reference, for
pieces of an item 7 bits each of piece and total, and the tail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Bits of the company prefix for partitions 0 to 6; the prefix has 12 minus partition digits (TDS 14.3).
PREFIX_BITS: Final = (40, 37, 34, 30, 27, 24, 20)


@dataclass(frozen=True, slots=True)
class Scheme:
    """The bits behind header, filter and partition of one scheme."""

    name: str
    header: int
    #: Bits of company prefix and reference together.
    key_bits: int
    #: Digits of company prefix and reference together; 0 where the reference has no fixed width.
    key_digits: int
    #: Bits behind them.
    tail_bits: int
    #: zeros | number | text of 7 bits a character | coupon: a number with a 1 in front, which keeps zeros.
    tail: str
    #: Whether numbers of piece and total stand before the tail.
    pieces: bool = False
    #: number | text of 7 bits a character; of references without a fixed width.
    reference: str = "number"
    #: The most characters of prefix and reference where the reference has no fixed width; else of a serial in text.
    characters: int = 0

    @property
    def bits(self) -> int:
        """All bits of the scheme."""
        return 14 + self.key_bits + 14 * self.pieces + self.tail_bits

    @property
    def hex_digits(self) -> int:
        """Hexadecimal digits of tag memory, which fills its last word of 16 bits with zeros."""
        return -(-self.bits // 16) * 4


_ALL: Final = (
    Scheme("gdti-96", 0x2C, 41, 12, 41, "number"),
    Scheme("gsrn-96", 0x2D, 58, 17, 24, "zeros"),
    Scheme("gsrnp-96", 0x2E, 58, 17, 24, "zeros"),
    Scheme("sgtin-96", 0x30, 44, 13, 38, "number"),
    Scheme("sscc-96", 0x31, 58, 17, 24, "zeros"),
    Scheme("sgln-96", 0x32, 41, 12, 41, "number"),
    Scheme("grai-96", 0x33, 44, 12, 38, "number"),
    Scheme("giai-96", 0x34, 82, 0, 0, "zeros", characters=30),
    Scheme("sgtin-198", 0x36, 44, 13, 140, "text", characters=20),
    Scheme("grai-170", 0x37, 44, 12, 112, "text", characters=16),
    Scheme("giai-202", 0x38, 188, 0, 0, "zeros", reference="text", characters=30),
    Scheme("sgln-195", 0x39, 41, 12, 140, "text", characters=20),
    Scheme("cpi-96", 0x3C, 51, 0, 31, "number", characters=15),
    Scheme("gdti-174", 0x3E, 41, 12, 119, "text", characters=17),
    Scheme("sgcn-96", 0x3F, 41, 12, 41, "coupon"),
    Scheme("itip-110", 0x40, 44, 13, 38, "number", pieces=True),
    Scheme("itip-212", 0x41, 44, 13, 140, "text", pieces=True, characters=20),
)
#: Header -> scheme.
SCHEMES: Final = {scheme.header: scheme for scheme in _ALL}
BY_NAME: Final = {scheme.name: scheme for scheme in _ALL}

#: Key -> the scheme of least bits, and the one that takes the serials or references which the first cannot.
SIZES: Final[dict[str, tuple[str, str]]] = {
    "sgtin": ("sgtin-96", "sgtin-198"),
    "sscc": ("sscc-96", ""),
    "sgln": ("sgln-96", "sgln-195"),
    "grai": ("grai-96", "grai-170"),
    "giai": ("giai-96", "giai-202"),
    "gsrn": ("gsrn-96", ""),
    "gsrnp": ("gsrnp-96", ""),
    "gdti": ("gdti-96", "gdti-174"),
    "cpi": ("cpi-96", "cpi-var"),
    "sgcn": ("sgcn-96", ""),
    "itip": ("itip-110", "itip-212"),
    "gid": ("gid-96", ""),
}

#: Headers that are known and not decoded here, with their names (TDS 14.2).
OTHER_HEADERS: Final = {
    0x2F: "USDoD-96",
    0x3A: "GDTI-113",
    0x3B: "ADI-var",
    0xE2: "a chip's own number (TID)",
    0xE6: "CPI++",
    0xE7: "GSRN++",
    0xE8: "GSRNP++",
    0xE9: "SGLN++",
    0xEA: "GDTI++",
    0xEB: "GRAI++",
    0xEC: "SGCN++",
    0xED: "ITIP++",
    0xEE: "GIAI++",
    0xEF: "SSCC++",
    0xFC: "DSGTIN++",
    0xFD: "SGTIN++",
}
