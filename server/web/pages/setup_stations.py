"""Stations, each with its read points."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.repository import work_centers
from server.erp.floor import repository, service
from server.erp.floor.models import Station
from server.erp.floor.schemas import StationIn, StationPatch, station_code
from server.errors import NotFound
from server.http.paging import After
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, changed, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.sections import SETUP, show_in
from server.web.stale import require_fresh

router = APIRouter(prefix="/setup/stations", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Writer = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_WORDS = {
    "key": N_("Write small letters and digits alone, such as cut or cut2."),
    "work_center": N_("Choose one of the list."),
}


@router.get("")
def show_stations(page: PageDep, _principal: Reader, after: After = None) -> Response:
    """A page of stations."""
    with page.database.read() as session:
        found = repository.stations(session, repository.StationFilter(), after=after)
    return show_in(SETUP, page, "setup/stations.html", found=found, after=after)


@router.get("/new")
def new_station(page: PageDep, _principal: Writer) -> Response:
    """An empty form."""
    return _show(page, Form({"active": "1"}))


@router.post("/new")
def add_station(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Make it, and go on to its first read point."""
    try:
        data = {**given(form, "key", "name", "area", "work_center"), "active": form.checked("active")}
        body = checked(page, form, model=StationIn, data=data, words=_WORDS)

        def work(session: Session) -> Station:
            return service.create_station(session, body, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields={"key_taken": "key"})
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    said = page.say(N_("%(name)s is added. Now say what a scan there means."), name=body.name)
    return page.go(f"/setup/read-points/new?station={body.key}", said)


@router.get("/{key}")
def show_station(page: PageDep, key: str, _principal: Writer) -> Response:
    """The form with what is stored."""
    with page.database.read() as session:
        found = _found(session, key)
    return _show(page, _typed(found), key=key)


@router.post("/{key}")
def change_station(page: PageDep, key: str, form: FormDep, principal: Writer) -> Response:
    """Change it."""
    try:
        data = {**changed(form, "name", "area", "work_center", emptyable=("area",)), "active": form.checked("active")}
        patch = checked(page, form, model=StationPatch, data=data, words=_WORDS)

        def work(session: Session) -> None:
            found = _found(session, key, lock=True)
            require_fresh(page, form, _typed(found), what=key)
            service.update_station(session, found, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status, key=key)
    return page.go("/setup/stations", page.say(N_("%(name)s is changed."), name=form.text("name")))


def _typed(found: Station) -> Form:
    values = {
        "name": found.name,
        "area": found.area or "",
        "work_center": found.work_center.key,
        "row_version": str(found.row_version),
    }
    return Form(values | ({"active": "1"} if found.active else {}))


def _found(session: Session, key: str, *, lock: bool = False) -> Station:
    found = repository.station(session, key, lock=lock)
    if found is None:
        raise NotFound
    return found


def _show(page: Page, form: Form, *, status: int = 200, key: str | None = None) -> Response:
    with page.database.read() as session:
        centers = [(center.key, center.name) for center in work_centers(session)]
    code = station_code(key) if key is not None else None
    return show_in(SETUP, page, "setup/station.html", status=status, form=form, key=key, centers=centers, code=code)
