"""AIM symbology identifiers: the three characters a scanner may put before the data (ISO/IEC 15424).

>>> symbology, data = split_prefix("]C10109506000134352")
>>> symbology.name, symbology.carries, data
('GS1-128', 'gs1', '0109506000134352')
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Symbology:
    """What a symbology identifier says about the data behind it."""

    #: The identifier as sent, such as ]C1.
    prefix: str
    name: str
    #: gs1: element strings; ean, add_on, itf: digits that may be a trade item number; any: free data.
    carries: str
    #: Why data behind the identifier is read as it is, a part of a sentence; empty where it promises nothing.
    promise: str = ""


#: Code character -> symbology, for free data.
_NAMES: Final = {
    "A": "Code 39",
    "B": "Telepen",
    "C": "Code 128",
    "D": "Code One",
    "E": "EAN/UPC",
    "F": "Codabar",
    "G": "Code 93",
    "H": "Code 11",
    "I": "Interleaved 2 of 5",
    "J": "DotCode",
    "K": "Code 16K",
    "L": "PDF417",
    "M": "MSI",
    "N": "Anker",
    "O": "Codablock",
    "P": "Plessey",
    "Q": "QR Code",
    "R": "Straight 2 of 5 (two bars)",
    "S": "Straight 2 of 5 (three bars)",
    "T": "Code 49",
    "U": "MaxiCode",
    "X": "another symbology",
    "Z": "no symbol",
    "c": "Channel Code",
    "d": "Data Matrix",
    "e": "GS1 DataBar",
    "g": "Grid Matrix",
    "h": "Han Xin Code",
    "o": "optical characters",
    "p": "PosiCode",
    "s": "SuperCode",
    "t": "Trioptic",
    "z": "Aztec Code",
}
#: Identifiers that promise GS1 element strings (GS1 General Specifications 5.1.3, figure 5.1.3-1). The others are those
#: of FNC1 in front in the option values of ISO/IEC 15424: d5, Q4, J4 and z4 are d2, Q3, J1 and z1 with extended channel
#: interpretation, e3 is e2 with it; L3 is a MicroPDF417 that stands for Code 128 with FNC1 in front. GS1 names neither
#: J4 nor K1, and no test data of its holds them: they follow the same option values, and zxing-cpp gives them, too.
_GS1: Final = {
    "C1": "GS1-128",
    "e0": "GS1 DataBar",
    "e1": "GS1 Composite",
    "e2": "GS1 Composite",
    "e3": "GS1 Composite",
    "d2": "GS1 DataMatrix",
    "d5": "GS1 DataMatrix",
    "Q3": "GS1 QR Code",
    "Q4": "GS1 QR Code",
    "J1": "GS1 DotCode",
    "J4": "GS1 DotCode",
    "K1": "Code 16K with FNC1 in front",
    "L3": "MicroPDF417 that stands for GS1-128",
    "O1": "Codablock 256 with FNC1 in front",
    "O5": "Codablock F with FNC1 in front",
    "z1": "Aztec Code with FNC1 in front",
    "z4": "Aztec Code with FNC1 in front",
}
#: Of these, the ones that may bring interpretations with their data: a backslash and six digits (ISO/IEC 15424).
_WITH_INTERPRETATIONS: Final = frozenset(["]d5", "]Q4", "]J4", "]z4", "]e3"])
_INTERPRETATION: Final = re.compile(r"\\[0-9]{6}")
_EAN: Final = {"E0": "EAN-13, UPC-A or UPC-E", "E4": "EAN-8"}
_ADD_ON: Final = {"E3": "EAN-13 or UPC with an add-on symbol"}


def _facts() -> dict[str, Symbology]:
    table: dict[str, Symbology] = {}
    for carries, names in (("gs1", _GS1), ("ean", _EAN), ("add_on", _ADD_ON)):
        for key, name in names.items():
            promise = f"its symbology identifier ]{key} promises it ({name})"
            table["]" + key] = Symbology("]" + key, name, carries, promise)
    return table


_TABLE: Final = _facts()
#: Identifiers behind which GS1 data stands as it is, and why it is read so.
PROMISES: Final = {
    prefix: known.promise
    for prefix, known in _TABLE.items()
    if known.carries == "gs1" and prefix not in _WITH_INTERPRETATIONS
}


def split_prefix(text: str) -> tuple[Symbology | None, str]:
    """The symbology identifier in front of the text, if there is one, and the data behind it.

    Interpretations are taken out of GS1 data, for no value of GS1 holds a backslash.

    >>> split_prefix("]Q4\\\\00002610LOT7")[1]
    '10LOT7'
    """
    if not text.startswith("]") or len(text) < 3:
        return None, text
    prefix = text[:3]
    known = _TABLE.get(prefix)
    if known is not None:
        data = text[3:]
        return known, _INTERPRETATION.sub("", data) if prefix in _WITH_INTERPRETATIONS else data
    name = _NAMES.get(prefix[1])
    # The modifier is a digit or a letter by the standard; anything else is data that begins with ].
    if name is None or not (prefix[2].isascii() and prefix[2].isalnum()):
        return None, text
    return Symbology(prefix, name, "itf" if prefix[1] == "I" else "any"), text[3:]
