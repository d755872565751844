"""The bits of EPCs with a company prefix, and of GID-96 (GS1 EPC Tag Data Standard 14.6), both ways.

>>> decode("3034257BF7194E4000001A85")
Fields(scheme='sgtin-96', filter=1, prefix='0614141', reference='812345', serial='6789', pieces='')
>>> decode("3500E86F8000A9E000000586")
Fields(scheme='gid-96', filter=0, prefix='952056', reference='2718', serial='1414', pieces='')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orderlight.autoid import component_tags
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.schemes import BY_NAME, PREFIX_BITS, SCHEMES, Scheme

GID_HEADER: Final = 0x35
CPI_VAR_HEADER: Final = component_tags.HEADER
#: Headers that `decode` knows.
HEADERS: Final = frozenset({*SCHEMES, GID_HEADER, CPI_VAR_HEADER})
#: Names of the schemes that `encode` knows.
NAMES: Final = frozenset({*BY_NAME, "gid-96", "cpi-var"})


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in tag memory, as text; no check digits and no zeros of a GTIN yet."""

    scheme: str
    #: What kind of thing carries the tag, 0 to 7; GID-96 has none.
    filter: int
    #: The company prefix; of a GID the number of its manager.
    prefix: str
    #: For GTINs the indicator digit is in front, for SSCCs the extension digit; of a GID the object class.
    reference: str
    serial: str
    #: Piece and total of an ITIP, two digits each.
    pieces: str = ""


def decode(text: str) -> Fields:
    """Take apart the hexadecimal digits of a scheme whose header is in HEADERS; raises AutoIdError."""
    header = int(text[:2], 16)
    scheme = SCHEMES.get(header)
    if scheme is None:
        return _decode_gid(text) if header == GID_HEADER else Fields("cpi-var", *component_tags.decode(text))
    if len(text) != scheme.hex_digits:
        expected = f"expected {scheme.hex_digits} hexadecimal digits, got {len(text)}"
        raise _unreadable(text, scheme.name, expected)
    padding = 4 * len(text) - scheme.bits
    value = int(text, 16)
    if padding:
        if value & (1 << padding) - 1:
            raise _unreadable(text, scheme.name, f"expected zeros in the last {padding} bits")
        value >>= padding
    return _fields(text, scheme, value)


def encode(fields: Fields) -> str:
    """Tag memory in capitals; raises AutoIdError when a field does not fit."""
    if not 0 <= fields.filter <= 7:
        raise _impossible(fields.scheme, f"expected filter 0 to 7, got {fields.filter}")
    if fields.scheme == "gid-96":
        return _encode_gid(fields)
    partition = 12 - len(fields.prefix)
    if not 0 <= partition <= 6 or not _is_digits(fields.prefix):
        raise _impossible(fields.scheme, f"expected a company prefix of 6 to 12 digits, got {shown(fields.prefix)}")
    if fields.scheme == "cpi-var":
        return component_tags.encode(fields.filter, fields.prefix, fields.reference, fields.serial)
    scheme = BY_NAME[fields.scheme]
    reference_bits = scheme.key_bits - PREFIX_BITS[partition]
    value = scheme.header << 6 | fields.filter << 3 | partition
    value = value << PREFIX_BITS[partition] | int(fields.prefix)
    value = value << reference_bits | _reference_number(scheme, fields, reference_bits)
    if scheme.pieces:
        value = value << 14 | _pieces_number(scheme, fields.pieces)
    value = value << scheme.tail_bits | _tail_number(scheme, fields.serial)
    return f"{value << 4 * scheme.hex_digits - scheme.bits:0{scheme.hex_digits}X}"


def _fields(text: str, scheme: Scheme, value: int) -> Fields:
    """The fields of all bits of a scheme."""
    tail = value & (1 << scheme.tail_bits) - 1
    value >>= scheme.tail_bits
    pieces = ""
    if scheme.pieces:
        pieces = _digits(text, scheme, value >> 7 & 127, 2) + _digits(text, scheme, value & 127, 2)
        value >>= 14
    partition = value >> scheme.key_bits & 7
    if partition == 7:
        raise _unreadable(text, scheme.name, "expected partition 0 to 6, got 7")
    reference_bits = scheme.key_bits - PREFIX_BITS[partition]
    width = 12 - partition
    prefix = _digits(text, scheme, (value & (1 << scheme.key_bits) - 1) >> reference_bits, width)
    number = value & (1 << reference_bits) - 1
    if scheme.key_digits:
        reference = _digits(text, scheme, number, scheme.key_digits - width)
    else:
        reference = _open_reference(text, scheme, number, reference_bits)
    serial = _tail(text, scheme, tail)
    if not scheme.key_digits and len(prefix) + len(reference) > scheme.characters:
        raise _unreadable(text, scheme.name, f"expected at most {scheme.characters - width} characters of reference")
    return Fields(scheme.name, value >> scheme.key_bits + 3 & 7, prefix, reference, serial, pieces)


def _digits(text: str, scheme: Scheme, number: int, width: int) -> str:
    digits = str(number).zfill(width) if width else ""
    if len(digits) != width or (number and not width):
        reason = f"expected a number of {width} digits, got {number}; it is not a GS1 number"
        raise _unreadable(text, scheme.name, reason)
    return digits


