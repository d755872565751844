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
from typing import Final

from orderlight.autoid.answers import MemoryForms
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.epc_keys import KEYS, Key
from orderlight.autoid.identification import Identification
from orderlight.autoid.schemes import PREFIX_BITS, SCHEMES, Scheme

Keys = dict[str, str]
#: From the bits of a tag to its keys; None where they are not sound.
Plan = Callable[[int], Keys | None]
#: A number's tail from its bits; None where it is not sound.
Tail = Callable[[int], str | None]
#: Length in digits, plan, and the fields of the answer behind its keys.
Chosen = tuple[int, Plan, tuple[object, ...]]
_new = tuple.__new__

_PAIRS: Final = bytes([(tens + 3 * units) % 10 for tens in range(10) for units in range(10)])
#: Four digits -> what they add to the sum that the check digit fills up (GS1 General Specifications 7.9.1).
_FOURS: Final = bytes([(front + behind) % 10 for front in _PAIRS for behind in _PAIRS])
#: As many for five digits, the first of which counts three times again.
_FIVES: Final = b"".join(
    [_FOURS.translate(bytes([(total + 3 * first) % 10 for total in range(256)])) for first in range(10)]
)
_MATCHES_82: Final = AIS["240"].parts[0].matches


def read(text: str) -> Identification | None:
    """The answer for hexadecimal digits; None where only the long way tells."""
    chosen = _CHOSEN.get(text[:4]) or _choose(text[:4])
    # A conversion takes signs, blanks and digits of other scripts, which are none of tag memory.
    if chosen is None or len(text) != chosen[0] or not (text.isalnum() and text.isascii()):
        return None
    try:
        keys = chosen[1](int(text, 16))
    except ValueError:
        return None
    # What its __new__ would do; a reader's tags are many, and the call takes a tenth of the way.
    return None if keys is None else _new(Identification, (text, "epc", keys, *chosen[2]))


def _choose(front: str) -> Chosen | None:
    """What the first four digits choose; None where there is no short way."""
    # An unwritten chip shows its own number behind a control word, which looks like the front of an SGTIN.
    if len(front) < 4 or front == "3000" or not all(digit in "0123456789ABCDEFabcdef" for digit in front):
        return None
    bits = int(front, 16)
    scheme, partition = SCHEMES.get(bits >> 8), bits >> 2 & 7
    if scheme is None or partition == 7:
        return None
    plan = _of_number(scheme, partition) if scheme.key_digits else _of_open_reference(scheme, partition)
    chosen = (scheme.hex_digits, plan, (bits >> 5 & 7, None, f"it is a {scheme.name.upper()}", MemoryForms, ()))
    _CHOSEN[front] = chosen
    return chosen


#: What was chosen so far: a factory's tags begin alike, and there are 4,000 fronts at most, in each writing of A to F.
_CHOSEN: Final[dict[str, Chosen]] = {}


