"""What happens to printers and to what people do with their jobs. Services flush and note; the edge commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.db import touch
from server.errors import Conflict, FieldError, Invalid, NotFound, Refused
from server.journal.audit import changes, write_audit
from server.labels.layout import Label
from server.labels.queue import repository
from server.labels.queue.models import Printer, PrintJob
from server.labels.queue.schemas import PrinterIn, PrinterOut, PrinterPatch, PrintIn
from server.labels.queue.states import ACTIONS, JobAction, JobState
from server.labels.zpl import DrawText, Head, label_zpl
from server.messages import translate as _

#: Whoever prints is woken by this topic.
TOPIC = "printers"
MOST_LABELS = 500


@dataclass(frozen=True, slots=True)
class Order:
    """Labels that somebody wants printed, laid out for one printer; drawing takes its time, so no transaction waits."""

    kind: str
    reference: str
    copies: int
    dpi: int
    #: (title, ZPL) of each label.
    formats: tuple[tuple[str, str], ...]


def lay_out(printer: Printer, asked: PrintIn, labels: Sequence[Label], draw: DrawText) -> Order:
    """The labels in the printer's own dots; raises Invalid when they do not fit on what is in it."""
    if len(labels) > MOST_LABELS:
        message = _("Expected at most {most} labels at once, got {got}. Print them as a sheet, or one by one.")
        raise Invalid(message.format(most=MOST_LABELS, got=len(labels)), reason="too_many_labels")
    _check_size(printer, labels[0])
    head = Head(printer.dpi, draw)
    formats = tuple((label.title, label_zpl(label, head, copies=asked.copies)) for label in labels)
    return Order(asked.kind.value, asked.reference, asked.copies, printer.dpi, formats)


def create_printer(session: Session, body: PrinterIn, *, actor: str, now: datetime) -> Printer:
    """A new printer; raises Conflict when its key is taken."""
    if repository.printer(session, body.key) is not None:
        message = _("There is a printer {key} already. Choose another key.")
        raise Conflict(message.format(key=body.key), reason="key_taken")
    printer = Printer(**body.model_dump(), active=True)
    session.add(printer)
    session.flush()
    write_audit(session, at=now, actor=actor, action="printer_added", subject=printer.key, detail=_plain(printer))
    return printer


def update_printer(session: Session, printer: Printer, patch: PrinterPatch, *, actor: str, now: datetime) -> Printer:
    """Change a printer; what waits for it goes to its new address, as it was laid out."""
    before = _plain(printer)
    for field, value in patch.changed().items():
        setattr(printer, field, value)
    session.flush()
    touch(session, TOPIC)
    detail = changes(before, _plain(printer))
    write_audit(session, at=now, actor=actor, action="printer_changed", subject=printer.key, detail=detail)
    return printer


def _plain(printer: Printer) -> dict[str, Any]:
    return PrinterOut.of(printer).model_dump(mode="json", exclude={"row_version"})


def print_labels(session: Session, printer: Printer, order: Order, *, actor: str, now: datetime) -> list[PrintJob]:
    """Queue what was laid out, a job for each label; raises Refused when the printer is another one meanwhile."""
    if not printer.active:
        raise Refused(_("{name} is switched off here. Choose another printer.").format(name=printer.name))
    if printer.dpi != order.dpi:
        raise Conflict
    jobs = [_job(printer, order, title, payload) for title, payload in order.formats]
    for job in jobs:
        job.created_by, job.created_at, job.next_try_at = actor, now, now
    session.add_all(jobs)
    session.flush()
    touch(session, TOPIC)
    detail = {"printer": printer.key, "kind": order.kind, "labels": len(jobs), "copies": order.copies}
    write_audit(session, at=now, actor=actor, action="labels_printed", subject=order.reference, detail=detail)
    return jobs


def fits(printer: Printer, label: Label) -> bool:
    """Whether the label fits on what is in the printer; a tenth of a millimetre is nothing."""
    return label.width_mm <= float(printer.width_mm) + 0.1 and label.height_mm <= float(printer.height_mm) + 0.1


