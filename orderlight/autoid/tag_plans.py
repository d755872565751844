"""The short way from tag memory to keys: the front of a tag chooses the function that reads the rest.

A front is eleven digits: header, filter, partition and the company prefix. What it chooses is made when a tag asks for
it first, and knows all that the company's tags have in common. Tags that are not sound have no short way: `tds` reads
them, and says what is wrong.

>>> found = read("3034257BF7194E4000001A85")
>>> found.keys, found.filter, found.reason
({'gtin': '80614141123458', 'serial': '6789'}, 1, 'it is a SGTIN-96')
>>> read("3500E86F8000A9E000000586") is None
True
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from orderlight.autoid.identification import Identification
from orderlight.autoid.schemes import PREFIX_BITS, SCHEMES
from orderlight.autoid.tag_layouts import Layout, Plan, layout_of, number_of
from orderlight.autoid.tag_numbers import joined, joined_alone, joined_coupon, joined_place, lifted, lifted_alone
from orderlight.autoid.tag_references import lettered, numbered

#: What a plan raises for a tag that is not sound.
UNSOUND: Final = (ValueError, LookupError, struct.error)
#: Digits of a front: they hold a company prefix of up to nine digits whole.
_FRONT_DIGITS: Final = 11
_BITS_BEHIND_FIRST: Final = 4 * _FRONT_DIGITS - 14
#: What cuts them off; to make it for each tag would take a fiftieth of its time.
FRONT: Final = slice(_FRONT_DIGITS)
#: More companies and fronts than a factory sees; all of them take 1.3 MB.
MOST_COMPANIES: Final = 1024
MOST_FRONTS: Final = 2048

#: What was chosen so far. A company has some fronts, for its references reach into the last digits of a front.
PLANS: Final[dict[str, Plan]] = {}


def read(text: str) -> Identification | None:
    """The answer for hexadecimal digits; None where only the long way tells."""
    try:
        return (PLANS.get(text[FRONT]) or choose(text[FRONT]))(text)
    except UNSOUND:
        return None


def choose(front: str) -> Plan:
    """The plan that the front of a tag chooses; raises ValueError or LookupError where there can be no sound tag."""
    # An unwritten chip shows its own number behind a control word, which looks like the front of an SGTIN.
    if len(front) < _FRONT_DIGITS or front.startswith("3000"):
        return _has_none
    bits = number_of(front + "0") >> 4
    first, partition = bits >> _BITS_BEHIND_FIRST, bits >> _BITS_BEHIND_FIRST & 7
    if first >> 6 not in SCHEMES or partition == 7:
        return _has_none
    rest = _BITS_BEHIND_FIRST - PREFIX_BITS[partition]
    # The front of a longer company prefix stands for many companies.
    plan = of_company(first, (bits & (1 << _BITS_BEHIND_FIRST) - 1) >> rest) if rest >= 0 else _by_company(first)
    if len(PLANS) >= MOST_FRONTS:
        PLANS.clear()
    return PLANS.setdefault(front, plan)


def _has_none(text: str) -> None:
    """The plan of tags that have no short way."""


def _by_company(first: int) -> Plan:
    """The plan of a front that does not hold the company prefix whole."""
    layout = layout_of(first)
    shift, front = layout.tail_bits + layout.reference_bits, first << layout.prefix_bits

    def plan(text: str) -> Identification | None:
        return of_company(first, (number_of(text) >> shift) - front)(text)

    return plan


@lru_cache(maxsize=MOST_COMPANIES)
def of_company(first: int, prefix: int) -> Plan:
    """The plan for tags of a company; `first` is header, filter and partition. Raises ValueError where none has it."""
    layout = layout_of(first)
    # Of a tag that is cut, what stands where the company prefix would may be anything.
    if not 0 < prefix < 10**layout.width:
        raise ValueError(f"expected a company prefix of {layout.width} digits, got {prefix}")
    return _maker_of(layout)(layout, prefix)


def _maker_of(layout: Layout) -> Callable[[Layout, int], Plan]:
    """What makes the plans of a scheme."""
    scheme, key = layout.scheme, layout.key
    if not scheme.key_digits:
        return lettered if scheme.reference == "text" else numbered
    if scheme.tail == "zeros":
        return lifted_alone if key.moved else joined_alone
    if key.moved:
        return lifted
    if scheme.tail == "coupon":
        return joined_coupon
    return joined_place if key.serial == "own" else joined
