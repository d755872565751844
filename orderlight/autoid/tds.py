"""The bits of 96-bit EPCs: headers, partition tables, and numbers in and out (GS1 EPC Tag Data Standard 14).

>>> decode96("3034257BF7194E4000001A85")
Fields(scheme='sgtin-96', filter=1, prefix='0614141', reference='812345', serial='6789')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.errors import AutoIdError, shown


@dataclass(frozen=True, slots=True)
class Scheme:
    """The bits behind header, filter and partition of one 96-bit scheme."""

    name: str
    header: int
    #: Bits of company prefix and reference together.
    key_bits: int
    #: Digits of company prefix and reference together; 0 where the reference has no fixed width.
    key_digits: int
    #: Bits behind them.
    tail_bits: int
    #: Whether the tail is a serial; else it is all zero.
    serial: bool


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in tag memory, as digits; no check digits and no zeros of a GTIN yet."""

    scheme: str
    #: What kind of thing carries the tag, 0 to 7.
    filter: int
    prefix: str
    #: For GTINs the indicator digit is in front, for SSCCs the extension digit.
    reference: str
    serial: str


SCHEMES: Final = {
    scheme.header: scheme
    for scheme in (
        Scheme("sgtin-96", 0x30, 44, 13, 38, serial=True),
        Scheme("sscc-96", 0x31, 58, 17, 24, serial=False),
        Scheme("sgln-96", 0x32, 41, 12, 41, serial=True),
        Scheme("grai-96", 0x33, 44, 12, 38, serial=True),
        Scheme("giai-96", 0x34, 82, 0, 0, serial=False),
        Scheme("gsrn-96", 0x2D, 58, 17, 24, serial=False),
        Scheme("gsrnp-96", 0x2E, 58, 17, 24, serial=False),
    )
}
BY_NAME: Final = {scheme.name: scheme for scheme in SCHEMES.values()}


@dataclass(frozen=True, slots=True)
class LongScheme:
    """A scheme that begins as a 96-bit one and ends with a serial of 7-bit characters."""

    name: str
    header: int
    #: The 96-bit scheme with the same head.
    short: Scheme
    #: How many characters the serial may have.
    characters: int
    #: All bits of the scheme; tag memory fills its last word of 16 with zeros.
    bits: int

    @property
    def padding(self) -> int:
        """Zero bits behind the scheme's own."""
        return -self.bits % 16

    @property
    def hex_digits(self) -> int:
        """Hexadecimal digits of tag memory."""
        return (self.bits + self.padding) // 4


LONG_SCHEMES: Final = {
    scheme.header: scheme
    for scheme in (
        LongScheme("sgtin-198", 0x36, BY_NAME["sgtin-96"], 20, 198),
        LongScheme("grai-170", 0x37, BY_NAME["grai-96"], 16, 170),
        LongScheme("sgln-195", 0x39, BY_NAME["sgln-96"], 20, 195),
    )
}
LONG_BY_NAME: Final = {scheme.name: scheme for scheme in LONG_SCHEMES.values()}

#: Bits of the company prefix for partitions 0 to 6; the prefix has 12 minus partition digits (TDS 14.3).
PREFIX_BITS: Final = (40, 37, 34, 30, 27, 24, 20)

#: Headers that are known and not decoded here, with their names (TDS 14.2).
OTHER_HEADERS: Final = {
    0x2C: "GDTI-96",
    0x2F: "USDoD-96",
    0x35: "GID-96",
    0x38: "GIAI-202",
    0x3A: "GDTI-113",
    0x3B: "ADI-var",
    0x3C: "CPI-96",
    0x3D: "CPI-var",
    0x3E: "GDTI-174",
    0x3F: "SGCN-96",
    0x40: "ITIP-110",
    0x41: "ITIP-212",
    0xE2: "a chip's own number (TID)",
    0xF0: "CPI+",
    0xF1: "GRAI+",
    0xF2: "SGLN+",
    0xF3: "ITIP+",
    0xF4: "GSRN+",
    0xF5: "GSRNP+",
    0xF6: "GDTI+",
    0xF7: "SGTIN+",
    0xF8: "SGCN+",
    0xF9: "SSCC+",
    0xFA: "GIAI+",
    0xFB: "DSGTIN+",
}


def decode96(text: str) -> Fields:
    """Take apart 24 hexadecimal digits of a scheme in SCHEMES; raises AutoIdError."""
    value = int(text, 16)
    scheme = SCHEMES.get(value >> 88)
    if scheme is None or len(text) != 24:
        raise AutoIdError(f"Failed to read EPC {shown(text)}: expected 24 digits of a 96-bit scheme.")
    partition = value >> 82 & 7
    if partition == 7:
        raise AutoIdError(f"Failed to read EPC {text} as {scheme.name.upper()}: expected partition 0 to 6, got 7.")
    key = (value & (1 << 82) - 1) >> scheme.tail_bits
    tail = value & (1 << scheme.tail_bits) - 1
    reference_bits = scheme.key_bits - PREFIX_BITS[partition]
    width = 12 - partition
    prefix = _digits(text, scheme, key >> reference_bits, width)
    number = key & (1 << reference_bits) - 1
    reference = _digits(text, scheme, number, scheme.key_digits - width) if scheme.key_digits else str(number)
    if tail and not scheme.serial:
        raise AutoIdError(f"Failed to read EPC {text} as {scheme.name.upper()}: expected zeros in the last 24 bits.")
    return Fields(scheme.name, value >> 85 & 7, prefix, reference, str(tail) if scheme.serial else "")


