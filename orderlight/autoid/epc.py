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

from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.checks import check_digit, is_digits
from orderlight.autoid.elements import Elements
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.tds import (
    OTHER_HEADERS,
    SCHEMES,
    Fields,
    decode96,
    encode96,
)

_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_SGTIN_198: Final = 0x36
#: Unwritten tags are often read as this; its company prefix would begin with 24,
#: which GS1 gives to no company (General Specifications 1.4.2), so no SGTIN is lost.
_CHIP_BEHIND_PC: Final = "3000E2"
#: 198 bits fill 13 words of 16 bits with ten zero bits behind them.
_PADDING_198: Final = 10
_DIGITS_198: Final = 52
#: Characters that a URI of TDS may hold as they are; the others are written as %XX (TDS 6.3.1).
_URI_SAFE: Final = "!'()*+,-.:;=_"
_ID_FORM: Final = re.compile(r"urn:epc:id:(sgtin|sscc|sgln|grai|giai|gsrn):(\d{6,12})\.(.*)", re.DOTALL)
_TAG_FORM: Final = re.compile(
    r"urn:epc:tag:((?:sgtin|sscc|sgln|grai|giai|gsrn)-96|sgtin-198):([0-7])\.(\d{6,12})\.(.*)", re.DOTALL
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
    if header == _SGTIN_198:
        return _read_sgtin198(digits)
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
    return _write_sgtin198(fields) if fields.scheme == "sgtin-198" else encode96(fields)


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
        items = [("8018", _checked(prefix + reference))]
    return Elements(tuple(items))


def fields_of(values: Mapping[str, str], prefix_length: int) -> Fields | None:
    """The EPC for GS1 values by AI, given the digits of the company prefix; None when there is no EPC for them.

    Filter is 0; the scheme is the 96-bit one, or sgtin-198 where a serial needs it.
    """
    found = _split(values, prefix_length)
    if found is None:
        return None
    kind, prefix, reference, serial = found
    size = "198" if kind == "sgtin" and not _fits_96(serial) else "96"
    return Fields(f"{kind}-{size}", 0, prefix, reference, serial)


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
            "sscc, sgln, grai, giai or gsrn and a company prefix of 6 to 12 digits."
        )
    return _from_uri(text, pure[1] + "-96", 0, (pure[2], pure[3])), False


def _from_uri(text: str, scheme: str, filter_value: int, rest: tuple[str, str]) -> Fields:
    kind, (prefix, tail) = scheme.partition("-")[0], rest
    reference, dot, serial = (unquote(tail), "", "") if kind in ("sscc", "giai", "gsrn") else tail.partition(".")
    serial = unquote(serial)
    if kind in ("sgtin", "sgln", "grai") and not (dot and serial):
        raise AutoIdError(f"Failed to read {shown(text)} as EPC URI: expected prefix, reference and serial.")
    if kind == "giai":
        sound = AIS["8004"].problem(prefix + reference) is None and reference != ""
    else:
        width = {"sgtin": 13, "sscc": 17, "gsrn": 17}.get(kind, 12) - len(prefix)
        sound = len(reference) == width and (is_digits(reference) or not width)
        sound = sound and (not serial or AIS["21"].problem(serial) is None)
    if not sound:
        raise AutoIdError(
            f"Failed to read {shown(text)} as EPC URI: its parts have not the lengths and characters of {kind.upper()}."
        )
    return Fields(scheme, filter_value, prefix, reference, serial)


def _uri_tail(fields: Fields) -> str:
    tail = f"{fields.prefix}.{quote(fields.reference, safe=_URI_SAFE)}"
    return f"{tail}.{quote(fields.serial, safe=_URI_SAFE)}" if fields.serial else tail


def _checked(digits: str) -> str:
    return digits + check_digit(digits)


def _fits_96(serial: str) -> bool:
    return is_digits(serial) and (serial == "0" or serial[0] != "0") and int(serial) < 1 << 38


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
    if "8018" in values:
        return "gsrn", values["8018"][:length], values["8018"][length:17], ""
    return None


def _read_sgtin198(digits: str) -> Fields:
    """SGTIN-198: as SGTIN-96, with a serial of up to 20 characters of 7 bits (TDS 14.5.1.2)."""
    if len(digits) != _DIGITS_198 or int(digits, 16) & (1 << _PADDING_198) - 1:
        raise AutoIdError(
            f"Failed to read EPC {shown(digits)} as SGTIN-198: expected {_DIGITS_198} hexadecimal digits, the last "
            f"{_PADDING_198} bits zero."
        )
    bits = int(digits, 16) >> _PADDING_198
    # The first 58 bits are those of SGTIN-96, so its reader takes them with a serial of 0.
    head = decode96(f"{0x30 << 88 | (bits >> 140 & (1 << 50) - 1) << 38:024X}")
    codes = [bits >> shift & 127 for shift in range(133, -1, -7)]
    serial = "".join([chr(code) for code in codes]).rstrip("\x00")
    if not serial or AIS["21"].problem(serial) is not None:
        raise AutoIdError(f"Failed to read EPC {shown(digits)} as SGTIN-198: its serial {shown(serial)} is none.")
    return Fields("sgtin-198", head.filter, head.prefix, head.reference, serial)


def _write_sgtin198(fields: Fields) -> str:
    problem = AIS["21"].problem(fields.serial)
    if problem is not None:
        raise AutoIdError(f"Failed to make SGTIN-198: serial {shown(fields.serial)}: {problem}.")
    head = int(encode96(Fields("sgtin-96", fields.filter, fields.prefix, fields.reference, "0")), 16)
    bits = _SGTIN_198 << 50 | head >> 38 & (1 << 50) - 1
    for code in fields.serial.encode().ljust(20, b"\x00"):
        bits = bits << 7 | code
    return f"{bits << _PADDING_198:0{_DIGITS_198}X}"
