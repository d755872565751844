"""The floor: the list of stations, a station's screen with its plain forms, and the board."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from orderlight.events import EventIdentity, EventKind, EventsError
from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.here import Here
from server.crm.station_screen import station_list, station_screen
from server.db.topics import versions
from server.erp.changes import repository
from server.erp.changes.http import witness
from server.erp.changes.service import acknowledge_change
from server.erp.floor.repository import state_of as find_state
from server.erp.orders import estimates
from server.errors import NotFound, Refused
from server.http.paging import Number
from server.messages import N_
from server.web.floor_view import board_html, station_html
from server.web.forms import Form, read_form
from server.web.page import PageDep
from server.web.station_scans import is_elsewhere, take

router = APIRouter(include_in_schema=False)

FormDep = Annotated[Form, Depends(read_form)]
Onlooker = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Scanner = Annotated[Principal, Depends(require(Permission.SCAN))]
Undoer = Annotated[Principal, Depends(require(Permission.UNDO))]

LONGEST_TYPED = 4096


@router.get("/station")
def stations(page: PageDep, principal: Onlooker) -> Response:
    """The stations to choose from; a paired screen goes to its own."""
    if principal.kind == "device" and principal.station_key:
        return page.go(f"/station/{principal.station_key}")
    with page.database.read() as session:
        shown = versions(session, "board")
        found = station_list(session)
    return page.show("pages/stations.html", stations=found, version=shown["board"])


@router.get("/station/{key}")
def station(page: PageDep, principal: Onlooker, key: Number) -> Response:
    """One station's screen, whole without JavaScript."""
    if is_elsewhere(principal, key):
        return page.go(f"/station/{principal.station_key}")
    with page.database.read() as session:
        version = versions(session, f"station:{key}")[f"station:{key}"]
        screen = station_screen(session, key, here=Here(page.site.zone, page.now))
    own_epoch = secrets.token_hex(8)
    who, zones = station_html(screen, page.formats, version=version, own_epoch=own_epoch)
    return page.show("pages/station.html", screen=screen, who=who, zones=zones, own_epoch=own_epoch)


@router.post("/station/{key}/scan")
def scan(page: PageDep, principal: Scanner, key: Number, form: FormDep) -> Response:
    """A typed code, for a browser without JavaScript; sending the form twice is one scan."""
    code = form.text("code")[:LONGEST_TYPED]
    if not code:
        return page.go(f"/station/{key}", page.say(N_("Type or scan a code first.")), kind="warn")
    fields = {"kind": EventKind.CODE_SCANNED.value, "code": code, "read_point": form.get("read_point")}
    return take(page, principal, key, form=form, told=[fields])


@router.post("/station/{key}/undo")
def undo(page: PageDep, principal: Undoer, key: Number, form: FormDep) -> Response:
    """Take the scan back that the button names."""
    try:
        corrects = EventIdentity.parse(
            {"gateway": form.get("gateway"), "epoch": form.get("epoch"), "sequence": int(form.text("sequence") or 0)}
        )
    except (EventsError, ValueError):
        return page.go(f"/station/{key}", page.say(N_("There is nothing to take back here.")), kind="warn")
    fields = {"kind": EventKind.UNDO_REQUESTED.value, "corrects": corrects.as_json()}
    return take(page, principal, key, form=form, told=[fields])


@router.post("/station/{key}/acknowledge")
def acknowledge(page: PageDep, principal: Scanner, key: Number, form: FormDep) -> Response:
    """The operator of the station has seen the change, else whoever is signed in here."""
    if is_elsewhere(principal, key):
        return page.go(f"/station/{principal.station_key}")

    def work(session: Session) -> None:
        state = find_state(session, key)
        change = repository.change(session, form.text("change")[:40], lock=True)
        if change is None:
            raise NotFound
        by = witness(session, principal, key, badge=state.operator_badge if state is not None else None)
        acknowledge_change(session, change, key, by, now=page.now)

    try:
        page.database.write(work)
    except Refused as refusal:
        return page.go(f"/station/{key}", refusal.detail, kind="stop")
    return page.go(f"/station/{key}", page.say(N_("Seen. Scans go on.")))


@router.get("/board")
def board(page: PageDep, principal: Onlooker) -> Response:
    """The floor for a wall: dark, readable from five metres."""
    estimates.refresh(page.database, now=page.now)
    with page.database.read() as session:
        version = versions(session, "board")["board"]
        html = board_html(session, page.formats, version=version)
    return page.show("pages/board.html", board_html=html, is_wall=principal.kind == "device")
