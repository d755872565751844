"""Labels and documents as PDF and PNG, in exact millimetres.

The libraries belong to the extra `print`. They are imported with the first print, never at the start, and stand
behind one lock: neither of them promises to work on two threads at once.
"""

import html
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from server.errors import Unavailable
from server.labels.drawing import FONTS, label_svg
from server.labels.layout import Label
from server.messages import N_
from server.messages import translate as _

A4: Final = (210.0, 297.0)
_LOCK = Lock()
_MISSING = N_(
    "This server makes no PDF and no PNG: its print libraries are missing. Install orderlight[print], and on Debian "
    "libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0."
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """How labels of one size lie on A4: columns and rows without gaps, in the middle of the paper."""

    width_mm: float
    height_mm: float

    @property
    def columns(self) -> int:
        """How many labels lie side by side."""
        return max(int(A4[0] // self.width_mm), 1)

    @property
    def rows(self) -> int:
        """How many labels lie below each other."""
        return max(int(A4[1] // self.height_mm), 1)

    def corner(self, place: int) -> tuple[float, float]:
        """The upper left corner of the label at this place (from 0, by rows) in mm.

        >>> Sheet(70, 37).corner(4)
        (70.0, 37.5)
        """
        row, column = divmod(place, self.columns)
        left = (A4[0] - self.columns * self.width_mm) / 2
        top = (A4[1] - self.rows * self.height_mm) / 2
        return left + column * self.width_mm, top + row * self.height_mm


def sheet_pdf(labels: Sequence[Label], *, start: int = 1) -> bytes:
    """Labels of one size on A4; `start` is the first free label of the first sheet, from 1."""
    sheet = Sheet(labels[0].width_mm, labels[0].height_mm)
    fit = sheet.columns * sheet.rows
    first = (start - 1) % fit
    pages: list[list[str]] = []
    for place, label in enumerate(labels, first):
        if place == first or place % fit == 0:
            pages.append([])
        pages[-1].append(_placed(label, *sheet.corner(place % fit)))
    return _labels_pdf(["".join(page) for page in pages], A4)


def single_pdf(labels: Sequence[Label]) -> bytes:
    """A page of the label's own size for each label of one size."""
    return _labels_pdf([_placed(label, 0, 0) for label in labels], (labels[0].width_mm, labels[0].height_mm))


def label_png(label: Label, *, dpi: int) -> bytes:
    """The label as a picture with so many dots an inch."""
    picture = io.BytesIO()
    with _LOCK:
        _render(_write(_labels_page([_placed(label, 0, 0)], (label.width_mm, label.height_mm))), dpi).save(
            picture, "PNG", dpi=(dpi, dpi)
        )
    return picture.getvalue()


def text_rows(text: str, height: int, bold: bool) -> list[str]:
    """A line of text, drawn `height` dots high: rows of 1 (black) and 0, for printers without these letters."""
    weight = 700 if bold else 400
    # One dot is a point here; an East Asian letter fills a square, and no letter is wider.
    width = height * (len(text) + 1)
    style = f"font:{weight} {height * 0.8:.2f}pt/{height}pt {FONTS};white-space:pre"
    page = f"<style>@page{{size:{width}pt {height}pt;margin:0}}body{{margin:0;{style}}}</style>{html.escape(text)}"
    with _LOCK:
        picture = _render(_write(page), 72).convert("L")
    rows = [
        "".join("1" if picture.getpixel((x, y)) < 128 else "0" for x in range(picture.width))
        for y in range(picture.height)
    ]
    used = max((row.rfind("1") + 1 for row in rows), default=0)
    return [row[:used] for row in rows] if used else []


def document_pdf(page: str, css: str = "") -> bytes:
    """A page of HTML that needs nothing from outside as PDF, in this style."""
    with _LOCK:
        return _write(page, css)


def _labels_pdf(pages: Sequence[str], size: tuple[float, float]) -> bytes:
    return document_pdf(_labels_page(pages, size))


def _labels_page(pages: Sequence[str], size: tuple[float, float]) -> str:
    width, height = size
    style = (
        f"@page{{size:{width:g}mm {height:g}mm;margin:0}}body{{margin:0}}"
        f"section{{position:relative;width:{width:g}mm;height:{height:g}mm;overflow:hidden;break-after:page}}"
        "section:last-child{break-after:auto}div{position:absolute}svg{display:block}"
    )
    return f"<style>{style}</style>" + "".join(f"<section>{page}</section>" for page in pages)


def _placed(label: Label, x: float, y: float) -> str:
    return f'<div style="left:{x:g}mm;top:{y:g}mm">{label_svg(label)}</div>'


def _write(page: str, css: str = "") -> bytes:
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except (ImportError, OSError) as missing:
        # OSError: the package is there, but not the libraries of the system that it draws with.
        raise Unavailable(_(_MISSING), reason="no_print_libraries") from missing
    # It tells of every rule of a style sheet that it does not know; what is missing on paper, tests find.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    # What we print holds all it needs, pictures too; any other address in it is a mistake or an attack.
    within = URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    try:
        written: bytes = HTML(string=page, url_fetcher=within).write_pdf(stylesheets=[CSS(string=css)])
    except FatalURLFetchingError as error:
        told = str(error)[:80]
        raise ValueError(f"Failed to print ({told}): expected a page that needs nothing from outside.") from error
    return written


def _render(pdf: bytes, dpi: int) -> Any:
    """The first page as a Pillow image."""
    from pypdfium2 import PdfDocument

    with PdfDocument(pdf) as document:
        return document[0].render(scale=dpi / 72).to_pil()
