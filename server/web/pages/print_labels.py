"""Labels of any kind on a page of their own, and the form that sends labels to a printer."""

from decimal import Decimal
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.errors import NotFound, OrderlightError
from server.http.paging import CLEAN, Text
from server.labels.drawing import label_svg
from server.labels.http import check_kind
from server.labels.queue import service
from server.labels.queue.http import order_of
from server.labels.queue.schemas import PrintIn
from server.labels.wanted import Asked, LabelKind, make_labels
from server.messages import N_
from server.web.entry import Fault, FormDep, checked, typed_number
from server.web.once import write_once
from server.web.page import Page, PageDep
from server.web.ways_to_print import Offer, offer_of, ways
from server.web.words import word

router = APIRouter(prefix="/print/labels", include_in_schema=False)

FloorReader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Printing = Annotated[Principal, Depends(require(Permission.LABELS_PRINT))]
Reference = Annotated[str, Query(min_length=1, max_length=160, pattern=CLEAN)]
#: A page draws so many labels; the files hold all of them.
_DRAWN = 24


@router.get("")
def show_labels(
    page: PageDep, principal: FloorReader, kind: LabelKind, reference: Reference, quantity: Text = None
) -> Response:
    """The labels as they come out, in their own size."""
    check_kind(principal, kind)
    with page.database.read() as session:
        labels = make_labels(session, _asked(page, kind, reference, typed_number(page, quantity or None)))
        offered = ways(page, session, Offer(kind, reference, quantity or ""))
    title = f"{page.say(word('label_kind', kind.value))} {labels[0].title if len(labels) == 1 else ''}".strip()
    drawings = [label_svg(label) for label in labels[:_DRAWN]]
    return page.show(
        "print/labels.html", title=title, drawings=drawings, more=len(labels) - len(drawings), ways=offered
    )


@router.post("")
def print_labels(page: PageDep, form: FormDep, principal: Printing) -> Response:
    """Queue the labels and lead to the printers, where one sees them come out."""
    offer = offer_of(form.text("what"), form.text("quantity"))
    if offer is None:
        raise NotFound
    check_kind(principal, offer.kind)
    data = {"kind": offer.kind, "reference": offer.reference, "printer": form.text("printer")}
    try:
        body = checked(page, form, model=PrintIn, data=data | {"copies": form.text("copies") or "1"})
        quantity = typed_number(page, offer.quantity or None)
        order = order_of(page.database, _asked(page, offer.kind, offer.reference, quantity), body)

        def work(session: Session) -> tuple[str, int]:
            printer = service.found_printer(session, body.printer)
            jobs = service.print_labels(session, printer, order, actor=principal.actor, now=page.now)
            return printer.name, len(jobs)

        name, count = write_once(page, principal, form, work)
    except Fault as fault:
        said = " ".join(fault.form.faults.values()) or fault.form.fault
        return page.go(_address(offer), said, kind="stop")
    except OrderlightError as refusal:
        return page.go(_address(offer), refusal.detail, kind="stop")
    words = N_("%(count)s to print on %(printer)s.")
    return page.go("/printers", page.say(words, count=count, printer=name))


def _asked(page: Page, kind: LabelKind, reference: str, quantity: Decimal | None) -> Asked:
    return Asked(kind, reference, page.settings.base_url, lambda name: page.say(word("command", name)), quantity)


def _address(offer: Offer) -> str:
    fields = {"kind": offer.kind.value, "reference": offer.reference, "quantity": offer.quantity}
    return "/print/labels?" + urlencode({name: value for name, value in fields.items() if value})
