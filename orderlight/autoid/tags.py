"""EPCs that we write ourselves: serialised units and logistic units.

>>> tag = SgtinEpc("80614141123458", "6789", 7, filter=1)
>>> tag.hex()
'3034257BF7194E4000001A85'
>>> SgtinEpc.parse(tag.hex()) == tag
True
>>> SsccEpc("106141412345678908", 7, filter=2).uri()
'urn:epc:id:sscc:0614141.1234567890'
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from orderlight.autoid import epc
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.gtin import Gtin
from orderlight.autoid.sscc import Sscc
from orderlight.autoid.tds import Fields

MIN_PREFIX_LENGTH = 6
MAX_PREFIX_LENGTH = 12


@dataclass(frozen=True, slots=True)
class SgtinEpc:
    """A tag on one piece: SGTIN-96, or SGTIN-198 where the serial needs letters. Raises AutoIdError."""

    #: 14 digits.
    gtin: str
    serial: str
    company_prefix_length: int
    #: 0 all others, 1 point of sale item, 2 full case, 4 inner pack, 6 unit load, 7 component (TDS 10.2).
    filter: int = 0

    def __post_init__(self) -> None:
        Gtin.parse(self.gtin)
        require_prefix_length(self.company_prefix_length)
        problem = AIS["21"].problem(self.serial)
        if problem is not None:
            raise AutoIdError(f"Failed to make SGTIN: serial {shown(self.serial)}: {problem}.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read tag memory in hexadecimal; raises AutoIdError when it holds no SGTIN."""
        fields = epc.read_hex(epc.clean_hex(text))
        if not fields.scheme.startswith("sgtin"):
            raise AutoIdError(f"Failed to read EPC {shown(text)}: expected SGTIN, got {fields.scheme.upper()}.")
        values = epc.elements_of(fields).values()
        return cls(values["01"], values["21"], len(fields.prefix), fields.filter)

    def fields(self) -> Fields:
        """The parts of the EPC."""
        return _fields({"01": self.gtin.zfill(14), "21": self.serial}, self.company_prefix_length, self.filter)

    def hex(self) -> str:
        """Tag memory: 24 hexadecimal digits, or 52 for SGTIN-198."""
        return epc.write_hex(self.fields())

    def uri(self) -> str:
        """The pure identity, urn:epc:id:sgtin:…"""
        return epc.id_uri(self.fields())

    def tag_uri(self) -> str:
        """The identity with size and filter, urn:epc:tag:sgtin-96:…"""
        return epc.tag_uri(self.fields())


@dataclass(frozen=True, slots=True)
class SsccEpc:
    """A tag on a pallet or parcel: SSCC-96. Raises AutoIdError."""

    #: 18 digits.
    sscc: str
    company_prefix_length: int
    #: 0 all others, 2 full case, 6 unit load (TDS 10.3).
    filter: int = 0

    def __post_init__(self) -> None:
        Sscc.parse(self.sscc)
        require_prefix_length(self.company_prefix_length)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read tag memory in hexadecimal; raises AutoIdError when it holds no SSCC."""
        fields = epc.read_hex(epc.clean_hex(text))
        if fields.scheme != "sscc-96":
            raise AutoIdError(f"Failed to read EPC {shown(text)}: expected SSCC-96, got {fields.scheme.upper()}.")
        return cls(epc.elements_of(fields).values()["00"], len(fields.prefix), fields.filter)

    def fields(self) -> Fields:
        """The parts of the EPC."""
        return _fields({"00": self.sscc}, self.company_prefix_length, self.filter)

    def hex(self) -> str:
        """Tag memory: 24 hexadecimal digits."""
        return epc.write_hex(self.fields())

    def uri(self) -> str:
        """The pure identity, urn:epc:id:sscc:…"""
        return epc.id_uri(self.fields())

    def tag_uri(self) -> str:
        """The identity with size and filter, urn:epc:tag:sscc-96:…"""
        return epc.tag_uri(self.fields())


def sgtin96_hex(gtin: str, serial: str, company_prefix_length: int, *, filter: int = 0) -> str:
    """The 24 hexadecimal digits for a piece; raises AutoIdError when the serial is no number below 2**38.

    >>> sgtin96_hex("80614141123458", "6789", 7, filter=3)
    '3074257BF7194E4000001A85'
    """
    fields = SgtinEpc(gtin, serial, company_prefix_length, filter).fields()
    return epc.write_hex(replace(fields, scheme="sgtin-96"))


def sscc96_hex(sscc: str, company_prefix_length: int, *, filter: int = 0) -> str:
    """The 24 hexadecimal digits for a logistic unit; raises AutoIdError."""
    return SsccEpc(sscc, company_prefix_length, filter).hex()


def require_prefix_length(length: int) -> None:
    """Raise AutoIdError unless a company prefix may have so many digits (TDS 14.3)."""
    if not MIN_PREFIX_LENGTH <= length <= MAX_PREFIX_LENGTH:
        raise AutoIdError(
            f"Failed to take a company prefix: expected {MIN_PREFIX_LENGTH} to {MAX_PREFIX_LENGTH} digits, "
            f"got {length}."
        )


def _fields(values: dict[str, str], length: int, filter_value: int) -> Fields:
    fields = epc.fields_of(values, length)
    if fields is None:
        raise AutoIdError(f"Failed to make an EPC: there is none for {', '.join(values)}.")
    return replace(fields, filter=filter_value)
