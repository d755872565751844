"""Read points: the key that gateway.toml gives a reader or antenna, and what a read there means."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.floor import repository, service
from server.erp.floor.models import ReadPoint, Station
from server.erp.floor.schemas import ReadPointIn, ReadPointPatch
from server.errors import NotFound
from server.messages import N_
from server.tracking.states import Context
from server.web.admin_words import CONTEXTS
from server.web.entry import Fault, FormDep, attempt, changed, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.sections import SETUP, show_in
from server.web.stale import require_fresh

router = APIRouter(prefix="/setup/read-points", include_in_schema=False)

Writer = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_FIELDS = ("name", "station", "context", "quiet_seconds", "overlap_group", "overlap_seconds", "check_seconds")
_MARKS = ("active", "checks_passages", "must_see")
_WORDS = {
    "key": N_("Write letters, digits, dots and hyphens, such as cut-1."),
    "station": N_("Choose one of the list."),
    "overlap_group": N_("Write one word, such as docks."),
}


@router.get("/new")
def new_read_point(page: PageDep, _principal: Writer, station: str = "") -> Response:
    """An empty form, at a station if one is named."""
    station = station[:40]
    values = {"active": "1", "context": Context.END.value, "station": station}
    if station:
        values |= {"key": f"{station}-1"}
    return _show(page, Form(values))


@router.post("/new")
def add_read_point(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Make it."""
    try:
        data = {**given(form, "key", *_FIELDS), **_marks(form)}
        # A read point that nobody named is called by its key.
        body = checked(page, form, model=ReadPointIn, data={"name": form.text("key")} | data, words=_WORDS)

        def work(session: Session) -> ReadPoint:
            return service.create_read_point(session, body, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields={"key_taken": "key"})
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    return page.go("/setup/stations", page.say(N_("Read point %(key)s is added."), key=body.key))


@router.get("/{key}")
def show_read_point(page: PageDep, key: str, _principal: Writer) -> Response:
    """The form with what is stored."""
    with page.database.read() as session:
        found = _found(session, key)
    return _show(page, _typed(found), key=key)


@router.post("/{key}")
def change_read_point(page: PageDep, key: str, form: FormDep, principal: Writer) -> Response:
    """Change it; the next read follows."""
    try:
        data = {**changed(form, *_FIELDS, emptyable=("overlap_group",)), **_marks(form)}
        patch = checked(page, form, model=ReadPointPatch, data=data, words=_WORDS)

        def work(session: Session) -> None:
            found = _found(session, key, lock=True)
            require_fresh(page, form, _typed(found), what=key)
            service.update_read_point(session, found, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status, key=key)
    return page.go("/setup/stations", page.say(N_("Read point %(key)s is changed."), key=key))


def station_choices(session: Session) -> Sequence[tuple[str, str]]:
    """Stations as a list offers them: key and name."""
    rows = session.execute(select(Station.key, Station.name).order_by(Station.name, Station.key))
    return [(key, name) for key, name in rows]


def context_choices(page: Page) -> list[tuple[str, str]]:
    """What a read may mean, in words."""
    return [(code, page.say(words)) for code, words in CONTEXTS.items()]


def _typed(found: ReadPoint) -> Form:
    values = {
        "name": found.name,
        "station": found.station.key,
        "context": found.context,
        "quiet_seconds": str(found.quiet_seconds),
        "overlap_group": found.overlap_group or "",
        "overlap_seconds": str(found.overlap_seconds),
        "check_seconds": str(found.check_seconds),
        "row_version": str(found.row_version),
    }
    return Form(values | {name: "1" for name in _MARKS if getattr(found, name)})


def _marks(form: Form) -> dict[str, bool]:
    return {name: form.checked(name) for name in _MARKS}


def _found(session: Session, key: str, *, lock: bool = False) -> ReadPoint:
    found = repository.read_point(session, key, lock=lock)
    if found is None:
        raise NotFound
    return found


def _show(page: Page, form: Form, *, status: int = 200, key: str | None = None) -> Response:
    with page.database.read() as session:
        stations = station_choices(session)
    contexts = context_choices(page)
    return show_in(
        SETUP, page, "setup/read_point.html", status=status, form=form, key=key, stations=stations, contexts=contexts
    )
