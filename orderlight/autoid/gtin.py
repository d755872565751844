"""Global Trade Item Numbers: GTIN-8, GTIN-12 (UPC), GTIN-13 (EAN) and GTIN-14, kept as 14 digits.

>>> Gtin.parse("9506000134352").value
'09506000134352'
>>> Gtin.parse("7032069804989")
Traceback (most recent call last):
...
orderlight.autoid.errors.AutoIdError: Failed to read '7032069804989' as GTIN: expected check digit 8, got 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from orderlight.autoid.checks import check_digit, is_digits
from orderlight.autoid.errors import AutoIdError, shown

GTIN_LENGTHS: Final = (8, 12, 13, 14)


@dataclass(frozen=True, slots=True)
class Gtin:
    """A trade item number with a true check digit (GS1 General Specifications 7.9.1)."""

    #: Always 14 digits, filled with zeros on the left.
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 8, 12, 13 or 14 digits; raises AutoIdError."""
        if not is_digits(text):
            raise AutoIdError(f"Failed to read {shown(text)} as GTIN: expected digits alone.")
        if len(text) not in GTIN_LENGTHS:
            raise AutoIdError(
                f"Failed to read {shown(text)} as GTIN: expected 8, 12, 13 or 14 digits, got {len(text)}."
            )
        expected = check_digit(text[:-1])
        if expected != text[-1]:
            raise AutoIdError(f"Failed to read {shown(text)} as GTIN: expected check digit {expected}, got {text[-1]}.")
        return cls(text.zfill(14))

    @classmethod
    def parse_upc_e(cls, text: str) -> Self:
        """Read the 8 digits of a zero-suppressed UPC-E symbol; raises AutoIdError.

        GS1 General Specifications 5.2.2.4.2: the last of the six middle digits says where zeros were left out.

        >>> Gtin.parse_upc_e("04252614").value
        '00042100005264'
        """
        if len(text) != 8 or not is_digits(text) or text[0] not in "01":
            raise AutoIdError(f"Failed to read {shown(text)} as UPC-E: expected 8 digits beginning with 0 or 1.")
        system, body, check = text[0], text[1:7], text[7]
        if body[5] in "012":
            full = body[:2] + body[5] + "0000" + body[2:5]
        elif body[5] == "3":
            full = body[:3] + "00000" + body[3:5]
        elif body[5] == "4":
            full = body[:4] + "00000" + body[4]
        else:
            full = body[:5] + "0000" + body[5]
        return cls.parse(system + full + check)

    def __str__(self) -> str:
        return self.value
