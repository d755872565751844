"""EPCs: tag memory, EPC URIs and GS1 elements, each from each (GS1 EPC Tag Data Standard 6, 7, 14).

>>> fields = read_hex("3034257BF7194E4000001A85")
>>> id_uri(fields), elements_of(fields).brackets()
('urn:epc:id:sgtin:0614141.812345.6789', '(01)80614141123458(21)6789')
>>> write_hex(fields)
'3034257BF7194E4000001A85'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

from orderlight.autoid.checks import check_digit, is_digits
from orderlight.autoid.elements import Elements
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.tds import (
    LONG_BY_NAME,
    LONG_SCHEMES,
    OTHER_HEADERS,
    SCHEMES,
    Fields,
    decode96,
    decode_long,
    encode96,
    encode_long,
)

_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_LONG_NAMES: Final = {"sgtin": "sgtin-198", "grai": "grai-170", "sgln": "sgln-195"}
#: Unwritten tags are often read as this; its company prefix would begin with 24,
#: which GS1 gives to no company (General Specifications 1.4.2), so no SGTIN is lost.
_CHIP_BEHIND_PC: Final = "3000E2"
#: Characters that a URI of TDS may hold as they are; the others are written as %XX (TDS 6.3.1).
_URI_SAFE: Final = "!'()*+,-.:;=_"
_ID_FORM: Final = re.compile(r"urn:epc:id:(sgtin|sscc|sgln|grai|giai|gsrnp?):([0-9]{6,12})\.(.*)", re.DOTALL)
_TAG_FORM: Final = re.compile(
    r"urn:epc:tag:((?:sgtin|sscc|sgln|grai|giai|gsrnp?)-96|sgtin-198|grai-170|sgln-195):([0-7])\.(\d{6,12})\.(.*)",
    re.DOTALL,
)


def clean_hex(text: str) -> str:
    """Tag memory in capitals, without 0x, blanks and dashes; raises AutoIdError when it is not hexadecimal."""
    digits = re.sub(r"[\s-]", "", text[:1024]).upper().removeprefix("0X")
    if not _HEX.fullmatch(digits):
        raise AutoIdError(f"Failed to read {shown(text)} as tag memory: expected hexadecimal digits.")
    return digits


def read_hex(digits: str) -> Fields:
    """Take apart tag memory of a known scheme; raises AutoIdError that says why it is none."""
    if not digits.strip("0"):
        raise AutoIdError(f"Failed to read EPC {shown(digits)}: the tag is blank, all its bits are zero.")
    if digits.startswith(_CHIP_BEHIND_PC):
        raise AutoIdError(
            f"Failed to read EPC {shown(digits)}: 3000 is a protocol control word and E2 begins a chip's own number; "
            "the tag is not encoded."
        )
    header = int(digits[:2], 16)
    if header in LONG_SCHEMES:
        return decode_long(digits)
    if header not in SCHEMES:
        name = OTHER_HEADERS.get(header)
        words = f"its header {header:02X} belongs to {name}" if name else f"its header {header:02X} is none of GS1"
        raise AutoIdError(f"Failed to read EPC {shown(digits)}: {words}; it is kept as raw tag memory.")
    if len(digits) != 24:
        raise AutoIdError(
            f"Failed to read EPC {shown(digits)} as {SCHEMES[header].name.upper()}: expected 24 hexadecimal digits, "
            f"got {len(digits)}."
        )
    fields = decode96(digits)
    if not fields.prefix.strip("0"):
        raise AutoIdError(f"Failed to read EPC {digits}: a company prefix of zeros is nobody's.")
    return fields


def write_hex(fields: Fields) -> str:
    """Tag memory in capitals; raises AutoIdError when a field does not fit its scheme."""
    return encode_long(fields) if fields.scheme in LONG_BY_NAME else encode96(fields)


def id_uri(fields: Fields) -> str:
    """The pure identity: urn:epc:id:sgtin:0614141.812345.6789."""
    return f"urn:epc:id:{fields.scheme.partition('-')[0]}:{_uri_tail(fields)}"


def tag_uri(fields: Fields) -> str:
    """The identity with size and filter: urn:epc:tag:sgtin-96:1.0614141.812345.6789."""
    return f"urn:epc:tag:{fields.scheme}:{fields.filter}.{_uri_tail(fields)}"


def elements_of(fields: Fields) -> Elements:
    """The GS1 keys that the EPC stands for, check digits put in."""
    kind = fields.scheme.partition("-")[0]
    prefix, reference, serial = fields.prefix, fields.reference, fields.serial
    # TDS 7: the first digit of a GTIN or SSCC stands behind the company prefix in an EPC.
    if kind == "sgtin":
        items = [("01", _checked(reference[0] + prefix + reference[1:])), ("21", serial)]
    elif kind == "sscc":
        items = [("00", _checked(reference[0] + prefix + reference[1:]))]
    elif kind == "sgln":
        items = [("414", _checked(prefix + reference))]
        # TDS 7.5: extension 0 means the place itself, which has none.
        items += [("254", serial)] if serial != "0" else []
    elif kind == "grai":
        items = [("8003", "0" + _checked(prefix + reference) + serial)]
    elif kind == "giai":
        items = [("8004", prefix + reference)]
    else:
        items = [("8017" if kind == "gsrnp" else "8018", _checked(prefix + reference))]
    return Elements(tuple(items))


def fields_of(values: Mapping[str, str], prefix_length: int) -> Fields | None:
    """The EPC for GS1 values by AI, given the digits of the company prefix; None when there is no EPC for them.

    Filter is 0; the scheme is the 96-bit one, or the long one where a serial needs it.
    """
    found = _split(values, prefix_length)
    if found is None:
        return None
    kind, prefix, reference, serial = found
    scheme = f"{kind}-96" if _fits_96(serial) else _LONG_NAMES[kind]
    return Fields(scheme, 0, prefix, reference, serial)


def parse_uri(text: str) -> tuple[Fields, bool]:
    """Read urn:epc:id:… or urn:epc:tag:…; the flag says whether filter and size were in it. Raises AutoIdError."""
    tag, pure = _TAG_FORM.fullmatch(text), _ID_FORM.fullmatch(text)
    if tag is not None:
        fields = _from_uri(text, tag[1], int(tag[2]), (tag[3], tag[4]))
        write_hex(fields)
        return fields, True
    if pure is None:
        raise AutoIdError(
            f"Failed to read {shown(text)} as EPC URI: expected urn:epc:id: or urn:epc:tag: with a scheme of sgtin, "
            "sscc, sgln, grai, giai, gsrn or gsrnp and a company prefix of 6 to 12 digits."
        )
    return _from_uri(text, pure[1] + "-96", 0, (pure[2], pure[3])), False


def _from_uri(text: str, scheme: str, filter_value: int, rest: tuple[str, str]) -> Fields:
    kind, (prefix, tail) = scheme.partition("-")[0], rest
    reference, dot, serial = (
        (unquote(tail), "", "") if kind in ("sscc", "giai", "gsrn", "gsrnp") else tail.partition(".")
    )
    serial = unquote(serial)
    if kind in ("sgtin", "sgln", "grai") and not (dot and serial):
        raise AutoIdError(f"Failed to read {shown(text)} as EPC URI: expected prefix, reference and serial.")
    width = {"sgtin": 13, "sscc": 17, "gsrn": 17, "gsrnp": 17}.get(kind, 12) - len(prefix)
    fields = Fields(scheme, filter_value, prefix, reference, serial)
    sound = reference != "" if kind == "giai" else (len(reference) == width and (not width or is_digits(reference)))
    sound = sound and not Elements.checked(list(elements_of(fields).items)).faults
    if not sound:
        raise AutoIdError(
            f"Failed to read {shown(text)} as EPC URI: its parts have not the lengths and characters of {kind.upper()}."
        )
    return fields


def _uri_tail(fields: Fields) -> str:
    tail = f"{fields.prefix}.{quote(fields.reference, safe=_URI_SAFE)}"
    return f"{tail}.{quote(fields.serial, safe=_URI_SAFE)}" if fields.serial else tail


def _checked(digits: str) -> str:
    return digits + check_digit(digits)


def _fits_96(serial: str) -> bool:
    return not serial or (is_digits(serial) and (serial == "0" or serial[0] != "0") and int(serial) < 1 << 38)


def _split(values: Mapping[str, str], length: int) -> tuple[str, str, str, str] | None:
    """Scheme, company prefix, reference and serial of the first key there is an EPC for."""
    if "01" in values and "21" in values:
        gtin = values["01"]
        return "sgtin", gtin[1 : length + 1], gtin[0] + gtin[length + 1 : 13], values["21"]
    if "00" in values:
        sscc = values["00"]
        return "sscc", sscc[1 : length + 1], sscc[0] + sscc[length + 1 : 17], ""
    if "414" in values:
        gln = values["414"]
        return "sgln", gln[:length], gln[length:12], values.get("254", "0")
    if len(values.get("8003", "")) > 14:
        grai = values["8003"][1:]
        return "grai", grai[:length], grai[length:12], grai[13:]
    if len(values.get("8004", "")) > length and is_digits(values["8004"][:length]):
        return "giai", values["8004"][:length], values["8004"][length:], ""
    for ai, kind in (("8018", "gsrn"), ("8017", "gsrnp")):
        if ai in values:
            return kind, values[ai][:length], values[ai][length:17], ""
    return None
