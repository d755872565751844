"""Work centers: the kinds of work, in the order in which boards show them."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog import repository, service
from server.catalog.models import WorkCenter
from server.catalog.schemas import WorkCenterIn, WorkCenterPatch
from server.erp.floor.repository import stations_per_work_center
from server.errors import NotFound
from server.http.fields import plain
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, changed, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.sections import SETUP, show_in
from server.web.stale import require_fresh

router = APIRouter(prefix="/setup/work-centers", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Writer = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_WORDS = {"key": N_("Write small letters, digits and hyphens, such as cut.")}


@router.get("")
def show_work_centers(page: PageDep, _principal: Reader) -> Response:
    """All of them in order."""
    with page.database.read() as session:
        found = repository.work_centers(session)
        counts = stations_per_work_center(session)
    return show_in(SETUP, page, "setup/work_centers.html", found=found, counts=counts)


@router.get("/new")
def new_work_center(page: PageDep, _principal: Writer) -> Response:
    """An empty form; the new one comes last."""
    with page.database.read() as session:
        last = max((center.position for center in repository.work_centers(session)), default=0)
    return _show(page, Form({"position": str(min(last // 10 * 10 + 10, 9999))}))


@router.post("/new")
def add_work_center(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Make it."""
    try:
        body = checked(
            page, form, model=WorkCenterIn, data=given(form, "key", "name", "position", "hourly_rate"), words=_WORDS
        )

        def work(session: Session) -> WorkCenter:
            return service.create_work_center(session, body, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields={"key_taken": "key"})
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    return page.go("/setup/work-centers", page.say(N_("%(name)s is added."), name=body.name))


@router.get("/{key}")
def show_work_center(page: PageDep, key: str, _principal: Writer) -> Response:
    """The form with what is stored."""
    with page.database.read() as session:
        found = _found(session, key)
    return _show(page, _typed(found), key=key)


@router.post("/{key}")
def change_work_center(page: PageDep, key: str, form: FormDep, principal: Writer) -> Response:
    """Change it."""
    try:
        data = changed(form, "name", "position", "hourly_rate", emptyable=("hourly_rate",))
        patch = checked(page, form, model=WorkCenterPatch, data=data, words=_WORDS)

        def work(session: Session) -> None:
            found = _found(session, key, lock=True)
            require_fresh(page, form, _typed(found), what=key)
            service.update_work_center(session, found, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status, key=key)
    return page.go("/setup/work-centers", page.say(N_("%(name)s is changed."), name=form.text("name")))


def _typed(found: WorkCenter) -> Form:
    values = {"name": found.name, "position": str(found.position), "row_version": str(found.row_version)}
    return Form(values | {"hourly_rate": "" if found.hourly_rate is None else plain(found.hourly_rate)})


def _found(session: Session, key: str, *, lock: bool = False) -> WorkCenter:
    found = repository.work_center(session, key, lock=lock)
    if found is None:
        raise NotFound
    return found


def _show(page: Page, form: Form, *, status: int = 200, key: str | None = None) -> Response:
    return show_in(SETUP, page, "setup/work_center.html", status=status, form=form, key=key)
