"""How TDS 2.x packs values into bits: each encoding method of GS1 EPC Tag Data Standard 14.5, both ways.

>>> read_characters(Bits("10000101" + "0110011" "0110010" "1100001" "0101111" "1100010"), 20)
'32a/b'
>>> write_characters("5678", 17)
'0000010001011000101110'
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from orderlight.autoid.errors import AutoIdError, shown

_BASE_64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#: Position 0 fills up a last group of fewer than three characters (TDS 14.5.6.5).
_CODE_40: Final = "\x00ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
_SET_82: Final = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_SIGNS_OF_39: Final = "#"
_DELIMITER, _TERMINATOR = 14, 15


class Bits:
    """Bits with a place that moves on as they are taken."""

    def __init__(self, bits: str) -> None:
        self._bits = bits
        self._place = 0

    def take(self, count: int) -> int:
        """The next `count` bits as a number; raises AutoIdError when there are fewer."""
        end = self._place + count
        if end > len(self._bits):
            raise AutoIdError(f"expected {count} more bits, got {len(self._bits) - self._place}")
        found = self._bits[self._place : end]
        self._place = end
        return int(found, 2) if found else 0

    def rest(self) -> str:
        """The bits that nobody has taken."""
        return self._bits[self._place :]


def read_digits(bits: Bits, count: int) -> str:
    """Digits of 4 bits each (14.5.4)."""
    return "".join([_digit(bits.take(4)) for _ in range(count)])


def write_digits(digits: str) -> str:
    """4 bits for each digit (14.5.4)."""
    return "".join([f"{int(digit):04b}" for digit in digits])


def read_delimited(bits: Bits, longest: int) -> str:
    """Digits that end at 1111, or go on as characters behind 1110 (14.5.5)."""
    digits = ""
    while (code := bits.take(4)) < _DELIMITER:
        digits += _digit(code)
        if len(digits) > longest:
            raise AutoIdError(f"expected at most {longest} digits before a delimiter")
    return digits if code == _TERMINATOR else digits + read_characters(bits, longest - len(digits))


def write_delimited(text: str, longest: int) -> str:
    """The leading digits, a terminator or delimiter, and the characters behind them (14.5.5)."""
    rest = text.lstrip("0123456789")
    digits = write_digits(text[: len(text) - len(rest)])
    return f"{digits}1110{write_characters(rest, longest)}" if rest else f"{digits}1111"


def read_numeric(bits: Bits, longest: int) -> str:
    """Digits behind their count, without a word of how they are packed (14.5.13)."""
    return _integer(bits, _counted(bits, _count_bits(longest), longest))


def write_numeric(digits: str, longest: int) -> str:
    """The count of the digits, and the digits as one number (14.5.13)."""
    return f"{len(digits):0{_count_bits(longest)}b}{_binary(int(digits or '0'), _integer_bits(len(digits)))}"


def read_characters(bits: Bits, longest: int) -> str:
    """Characters behind the number of their method and their count of 5 bits (14.5.6)."""
    indicator = bits.take(3)
    if indicator >= len(_METHODS):
        raise AutoIdError(f"expected an encoding of 0 to {len(_METHODS) - 1}, got {indicator}")
    return _METHODS[indicator][0](bits, _counted(bits, 5, longest))


def write_characters(text: str, longest: int) -> str:
    """The text in the method that takes the fewest bits; raises AutoIdError when it fits none."""
    if len(text) > longest:
        raise AutoIdError(f"expected at most {longest} characters, got {len(text)}")
    written = [
        f"{indicator:03b}{len(text):05b}{write(text)}"
        for indicator, (_, write, alphabet) in enumerate(_METHODS)
        if all(character in alphabet for character in text)
    ]
    if not written:
        raise AutoIdError(f"expected characters of GS1, got {shown(text)}")
    return min(written, key=len)


def read_date(bits: Bits) -> str:
    """YYMMDD out of 7, 4 and 5 bits (14.5.8)."""
    year, month, day = bits.take(7), bits.take(4), bits.take(5)
    return f"{year:02d}{month:02d}{day:02d}"


def write_date(date: str) -> str:
    """7, 4 and 5 bits of YYMMDD (14.5.8)."""
    return f"{int(date[:2]):07b}{int(date[2:4]):04b}{int(date[4:]):05b}"


def _digit(code: int) -> str:
    if code > 9:
        raise AutoIdError(f"expected a digit, got {code:X}")
    return str(code)


def _counted(bits: Bits, size: int, longest: int) -> int:
    count = bits.take(size)
    if count > longest:
        raise AutoIdError(f"expected at most {longest} characters, got {count}")
    return count


def _count_bits(longest: int) -> int:
    return longest.bit_length()


def _integer_bits(count: int) -> int:
    return math.ceil(count * math.log2(10))


def _binary(number: int, size: int) -> str:
    return f"{number:0{size}b}" if size else ""


def _integer(bits: Bits, count: int) -> str:
    digits = str(bits.take(_integer_bits(count))).zfill(count) if count else ""
    if len(digits) != count:
        raise AutoIdError(f"expected a number of {count} digits, got {digits}")
    return digits


def _write_integer(text: str) -> str:
    return _binary(int(text or "0"), _integer_bits(len(text)))


def _reader(alphabet: str, size: int) -> Callable[[Bits, int], str]:
    return lambda bits, count: "".join([alphabet[bits.take(size)] for _ in range(count)])


def _writer(alphabet: str, size: int) -> Callable[[str], str]:
    return lambda text: "".join([f"{alphabet.index(character):0{size}b}" for character in text])


def _read_ascii(bits: Bits, count: int) -> str:
    text = "".join([chr(bits.take(7)) for _ in range(count)])
    if text.strip(_SET_82 + _SIGNS_OF_39):
        raise AutoIdError(f"expected characters of GS1, got {shown(text)}")
    return text


def _write_ascii(text: str) -> str:
    return "".join([f"{ord(character):07b}" for character in text])


def _read_code_40(bits: Bits, count: int) -> str:
    text = ""
    for _ in range(-(-count // 3)):
        number = bits.take(16) - 1
        if not 0 <= number < 64000:
            raise AutoIdError("expected three characters of URN Code 40")
        text += _CODE_40[number // 1600] + _CODE_40[number // 40 % 40] + _CODE_40[number % 40]
    if text[count:].strip("\x00") or "\x00" in text[:count]:
        raise AutoIdError(f"expected {count} characters of URN Code 40, got {shown(text)}")
    return text[:count]


def _write_code_40(text: str) -> str:
    codes = [_CODE_40.index(character) for character in text] + [0] * (-len(text) % 3)
    groups = zip(codes[::3], codes[1::3], codes[2::3], strict=True)
    return "".join([f"{first * 1600 + second * 40 + third + 1:016b}" for first, second, third in groups])


Method = tuple[Callable[[Bits, int], str], Callable[[str], str], str]
#: The encoding indicator is the place in this list (TDS table E).
_METHODS: Final[tuple[Method, ...]] = (
    (_integer, _write_integer, "0123456789"),
    (_reader("0123456789ABCDEF", 4), _writer("0123456789ABCDEF", 4), "0123456789ABCDEF"),
    (_reader("0123456789abcdef", 4), _writer("0123456789abcdef", 4), "0123456789abcdef"),
    (_reader(_BASE_64, 6), _writer(_BASE_64, 6), _BASE_64),
    (_read_ascii, _write_ascii, _SET_82 + _SIGNS_OF_39),
    (_read_code_40, _write_code_40, _CODE_40[1:]),
)
