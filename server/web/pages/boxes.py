"""The page of a box or pallet: what lies in it as a tree, its label, and what may be done with it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.access import visible_orders
from server.crm.box_page import box_page
from server.db.topics import versions
from server.erp.logistics import packing, repository, service
from server.erp.logistics.models import HandlingUnit
from server.erp.logistics.schemas import HandlingUnitIn, UnpackBody
from server.errors import Invalid, NotFound, Refused
from server.http.paging import Number
from server.messages import N_
from server.tracking.states import HandlingUnitKind
from server.web.entry import FormDep
from server.web.once import write_once
from server.web.page import Page, PageDep

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Packer = Annotated[Principal, Depends(require(Permission.SHIPMENTS_WRITE))]
Act = Callable[[Session, HandlingUnit], None]


@router.get("/handling-units/{number}")
def show_box(page: PageDep, principal: Reader, number: Number) -> Response:
    """One box or pallet, by number or SSCC."""
    with page.database.read() as session:
        box = box_page(session, principal, number)
        topic = f"order:{box.order.number}"
        version = versions(session, topic)[topic]
    return page.show("pages/handling_unit.html", box=box, topic=topic, version=version)


@router.post("/orders/{number}/pallet")
def begin_pallet(page: PageDep, principal: Packer, number: Number, form: FormDep) -> Response:
    """An empty pallet for the order; boxes go onto it by scan or on its page."""

    def work(session: Session) -> str:
        body = HandlingUnitIn(order=number, kind=HandlingUnitKind.PALLET)
        return packing.open_box(session, body, actor=principal.actor, now=page.now).number

    try:
        made = write_once(page, principal, form, work)
    except (Refused, Invalid) as refusal:
        return page.go(f"/orders/{number}", refusal.detail, kind="stop")
    said = page.say(N_("%(number)s is open. Put boxes onto it here, or scan its label and then theirs."), number=made)
    return page.go(f"/handling-units/{made}", said)


@router.post("/handling-units/{number}/close")
def close(page: PageDep, principal: Packer, number: Number) -> Response:
    """It is full."""

    def act(session: Session, box: HandlingUnit) -> None:
        service.close_box(session, box, actor=principal.actor, now=page.now)

    return _act(page, principal, number, act, N_("%(number)s is closed. Print its label."))


@router.post("/handling-units/{number}/reopen")
def reopen(page: PageDep, principal: Packer, number: Number, form: FormDep) -> Response:
    """Something must come out again, with a reason."""
    reason = "".join(letter for letter in form.text("reason") if letter.isprintable())[:200]
    if not reason:
        return page.go(f"/handling-units/{number}", page.say(N_("Say why in a few words.")), kind="stop")

    def act(session: Session, box: HandlingUnit) -> None:
        service.reopen_box(session, box, reason=reason, actor=principal.actor, now=page.now)

    return _act(page, principal, number, act, N_("%(number)s is open again."))


@router.post("/handling-units/{number}/pack")
def put_on(page: PageDep, principal: Packer, number: Number, form: FormDep) -> Response:
    """A box goes onto the pallet."""

    def act(session: Session, box: HandlingUnit) -> None:
        packing.put_on(session, box, [form.text("box")[:40]], actor=principal.actor, now=page.now)

    return _act(page, principal, number, act, N_("The box is on %(number)s now."))


@router.post("/handling-units/{number}/unpack")
def take_out(page: PageDep, principal: Packer, number: Number, form: FormDep) -> Response:
    """A unit comes out of the box, or a box off the pallet."""
    units, boxes = ([text[:40]] if (text := form.get(name)) else [] for name in ("unit", "box"))

    def act(session: Session, box: HandlingUnit) -> None:
        body = UnpackBody.model_construct(units=units, handling_units=boxes)
        packing.take_out(session, box, body, actor=principal.actor, now=page.now)

    return _act(page, principal, number, act, N_("It is out of %(number)s, which is open now."))


def _act(page: Page, principal: Principal, number: str, act: Act, done: str) -> Response:
    def work(session: Session) -> None:
        box = repository.handling_unit(session, number, visible=visible_orders(principal), lock=True)
        if box is None:
            raise NotFound
        act(session, box)

    try:
        page.database.write(work)
    except (Refused, Invalid) as refusal:
        return page.go(f"/handling-units/{number}", refusal.detail, kind="stop")
    return page.go(f"/handling-units/{number}", page.say(done, number=number))
