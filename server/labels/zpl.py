"""Labels in ZPL II, the language of Zebra's printers (Zebra Programming Guide, P1099958).

Everything that comes from outside is a field of hexadecimal escapes (`^FH`), so that no name can hold a command.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from orderlight.autoid.elements import GS
from server.labels.layout import Code, Label, Line
from server.labels.matrix import Matrix
from server.labels.symbols import QUIET_MODULES, Carrier, Symbol

#: Dots an inch -> dots a millimetre, of the print heads that Zebra makes.
HEADS: Final = {152: 6, 203: 8, 300: 12, 600: 24}
#: What may stand in a field as it is.
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -./:(),+")
#: The printer's own font has Latin letters up to here (Latin Extended-A), and a few signs.
_LAST_LATIN, _SIGNS = "\u017f", frozenset("–—‘’“”„•…€")
#: Runs of six digits and more, an even number, are worth a change to subset C (ISO/IEC 15417, annex E).
_LONG_RUN: Final = re.compile(r"(?:[0-9][0-9]){3,}")
#: Whether to C -> how a code begins there, and how it changes.
_STARTS: Final = {True: ">;", False: ">:"}
_CHANGES: Final = {True: ">5", False: ">6"}

#: (text, dots high, bold) -> rows of 1 and 0, for letters that the printer does not have.
DrawText = Callable[[str, int, bool], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Head:
    """A print head: `dpi` as in HEADS; `draw` gives the letters that the printer does not have."""

    dpi: int
    draw: DrawText

    def dots(self, mm: float) -> int:
        """So many millimetres in dots."""
        return round(mm * HEADS[self.dpi])


def label_zpl(label: Label, head: Head, *, copies: int = 1) -> str:
    """The label as one ZPL format, ASCII alone.

    `^CI28` is UTF-8; `^PW` and `^LL` are the size in dots; `^PQ` the number of copies.
    """
    room = head.dots(label.width_mm)
    fields = "".join(_text(part, head) if isinstance(part, Line) else _code(part, head, room) for part in label.parts)
    size = f"^PW{head.dots(label.width_mm)}^LL{head.dots(label.height_mm)}"
    return f"^XA^CI28^LH0,0{size}{fields}^PQ{copies}^XZ\n"


def field_data(data: bytes) -> str:
    """A field with this content: `^FH` with the backslash before two hexadecimal digits, then `^FD` and `^FS`.

    >>> field_data("a^b_ł".encode())
    '^FH\\\\^FDa\\\\5Eb\\\\5F\\\\C5\\\\82^FS'
    """
    return "^FH\\^FD" + "".join(chr(byte) if byte in _PLAIN else f"\\{byte:02X}" for byte in data) + "^FS"


def _text(line: Line, head: Head) -> str:
    height = max(head.dots(line.size), 1)
    place = _place(line.x, line.y, head)
    if all(letter <= _LAST_LATIN or letter in _SIGNS for letter in line.text):
        # A bold letter of the printer's font is a broader one.
        width = round(height * 1.15) if line.bold else height
        return f"{place}^A0N,{height},{width}{field_data(line.text.encode())}"
    return place + _graphic(head.draw(line.text, height, line.bold))


def _graphic(rows: Sequence[str]) -> str:
    """A picture of one bit a dot (`^GFA`): rows of whole bytes in hexadecimal."""
    if not rows or not rows[0]:
        return "^FS"
    size = -(-len(rows[0]) // 8)
    drawn = "".join(f"{int(row.ljust(size * 8, '0'), 2):0{size * 2}X}" for row in rows)
    return f"^GFA,{size * len(rows)},{size * len(rows)},{size},{drawn}^FS"


def _code(code: Code, head: Head, room: int) -> str:
    """The code; a module is whole dots, so many that the bars end within `room` dots."""
    symbol = code.symbol
    if isinstance(symbol, Symbol):
        x = code.x + QUIET_MODULES * symbol.module_mm
        most = (room - head.dots(x)) // (len(symbol.modules) + QUIET_MODULES // 2)
        module = max(min(round(symbol.module_mm * HEADS[head.dpi]), most), 1)
        return _place(x, code.y, head) + f"^BY{module}" + _bars(symbol, head.dots(symbol.height_mm))
    return _place(code.x + symbol.quiet_mm, code.y + symbol.quiet_mm, head) + _matrix(symbol, head)


def _bars(symbol: Symbol, height: int) -> str:
    if symbol.carrier is Carrier.EAN_13:
        # The printer reckons the check digit itself.
        return f"^BEN,{height},N,N" + field_data(symbol.data[:12].encode())
    is_gs1 = symbol.carrier is Carrier.GS1_128
    return f"^BCN,{height},N,N,N,N" + field_data(code_128_data(symbol.data, is_gs1=is_gs1).encode())


def _matrix(matrix: Matrix, head: Head) -> str:
    size = max(round(matrix.module_mm * HEADS[head.dpi]), 1)
    if matrix.carrier is Carrier.QR:
        # Level M, and the printer chooses how it packs the characters ("A").
        return f"^BQN,2,{size}" + field_data(b"MA," + matrix.data.encode())
    # ECC 200 with the underscore as escape: _1 is FNC1 and __ an underscore.
    data = "_1" + matrix.data.replace("_", "__").replace(GS, "_1")
    columns, rows = len(matrix.rows[0]), len(matrix.rows)
    return f"^BXN,{size},200,{columns},{rows},,_" + field_data(data.encode())


def _place(x: float, y: float, head: Head) -> str:
    return f"^FO{max(head.dots(x), 0)},{max(head.dots(y), 0)}"


def code_128_data(data: str, *, is_gs1: bool) -> str:
    """The content of a Code 128 with its changes of subset as `^BC` takes them: `>;` is C, `>:` B, `>8` FNC1.

    >>> code_128_data("00095060001343500013", is_gs1=True)
    '>;>800095060001343500013'
    >>> code_128_data("OLU10011O", is_gs1=False)
    '>:OLU10011O'
    """
    said, is_c = "", None
    for text, wants_c in _runs(data):
        if wants_c is not is_c:
            said += _STARTS[wants_c] if is_c is None else _CHANGES[wants_c]
        if is_c is None and is_gs1:
            said += ">8"
        said, is_c = said + (text if wants_c else _in_b(text)), wants_c
    return said


def _runs(data: str) -> Iterator[tuple[str, bool]]:
    """The content cut where the subset changes, each part with whether it is for subset C."""
    place = 0
    for found in _LONG_RUN.finditer(data):
        if found.start() > place:
            yield data[place : found.start()], False
        yield found[0], True
        place = found.end()
    if place < len(data):
        yield data[place:], False


def _in_b(text: str) -> str:
    for character, escape in ((">", ">0"), ("^", "><"), ("~", ">="), (GS, ">8")):
        text = text.replace(character, escape)
    return text
