"""The short way from tag memory to keys: one conversion, and shifts that a tag's first four digits have chosen.

Those digits hold header, filter, partition and two bits of the company prefix. What they choose is made when a tag asks
for it first. Tags that are not sound have no short way: `tds` reads them, and says what is wrong.

>>> found = read("3034257BF7194E4000001A85")
>>> found.keys, found.filter, found.reason
({'gtin': '80614141123458', 'serial': '6789'}, 1, 'it is a SGTIN-96')
>>> read("3500E86F8000A9E000000586") is None
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from orderlight.autoid.answers import MemoryForms
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.characters import reader_of
from orderlight.autoid.checks import CHECK_DIGITS, MILLION, SIXES
from orderlight.autoid.epc_keys import KEYS, Key
from orderlight.autoid.identification import Identification, Told
from orderlight.autoid.schemes import PREFIX_BITS, SCHEMES, Scheme

#: From the digits of a tag to its answer; None, or a ValueError or LookupError, where it is not sound.
Plan = Callable[[str], Identification | None]
#: From the bits of a serial to its text; raises ValueError or LookupError where it is not sound.
Tail = Callable[[int], str]

_to_bytes, _to_number = bytes.fromhex, int.from_bytes


def read(text: str) -> Identification | None:
    """The answer for hexadecimal digits; None where only the long way tells."""
    plan = PLANS.get(text[:4]) or choose(text[:4])
    try:
        return plan(text)
    except (ValueError, LookupError):
        return None


def choose(front: str) -> Plan:
    """The plan that the first four digits choose."""
    # An unwritten chip shows its own number behind a control word, which looks like the front of an SGTIN.
    if len(front) < 4 or front == "3000" or not all(digit in "0123456789ABCDEFabcdef" for digit in front):
        return _has_none
    bits = int(front, 16)
    scheme, partition = SCHEMES.get(bits >> 8), bits >> 2 & 7
    if scheme is None or partition == 7:
        return _has_none
    told = Told("epc", bits >> 5 & 7, None, f"it is a {scheme.name.upper()}", MemoryForms)
    plan = _of_number if scheme.key_digits else _of_open_reference
    return PLANS.setdefault(front, plan(_places(scheme, partition, bits >> 2), told))


#: What was chosen so far: a factory's tags begin alike, and there are 4,000 fronts at most, in each writing of A to F.
PLANS: Final[dict[str, Plan]] = {}


def _has_none(text: str) -> None:
    """The plan of tags that have no short way."""


class _Places(NamedTuple):
    """Where the parts of a scheme's tags stand for one partition, and what they may be."""

    scheme: Scheme
    key: Key
    #: Digits of the company prefix.
    width: int
    #: Shifted by so many bits, a tag is header, filter, partition and company prefix, and the first three are `front`.
    prefix_shift: int
    front: int
    prefix_end: int
    reference_shift: int
    reference_mask: int
    #: Of the bits behind the reference.
    tail_mask: int


def _places(scheme: Scheme, partition: int, front: int) -> _Places:
    width, prefix_bits = 12 - partition, PREFIX_BITS[partition]
    reference_bits = scheme.key_bits - prefix_bits
    shift = 4 * scheme.hex_digits - 14 - scheme.key_bits
    key = KEYS[scheme.name.partition("-")[0]]
    return _Places(
        scheme, key, width, shift + reference_bits, front << prefix_bits, 10**width,
        shift, (1 << reference_bits) - 1, (1 << shift) - 1,
    )  # fmt: skip


