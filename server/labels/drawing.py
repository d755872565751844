"""Labels as SVG of an exact size: fills and fonts are attributes, never styles, so every page may show them."""

from xml.sax.saxutils import escape

from server.labels.layout import Code, Label, Line
from server.labels.symbols import QUIET_MODULES, Symbol, dark_runs

#: The first of these that has a letter draws it: Latin and Cyrillic, then Chinese, Japanese and Korean.
FONTS = "DejaVu Sans, Noto Sans CJK SC, Noto Sans SC, sans-serif"
#: From the top of a line to the foot of its letters, in parts of its size.
_ASCENT = 0.8


def label_svg(label: Label) -> str:
    """The label as an SVG document, its units one millimetre."""
    inside = "".join(_line(part) if isinstance(part, Line) else _code(part) for part in label.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{label.width_mm:g}mm" height="{label.height_mm:g}mm" '
        f'viewBox="0 0 {label.width_mm:g} {label.height_mm:g}" role="img" font-family="{FONTS}">'
        f"<title>{_clean(label.title)}</title>"
        f'<rect width="100%" height="100%" fill="#fff"/><g fill="#000">{inside}</g></svg>'
    )


def _line(line: Line) -> str:
    weight = ' font-weight="700"' if line.bold else ""
    base = line.y + _ASCENT * line.size
    return f'<text x="{line.x:.2f}" y="{base:.2f}" font-size="{line.size:g}"{weight}>{_clean(line.text)}</text>'


def _code(code: Code) -> str:
    """The code as one path: with a rectangle for each bar a sheet of PDF takes three times as long."""
    symbol = code.symbol
    if isinstance(symbol, Symbol):
        x = code.x + QUIET_MODULES * symbol.module_mm
        drawn = _row(x, code.y, symbol.modules, (symbol.module_mm, symbol.height_mm))
    else:
        x, y, size = code.x + symbol.quiet_mm, code.y + symbol.quiet_mm, symbol.module_mm
        drawn = "".join(_row(x, y + row * size, modules, (size, size)) for row, modules in enumerate(symbol.rows))
    return f'<path d="{drawn}"/>'


def _row(x: float, y: float, modules: str, module: tuple[float, float]) -> str:
    """A row of modules of this width and height, from x and y on."""
    wide, high = module
    return "".join(
        f"M{x + first * wide:.3f} {y:.3f}h{count * wide:.3f}v{high:.3f}h-{count * wide:.3f}z"
        for first, count in dark_runs(modules)
    )


def _clean(text: str) -> str:
    """Text of a document: characters that XML 1.0 cannot carry (2.2) become question marks."""
    return escape("".join(letter if letter.isprintable() else "?" for letter in text))