def _of_number(scheme: Scheme, partition: int) -> Plan:
    """The plan of a scheme whose company prefix and reference are one number with a check digit."""
    key = KEYS[scheme.name.partition("-")[0]]
    name, lead, width, length = AIS[key.ai].key, key.lead, 12 - partition, key.digits + 1
    reference_shift = 4 * scheme.hex_digits - 14 - scheme.key_bits
    reference_bits = scheme.key_bits - PREFIX_BITS[partition]
    reference_mask, reference_end = (1 << reference_bits) - 1, 10 ** (key.digits - width)
    prefix_shift, prefix_mask, prefix_end = (
        reference_shift + reference_bits,
        (1 << PREFIX_BITS[partition]) - 1,
        10**width,
    )
    # The first digit of a GTIN or SSCC stands behind the company prefix in an EPC (TDS 7).
    unit = reference_end // 10 if key.moved else reference_end
    top = 10 ** (key.digits - 1)
    finish = _finish(scheme, key, name)
    # The two shapes of nearly all tags, SGTIN-96 and SSCC-96, are finished without another call.
    serial = AIS[key.serial_ai].key if scheme.name == "sgtin-96" else ""
    is_bare = scheme.tail == "zeros"
    tail_mask = (1 << reference_shift) - 1

    def plan(value: int) -> Keys | None:
        prefix, reference = value >> prefix_shift & prefix_mask, value >> reference_shift & reference_mask
        if not (0 < prefix < prefix_end and reference < reference_end):
            return None
        first, rest = divmod(reference, unit)
        number = first * top + prefix * unit + rest
        front, behind = divmod(number, 100_000_000)
        total = _FIVES[front // 10_000] + _FOURS[front % 10_000] + _FOURS[behind // 10_000] + _FOURS[behind % 10_000]
        text = str(number * 10 + -total % 10).zfill(length)
        if serial:
            return {name: text, serial: str(value & tail_mask)}
        if is_bare:
            return None if value & tail_mask else {name: text}
        return finish(value, lead + text)

    return plan


def _of_open_reference(scheme: Scheme, partition: int) -> Plan:
    """The plan of a scheme whose reference has no fixed width and no check digit."""
    key = KEYS[scheme.name.partition("-")[0]]
    width, prefix_bits = 12 - partition, PREFIX_BITS[partition]
    prefix_end, most = 10**width, scheme.characters
    reference_bits = scheme.key_bits - prefix_bits
    reference_shift = 4 * scheme.hex_digits - 14 - scheme.key_bits
    prefix_shift, prefix_mask = reference_shift + reference_bits, (1 << prefix_bits) - 1
    read_reference = _tail("number" if scheme.reference == "number" else "text", reference_shift, reference_bits)
    finish = _finish(scheme, key, AIS[key.ai].key)

    def plan(value: int) -> Keys | None:
        prefix, reference = value >> prefix_shift & prefix_mask, read_reference(value)
        if not 0 < prefix < prefix_end or reference is None or width + len(reference) > most:
            return None
        return finish(value, str(prefix).zfill(width) + reference)

    return plan


def _finish(scheme: Scheme, key: Key, name: str) -> Callable[[int, str], Keys | None]:
    """What makes the keys of the value of the AI and of the bits behind it."""
    padding = 4 * scheme.hex_digits - scheme.bits
    read_tail = _tail(scheme.tail, padding, scheme.tail_bits)
    second = AIS[key.serial_ai].key if key.serial == "own" else ""
    pieces_shift = padding + scheme.tail_bits
    is_place, padding_mask = name == "gln", (1 << padding) - 1

    def finish(value: int, text: str) -> Keys | None:
        tail = read_tail(value)
        if tail is None or value & padding_mask:
            return None
        if scheme.pieces:
            piece, total = value >> pieces_shift + 7 & 127, value >> pieces_shift & 127
            if not 0 < piece <= total < 100:
                return None
            text += f"{piece:02d}{total:02d}"
        if not second:
            return {name: text + tail}
        # TDS 7.5: extension 0 means the place itself, which has none.
        return {name: text} if is_place and tail == "0" else {name: text, second: tail}

    return finish


def _tail(kind: str, shift: int, bits: int) -> Tail:
    """What reads the bits of a serial: a number, a number with a 1 in front, characters, or zeros."""
    mask = (1 << bits) - 1
    if kind == "number":
        return lambda value: str(value >> shift & mask)
    if kind == "coupon":
        return lambda value: _behind_one(str(value >> shift & mask))
    if kind == "text":
        return lambda value: _characters((value >> shift & mask) >> bits % 7, bits // 7)
    return lambda value: None if value >> shift & mask else ""


def _behind_one(digits: str) -> str | None:
    return digits[1:] if digits[0] == "1" and 2 <= len(digits) <= 13 else None


def _masks(half: int) -> tuple[int, int, int]:
    """What moves `half` characters of 7 bits apart from as many, all along 32 characters."""
    low = sum([(1 << 7 * half) - 1 << lane for lane in range(0, 256, 16 * half)])
    return low, low << 7 * half, half


_SPREAD: Final = tuple([_masks(half) for half in (16, 8, 4, 2, 1)])


def _characters(number: int, count: int) -> str | None:
    """Characters of 7 bits, filled up with zeros behind (TDS 14.4.2); None when they are not of GS1."""
    for low, high, distance in _SPREAD:
        number = (number & high) << distance | number & low
    text = number.to_bytes(count, "big").rstrip(b"\x00").decode("ascii")
    return text if _MATCHES_82(text) else None
