"""What a Zebra printer makes of ZPL: the fields of each label, read as the Programming Guide says, or a fault."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

GS: Final = "\x1d"
_COMMAND: Final = re.compile(r"[\^~](A[0-9A-Z@]|[A-Z][A-Z0-9@])([^^~]*)")
_LABEL: Final = re.compile(r"\^XA(.*?)\^XZ", re.DOTALL)
#: Code 128: the invocation codes of ^BC after ">" -> the code's value (Programming Guide, table of ^BC).
_INVOKED: Final = {"0": 30, "<": 62, "=": 94, "5": 99, "6": 100, "8": 102, ":": 104, ";": 105}
_TO_C, _TO_B, _FNC1, _START_B, _START_C = 99, 100, 102, 104, 105
_STARTS: Final = (_START_B, _START_C)


class ZplFault(ValueError):
    """The printer would print something else than was meant, or nothing."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text at a place, in dots."""

    x: int
    y: int
    height: int
    text: str


@dataclass(frozen=True, slots=True)
class Graphic:
    """A picture: rows of 1 (black) and 0."""

    x: int
    y: int
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """A code at a place; `data` is what a reader gives, `values` the code values of a Code 128 with its start."""

    x: int
    y: int
    carrier: str
    data: str
    module: int
    height: int = 0
    values: tuple[int, ...] = ()


