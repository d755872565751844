"""Reason codes: why something is scrapped, worked on again or held."""

from itertools import groupby
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.reasons import repository, service
from server.erp.reasons.models import ReasonCode
from server.erp.reasons.schemas import ReasonCodeIn, ReasonCodePatch
from server.errors import NotFound
from server.messages import N_
from server.tracking.states import ReasonKind
from server.web.entry import Fault, FormDep, attempt, changed, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.sections import SETUP, show_in
from server.web.stale import require_fresh

router = APIRouter(prefix="/setup/reasons", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Writer = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_WORDS = {"code": N_("Write capitals and digits, such as MATERIAL.")}


@router.get("")
def show_reasons(page: PageDep, _principal: Reader) -> Response:
    """All of them, by what they are a reason for."""
    with page.database.read() as session:
        found = repository.all_reasons(session)
    kinds = {kind: list(rows) for kind, rows in groupby(found, key=attrgetter("kind"))}
    return show_in(SETUP, page, "setup/reasons.html", kinds={kind.value: kinds.get(kind, []) for kind in ReasonKind})


@router.post("/usual")
def add_usual(page: PageDep, principal: Writer) -> Response:
    """The reasons that most factories know, where there is none yet."""
    page.database.write(lambda session: len(service.add_usual_reasons(session, actor=principal.actor, now=page.now)))
    return page.go("/setup/reasons", page.say(N_("The usual reasons are there. Switch off what you do not need.")))


@router.get("/new")
def new_reason(page: PageDep, _principal: Writer, kind: ReasonKind = ReasonKind.SCRAP) -> Response:
    """An empty form."""
    return _show(page, Form({"kind": kind.value}))


@router.post("/new")
def add_reason(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Make it."""
    try:
        body = checked(page, form, model=ReasonCodeIn, data=given(form, "code", "kind", "name"), words=_WORDS)

        def work(session: Session) -> ReasonCode:
            return service.create_reason(session, body, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields={"code_taken": "code"})
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    return page.go("/setup/reasons", page.say(N_("%(name)s is added."), name=body.name))


@router.get("/{code}")
def show_reason(page: PageDep, code: str, _principal: Writer) -> Response:
    """The form with what is stored."""
    with page.database.read() as session:
        found = _found(session, code)
    return _show(page, _typed(found), code=code)


@router.post("/{code}")
def change_reason(page: PageDep, code: str, form: FormDep, principal: Writer) -> Response:
    """Change it, or switch it off."""
    # What it is a reason for is shown and never sent, for it does not change.
    with page.database.read() as session:
        form = Form({**form.values, "kind": _found(session, code).kind})
    try:
        data = changed(form, "name") | {"active": form.checked("active")}
        patch = checked(page, form, model=ReasonCodePatch, data=data)

        def work(session: Session) -> None:
            found = _found(session, code, lock=True)
            require_fresh(page, form, _typed(found), what=code)
            service.update_reason(session, found, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status, code=code)
    return page.go("/setup/reasons", page.say(N_("%(name)s is changed."), name=form.text("name")))


def _typed(found: ReasonCode) -> Form:
    values = {"name": found.name, "kind": found.kind, "row_version": str(found.row_version)}
    return Form(values | ({"active": "1"} if found.active else {}))


def _found(session: Session, code: str, *, lock: bool = False) -> ReasonCode:
    found = repository.reason(session, code, lock=lock)
    if found is None:
        raise NotFound
    return found


def _show(page: Page, form: Form, *, status: int = 200, code: str | None = None) -> Response:
    return show_in(SETUP, page, "setup/reason.html", status=status, form=form, code=code)
