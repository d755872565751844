"""CPI-var, the EPC of components and parts whose length is open (GS1 EPC Tag Data Standard 14.6.9.2).

Behind header, filter and partition stand the company prefix, the reference in characters of 6 bits ended by six
zero bits, and a serial of 40 bits.

>>> decode("3D76451FD75411DEF6B4CC00000003039000")
(3, '9521141', '5PQ7/Z43', '12345')
>>> encode(3, "9521141", "5PQ7/Z43", "12345")
'3D76451FD75411DEF6B4CC00000003039000'
"""

from __future__ import annotations

from typing import Final

from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.errors import AutoIdError, shown
from orderlight.autoid.schemes import PREFIX_BITS

HEADER: Final = 0x3D
#: Prefix and reference together (GS1 General Specifications 3.9.9).
_KEY_CHARACTERS: Final = 30
_SERIAL_BITS: Final = 40


def decode(text: str) -> tuple[int, str, str, str]:
    """Filter, company prefix, reference and serial; raises AutoIdError."""
    bits = f"{int(text, 16):0{4 * len(text)}b}"
    partition = int(bits[11:14] or "0", 2)
    if partition == 7:
        raise _unreadable(text, "expected partition 0 to 6, got 7")
    width, start = 12 - partition, 14 + PREFIX_BITS[partition]
    prefix = str(int(bits[14:start] or "0", 2)).zfill(width)
    reference, position = _reference(bits, start)
    end = position + _SERIAL_BITS
    if len(bits) < end or bits[end:].strip("0") or len(bits) - end >= 16:
        raise _unreadable(
            text, "expected a reference ended by six zero bits, a serial of 40 bits, and less than a word of zeros"
        )
    serial = str(int(bits[position:end], 2))
    problem = AIS["8010"].problem(prefix + reference)
    if len(prefix) != width or not reference or len(serial) > 12 or problem is not None:
        raise _unreadable(text, problem or "its numbers have not the lengths of a component identifier")
    return int(bits[8:11], 2), prefix, reference, serial


def encode(filter_value: int, prefix: str, reference: str, serial: str) -> str:
    """Tag memory in capitals, filled up to words of 16 bits; raises AutoIdError."""
    problem = AIS["8010"].problem(prefix + reference) if reference else "expected a reference"
    if problem is None and not (
        serial.isascii() and serial.isdigit() and len(serial) <= 12 and str(int(serial)) == serial
    ):
        problem = f"expected a serial of at most 12 digits without zeros in front, got {shown(serial)}"
    if problem is not None:
        raise AutoIdError(f"Failed to make CPI-VAR: {problem}.")
    partition = 12 - len(prefix)
    bits = f"{HEADER << 6 | filter_value << 3 | partition:014b}{int(prefix):0{PREFIX_BITS[partition]}b}"
    bits += "".join([f"{ord(character) & 63:06b}" for character in reference]) + "000000"
    bits += f"{int(serial):0{_SERIAL_BITS}b}"
    bits += "0" * (-len(bits) % 16)
    return f"{int(bits, 2):0{len(bits) // 4}X}"


def _reference(bits: str, position: int) -> tuple[str, int]:
    """The characters up to the six zero bits, and the position behind them."""
    characters = ""
    while len(characters) <= _KEY_CHARACTERS:
        code = int(bits[position : position + 6] or "0", 2)
        position += 6
        if not code:
            break
        # Each code is the low 6 bits of its ASCII character; capitals lost their bit of value 64 (TDS annex G).
        characters += chr(code if code >= 32 else code + 64)
    return characters, position


def _unreadable(text: str, reason: str) -> AutoIdError:
    return AutoIdError(f"Failed to read EPC {shown(text)} as CPI-VAR: {reason}.")