@dataclass(slots=True)
class Printed:
    """A label as it came out; sizes in dots."""

    width: int = 0
    height: int = 0
    copies: int = 1
    fields: list[Text | Graphic | PrintedCode] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The lines of text."""
        return [part.text for part in self.fields if isinstance(part, Text)]

    @property
    def codes(self) -> list[PrintedCode]:
        """The codes."""
        return [part for part in self.fields if isinstance(part, PrintedCode)]


@dataclass(slots=True)
class _Field:
    """A field that is being described."""

    x: int = 0
    y: int = 0
    command: str = ""
    parameters: tuple[str, ...] = ()
    hex_sign: str = ""
    data: str | None = None


def parse_labels(text: str) -> list[Printed]:
    """Every label of the text; raises ZplFault."""
    return [_label(found[1]) for found in _LABEL.finditer(text)]


def _label(body: str) -> Printed:
    printed, now, module = Printed(), _Field(), 2
    is_utf8 = False
    for command, given in _COMMAND.findall(body):
        parameters = tuple(given.strip("\r\n").split(","))
        match command:
            case "CI":
                is_utf8 = parameters[0] == "28"
            case "PW" | "LL" | "PQ":
                setattr(printed, {"PW": "width", "LL": "height", "PQ": "copies"}[command], _number(parameters[0]))
            case "LH":
                pass
            case "BY":
                module = _number(parameters[0])
            case "FO":
                now = _Field(_number(parameters[0]), _number(parameters[1]))
            case "FH":
                now.hex_sign = given[:1] or "_"
            case "FD":
                now.data = _unescaped(given, now.hex_sign, is_utf8=is_utf8)
            case "FS":
                printed.fields += _made(now, module)
                now = _Field(now.x, now.y)
            case "A0" | "BC" | "BE" | "BQ" | "BX" | "GF":
                now.command, now.parameters = command, parameters
            case _:
                raise ZplFault(f"Failed to print: the command {command} is not known here.")
    _check_inside(printed)
    return printed


def _unescaped(text: str, sign: str, *, is_utf8: bool) -> str:
    """The content of ^FD: two hexadecimal digits behind the sign of ^FH are a byte."""
    if not sign:
        return text
    raw = re.sub(re.escape(sign) + "([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text)
    if not is_utf8 and not raw.isascii():
        raise ZplFault("Failed to print: letters beyond ASCII without ^CI28.")
    return raw.encode("latin-1").decode("utf-8")


def _made(now: _Field, module: int) -> Iterator[Text | Graphic | PrintedCode]:
    data = now.data or ""
    match now.command:
        case "A0":
            yield Text(now.x, now.y, _number(now.parameters[1]), data)
        case "GF":
            yield Graphic(now.x, now.y, tuple(_rows(now.parameters)))
        case "BC":
            values = tuple(_values(data))
            carrier = "gs1_128" if values[1:2] == (_FNC1,) else "code_128"
            yield PrintedCode(now.x, now.y, carrier, _read(values), module, _number(now.parameters[1]), values)
        case "BE":
            yield PrintedCode(now.x, now.y, "ean_13", _ean(data), module, _number(now.parameters[1]))
        case "BQ":
            if data[1:3] != "A,":
                raise ZplFault(f"Failed to print a QR: expected a level and A, got {data[:3]!r}.")
            yield PrintedCode(now.x, now.y, "qr", data[3:], _number(now.parameters[2]))
        case "BX":
            sign = now.parameters[6]
            yield PrintedCode(now.x, now.y, "data_matrix", _matrix(data, sign), _number(now.parameters[1]))


def _number(text: str) -> int:
    if not text.isdigit():
        raise ZplFault(f"Failed to print: expected a number, got {text!r}.")
    return int(text)


def _rows(parameters: tuple[str, ...]) -> Iterator[str]:
    total, size, data = int(parameters[1]), int(parameters[3]), parameters[4]
    if parameters[0] != "A" or len(data) != 2 * total or total % size:
        raise ZplFault(f"Failed to draw a picture of {total} bytes from {len(data)} digits.")
    for start in range(0, len(data), 2 * size):
        yield f"{int(data[start : start + 2 * size], 16):0{8 * size}b}"


def _ean(data: str) -> str:
    if not re.fullmatch("[0-9]{12}", data):
        raise ZplFault(f"Failed to print EAN-13: expected 12 digits, got {data!r}.")
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(data))
    return data + str(-total % 10)


def _matrix(data: str, sign: str) -> str:
    """The content of ^BX, in which the sign and 1 are FNC1, and the sign twice is the sign itself."""
    found = re.sub(re.escape(sign) + "(.)", lambda got: {"1": GS, sign: sign}.get(got[1], "\x00"), data)
    if not found.startswith(GS) or "\x00" in found:
        raise ZplFault(f"Failed to print a GS1 DataMatrix: expected FNC1 first, got {data[:20]!r}.")
    return found[1:]


def _values(data: str) -> Iterator[int]:
    """The code values of a Code 128 field, its start first (ISO/IEC 15417, table 1)."""
    place, is_c = 0, False
    while place < len(data):
        if data[place] == ">":
            value = _INVOKED.get(data[place + 1 : place + 2])
            if value is None or (place == 0) != (value in _STARTS):
                raise ZplFault(f"Failed to print Code 128: {data[place : place + 2]!r} is no code at place {place}.")
            is_c = value in (_TO_C, _START_C) or (is_c and value == _FNC1)
            yield value
            place += 2
        elif is_c:
            if not data[place : place + 2].isdigit() or len(data[place : place + 2]) != 2:
                raise ZplFault(f"Failed to print Code 128: expected two digits, got {data[place : place + 2]!r}.")
            yield int(data[place : place + 2])
            place += 2
        else:
            yield ord(data[place]) - 32
            place += 1


def _read(values: tuple[int, ...]) -> str:
    """What a reader makes of the values; the FNC1 that says GS1 is not part of it."""
    said, is_c = "", values[0] == _START_C
    for place, value in enumerate(values[1:], 1):
        if value == _FNC1:
            said += "" if place == 1 else GS
        elif is_c and value != _TO_B:
            said += f"{value:02d}"
        elif not is_c and value != _TO_C:
            said += chr(value + 32)
        is_c = is_c != (value == (_TO_B if is_c else _TO_C))
    return said


def _check_inside(printed: Printed) -> None:
    for part in printed.fields:
        if part.x >= printed.width or part.y >= printed.height:
            raise ZplFault(f"Failed to print: a field at {part.x}, {part.y} lies outside the label.")
