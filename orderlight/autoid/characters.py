"""Characters of 7 bits, as serials and references stand in tags, two at a time (GS1 EPC Tag Data Standard 14.4.2).

>>> read = reader_of(3, 0)
>>> read(0b1000001_1000010_0000000)
'AB'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orderlight.autoid.checks import CHARACTER_SET_82

_CODES: Final = {ord(character): character for character in CHARACTER_SET_82}


class _Pairs(dict[int, str]):
    """14 bits -> two characters, of GS1; made when they are asked for first, for all of them take a megabyte."""

    def __missing__(self, pair: int) -> str:
        found = self[pair] = _CODES[pair >> 7] + _CODES[pair & 0x7F]
        return found


class _Ends(dict[int, str]):
    """The same for the last pair, whose second character may be one of the zeros that fill a field up."""

    def __missing__(self, pair: int) -> str:
        found = self[pair] = _CODES[pair >> 7] + (_CODES[pair & 0x7F] if pair & 0x7F else "")
        return found


_PAIRS: Final = _Pairs()
_ENDS: Final = _Ends()
_PAIR: Final = (1 << 14) - 1


def reader_of(count: int, behind: int) -> Callable[[int], str]:
    """What reads `count` characters with so many bits behind them, which must be zeros.

    It raises LookupError for a text that is empty or holds what is no character of GS1, ValueError for bits behind.
    """
    # Two pairs at once are a number with which the interpreter reckons fastest; zeros make the last ones whole.
    steps = tuple([(shift, (1 << shift) - 1) for shift in range(7 * count + behind - 28, behind - 1, -28)])
    filling, behind_mask = -7 * count % 28, (1 << behind) - 1

    def read(bits: int) -> str:
        text = ""
        for shift, mask in steps:
            pairs = bits >> shift
            bits &= mask
            if not bits:
                break
            text = f"{text}{_PAIRS[pairs >> 14]}{_PAIRS[pairs & _PAIR]}"
        else:
            if bits & behind_mask:
                raise ValueError(f"expected zeros in the last {behind} bits")
            pairs = bits >> behind << filling
        if pairs & _PAIR:
            return f"{text}{_PAIRS[pairs >> 14]}{_ENDS[pairs & _PAIR]}"
        return text + _ENDS[pairs >> 14]

    return read
