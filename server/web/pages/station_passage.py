"""What is expected at a station's gate, against what has passed: missing, surplus, and what shall pass next."""

import math
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.here import Here
from server.crm.station_screen import station_screen
from server.db.topics import versions
from server.erp.passages import repository, service
from server.erp.passages.models import PassageCheck
from server.erp.passages.rules import Comparison, Kind, Level, Verdict
from server.erp.passages.schemas import PassageCheckIn, comparison_of, end_of, quiet_left
from server.errors import NotFound
from server.http.paging import Number
from server.messages import N_
from server.web.entry import Fault, FormDep, checked, given
from server.web.forms import Form
from server.web.once import attempt_once
from server.web.page import Page, PageDep
from server.web.station_scans import is_elsewhere

router = APIRouter(include_in_schema=False)

Onlooker = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Scanner = Annotated[Principal, Depends(require(Permission.SCAN))]
CheckId = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
EARLIER: Final = 12

_KINDS: Final[Mapping[Kind, str]] = {
    Kind.SHIPMENT: N_("A shipment"),
    Kind.ORDER: N_("What of an order is packed here"),
    Kind.HANDLING_UNIT: N_("A box or pallet"),
    Kind.LIST: N_("A list of units or boxes"),
}
_LEVELS: Final[Mapping[Level, str]] = {Level.UNITS: N_("Every unit"), Level.BOXES: N_("Every box")}
_LOOKS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.WAITING: ("info", "hourglass"),
    Verdict.COMPLETE: ("ok", "check"),
    Verdict.MISSING: ("warn", "triangle-alert"),
    Verdict.UNEXPECTED: ("stop", "octagon-x"),
    Verdict.DIFFERENT: ("stop", "octagon-x"),
}


@router.get("/station/{key}/passage")
def passage(page: PageDep, principal: Onlooker, key: Number, check: CheckId = None) -> Response:
    """The comparison that was opened last, or an earlier one, and the form for the next; whole without JavaScript."""
    if is_elsewhere(principal, key):
        return page.go(f"/station/{principal.station_key}")
    return _show(page, key, Form({"kind": Kind.SHIPMENT.value, "level": Level.UNITS.value}), wanted=check)


@router.post("/station/{key}/passage")
def expect(page: PageDep, principal: Scanner, key: Number, form: FormDep) -> Response:
    """Expect these things at the gate, from now on."""
    if is_elsewhere(principal, key):
        return page.go(f"/station/{principal.station_key}")
    try:
        body = checked(page, form, model=PassageCheckIn, data=_data(form))

        def work(session: Session) -> None:
            points = repository.checking_points(session, key)
            point = next((each for each in points if each.key == form.text("read_point")), None)
            if point is None:
                raise NotFound
            service.open_check(session, point, body, actor=principal.actor, now=page.now)

        attempt_once(page, principal, form, work)
    except Fault as fault:
        return _show(page, key, fault.form, status=fault.status)
    return page.go(f"/station/{key}/passage", page.say(N_("%(what)s is expected at the gate."), what=body.subject))


@router.post("/station/{key}/passage/close")
def close(page: PageDep, principal: Scanner, key: Number, form: FormDep) -> Response:
    """The passage is over; closing it twice is closing it once."""
    if is_elsewhere(principal, key):
        return page.go(f"/station/{principal.station_key}")
    typed = form.text("check")

    def work(session: Session) -> None:
        found = repository.check(session, int(typed), lock=True) if typed.isdecimal() and len(typed) < 19 else None
        if found is None or found.read_point.station.key != key:
            raise NotFound
        service.close_check(session, found, actor=principal.actor, now=page.now)

    page.database.write(work)
    return page.go(f"/station/{key}/passage", page.say(N_("The passage is over.")))


def _data(form: Form) -> dict[str, object]:
    data: dict[str, object] = dict(given(form, "kind", "subject", "level"))
    listed = form.text("items").replace(",", " ").replace(";", " ").split()
    if data.get("kind") == Kind.LIST:
        data |= {"items": listed, "subject": data.get("subject") or (listed[0] if listed else "")}
    return data


def _show(page: Page, key: str, form: Form, *, status: int = 200, wanted: int | None = None) -> Response:
    topic = f"station:{key}"
    with page.database.read() as session:
        version = versions(session, topic)[topic]
        screen = station_screen(session, key, here=Here(page.site.zone, page.now))
        points = [(point.key, point.name) for point in repository.checking_points(session, key)]
        earlier = repository.checks(session, station=key, limit=EARLIER)[:EARLIER]
        check = repository.check(session, wanted) if wanted is not None else next(iter(earlier), None)
        if wanted is not None and (check is None or check.read_point.station.key != key):
            raise NotFound
        rows = [(each, service.sentence_of(comparison_of(each)), end_of(each, page.now)) for each in earlier]
        found = comparison_of(check) if check is not None else None
    return page.show(
        "pages/station_passage.html",
        status=status,
        screen=screen,
        version=version,
        points=points,
        check=check,
        found=found,
        **_verdict(page, check, found),
        rows=rows,
        form=form,
        kinds=[(kind.value, page.say(words)) for kind, words in _KINDS.items()],
        levels=[(level.value, page.say(words)) for level, words in _LEVELS.items()],
    )


def _verdict(page: Page, check: PassageCheck | None, found: Comparison | None) -> dict[str, object]:
    if check is None or found is None:
        return {"end": None, "say": "", "look": ("info", "scan-line"), "again": None}
    left = quiet_left(check, page.now)
    return {
        "end": end_of(check, page.now),
        "say": service.sentence_of(found),
        "look": _LOOKS[found.verdict],
        # A moment later, so that the end has come by the server's clock, too.
        "again": None if left is None else math.ceil(left.total_seconds()) + 1,
    }
