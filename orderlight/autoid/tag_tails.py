"""What stands behind the reference of a tag: a serial, as number or characters, and which piece of an item it is."""

from __future__ import annotations

from collections.abc import Callable

from orderlight.autoid.characters import reader_of
from orderlight.autoid.schemes import Scheme

#: From the bits of a serial to its text; raises ValueError or LookupError where it is not sound.
Tail = Callable[[int], str]


def tail_of(scheme: Scheme) -> Tail | None:
    """What reads the bits behind the reference: characters, or a number with zeros behind; None for a mere number."""
    padding = 4 * scheme.hex_digits - scheme.bits
    if scheme.tail == "text":
        return reader_of(scheme.tail_bits // 7, padding)
    return _number_before(padding) if padding else None


def pieces_of(bits: int) -> str:
    """Number of the piece and count of pieces, two digits each."""
    piece, total = bits >> 7, bits & 127
    if not 0 < piece <= total < 100:
        raise ValueError(f"expected a piece of up to 99, got {piece} of {total}")
    return f"{piece:02d}{total:02d}"


def _number_before(padding: int) -> Tail:
    def read_number(bits: int) -> str:
        if bits & (1 << padding) - 1:
            raise ValueError(f"expected zeros in the last {padding} bits")
        return f"{bits >> padding}"

    return read_number