def _open_reference(text: str, scheme: Scheme, number: int, bits: int) -> str:
    if scheme.reference == "number":
        return str(number)
    # 7 bits do not always divide the field; what is left over stands behind the characters.
    return _characters(text, scheme, number >> bits % 7, bits // 7)


def _tail(text: str, scheme: Scheme, tail: int) -> str:
    """The serial, or nothing where the scheme has none."""
    if scheme.tail == "number":
        return str(tail)
    if scheme.tail == "text":
        return _characters(text, scheme, tail, scheme.tail_bits // 7)
    if scheme.tail == "coupon":
        digits = str(tail)
        if digits[0] != "1" or not 2 <= len(digits) <= 13:
            raise _unreadable(text, scheme.name, f"expected a serial of 1 to 12 digits behind a 1, got {digits}")
        return digits[1:]
    if tail:
        raise _unreadable(text, scheme.name, f"expected zeros in the last {scheme.tail_bits} bits")
    return ""


def _characters(text: str, scheme: Scheme, number: int, count: int) -> str:
    """Characters of 7 bits, filled up with zeros behind (TDS 14.4.2)."""
    codes = [number >> shift & 127 for shift in range(7 * count - 7, -1, -7)]
    found = "".join([chr(code) for code in codes]).rstrip("\x00")
    problem = AIS["240"].problem(found)
    if problem is not None:
        raise _unreadable(text, scheme.name, f"characters {shown(found)}: {problem}")
    return found


def _reference_number(scheme: Scheme, fields: Fields, bits: int) -> int:
    if scheme.reference == "text":
        return _text_number(scheme, "reference", fields.reference, bits, scheme.characters - len(fields.prefix))
    if not scheme.key_digits:
        if len(fields.prefix) + len(fields.reference) > scheme.characters:
            at_most = scheme.characters - len(fields.prefix)
            raise _impossible(scheme.name, f"expected a reference of at most {at_most} digits")
        return _number(scheme, "reference", fields.reference, bits)
    width = scheme.key_digits - len(fields.prefix)
    if len(fields.reference) != width or (width and not _is_digits(fields.reference)):
        raise _impossible(scheme.name, f"expected a reference of {width} digits, got {shown(fields.reference)}")
    return int(fields.reference or "0")


def _pieces_number(scheme: Scheme, pieces: str) -> int:
    if len(pieces) != 4 or not _is_digits(pieces):
        raise _impossible(scheme.name, f"expected piece and total of two digits each, got {shown(pieces)}")
    return int(pieces[:2]) << 7 | int(pieces[2:])


def _tail_number(scheme: Scheme, serial: str) -> int:
    if scheme.tail == "text":
        return _text_number(scheme, "serial", serial, scheme.tail_bits, scheme.characters)
    if scheme.tail == "coupon":
        if not _is_digits(serial) or len(serial) > 12:
            raise _impossible(scheme.name, f"expected a serial of 1 to 12 digits, got {shown(serial)}")
        return int("1" + serial)
    return _number(scheme, "serial", serial, scheme.tail_bits) if scheme.tail == "number" else 0


def _text_number(scheme: Scheme, what: str, text: str, bits: int, characters: int) -> int:
    problem = AIS["240"].problem(text)
    if problem is None and len(text) > characters:
        problem = f"expected at most {characters} characters, got {len(text)}"
    if problem is not None:
        raise _impossible(scheme.name, f"{what} {shown(text)}: {problem}")
    number = 0
    for code in text.encode():
        number = number << 7 | code
    return number << bits - 7 * len(text)


def _number(scheme: Scheme, what: str, digits: str, bits: int) -> int:
    # A number in binary forgets leading zeros, so one that has them would come back another.
    canonical = _is_digits(digits) and (digits == "0" or digits[0] != "0")
    if not canonical or int(digits) >> bits:
        reason = f"expected a {what} of digits without zeros in front, below {1 << bits}, got {shown(digits)}"
        raise _impossible(scheme.name, reason)
    return int(digits)


def _decode_gid(text: str) -> Fields:
    if len(text) != 24:
        raise _unreadable(text, "gid-96", f"expected 24 hexadecimal digits, got {len(text)}")
    value = int(text, 16)
    manager, kind, serial = value >> 60 & (1 << 28) - 1, value >> 36 & (1 << 24) - 1, value & (1 << 36) - 1
    return Fields("gid-96", 0, str(manager), str(kind), str(serial))


def _encode_gid(fields: Fields) -> str:
    value = GID_HEADER
    for what, digits, bits in (
        ("manager", fields.prefix, 28),
        ("class", fields.reference, 24),
        ("serial", fields.serial, 36),
    ):
        if not _is_digits(digits) or (digits != "0" and digits[0] == "0") or int(digits) >> bits:
            raise _impossible("gid-96", f"expected a {what} of digits below {1 << bits}, got {shown(digits)}")
        value = value << bits | int(digits)
    return f"{value:024X}"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _unreadable(text: str, name: str, reason: str) -> AutoIdError:
    return AutoIdError(f"Failed to read EPC {shown(text)} as {name.upper()}: {reason}.")


def _impossible(name: str, reason: str) -> AutoIdError:
    return AutoIdError(f"Failed to make {name.upper()}: {reason}.")
