"""Scrap, rework, hold and release at a station by touch: the buttons stand for the cards that a scanner would read."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select
from starlette.responses import Response

from orderlight.autoid import OwnCode
from orderlight.events import EventKind
from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.here import Here
from server.crm.station_report import last_unit, unit_report
from server.crm.station_screen import station_screen
from server.erp.floor.models import Station
from server.erp.reasons.repository import reasons_in_use
from server.http.paging import Number, Text
from server.messages import N_
from server.tracking.reasons import KINDS
from server.tracking.states import Command
from server.web.entry import FormDep
from server.web.page import PageDep
from server.web.station_scans import is_elsewhere, take

router = APIRouter(include_in_schema=False)

Scanner = Annotated[Principal, Depends(require(Permission.SCAN))]
LONGEST = 200

#: What may be said of a unit, by the word in the address.
ACTS: Final[Mapping[str, tuple[Command, str, str]]] = {
    "scrap": (Command.SCRAP, N_("Scrap"), "trash-2"),
    "rework": (Command.REWORK, N_("Rework"), "rotate-ccw"),
    "hold": (Command.HOLD, N_("Hold"), "ban"),
    "release": (Command.RESUME, N_("Release"), "play"),
}
Act = Annotated[str, Query(pattern="^(scrap|rework|hold|release)$")]


@router.get("/station/{key}/report")
def report(page: PageDep, principal: Scanner, key: Number, act: Act = "scrap", unit: Text = None) -> Response:
    """The unit that was scanned last, or another one, with a button for each reason; whole without JavaScript."""
    if is_elsewhere(principal, key):
        return page.go(f"/station/{principal.station_key}")
    command, title, _icon = ACTS[act]
    with page.database.read() as session:
        screen = station_screen(session, key, here=Here(page.site.zone, page.now))
        center = session.scalar(select(Station.work_center_id).where(Station.key == key))
        wanted = (unit or "").strip() or last_unit([verdict.subject for verdict in screen.verdicts]) or ""
        found = unit_report(session, wanted, center or 0)
        reasons = reasons_in_use(session, KINDS.get(command))
    return page.show(
        "pages/station_report.html",
        screen=screen,
        act=act,
        acts=ACTS,
        title=page.say(title),
        wanted=wanted,
        found=found,
        reasons=reasons if command in KINDS else [],
        own_epoch=secrets.token_hex(8),
    )


@router.post("/station/{key}/report")
def tell(page: PageDep, principal: Scanner, key: Number, form: FormDep) -> Response:
    """What the buttons say, as if its cards had been scanned before the unit."""
    act, unit = form.text("act"), form.text("unit")[:LONGEST]
    if act not in ACTS or not unit:
        return page.go(f"/station/{key}", page.say(N_("Say which unit, and what is wrong with it.")), kind="warn")
    codes = [_card(ACTS[act][0].value), _card(form.text("reason")), _operation(form.text("operation")), unit]
    point = form.get("read_point")
    told = [
        {"kind": EventKind.CODE_SCANNED.value, "code": code, "read_point": point} for code in codes if code is not None
    ]
    return take(page, principal, key, form=form, told=told)


def _card(body: str) -> str | None:
    return str(OwnCode("C", body)) if _is_body(body) else None


def _operation(body: str) -> str | None:
    return str(OwnCode("O", body)) if _is_body(body) else None


def _is_body(text: str) -> bool:
    """Own codes carry capitals and digits alone; a mangled field is no card."""
    return 0 < len(text) <= 20 and text.isascii() and text.isalnum() and text.upper() == text
