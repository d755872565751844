"""Bytes and text to identifiers, and back: GS1, EPC tag memory, and our own printed codes. Pure."""

from __future__ import annotations

from orderlight.autoid.checks import check_digit
from orderlight.autoid.errors import AutoIdError
from orderlight.autoid.gln import Gln
from orderlight.autoid.gtin import Gtin
from orderlight.autoid.identification import Identification, Interpretation
from orderlight.autoid.own import OWN_TYPES, OwnCode
from orderlight.autoid.recognition import identify, identify_epc
from orderlight.autoid.sscc import Sscc
from orderlight.autoid.tags import SgtinEpc, SsccEpc, sgtin96_hex, sscc96_hex

__all__ = [
    "OWN_TYPES",
    "AutoIdError",
    "Gln",
    "Gtin",
    "Identification",
    "Interpretation",
    "OwnCode",
    "SgtinEpc",
    "Sscc",
    "SsccEpc",
    "check_digit",
    "identify",
    "identify_epc",
    "sgtin96_hex",
    "sscc96_hex",
]
