"""Check digits and check characters.

>>> check_digit("629104150021")
'3'
>>> mod_37_36("OLU0011")
'P'
"""

from __future__ import annotations

from typing import Final

from orderlight.autoid.errors import AutoIdError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _sums(weights: tuple[int, ...]) -> bytes:
    """Number -> the last digit of the sum of its digits, each times its weight; that of its last digit is first."""
    sums = b"\x00"
    for weight in weights:
        sums = b"".join([sums.translate(_plus(weight * digit)) for digit in range(10)])
    return sums


def _plus(summand: int) -> bytes:
    return bytes([(total + summand) % 10 for total in range(256)])


#: Five digits at a time -> what they add to the sum that a check digit fills up to a multiple of ten: those in front of
#: the check digit, and those in front of these, whose weights are the other way round.
FIVE: Final = 100_000
LOWS: Final = _sums((3, 1, 3, 1, 3))
HIGHS: Final = _sums((1, 3, 1, 3, 1))
#: What other digits add -> the sum of up to three numbers of the tables -> check digit.
CHECK_DIGITS: Final = tuple([("0987654321" * 4)[total : total + 28] for total in range(10)])
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}


def is_digits(text: str) -> bool:
    """Whether the text is made of 0 to 9 alone; digits of other scripts are none."""
    return text.isascii() and text.isdigit()


def check_digit(digits: str) -> str:
    """The GS1 check digit of the digits before it (GS1 General Specifications 7.9.1: weights 3, 1 from the right).

    Raises AutoIdError when `digits` holds anything but digits.
    """
    if not is_digits(digits):
        raise AutoIdError(f"Failed to make a check digit: expected digits, got {digits[:40]!a}.")
    return digit_behind(digits)


def digit_behind(digits: str) -> str:
    """As `check_digit`, for callers that know they hold digits alone."""
    return CHECK_DIGITS[0][total_of(int(digits))]


def total_of(number: int) -> int:
    """The last digit of the sum that the check digit behind a number fills up."""
    total = 0
    while number:
        total += LOWS[number % FIVE]
        number //= FIVE
        total += HIGHS[number % FIVE]
        number //= FIVE
    return total % 10


def has_check_digit(digits: str) -> bool:
    """Whether the last of up to 20 digits is the check digit of the others, for callers that know they hold digits."""
    number = int(digits)
    front = number // FIVE
    total = HIGHS[number % FIVE] + LOWS[front % FIVE]
    front //= FIVE
    return (total + HIGHS[front % FIVE] + LOWS[front // FIVE]) % 10 == 0


def mod_37_36(text: str) -> str:
    """The ISO/IEC 7064 MOD 37,36 check character of a text of 0-9 and A-Z.

    Raises AutoIdError for any other character.
    """
    product = 36
    for character in text:
        value = _VALUES.get(character)
        if value is None:
            raise AutoIdError(f"Failed to make a check character: expected 0-9 or A-Z, got {character!a}.")
        total = (product + value) % 36 or 36
        product = total * 2 % 37
    return ALPHABET[(37 - product) % 36]


#: Character set 82 in the order of its values (GS1 General Specifications 7.11, figure 7.11-1).
CHARACTER_SET_82: Final = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_PAIR_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PRIMES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)


def check_pair(text: str) -> str:
    """The two check characters of up to 23 characters of set 82 (GS1 General Specifications 7.9.5).

    Raises AutoIdError when the text is longer or holds another character.
    """
    if len(text) > len(_PRIMES):
        raise AutoIdError(f"Failed to make check characters: expected at most {len(_PRIMES)}, got {len(text)}.")
    total = 0
    for prime, character in zip(_PRIMES, reversed(text), strict=False):
        value = CHARACTER_SET_82.find(character)
        if value < 0:
            raise AutoIdError(f"Failed to make check characters: expected GS1 set 82, got {character!a}.")
        total += prime * value
    total %= 1021
    return _PAIR_ALPHABET[total >> 5] + _PAIR_ALPHABET[total & 31]
