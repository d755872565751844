"""The door to labels as files: SVG and PNG of one, PDF of many, ZPL for a printer that somebody feeds himself."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from server.auth.http import DatabaseDep, SettingsDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.errors import Forbidden
from server.http.fields import PositiveQuantity
from server.http.paging import Number
from server.labels import paper
from server.labels.drawing import label_svg
from server.labels.layout import Label
from server.labels.wanted import Asked, LabelKind, make_labels
from server.labels.zpl import HEADS, Head, label_zpl

router = APIRouter(prefix="/api/v1/labels")

FloorReader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]


class Form(StrEnum):
    """How labels are given out."""

    #: One label as a drawing or a picture; of several the first.
    SVG = "svg"
    PNG = "png"
    #: A page of the label's own size for each.
    PDF = "pdf"
    #: On A4, from the first free label on.
    SHEET = "sheet"
    ZPL = "zpl"


_TYPES = {
    Form.SVG: "image/svg+xml",
    Form.PNG: "image/png",
    Form.PDF: "application/pdf",
    Form.SHEET: "application/pdf",
    Form.ZPL: "text/plain; charset=utf-8",
}
_ENDINGS = {Form.SHEET: "pdf"}
Start = Annotated[int, Query(ge=1, le=24, description="The first free label of the first sheet.")]
Inside = Annotated[PositiveQuantity | None, Query(description="Of a lot, how much is in what its label is put on.")]
Dpi = Annotated[int, Query(description="Dots an inch of PNG and ZPL: 152, 203, 300 or 600.")]


@router.get("/{kind}/{reference:path}", response_class=Response)
def get_labels(
    database: DatabaseDep,
    settings: SettingsDep,
    principal: FloorReader,
    kind: LabelKind,
    reference: Number,
    form: Form = Form.PDF,
    start: Start = 1,
    dpi: Dpi = 203,
    quantity: Inside = None,
) -> Response:
    """Labels of a kind: `reference` is a number, a sku, sku/lot, what a card's code says, or `all` cards of a kind."""
    check_kind(principal, kind)
    with database.read() as session:
        labels = make_labels(session, Asked(kind, reference, settings.base_url, quantity=quantity))
    return labels_file(labels, form, start=start, dpi=dpi)


def check_kind(principal: Principal, kind: LabelKind) -> None:
    """Badges are a way in, so administrators alone print them; raises Forbidden."""
    if kind is LabelKind.BADGE and not principal.may(Permission.ADMIN):
        raise Forbidden


def labels_file(labels: Sequence[Label], form: Form, *, start: int = 1, dpi: int = 203) -> Response:
    """The labels as an answer that browsers show and keep under a name."""
    head = dpi if dpi in HEADS else min(HEADS, key=lambda known: abs(known - dpi))
    makers = {
        Form.SVG: lambda: label_svg(labels[0]).encode(),
        Form.PNG: lambda: paper.label_png(labels[0], dpi=head),
        Form.PDF: lambda: paper.single_pdf(labels),
        Form.SHEET: lambda: paper.sheet_pdf(labels, start=start),
        Form.ZPL: lambda: "".join(label_zpl(label, Head(head, paper.text_rows)) for label in labels).encode(),
    }
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in labels[0].title)
    headers = {
        "Content-Disposition": f'inline; filename="label-{plain}.{_ENDINGS.get(form, form.value)}"',
        "Cache-Control": "private, no-store",
    }
    return Response(makers[form](), media_type=_TYPES[form], headers=headers)
