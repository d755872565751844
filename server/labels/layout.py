"""A label as it is laid out: lines of text and codes at places in millimetres. Printers and pages draw the same."""

import unicodedata
from dataclasses import dataclass, field, replace
from typing import Final

from server.labels.matrix import Matrix
from server.labels.symbols import QUIET_MODULES, Symbol

#: Widths in parts of the letter's size, a little more than DejaVu Sans has, so that what is drawn fits.
_NARROW: Final = dict.fromkeys("iljtfrI.,:;'|!()[]{}/ -", 0.42)
_BROAD: Final = dict.fromkeys("mwMWQO@%", 0.99)
_CAPITAL, _SMALL, _FULL, _BOLD = 0.72, 0.64, 1.0, 1.1
#: Text under a code.
CODE_TEXT_MM = 2.6


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `x`, `y` is the upper left corner of its letters, `size` their height with descent, in mm."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """A code; `x`, `y` is the upper left corner of its quiet zone in mm."""

    x: float
    y: float
    symbol: Symbol | Matrix


@dataclass(frozen=True, slots=True)
class Label:
    """A label of an exact size in mm with all that stands on it."""

    width_mm: float
    height_mm: float
    title: str
    parts: tuple[Line | Code, ...]


@dataclass(slots=True)
class Draft:
    """A label being filled from the top; `y` is where the next thing goes, between margins of `left` and `top` mm."""

    width_mm: float
    height_mm: float
    title: str
    left: float = 4.0
    top: float = 2.5
    y: float = field(init=False)
    parts: list[Line | Code] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.y = self.top

    def say(self, text: str, size: float, *, bold: bool = False, lines: int = 1, width: float | None = None) -> None:
        """Text of at most so many lines, cut with an ellipsis when it is longer; none for no text."""
        room = self.width_mm - 2 * self.left if width is None else width
        for line in fitted(text, room, size, bold=bold, lines=lines):
            self.parts.append(Line(self.left, self.y, line, size, bold))
            self.y += size * 1.2

    def beside(self, text: str, size: float) -> None:
        """Text at the right end of the line that was said last."""
        width = text_width(text, size)
        self.parts.append(Line(self.width_mm - self.left - width, self.parts[-1].y, text, size))

    def bars(self, symbol: Symbol, *, text_mm: float = CODE_TEXT_MM) -> None:
        """A linear code with its text below, narrower where the label is; its quiet zone lies in the margin."""
        if symbol.width_mm > self.width_mm:
            symbol = replace(symbol, module_mm=symbol.module_mm * self.width_mm / symbol.width_mm)
        self.parts.append(Code(max(self.left - QUIET_MODULES * symbol.module_mm, 0), self.y, symbol))
        self.y += symbol.height_mm + 0.4
        self.say(symbol.text, text_mm)

    def corner(self, matrix: Matrix) -> None:
        """A code of two dimensions in the lower right corner."""
        x = self.width_mm - self.left - matrix.width_mm + matrix.quiet_mm
        self.parts.append(Code(x, self.height_mm - self.top - matrix.height_mm + matrix.quiet_mm, matrix))

    def done(self) -> Label:
        """The label."""
        return Label(self.width_mm, self.height_mm, self.title, tuple(self.parts))


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide the text becomes in mm, rather too much than too little."""
    return sum(map(_letter_width, text)) * size * (_BOLD if bold else 1.0)


def fitted(text: str, width: float, size: float, *, bold: bool = False, lines: int = 1) -> list[str]:
    """The text in at most so many lines of this width in mm; what does not fit ends in an ellipsis.

    >>> fitted("Gasket set for a bicycle", 20, 2.5, lines=2)
    ['Gasket set for', 'a bicycle']
    >>> fitted("自行车踏板组件", 10, 2.5)
    ['自行车…']
    """
    rest = " ".join(text.split())
    found: list[str] = []
    while rest and len(found) < lines:
        line = _head(rest, width, size, bold=bold)
        rest = rest[len(line) :].lstrip()
        if rest and len(found) == lines - 1:
            line = _cut(line + " " + rest if line.isascii() else line + rest, width, size, bold=bold)
        found.append(line.rstrip())
    return found


def _head(text: str, width: float, size: float, *, bold: bool) -> str:
    """The first line: to the last space that fits, or, without one or in a script without spaces, as far as it fits."""
    end = _fitting(text, width, size, bold=bold)
    if end >= len(text):
        return text
    space = text.rfind(" ", 0, end + 1)
    return text[:space] if space > 0 and not _is_wide(text[end]) else text[: max(end, 1)]


def _cut(text: str, width: float, size: float, *, bold: bool) -> str:
    return text[: max(_fitting(text, width - text_width("…", size, bold=bold), size, bold=bold), 1)].rstrip() + "…"


def _fitting(text: str, width: float, size: float, *, bold: bool) -> int:
    """How many letters from the first fit."""
    used, factor = 0.0, size * (_BOLD if bold else 1.0)
    for position, letter in enumerate(text):
        used += _letter_width(letter) * factor
        if used > width:
            return position
    return len(text)


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if _is_wide(letter):
        return _FULL
    base = unicodedata.normalize("NFD", letter)[0]
    return _NARROW.get(base) or _BROAD.get(base) or (_CAPITAL if letter.isupper() or letter.isdigit() else _SMALL)


def _is_wide(letter: str) -> bool:
    """Whether the letter fills a square, as Chinese, Japanese and Korean ones do (Unicode, UAX 11)."""
    return unicodedata.east_asian_width(letter) in ("W", "F")
