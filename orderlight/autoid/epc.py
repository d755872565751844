"""EPCs: tag memory, EPC URIs and GS1 elements, each from each (GS1 EPC Tag Data Standard 6, 7, 14, 15).

>>> fields = read_hex("3034257BF7194E4000001A85")
>>> id_uri(fields), elements_of(fields).brackets()
('urn:epc:id:sgtin:0614141.812345.6789', '(01)80614141123458(21)6789')
>>> write_hex(fields)
'3034257BF7194E4000001A85'
>>> without_control_word("30003034257BF7194E4000001A85")
'3034257BF7194E4000001A85'
"""

from __future__ import annotations

import re
from typing import Final

from orderlight.autoid import plus_tags
from orderlight.autoid.elements import Elements
from orderlight.autoid.epc_keys import elements_of, fields_of
from orderlight.autoid.epc_uri import id_uri, parse_uri, tag_uri
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.plus_tags import PlusTag
from orderlight.autoid.schemes import OTHER_HEADERS, SCHEMES
from orderlight.autoid.tds import HEADERS, Fields, decode
from orderlight.autoid.tds import encode as write_hex

__all__ = [
    "clean_hex",
    "elements_of",
    "fields_of",
    "id_uri",
    "parse_uri",
    "read_hex",
    "read_plus",
    "tag_uri",
    "without_control_word",
    "write_hex",
]

_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
#: Unwritten tags are often read as this; its company prefix would begin with 24,
#: which GS1 gives to no company (General Specifications 1.4.2), so no SGTIN is lost.
_CHIP_BEHIND_PC: Final = "3000E2"
#: The bit of a protocol control word that says the memory holds no EPC but an application family of ISO (TDS 9.4).
_ISO_TOGGLE: Final = 0x0100


def clean_hex(text: str) -> str:
    """Tag memory in capitals, without 0x, blanks and dashes; raises AutoIdError when it is not hexadecimal."""
    if len(text) <= 64 and _HEX.fullmatch(text):
        return text.upper()
    digits = re.sub(r"[\s-]", "", text[:1024]).upper().removeprefix("0X")
    if not _HEX.fullmatch(digits):
        raise AutoIdError(f"Failed to read {shown(text)} as tag memory: expected hexadecimal digits.")
    return digits


def without_control_word(digits: str) -> str:
    """The EPC alone, where a protocol control word stands before it; raises AutoIdError when it names another memory.

    The word's first five bits count the words of 16 bits behind it (TDS 9.3). What has the length of the scheme
    that its own header names is an EPC, and is never cut.
    """
    words, rest = divmod(len(digits), 4)
    header = int(digits[:2], 16)
    if rest or words < 2 or header >> 3 != words - 1 or _has_length_of_scheme(header, len(digits)):
        return digits
    if int(digits[:4], 16) & _ISO_TOGGLE:
        raise AutoIdError(f"Failed to read EPC {shown(digits)}: its control word says that the memory is not of GS1.")
    return digits[4:]


def _has_length_of_scheme(header: int, length: int) -> bool:
    scheme = SCHEMES.get(header)
    if scheme is not None:
        return length == scheme.hex_digits
    return header in plus_tags.SCHEMES or header in HEADERS


def read_plus(digits: str) -> PlusTag | None:
    """The tag of a `+` scheme of TDS 2.x, None for the others; raises AutoIdError when it cannot be read."""
    return plus_tags.decode(digits) if int(digits[:2], 16) in plus_tags.SCHEMES else None


def read_hex(digits: str) -> Fields:
    """Take apart tag memory of a scheme with a company prefix, or a GID; raises AutoIdError with the reason."""
    if not digits.strip("0"):
        raise AutoIdError(f"Failed to read EPC {shown(digits)}: the tag is blank, all its bits are zero.")
    if digits.startswith(_CHIP_BEHIND_PC):
        raise AutoIdError(
            f"Failed to read EPC {shown(digits)}: 3000 is a protocol control word and E2 begins a chip's own number; "
            "the tag is not encoded."
        )
    header = int(digits[:2], 16)
    if header not in HEADERS:
        name = OTHER_HEADERS.get(header)
        words = f"its header {header:02X} belongs to {name}" if name else f"its header {header:02X} is none of GS1"
        raise AutoIdError(f"Failed to read EPC {shown(digits)}: {words}; it is kept as raw tag memory.")
    fields = decode(digits)
    if fields.scheme != "gid-96" and not fields.prefix.strip("0"):
        raise AutoIdError(f"Failed to read EPC {digits}: a company prefix of zeros is nobody's.")
    if fields.pieces and (faults := Elements.checked(list(elements_of(fields).items)).faults):
        raise AutoIdError(faults[0])
    return fields
