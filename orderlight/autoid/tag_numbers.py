"""Tags whose company prefix and reference are one number with a check digit.

They are read by what the tags of their company have in common. What must be checked is checked by what must be reckoned
anyway: less the company's front, a tag of another length leaves a number for which the tables have no place.
"""

from __future__ import annotations

import struct
from binascii import unhexlify
from functools import cache
from typing import Final

from orderlight.autoid.checks import CHECK_DIGITS, FIVE, HIGHS, LOWS, total_of
from orderlight.autoid.identification import Identification
from orderlight.autoid.tag_layouts import Layout, Plan, to_number
from orderlight.autoid.tag_tails import pieces_of

#: Where nothing stands behind the key, it ends with a byte: what is behind the header, and the zeros at the end.
_key_and_zeros: Final = struct.Struct(">xQBH").unpack


def lifted(layout: Layout, prefix: int) -> Plan:
    """The plan of GTINs, whose first digit stands behind the company prefix (TDS 7), with a serial."""
    scheme, front, shift, told = layout.scheme, layout.front(prefix), layout.tail_bits, layout.told
    unit, base, leads = _leads(layout, prefix)
    name, second, is_short = layout.name, layout.second, layout.digits <= 6
    tail_mask, read_tail, has_pieces = (1 << shift) - 1, layout.read_tail, scheme.pieces
    serial_bits = 4 * scheme.hex_digits - scheme.bits + scheme.tail_bits

    def plan(text: str) -> Identification:
        value = to_number(unhexlify(text))
        reference = (value >> shift) - front
        lead, checks = leads[reference // unit]
        item = reference % unit
        total = LOWS[item] if is_short else LOWS[item % FIVE] + HIGHS[item // FIVE]
        digits = f"{lead}{base + item}{checks[total]}"
        tail = value & tail_mask
        if has_pieces:
            digits += pieces_of(tail >> serial_bits)
            tail &= (1 << serial_bits) - 1
        made = Identification()
        made.input, made.told = text, told
        made.keys = {name: digits, second: read_tail(tail) if read_tail else f"{tail}"}
        return made

    return plan


def lifted_alone(layout: Layout, prefix: int) -> Plan:
    """The plan of SSCCs, whose first digit stands behind the company prefix, too."""
    front, told, name = layout.front(prefix) & (1 << 64) - 1, layout.told, layout.name
    unit, base, leads = _leads(layout, prefix)

    def plan(text: str) -> Identification:
        key, behind, zeros = _key_and_zeros(unhexlify(text))
        if behind or zeros:
            raise ValueError("expected zeros behind the key")
        reference = key - front
        lead, checks = leads[reference // unit]
        item = reference % unit
        made = Identification()
        made.input, made.told = text, told
        made.keys = {name: f"{lead}{base + item}{checks[LOWS[item % FIVE] + HIGHS[item // FIVE]]}"}
        return made

    return plan


def _leads(layout: Layout, prefix: int) -> tuple[int, int, tuple[tuple[str, str], ...]]:
    """Of keys whose first digit is lifted over the company prefix: its place in the reference, the number were all else
    zero, and by that digit what leads the number and which check digits follow."""
    unit = 10 ** (layout.digits - 1)
    base = prefix * unit
    return unit, base, _leads_of(layout.zeros(prefix), total_of(base))


@cache
def _leads_of(zeros: str, total: int) -> tuple[tuple[str, str], ...]:
    # The first of 13 or 17 digits weighs 3.
    return tuple([(f"{first}{zeros}", CHECK_DIGITS[(total + 3 * first) % 10]) for first in range(10)])


def joined(layout: Layout, prefix: int) -> Plan:
    """The plan of keys that are company prefix and reference as they stand, with a serial behind the check digit."""
    front, shift, told, name = layout.front(prefix), layout.tail_bits, layout.told, layout.name
    zeros, base, checks = _joins(layout, prefix)
    is_short, lows, highs = layout.digits <= 5, _lows(min(layout.digits, 5)), _highs(layout.digits)
    tail_mask, read_tail = (1 << shift) - 1, layout.read_tail

    def plan(text: str) -> Identification:
        value = to_number(unhexlify(text))
        reference = (value >> shift) - front
        check = checks[lows[reference] if is_short else LOWS[reference % FIVE] + highs[reference // FIVE]]
        tail = value & tail_mask
        made = Identification()
        made.input, made.told = text, told
        made.keys = {name: f"{zeros}{base + reference}{check}{read_tail(tail) if read_tail else tail}"}
        return made

    return plan


def joined_coupon(layout: Layout, prefix: int) -> Plan:
    """The plan of coupons, whose serial has a 1 in front that keeps its zeros."""
    front, shift, told, name = layout.front(prefix), layout.tail_bits, layout.told, layout.name
    zeros, base, checks = _joins(layout, prefix)
    is_short, lows, highs = layout.digits <= 5, _lows(min(layout.digits, 5)), _highs(layout.digits)
    tail_mask = (1 << shift) - 1

    def plan(text: str) -> Identification:
        value = to_number(unhexlify(text))
        reference = (value >> shift) - front
        check = checks[lows[reference] if is_short else LOWS[reference % FIVE] + highs[reference // FIVE]]
        # The field has 41 bits, so there are at most twelve digits behind the first.
        digits = f"{value & tail_mask}"
        serial = digits.removeprefix("1")
        if serial == digits or not serial:
            raise ValueError("expected a serial of 1 to 12 digits behind a 1")
        made = Identification()
        made.input, made.told = text, told
        made.keys = {name: f"{zeros}{base + reference}{check}{serial}"}
        return made

    return plan


def joined_place(layout: Layout, prefix: int) -> Plan:
    """The plan of places, whose extension is a key of its own."""
    front, shift, told, name = layout.front(prefix), layout.tail_bits, layout.told, layout.name
    zeros, base, checks = _joins(layout, prefix)
    is_short, lows, highs = layout.digits <= 5, _lows(min(layout.digits, 5)), _highs(layout.digits)
    tail_mask, read_tail, second = (1 << shift) - 1, layout.read_tail, layout.second

    def plan(text: str) -> Identification:
        value = to_number(unhexlify(text))
        reference = (value >> shift) - front
        check = checks[lows[reference] if is_short else LOWS[reference % FIVE] + highs[reference // FIVE]]
        digits = f"{zeros}{base + reference}{check}"
        extension = read_tail(value & tail_mask) if read_tail else f"{value & tail_mask}"
        made = Identification()
        made.input, made.told = text, told
        # TDS 7.5: extension 0 means the place itself, which has none.
        made.keys = {name: digits} if extension == "0" else {name: digits, second: extension}
        return made

    return plan


def joined_alone(layout: Layout, prefix: int) -> Plan:
    """The plan of keys that are company prefix and reference as they stand, and nothing behind."""
    front, told, name = layout.front(prefix) & (1 << 64) - 1, layout.told, layout.name
    zeros, base, checks = _joins(layout, prefix)
    is_long, highs = layout.digits > 10, _highs(layout.digits)

    def plan(text: str) -> Identification:
        key, behind, rest = _key_and_zeros(unhexlify(text))
        if behind or rest:
            raise ValueError("expected zeros behind the key")
        reference = key - front
        high = reference // FIVE
        total = LOWS[reference % FIVE] + (HIGHS[high % FIVE] + LOWS[:10][high // FIVE] if is_long else highs[high])
        made = Identification()
        made.input, made.told = text, told
        made.keys = {name: f"{zeros}{base + reference}{checks[total]}"}
        return made

    return plan


def _joins(layout: Layout, prefix: int) -> tuple[str, int, str]:
    """Of keys that are company prefix and reference as they stand: what leads the number, the number were the reference
    zero, and which check digits follow."""
    base = prefix * 10**layout.digits
    return layout.key.lead + layout.zeros(prefix), base, CHECK_DIGITS[total_of(base)]


@cache
def _lows(digits: int) -> bytes:
    """The table for a reference of up to five digits; it ends where they do."""
    return LOWS[: 10**digits]


@cache
def _highs(digits: int) -> bytes:
    """The table for the digits of a reference in front of its last five; it ends where they do."""
    return HIGHS[: 10 ** max(digits - 5, 0)]
