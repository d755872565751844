"""Receiving and counting goods by plain forms."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.measures import measure
from server.erp.stock import repository, service
from server.erp.stock.models import StockMove
from server.erp.stock.rules import MoveKind
from server.erp.stock.schemas import MoveIn
from server.http.fields import plain
from server.http.paging import Text
from server.messages import N_
from server.web.entry import Fault, FormDep, checked, given
from server.web.forms import Form
from server.web.once import attempt_once
from server.web.page import Page, PageDep
from server.web.pages.stock import address
from server.web.place_choice import place_choices, with_place
from server.web.product_choice import product_choices, with_products

router = APIRouter(prefix="/stock", include_in_schema=False)

Writer = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_WORDS: Final = {
    "lot": N_("Write a lot of at most 20 letters, digits and signs, without blanks."),
    "target": N_("Name a location that there is."),
}
#: What a service says about a move, and the field that it is about.
_FIELDS: Final = {"nothing_to_change": "quantity", "too_much_stock": "quantity", "not_enough_stock": "quantity"}


class _Asked(NamedTuple):
    """One of the two forms."""

    kind: MoveKind
    template: str
    names: tuple[str, ...]
    said: str


RECEIVE: Final = _Asked(
    MoveKind.RECEIPT,
    "stock/receive.html",
    ("product", "lot", "quantity", "target", "reference"),
    N_("%(number)s: %(quantity)s %(uom)s of %(sku)s lie at %(place)s now."),
)
COUNT: Final = _Asked(
    MoveKind.COUNT,
    "stock/count.html",
    ("product", "lot", "quantity", "target", "cause"),
    N_("%(number)s: %(sku)s at %(place)s is put right by %(quantity)s %(uom)s."),
)


@router.get("/receive")
def receive(
    page: PageDep, _principal: Writer, product: Text = None, lot: Text = None, location: Text = None
) -> Response:
    """The form for goods that came in."""
    return _form(page, RECEIVE, Form(_typed(product, lot, location)))


@router.post("/receive")
def take_in(page: PageDep, principal: Writer, form: FormDep) -> Response:
    """Book what came in; a mistake is shown beside its field."""
    return _book(page, principal, RECEIVE, form)


@router.get("/count")
def count(page: PageDep, _principal: Writer, product: Text = None, lot: Text = None, location: Text = None) -> Response:
    """The form for what was counted."""
    return _form(page, COUNT, Form(_typed(product, lot, location)))


@router.post("/count")
def put_right(page: PageDep, principal: Writer, form: FormDep) -> Response:
    """Book the difference between what was counted and what was known."""
    return _book(page, principal, COUNT, form)


def _typed(product: str | None, lot: str | None, location: str | None) -> Mapping[str, str]:
    return {"product": product or "", "lot": lot or "", "target": location or ""}


def _book(page: Page, principal: Principal, asked: _Asked, form: Form) -> Response:
    try:
        form = with_place(page, with_products(page, form, ["product"]), "target")
        data: dict[str, Any] = given(form, *asked.names)
        if asked.kind is MoveKind.COUNT and "cause" not in data:
            raise Fault(form.with_faults({"cause": page.say(N_("Say why it is counted."))}), 422)
        body = checked(page, form, model=MoveIn, data=data | {"kind": asked.kind}, words=_WORDS)

        def work(session: Session) -> tuple[str, dict[str, str]]:
            move = service.move_stock(session, body, actor=principal.actor, now=page.now)
            return move.product.sku, _values(page, move)

        sku, values = attempt_once(page, principal, form, work, fields=_FIELDS)
    except Fault as fault:
        return _form(page, asked, fault.form, status=fault.status)
    labels = f"?labels={quote(body.lot, safe='')}" if body.lot and asked.kind is MoveKind.RECEIPT else ""
    return page.go(address(sku) + labels, page.say(asked.said, **values))


def _values(page: Page, move: StockMove) -> dict[str, str]:
    place = move.target or move.source
    assert place is not None
    less = move.target is None
    return {
        "number": move.number,
        "quantity": ("−" if less else "") + plain(move.quantity),
        "uom": page.say(measure(move.uom)),
        "sku": move.product.sku,
        "place": place.name,
    }


def _form(page: Page, asked: _Asked, form: Form, *, status: int = 200) -> Response:
    with page.database.read() as session:
        locations = place_choices(session)
        known = product_choices(session, *repository.KNOWN_MATERIALS)
    return page.show(asked.template, status=status, form=form, locations=locations, known=known)
