"""The EPC schemes of TDS 2.x, which carry the values of AIs as they are (GS1 EPC Tag Data Standard 14.6, `+`).

>>> tag = decode("F73795211411234538566CB0AFC4")
>>> tag.name, tag.filter, tag.items
('SGTIN+', 3, (('01', '79521141123453'), ('21', '32a/b')))
>>> encode(tag)
'F73795211411234538566CB0AFC4'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orderlight.autoid import bit_text
from orderlight.autoid.bit_text import Bits
from orderlight.autoid.elements import Elements
from orderlight.autoid.errors import AutoIdError, shown

#: AI -> how its value is packed: digits of 4 bits, and the method and greatest length of what stands behind
#: them (TDS table F).
_PACKING: Final[dict[str, tuple[int, str, int]]] = {
    "00": (18, "", 0),
    "01": (14, "", 0),
    "21": (0, "characters", 20),
    "253": (13, "characters", 17),
    "254": (0, "characters", 20),
    "255": (13, "numeric", 12),
    "414": (13, "", 0),
    "8003": (14, "characters", 16),
    "8004": (0, "delimited", 30),
    "8006": (18, "", 0),
    "8010": (0, "delimited", 30),
    "8011": (0, "numeric", 12),
    "8017": (18, "", 0),
    "8018": (18, "", 0),
}
#: Header -> name and AIs (TDS 14.2).
SCHEMES: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    0xF0: ("CPI+", ("8010", "8011")),
    0xF1: ("GRAI+", ("8003",)),
    0xF2: ("SGLN+", ("414", "254")),
    0xF3: ("ITIP+", ("8006", "21")),
    0xF4: ("GSRN+", ("8018",)),
    0xF5: ("GSRNP+", ("8017",)),
    0xF6: ("GDTI+", ("253",)),
    0xF7: ("SGTIN+", ("01", "21")),
    0xF8: ("SGCN+", ("255",)),
    0xF9: ("SSCC+", ("00",)),
    0xFA: ("GIAI+", ("8004",)),
    0xFB: ("DSGTIN+", ("01", "21")),
}
HEADERS: Final = {name: header for header, (name, _) in SCHEMES.items()}
#: The AI of the date in front of a DSGTIN+, by its indicator (TDS 14.5.3).
_DATES: Final = ("11", "13", "15", "16", "17", "7006", "7007")
_DATED: Final = 0xFB


@dataclass(frozen=True, slots=True)
class PlusTag:
    """A tag of a `+` scheme."""

    #: Such as SGTIN+.
    name: str
    filter: int
    #: AIs and values, check digits and all; the date of a DSGTIN+ comes last.
    items: tuple[tuple[str, str], ...]
    #: Bits of further AIs behind the EPC (TDS 15.3), as they are; empty when the tag says there are none.
    more: str = ""


def decode(text: str) -> PlusTag:
    """Take apart the hexadecimal digits of a tag whose header is in SCHEMES; raises AutoIdError."""
    header = int(text[:2], 16)
    name, ais = SCHEMES[header]
    bits = Bits(f"{int(text, 16):0{4 * len(text)}b}"[8:])
    try:
        has_more, filter_value = bits.take(1), bits.take(3)
        date = _read_date(bits) if header == _DATED else ()
        items = (*((ai, _read(bits, ai)) for ai in ais), *date)
        _require_sound(items)
        rest = bits.rest()
        if not has_more and rest.strip("0"):
            raise AutoIdError("expected zeros behind it, for it says that nothing follows")
    except AutoIdError as error:
        raise AutoIdError(f"Failed to read EPC {shown(text)} as {name}: {error}.") from error
    return PlusTag(name, filter_value, items, rest if has_more else "")


def encode(tag: PlusTag) -> str:
    """Tag memory in capitals, filled up to words of 16 bits; raises AutoIdError when a value does not fit."""
    header = HEADERS[tag.name]
    values = dict(tag.items)
    try:
        if not 0 <= tag.filter <= 7:
            raise AutoIdError(f"expected filter 0 to 7, got {tag.filter}")
        bits = f"{header:08b}{'1' if tag.more else '0'}{tag.filter:03b}"
        if header == _DATED:
            bits += _write_date(values)
        bits += "".join([_write(ai, values[ai]) for ai in SCHEMES[header][1]])
        _require_sound(tag.items)
    except KeyError as error:
        raise AutoIdError(f"Failed to make {tag.name}: expected a value for AI ({error.args[0]}).") from error
    except AutoIdError as error:
        raise AutoIdError(f"Failed to make {tag.name}: {error}.") from error
    bits += tag.more
    bits += "0" * (-len(bits) % 4)
    bits += "0" * (-len(bits) % 16 if not tag.more else 0)
    return f"{int(bits, 2):0{len(bits) // 4}X}"


def _require_sound(items: tuple[tuple[str, str], ...]) -> None:
    faults = Elements.checked(list(items)).faults
    if faults:
        raise AutoIdError(faults[0].removesuffix("."))


def _read(bits: Bits, ai: str) -> str:
    count, method, longest = _PACKING[ai]
    value = bit_text.read_digits(bits, count)
    if method == "characters":
        value += bit_text.read_characters(bits, longest)
    elif method == "delimited":
        value += bit_text.read_delimited(bits, longest)
    elif method == "numeric":
        value += bit_text.read_numeric(bits, longest)
    return value


def _write(ai: str, value: str) -> str:
    count, method, longest = _PACKING[ai]
    digits, rest = value[:count], value[count:]
    if not (len(digits) == count and (not count or (digits.isascii() and digits.isdigit()))):
        raise AutoIdError(f"expected {count} digits in AI ({ai}), got {shown(value)}")
    written = bit_text.write_digits(digits)
    if method == "characters":
        return written + bit_text.write_characters(rest, longest)
    if method == "delimited":
        return written + bit_text.write_delimited(rest, longest)
    if method == "numeric":
        if len(rest) > longest or (rest and not (rest.isascii() and rest.isdigit())):
            raise AutoIdError(f"expected at most {longest} digits in AI ({ai}), got {shown(rest)}")
        return written + bit_text.write_numeric(rest, longest)
    if rest:
        raise AutoIdError(f"expected {count} digits in AI ({ai}), got {shown(value)}")
    return written


def _read_date(bits: Bits) -> tuple[tuple[str, str]]:
    indicator = bits.take(4)
    if indicator >= len(_DATES):
        raise AutoIdError(f"expected a kind of date from 0 to {len(_DATES) - 1}, got {indicator}")
    return ((_DATES[indicator], bit_text.read_date(bits)),)


def _write_date(values: dict[str, str]) -> str:
    for indicator, ai in enumerate(_DATES):
        date = values.get(ai, "")
        if len(date) == 6 and date.isascii() and date.isdigit():
            return f"{indicator:04b}{bit_text.write_date(date)}"
    raise AutoIdError(f"expected a date of AI {', '.join(_DATES)}")