def _check_size(printer: Printer, label: Label) -> None:
    if not fits(printer, label):
        message = _("The label is {width} by {height} mm, and {name} holds labels of {own_width} by {own_height} mm.")
        said = message.format(
            width=f"{label.width_mm:g}",
            height=f"{label.height_mm:g}",
            name=printer.name,
            own_width=f"{printer.width_mm.normalize():f}",
            own_height=f"{printer.height_mm.normalize():f}",
        )
        raise Invalid(errors=[FieldError("printer", said, "label_too_large")])


def _job(printer: Printer, order: Order, title: str, payload: str) -> PrintJob:
    return PrintJob(
        printer=printer,
        kind=order.kind,
        reference=order.reference,
        title=title,
        copies=order.copies,
        payload=payload,
        state=JobState.QUEUED.value,
        tries=0,
    )


def act_on_job(session: Session, job: PrintJob, action: JobAction, *, actor: str, now: datetime) -> PrintJob:
    """What a person decides; raises Refused where the state allows it no more. A reprint is a new job."""
    if action not in ACTIONS[JobState(job.state)]:
        message = _("The label {title} is {state}, so this is not possible any more.")
        raise Refused(message.format(title=job.title, state=job.state))
    acts = {
        JobAction.RETRY: _retry,
        JobAction.REPRINT: _reprint,
        JobAction.CONFIRM: _confirm,
        JobAction.CANCEL: _cancel,
    }
    found = acts[action](session, job, actor, now)
    session.flush()
    touch(session, TOPIC)
    write_audit(session, at=now, actor=actor, action=f"print_{action.value}", subject=f"print_job:{job.id}")
    return found


def _retry(_session: Session, job: PrintJob, _actor: str, now: datetime) -> PrintJob:
    job.state, job.tries, job.next_try_at = JobState.QUEUED.value, 0, now
    job.trouble = job.ended_at = job.sent_at = None
    return job


def _reprint(session: Session, job: PrintJob, actor: str, now: datetime) -> PrintJob:
    if job.state == JobState.UNKNOWN:
        # Whoever asks for it again has looked: there is nothing left to decide, and nothing to try a third time.
        job.state, job.ended_at = JobState.CANCELLED.value, now
    same = ("printer_id", "kind", "reference", "title", "copies", "payload")
    again = PrintJob(**{name: getattr(job, name) for name in same}, state=JobState.QUEUED.value, tries=0)
    again.printer = job.printer
    again.reprint_of, again.created_by, again.created_at, again.next_try_at = job.id, actor, now, now
    session.add(again)
    return again


def _confirm(_session: Session, job: PrintJob, _actor: str, now: datetime) -> PrintJob:
    job.state, job.ended_at, job.trouble = JobState.DONE.value, now, None
    return job


def _cancel(_session: Session, job: PrintJob, _actor: str, now: datetime) -> PrintJob:
    job.state, job.ended_at = JobState.CANCELLED.value, now
    return job


def cancel_waiting(session: Session, printer: Printer, *, actor: str, now: datetime) -> int:
    """Take back everything that waits for the printer; gives how many."""
    jobs = repository.waiting(session, printer.id)
    for job in jobs:
        _cancel(session, job, actor, now)
    touch(session, TOPIC)
    detail = {"labels": len(jobs)}
    write_audit(session, at=now, actor=actor, action="print_cancel", subject=printer.key, detail=detail)
    return len(jobs)


def found_printer(session: Session, key: str, *, lock: bool = False) -> Printer:
    """The printer of this key; raises NotFound."""
    printer = repository.printer(session, key, lock=lock)
    if printer is None:
        raise NotFound
    return printer


def found_job(session: Session, job_id: int, *, lock: bool = False) -> PrintJob:
    """The job of this id; raises NotFound."""
    job = repository.job(session, job_id, lock=lock)
    if job is None:
        raise NotFound
    return job
