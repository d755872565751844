"""One unit wherever it belongs, and what the office does with units: scrap, send back, hold, put into stock."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.units import UnitPage, unit_page
from server.erp.orders.access import is_customer, visible_orders
from server.erp.production import repository
from server.erp.production.acts import by_people
from server.erp.production.deeds import Deed, DeedKind, do
from server.erp.reasons.repository import reasons_in_use
from server.erp.stock.genealogy import materials_of, parts_in
from server.errors import Invalid, NotFound, Refused
from server.http.paging import Before, Number
from server.messages import N_
from server.tracking.states import ReasonKind
from server.web.entry import FormDep, typed_number
from server.web.forms import Form
from server.web.once import write_once
from server.web.order_view import unit_words
from server.web.page import Page, PageDep
from server.web.pages.stock import measures
from server.web.sentences import Say

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
Supervisor = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]

#: A ticked unit is a field of this name and its number.
_PICK: Final = "pick."
_DONE: Final[Mapping[DeedKind, str]] = {
    DeedKind.SCRAP: N_("Scrapped: %(units)s."),
    DeedKind.REWORK: N_("Sent back: %(units)s."),
    DeedKind.HOLD: N_("On hold: %(units)s. Stations refuse them until the hold is lifted."),
    DeedKind.RESUME: N_("%(units)s may go on."),
    DeedKind.STOCK: N_("Put into stock: %(units)s."),
    DeedKind.SPLIT: N_("A lot of its own from now on: %(units)s. Print its label."),
}
#: So many numbers stand in a sentence, and so many codes may be scanned into one form.
_NAMED: Final = 5
_MOST_CODES: Final = 1000


@router.get("/units/{number}")
def show_unit(page: PageDep, principal: Reader, number: Number, before: Before = None) -> Response:
    """A unit for stock with every read that moved it; one that was ordered has its page beside its order."""
    if principal.kind == "visit":
        return page.go("/track")
    with page.database.read() as session:
        found = unit_page(session, principal, number, before=before)
        more = around(session, page, principal, found)
    if found.order is not None:
        return page.go(f"/orders/{found.order}/units/{number}")
    return page.show("pages/unit.html", **more, topic=None, version=0)


@router.post("/work-orders/{number}/pieces")
def act(page: PageDep, number: Number, form: FormDep, principal: Supervisor) -> Response:
    """Do it with the ticked units, or with so many; a refusal says why, where the form stood."""
    picked = [name.removeprefix(_PICK) for name in form.values if name.startswith(_PICK)]
    back = f"/units/{picked[0]}" if form.get("from") == "unit" and len(picked) == 1 else f"/work-orders/{number}"

    def work(session: Session) -> list[str]:
        found = repository.work_order(session, number, visible=visible_orders(principal))
        if found is None or is_customer(principal):
            raise NotFound
        return list(do(session, found, picked, deed, by_people(principal.actor, page.now)))

    try:
        deed = _deed(page, form)
        done = write_once(page, principal, form, work)
    except Refused as refusal:
        return page.go(back, refusal.detail, kind="stop")
    except Invalid as refusal:
        said = " ".join(error.message for error in refusal.errors) or refusal.detail
        return page.go(back, said, kind="warn")
    named = ", ".join(done[:_NAMED]) + (" …" if len(done) > _NAMED else "")
    return page.go(back, page.say(_DONE[deed.kind], units=named))


def around(session: Session, page: Page, principal: Principal, found: UnitPage) -> dict[str, Any]:
    """What the page of a unit shows beside its order."""
    return {
        "found": found,
        "used": materials_of(session, found.row.id),
        "built_in": parts_in(session, found.row.id),
        "reasons": offered(session, principal),
        "measure": measures(page),
        "words": unit_words(found.row, Say(page.language)),
    }


def offered(session: Session, principal: Principal) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The reasons to choose from by what is done, for whoever may do it; for others nothing."""
    if not principal.may(Permission.FLOOR_WRITE):
        return {}
    reasons = reasons_in_use(session)
    return {
        kind.value: [(f"{kind.value}:{each.code}", each.name) for each in reasons if each.kind == kind]
        for kind in (ReasonKind.SCRAP, ReasonKind.REWORK, ReasonKind.HOLD)
    }


def _deed(page: Page, form: Form) -> Deed:
    kind, _colon, code = form.text("why").partition(":")
    if kind not in list(DeedKind):
        raise Invalid(page.say(N_("Choose what is done and why.")))
    quantity = typed_number(page, form.get("quantity"))
    step = form.text("step")
    return Deed(
        DeedKind(kind),
        code=code or None,
        words=(form.get("words") or "")[:200] or None,
        quantity=quantity,
        step=int(step) if step.isascii() and step.isdigit() and len(step) <= 3 else None,
        inside=_scanned(page, form),
    )


def _scanned(page: Page, form: Form) -> list[str] | None:
    """The codes that were scanned one below the other; none at all only where somebody says so."""
    codes = [line.strip(" \t")[:200] for line in form.text("inside").splitlines()]
    codes = [code for code in codes if code]
    if len(codes) > _MOST_CODES:
        raise Invalid(page.say(N_("At most %(count)s codes go into one form."), count=_MOST_CODES))
    return codes or ([] if form.checked("none_inside") else None)