def _of_number(places: _Places, told: Told) -> Plan:
    """The plan of a scheme whose company prefix and reference are one number with a check digit."""
    scheme, key, width, prefix_shift, front, prefix_end, reference_shift, reference_mask, tail_mask = places
    name, length, is_short = AIS[key.ai].key, len(key.lead) + key.digits, key.digits == 12
    reference_end = 10 ** (key.digits - width)
    # The first digit of a GTIN or SSCC stands behind the company prefix in an EPC (TDS 7), and is lifted over it.
    is_moved, unit = key.moved, reference_end // 10 if key.moved else reference_end
    lift = 10 ** (key.digits - 1) - unit
    is_bare, has_pieces, is_place = scheme.tail == "zeros", scheme.pieces, name == "gln"
    read_tail, tail_bits = _tail(scheme), 4 * scheme.hex_digits - scheme.bits + scheme.tail_bits
    second = AIS[key.serial_ai].key if key.serial == "own" else ""

    def plan(text: str) -> Identification | None:
        value = _to_number(_to_bytes(text))
        # A tag of another length has another front, and no company prefix here.
        prefix, reference = (value >> prefix_shift) - front, value >> reference_shift & reference_mask
        if not (0 < prefix < prefix_end and reference < reference_end):
            return None
        number = prefix * unit + reference
        if is_moved:
            number += reference // unit * lift
        # The lines of `checks.digit_behind`, of whose time a call would be a part.
        head, behind = number // MILLION, number % MILLION
        total = SIXES[behind] + (SIXES[head] if is_short else SIXES[head // MILLION] + SIXES[head % MILLION])
        digits = str(number).zfill(length) + CHECK_DIGITS[total]
        tail = value & tail_mask
        if is_bare:
            if tail:
                return None
            keys = {name: digits}
        else:
            if has_pieces:
                digits += _pieces(tail >> tail_bits)
                tail &= (1 << tail_bits) - 1
            serial = read_tail(tail)
            if not second:
                keys = {name: digits + serial}
            # TDS 7.5: extension 0 means the place itself, which has none.
            elif is_place and serial == "0":
                keys = {name: digits}
            else:
                keys = {name: digits, second: serial}
        made = Identification()
        made._input, made._keys, made._told = text, keys, told
        return made

    return plan


def _of_open_reference(places: _Places, told: Told) -> Plan:
    """The plan of a scheme whose reference has no fixed width and no check digit."""
    scheme, key, width, prefix_shift, front, prefix_end, reference_shift, reference_mask, tail_mask = places
    name, longest = AIS[key.ai].key, scheme.characters - width
    read_reference: Tail = str
    if scheme.reference == "text":
        # 7 bits do not always divide the field; what is left over stands behind the characters.
        bits = reference_mask.bit_length()
        read_reference = reader_of(bits // 7, bits % 7, has_zeros=False)
    second = AIS[key.serial_ai].key if key.serial == "own" else ""

    def plan(text: str) -> Identification | None:
        value = _to_number(_to_bytes(text))
        prefix, tail = (value >> prefix_shift) - front, value & tail_mask
        reference = read_reference(value >> reference_shift & reference_mask)
        if not 0 < prefix < prefix_end or len(reference) > longest or (tail and not second):
            return None
        digits = str(prefix).zfill(width) + reference
        made = Identification()
        made._input, made._told = text, told
        made._keys = {name: digits, second: str(tail)} if second else {name: digits}
        return made

    return plan


def _pieces(bits: int) -> str:
    """Number of the piece and count of pieces, two digits each."""
    piece, total = bits >> 7, bits & 127
    if not 0 < piece <= total < 100:
        raise ValueError(f"expected a piece of up to 99, got {piece} of {total}")
    return f"{piece:02d}{total:02d}"


def _tail(scheme: Scheme) -> Tail:
    """What reads the bits behind the reference: a number, a number with a 1 in front, or characters."""
    padding = 4 * scheme.hex_digits - scheme.bits
    if scheme.tail == "text":
        return reader_of(scheme.tail_bits // 7, padding, has_zeros=True)
    if scheme.tail == "coupon":
        return _behind_one
    return _number_before(padding) if padding else str


def _number_before(padding: int) -> Tail:
    def read_number(bits: int) -> str:
        if bits & (1 << padding) - 1:
            raise ValueError(f"expected zeros in the last {padding} bits")
        return str(bits >> padding)

    return read_number


def _behind_one(bits: int) -> str:
    digits = str(bits)
    if digits[0] != "1" or not 2 <= len(digits) <= 13:
        raise ValueError(f"expected a serial of 1 to 12 digits behind a 1, got {digits}")
    return digits[1:]
