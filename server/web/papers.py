"""Sheets as PDF: the page that a browser would print, in the same style."""

from enum import StrEnum
from typing import Any, Final

from starlette.responses import Response

from server.labels import paper
from server.labels.drawing import FONTS
from server.web.page import PRIVATE, Page
from server.web.static_files import STATIC

#: What other style sheets give to a browser.
_OWN_STYLE: Final = (
    f":root{{--mono:DejaVu Sans Mono;--line:#bbb}}*{{box-sizing:border-box}}body{{margin:0;font:3.6mm/1.4 {FONTS}}}"
)
#: Behind that of the sheets: a browser reads it, a printed page has no pages beside it.
_LAST_STYLE: Final = ".visually-hidden{display:none}p{margin:0 0 1mm}h2{font-size:4.4mm}"


class PaperForm(StrEnum):
    """How a sheet is given out."""

    PAGE = "page"
    PDF = "pdf"


def show_paper(page: Page, template: str, form: PaperForm, **context: Any) -> Response:
    """The sheet as a page to print, or as PDF."""
    if form is PaperForm.PAGE:
        return page.show(template, **context)
    css = _OWN_STYLE + (STATIC / "css" / "print.css").read_text(encoding="utf-8") + _LAST_STYLE
    pdf = paper.document_pdf(page.draw(template, is_bare=True, **context), css)
    return Response(pdf, media_type="application/pdf", headers=PRIVATE)