def encode96(fields: Fields) -> str:
    """24 hexadecimal digits in capitals; raises AutoIdError when a field does not fit."""
    scheme = BY_NAME[fields.scheme]
    partition = 12 - len(fields.prefix)
    if not 0 <= partition <= 6:
        raise AutoIdError(
            f"Failed to make {scheme.name.upper()}: expected a company prefix of 6 to 12 digits, "
            f"got {shown(fields.prefix)}."
        )
    if not 0 <= fields.filter <= 7:
        raise AutoIdError(f"Failed to make {scheme.name.upper()}: expected filter 0 to 7, got {fields.filter}.")
    reference_bits = scheme.key_bits - PREFIX_BITS[partition]
    reference = _number(scheme, "reference", fields.reference or "0", reference_bits)
    serial = _number(scheme, "serial", fields.serial or "0", scheme.tail_bits)
    key = int(fields.prefix) << reference_bits | reference
    head = scheme.header << 6 | fields.filter << 3 | partition
    return f"{head << 82 | key << scheme.tail_bits | serial:024X}"


def decode_long(text: str) -> Fields:
    """Take apart tag memory of a scheme in LONG_SCHEMES; raises AutoIdError."""
    value = int(text, 16)
    scheme = LONG_SCHEMES[int(text[:2], 16)]
    name = scheme.name.upper()
    if len(text) != scheme.hex_digits or value & (1 << scheme.padding) - 1:
        raise AutoIdError(
            f"Failed to read EPC {shown(text)} as {name}: expected {scheme.hex_digits} hexadecimal digits, "
            f"the last {scheme.padding} bits zero, got {len(text)} digits."
        )
    value >>= scheme.padding
    width, short = 7 * scheme.characters, scheme.short
    # Behind the header both forms are alike up to the serial, so the short one's reader takes that part.
    head = value >> width & (1 << 88 - short.tail_bits) - 1
    found = decode96(f"{short.header << 88 | head << short.tail_bits:024X}")
    codes = [value >> shift & 127 for shift in range(width - 7, -1, -7)]
    serial = "".join([chr(code) for code in codes]).rstrip("\x00")
    problem = AIS["21"].problem(serial)
    if problem is not None:
        raise AutoIdError(f"Failed to read EPC {shown(text)} as {name}: serial {shown(serial)}: {problem}.")
    return Fields(scheme.name, found.filter, found.prefix, found.reference, serial)


def encode_long(fields: Fields) -> str:
    """Tag memory in capitals; raises AutoIdError when a field does not fit."""
    scheme = LONG_BY_NAME[fields.scheme]
    problem = AIS["21"].problem(fields.serial)
    if problem is None and len(fields.serial) > scheme.characters:
        problem = f"expected at most {scheme.characters} characters, got {len(fields.serial)}"
    if problem is not None:
        raise AutoIdError(f"Failed to make {scheme.name.upper()}: serial {shown(fields.serial)}: {problem}.")
    short = scheme.short
    head = int(encode96(Fields(short.name, fields.filter, fields.prefix, fields.reference, "0")), 16)
    bits = scheme.header << 88 - short.tail_bits | head >> short.tail_bits & (1 << 88 - short.tail_bits) - 1
    for code in fields.serial.encode().ljust(scheme.characters, b"\x00"):
        bits = bits << 7 | code
    return f"{bits << scheme.padding:0{scheme.hex_digits}X}"


def _digits(text: str, scheme: Scheme, number: int, width: int) -> str:
    digits = f"{number:0{width}d}" if width else ""
    if len(digits) != width or (not width and number):
        raise AutoIdError(
            f"Failed to read EPC {text} as {scheme.name.upper()}: expected a number of {width} digits, got {number}; "
            "it is not a GS1 number."
        )
    return digits


def _number(scheme: Scheme, what: str, digits: str, bits: int) -> int:
    canonical = digits.isascii() and digits.isdigit()
    if what == "serial" or not scheme.key_digits:
        # A number in binary forgets leading zeros, so a serial that has them would come back another one.
        canonical = canonical and (digits == "0" or digits[0] != "0")
    if not canonical or int(digits) >> bits:
        raise AutoIdError(
            f"Failed to make {scheme.name.upper()}: expected a {what} of digits without zeros in front, "
            f"below {1 << bits}, got {shown(digits)}."
        )
    return int(digits)
