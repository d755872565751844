"""Serial Shipping Container Codes: the 18 digits of a pallet or a parcel.

>>> Sscc.make("0614141", 123456789).value
'006141411234567890'
>>> Sscc.parse("006141411234567890").extension
'0'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from orderlight.autoid.checks import check_digit, is_digits
from orderlight.autoid.errors import AutoIdError, shown


@dataclass(frozen=True, slots=True)
class Sscc:
    """A logistic unit's number with a true check digit (GS1 General Specifications 3.3.1)."""

    #: 18 digits: extension digit, company prefix, serial reference, check digit.
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 18 digits; raises AutoIdError."""
        require_digits(text, 18, "SSCC")
        return cls(text)

    @classmethod
    def make(cls, company_prefix: str, reference: int, *, extension: int = 0) -> Self:
        """The number of our own logistic unit: `reference` counts within prefix and extension digit.

        Raises AutoIdError when the prefix is not 4 to 12 digits, or the reference does not fit.
        """
        if not is_digits(company_prefix) or not 4 <= len(company_prefix) <= 12:
            raise AutoIdError(
                f"Failed to make an SSCC: expected a company prefix of 4 to 12 digits, got {shown(company_prefix)}."
            )
        width = 16 - len(company_prefix)
        if not 0 <= reference < 10**width or not 0 <= extension <= 9:
            raise AutoIdError(
                f"Failed to make an SSCC with company prefix {company_prefix}: expected a reference of at most "
                f"{width} digits and an extension digit, got {reference} and {extension}."
            )
        body = f"{extension}{company_prefix}{reference:0{width}d}"
        return cls(body + check_digit(body))

    @property
    def extension(self) -> str:
        """The first digit, free to the company that numbers."""
        return self.value[0]

    def __str__(self) -> str:
        return self.value


def require_digits(text: str, length: int, what: str) -> None:
    """Raise AutoIdError unless the text is `length` digits that end with their check digit."""
    if not is_digits(text):
        raise AutoIdError(f"Failed to read {shown(text)} as {what}: expected digits alone.")
    if len(text) != length:
        raise AutoIdError(f"Failed to read {shown(text)} as {what}: expected {length} digits, got {len(text)}.")
    expected = check_digit(text[:-1])
    if expected != text[-1]:
        raise AutoIdError(f"Failed to read {shown(text)} as {what}: expected check digit {expected}, got {text[-1]}.")
