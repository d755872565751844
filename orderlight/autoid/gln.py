"""Global Location Numbers: the 13 digits of a place or a party.

>>> Gln.parse("9506000134352").value
'9506000134352'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from orderlight.autoid.sscc import require_digits


@dataclass(frozen=True, slots=True)
class Gln:
    """A location's or party's number with a true check digit (GS1 General Specifications 2.4)."""

    #: 13 digits.
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 13 digits; raises AutoIdError."""
        require_digits(text, 13, "GLN")
        return cls(text)

    def __str__(self) -> str:
        return self.value
