"""Label printers: what waits for each, what somebody must decide, and how they are set up."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import AdminPrincipal, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.db.topics import versions
from server.errors import OrderlightError
from server.http.paging import Before
from server.labels.queue import repository, service
from server.labels.queue.models import Printer
from server.labels.queue.schemas import PrinterIn, PrinterPatch
from server.labels.queue.states import ACTIONS, JobAction, JobState
from server.labels.zpl import HEADS
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, changed, checked, given
from server.web.forms import Form
from server.web.once import write_once
from server.web.page import Page, PageDep
from server.web.sections import SETUP, show_in
from server.web.stale import require_fresh

router = APIRouter(include_in_schema=False)

Printing = Annotated[Principal, Depends(require(Permission.LABELS_PRINT))]
JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]
#: Jobs on a page.
_MOST = 50
_FIELDS = ("name", "host", "port", "dpi", "width_mm", "height_mm")
_WORDS = {
    "key": N_("Write small letters, digits and dashes, such as dock-1."),
    "host": N_("Write a name or an address without a port, such as 192.168.1.50."),
}


@router.get("/printers")
def show_printers(page: PageDep, _principal: Printing, before: Before = None) -> Response:
    """Every printer with what waits there, and the newest jobs."""
    with page.database.read() as session:
        # The version is read first: what changes in between is shown once more, and never missed.
        version = versions(session, service.TOPIC)[service.TOPIC]
        printers = repository.all_printers(session)
        counts = repository.count_open(session)
        jobs = repository.newest_jobs(session, printer_id=None, state=None, before=before, limit=_MOST)
        heads = {job.printer_id: job.trouble for job in repository.heads(session) if job.trouble}
    next_href = f"/printers?before={jobs.items[-1].id}" if jobs.more else None
    context: dict[str, Any] = {
        "actions": ACTIONS,
        "states": JobState,
        "next_href": next_href,
        "is_first": before is None,
        "topic": service.TOPIC,
        "version": version,
    }
    return show_in(
        SETUP, page, "setup/printers.html", printers=printers, counts=counts, jobs=jobs.items, heads=heads, **context
    )


@router.post("/printers/jobs/{job_id}/{action}")
def act_on_job(page: PageDep, job_id: JobId, action: JobAction, principal: Printing, form: FormDep) -> Response:
    """What somebody decides about a label; a second click prints no second one."""

    def work(session: Session) -> str:
        job = service.found_job(session, job_id, lock=True)
        return service.act_on_job(session, job, action, actor=principal.actor, now=page.now).title

    try:
        title = write_once(page, principal, form, work)
    except OrderlightError as refusal:
        return page.go("/printers", refusal.detail, kind="stop")
    said = {
        JobAction.RETRY: N_("%(title)s is tried again."),
        JobAction.REPRINT: N_("%(title)s is printed again."),
        JobAction.CONFIRM: N_("%(title)s is noted as printed."),
        JobAction.CANCEL: N_("%(title)s is taken back."),
    }
    return page.go("/printers", page.say(said[action], title=title))


@router.post("/printers/{key}/cancel")
def cancel_waiting(page: PageDep, key: str, principal: Printing) -> Response:
    """Take back everything that waits for a printer."""

    def work(session: Session) -> int:
        printer = service.found_printer(session, key, lock=True)
        return service.cancel_waiting(session, printer, actor=principal.actor, now=page.now)

    count = page.database.write(work)
    return page.go("/printers", page.say(N_("Taken back: %(count)s."), count=count))


@router.get("/setup/printers/new")
def new_printer(page: PageDep, _principal: AdminPrincipal) -> Response:
    """An empty form."""
    return _form(page, Form({"port": "9100", "dpi": "203", "width_mm": "70", "height_mm": "37", "asks_status": "1"}))


@router.post("/setup/printers/new")
def add_printer(page: PageDep, form: FormDep, principal: AdminPrincipal) -> Response:
    """Make it."""
    try:
        data = _read(given(form, "key", *_FIELDS)) | {"asks_status": form.checked("asks_status")}
        body = checked(page, form, model=PrinterIn, data=data, words=_WORDS)

        def work(session: Session) -> Printer:
            return service.create_printer(session, body, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields={"key_taken": "key"})
    except Fault as fault:
        return _form(page, fault.form, status=fault.status)
    return page.go("/printers", page.say(N_("%(name)s is added."), name=body.name))


@router.get("/setup/printers/{key}")
def show_printer(page: PageDep, key: str, _principal: AdminPrincipal) -> Response:
    """The form with what is stored."""
    with page.database.read() as session:
        form = _typed(service.found_printer(session, key))
    return _form(page, form, key=key)


@router.post("/setup/printers/{key}")
def change_printer(page: PageDep, key: str, form: FormDep, principal: AdminPrincipal) -> Response:
    """Change it, or switch it off."""
    try:
        marks = {name: form.checked(name) for name in ("asks_status", "active")}
        patch = checked(page, form, model=PrinterPatch, data=_read(changed(form, *_FIELDS)) | marks, words=_WORDS)

        def work(session: Session) -> None:
            found = service.found_printer(session, key, lock=True)
            require_fresh(page, form, _typed(found), what=key)
            service.update_printer(session, found, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work)
    except Fault as fault:
        return _form(page, fault.form, status=fault.status, key=key)
    return page.go("/printers", page.say(N_("%(name)s is changed."), name=form.text("name")))


def _typed(found: Printer) -> Form:
    values = {name: str(getattr(found, name)) for name in ("name", "host", "port", "dpi", "row_version")}
    sizes = {name: f"{getattr(found, name).normalize():f}" for name in ("width_mm", "height_mm")}
    marks = {name: "1" for name in ("asks_status", "active") if getattr(found, name)}
    return Form(values | sizes | marks)


def _read(data: dict[str, Any]) -> dict[str, Any]:
    """What was typed, as the fields take it: a comma is a point to people, and dots an inch are one of four numbers."""
    sizes = {name: (data[name] or "").replace(",", ".") for name in ("width_mm", "height_mm") if name in data}
    dpi = data.get("dpi") or ""
    return data | sizes | ({"dpi": int(dpi)} if dpi.isascii() and dpi.isdigit() else {})


def _form(page: Page, form: Form, *, status: int = 200, key: str | None = None) -> Response:
    heads = [(str(dpi), page.say(N_("%(dots)s dots an inch"), dots=dpi)) for dpi in HEADS]
    return show_in(SETUP, page, "setup/printer.html", status=status, form=form, key=key, heads=heads)
