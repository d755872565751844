"""The doors to printers and print jobs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, SettingsDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.db import Database
from server.http.door import DoorDep, shown
from server.http.fields import Key
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Before, Limit, as_json
from server.http.versions import guard
from server.labels import paper
from server.labels.http import check_kind
from server.labels.queue import repository, service
from server.labels.queue.models import PrintJob
from server.labels.queue.schemas import (
    PrinterIn,
    PrinterList,
    PrinterOut,
    PrinterPatch,
    PrintIn,
    PrintJobList,
    PrintJobOut,
)
from server.labels.queue.service import Order
from server.labels.queue.states import JobAction, JobState
from server.labels.wanted import Asked, make_labels

router = APIRouter(prefix="/api/v1")

Printing = Annotated[Principal, Depends(require(Permission.LABELS_PRINT))]
Administrator = Annotated[Principal, Depends(require(Permission.ADMIN))]
_may_print = [Depends(require(Permission.LABELS_PRINT))]
PrinterKey = Annotated[Key, Path()]
JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/printers", response_model=PrinterList, dependencies=_may_print)
def list_printers(database: DatabaseDep, after: After = None, limit: Limit = DEFAULT_LIMIT) -> JSONResponse:
    """Printers by age."""
    with database.read() as session:
        page = repository.printers(session, after=after, limit=limit)
    items = [PrinterOut.of(printer).model_dump(mode="json") for printer in page.items]
    return JSONResponse(as_json(items, more=page.more, name="key"))


@router.get("/printers/{key}", response_model=PrinterOut, dependencies=_may_print)
def get_printer(database: DatabaseDep, key: PrinterKey) -> JSONResponse:
    """One printer."""
    with database.read() as session:
        return shown(PrinterOut.of(service.found_printer(session, key)).model_dump(mode="json"))


@router.post("/printers", status_code=201, response_model=PrinterOut)
def post_printer(door: DoorDep, principal: Administrator, body: PrinterIn) -> JSONResponse:
    """A new printer."""

    def make(session: Session) -> Answer:
        made = service.create_printer(session, body, actor=principal.actor, now=door.now)
        return Answer(201, PrinterOut.of(made).model_dump(mode="json"))

    return door.post(principal, body, make, named_by="key")


@router.patch("/printers/{key}", response_model=PrinterOut)
def patch_printer(door: DoorDep, principal: Administrator, key: PrinterKey, body: PrinterPatch) -> JSONResponse:
    """Change a printer, or switch it off; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        printer = service.found_printer(session, key, lock=True)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = PrinterOut.of(printer).model_dump(mode="json")
        guard(key, expected=expected, got=printer.row_version, wanted=wanted, stored=stored)
        changed = service.update_printer(session, printer, body, actor=principal.actor, now=door.now)
        return Answer(200, PrinterOut.of(changed).model_dump(mode="json"))

    return door.change(make)


@router.get("/print-jobs", response_model=PrintJobList, dependencies=_may_print)
def list_jobs(
    database: DatabaseDep,
    printer: Key | None = None,
    state: JobState | None = None,
    before: Before = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """Jobs, the newest first; `next` goes into `before`."""
    with database.read() as session:
        printer_id = None if printer is None else service.found_printer(session, printer).id
        page = repository.newest_jobs(session, printer_id=printer_id, state=state, before=before, limit=limit)
    return JSONResponse(as_json([_body(job) for job in page.items], more=page.more, name="id"))


@router.get("/print-jobs/{job_id}", response_model=PrintJobOut, dependencies=_may_print)
def get_job(database: DatabaseDep, job_id: JobId) -> JSONResponse:
    """One job."""
    with database.read() as session:
        return shown(_body(service.found_job(session, job_id)))


@router.post("/print-jobs", status_code=202, response_model=PrintJobList)
def post_jobs(door: DoorDep, settings: SettingsDep, principal: Printing, body: PrintIn) -> JSONResponse:
    """Print labels, a job for each."""
    check_kind(principal, body.kind)
    order = order_of(door.database, Asked(body.kind, body.reference, settings.base_url, quantity=body.quantity), body)

    def make(session: Session) -> Answer:
        printer = service.found_printer(session, body.printer)
        jobs = service.print_labels(session, printer, order, actor=principal.actor, now=door.now)
        return Answer(202, as_json([_body(job) for job in jobs], more=False, name="id"))

    return door.post(principal, body, make)


@router.post("/print-jobs/{job_id}/{action}", response_model=PrintJobOut)
def act_on_job(door: DoorDep, principal: Printing, job_id: JobId, action: JobAction) -> JSONResponse:
    """Retry a failed job, print one again, take one back, or say that one of unknown fate came out."""

    def make(session: Session) -> Answer:
        job = service.found_job(session, job_id, lock=True)
        return Answer(200, _body(service.act_on_job(session, job, action, actor=principal.actor, now=door.now)))

    return door.post(principal, None, make)


def order_of(database: Database, asked: Asked, body: PrintIn) -> Order:
    """The labels, laid out for the printer before any transaction begins to write."""
    with database.read() as session:
        printer = service.found_printer(session, body.printer)
        labels = make_labels(session, asked)
    return service.lay_out(printer, body, labels, paper.text_rows)


def _body(job: PrintJob) -> dict[str, Any]:
    return PrintJobOut.of(job).model_dump(mode="json")
