"""Where the parts of a tag stand: what header, filter and partition settle, for all companies alike."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from orderlight.autoid.answers import MemoryForms
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.epc_keys import KEYS, Key
from orderlight.autoid.identification import Identification, Told
from orderlight.autoid.schemes import PREFIX_BITS, SCHEMES, Scheme
from orderlight.autoid.tag_tails import Tail, tail_of

#: From the digits of a tag to its answer; None, or an error, where it is not sound.
Plan = Callable[[str], Identification | None]

to_number: Final[Callable[[bytes], int]] = int.from_bytes


def number_of(text: str) -> int:
    """The number that hexadecimal digits are; raises ValueError."""
    return to_number(unhexlify(text))


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of tags of one scheme, filter and partition."""

    scheme: Scheme
    key: Key
    #: Header, filter and partition.
    first: int
    #: Digits of the company prefix, and of a reference that has a fixed width.
    width: int
    digits: int
    #: Bits of the company prefix, of the reference, and behind it.
    prefix_bits: int
    reference_bits: int
    tail_bits: int
    #: What reads the bits behind the reference; None where they are a mere number.
    read_tail: Tail | None
    #: The names of the keys; the second is empty where there is but one.
    name: str
    second: str
    told: Told

    def front(self, prefix: int) -> int:
        """A company's tag without its tail, were its reference zero."""
        return (self.first << self.prefix_bits | prefix) << self.reference_bits

    def zeros(self, prefix: int) -> str:
        """The zeros that lead a company prefix."""
        return "0" * (self.width - len(str(prefix)))


@cache
def layout_of(first: int) -> Layout:
    """The layout that header, filter and partition choose, of which there are a thousand; raises LookupError."""
    scheme, partition = SCHEMES[first >> 6], first & 7
    key, prefix_bits = KEYS[scheme.name.partition("-")[0]], PREFIX_BITS[partition]
    told = Told("epc", first >> 3 & 7, None, f"it is a {scheme.name.upper()}", MemoryForms)
    second = AIS[key.serial_ai].key if key.serial == "own" else ""
    return Layout(
        scheme, key, first, 12 - partition, key.digits - 12 + partition, prefix_bits, scheme.key_bits - prefix_bits,
        4 * scheme.hex_digits - 14 - scheme.key_bits, tail_of(scheme), AIS[key.ai].key, second, told,
    )  # fmt: skip
