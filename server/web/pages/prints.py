"""What people print: travellers, unit labels, box labels, station and command cards, badges."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import HTMLResponse, Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.pictures import data_uri
from server.labels import sheets
from server.labels.wanted import ALL, LabelKind
from server.parties.states import LabelTemplate
from server.web.named_choice import MOST
from server.web.page import PageDep
from server.web.papers import PaperForm, show_paper
from server.web.ways_to_print import Offer, ways

router = APIRouter(include_in_schema=False)

FloorReader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Administrator = Annotated[Principal, Depends(require(Permission.ADMIN))]
#: The sheet of each label template, and how many labels fit on it.
_UNIT_LABELS = {
    LabelTemplate.STANDARD: ("print/unit_labels.html", 24),
    LabelTemplate.LARGE: ("print/unit_labels_large.html", 8),
}
#: How many labels of the first sheet are used up already.
Start = Annotated[int, Query(ge=1, le=24)]


@router.get("/work-orders/{number}/traveller")
def show_traveller(page: PageDep, number: str, _principal: FloorReader, form: PaperForm = PaperForm.PAGE) -> Response:
    """The sheet that goes with a work order."""
    with page.database.read() as session:
        traveller = sheets.make_traveller(session, number)
        picture = data_uri(session, traveller.head.picture)
    about = {"traveller": traveller, "head": traveller.head, "picture": picture}
    return show_paper(page, "print/traveller.html", form, **about, has_pdf=True)


@router.get("/work-orders/{number}/labels")
def show_unit_labels(page: PageDep, number: str, _principal: FloorReader, start: Start = 1) -> HTMLResponse:
    """A label for each unit by the customer's template: 24 to a sheet (70 by 37 mm) or 8 (105 by 74 mm).

    `start` is the first free label of the sheet.
    """
    with page.database.read() as session:
        found = sheets.make_unit_labels(session, number)
        offered = ways(page, session, Offer(LabelKind.WORK_ORDER, number), start=start) if found.labels else None
    template, fit = _UNIT_LABELS[LabelTemplate(found.head.label_template)]
    return page.show(template, head=found.head, labels=found.labels, blank=(start - 1) % fit, ways=offered)


@router.get("/handling-units/{number}/label")
def show_box_label(page: PageDep, number: str, _principal: FloorReader) -> HTMLResponse:
    """The SSCC label of a box."""
    with page.database.read() as session:
        box = sheets.make_box_label(session, number)
        offered = ways(page, session, Offer(LabelKind.BOX, number))
    return page.show("print/box_label.html", box=box, ways=offered)


@router.get("/shipments/{number}/note")
def show_delivery_note(
    page: PageDep, number: str, _principal: FloorReader, form: PaperForm = PaperForm.PAGE
) -> Response:
    """The paper of a shipment; its code, scanned where it arrives, confirms the delivery."""
    with page.database.read() as session:
        note = sheets.make_delivery_note(session, number)
    return show_paper(page, "print/delivery_note.html", form, note=note, has_pdf=True)


@router.get("/print/cards")
def show_station_cards(page: PageDep, _principal: FloorReader) -> HTMLResponse:
    """Cards for the desk: each station, each command, each reason in use."""
    with page.database.read() as session:
        cards = sheets.make_station_cards(session)
        # A sheet of thousands is nobody's; each location prints from its list, and the files hold all of them.
        many = sum(card.kind == LabelKind.LOCATION for card in cards) > MOST
        cards = tuple(card for card in cards if card.kind != LabelKind.LOCATION) if many else cards
        kinds = dict.fromkeys(card.kind for card in cards)
        offered = ways(page, session, *(Offer(LabelKind(kind), ALL) for kind in kinds))
    title = page.say("Station and command cards")
    return page.show("print/cards.html", cards=cards, title=title, ways=offered, many_locations=many)


@router.get("/print/badges")
def show_badges(page: PageDep, _principal: Administrator) -> HTMLResponse:
    """A badge for everybody who has one."""
    with page.database.read() as session:
        cards = sheets.make_badges(session)
        offered = ways(page, session, Offer(LabelKind.BADGE, ALL)) if cards else None
    return page.show("print/cards.html", cards=cards, title=page.say("Badges"), ways=offered)
