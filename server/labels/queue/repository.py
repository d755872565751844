"""Every query about printers and their jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from server.http.paging import Keyset, Page
from server.labels.queue.models import Printer, PrintJob
from server.labels.queue.states import JobState

#: States in which a job asks for nobody's attention any more.
ENDED: Final = (JobState.DONE, JobState.CANCELLED)
OPEN: Final = tuple(state for state in JobState if state not in ENDED)


def printers(session: Session, *, after: str | None, limit: int) -> Page[Printer]:
    """A page of printers, by age."""
    return Keyset(Printer.id, Printer.key).page(session, select(Printer), after=after, limit=limit)


def all_printers(session: Session, *, active: bool | None = None) -> Sequence[Printer]:
    """Every printer, by name."""
    statement = select(Printer).order_by(Printer.name, Printer.id)
    return session.scalars(statement if active is None else statement.where(Printer.active == active)).all()


def printer(session: Session, key: str, *, lock: bool = False) -> Printer | None:
    """The printer of this key."""
    statement = select(Printer).where(Printer.key == key)
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def job(session: Session, job_id: int, *, lock: bool = False) -> PrintJob | None:
    """One job with its printer."""
    statement = select(PrintJob).where(PrintJob.id == job_id).options(joinedload(PrintJob.printer))
    return session.scalars(statement.with_for_update(of=PrintJob) if lock else statement).one_or_none()


def newest_jobs(
    session: Session, *, printer_id: int | None, state: JobState | None, before: int | None, limit: int
) -> Page[PrintJob]:
    """A page of jobs, the newest first, those with an id below `before`."""
    statement = select(PrintJob).options(joinedload(PrintJob.printer)).order_by(PrintJob.id.desc()).limit(limit + 1)
    if printer_id is not None:
        statement = statement.where(PrintJob.printer_id == printer_id)
    if state is not None:
        statement = statement.where(PrintJob.state == state)
    if before is not None:
        statement = statement.where(PrintJob.id < before)
    rows = session.scalars(statement).all()
    return Page(rows[:limit], more=len(rows) > limit)


def count_open(session: Session) -> dict[tuple[int, str], int]:
    """(printer, state) -> how many jobs are not ended."""
    statement = select(PrintJob.printer_id, PrintJob.state, func.count()).where(PrintJob.state.in_(OPEN))
    rows = session.execute(statement.group_by(PrintJob.printer_id, PrintJob.state))
    return {(printer_id, state): count for printer_id, state, count in rows}


def heads(session: Session) -> Sequence[PrintJob]:
    """Of each active printer the job in its hands and the oldest that waits."""
    first = (
        select(func.min(PrintJob.id))
        .where(PrintJob.state.in_((JobState.QUEUED, JobState.PRINTING)))
        .group_by(PrintJob.printer_id, PrintJob.state)
    )
    statement = select(PrintJob).join(Printer).where(PrintJob.id.in_(first), Printer.active)
    return session.scalars(statement.options(joinedload(PrintJob.printer)).order_by(PrintJob.id)).all()


def in_hand(session: Session, printer_id: int, state: JobState) -> PrintJob | None:
    """The oldest job of a printer in this state."""
    statement = select(PrintJob).where(PrintJob.printer_id == printer_id, PrintJob.state == state)
    return session.scalars(statement.order_by(PrintJob.id).limit(1)).one_or_none()


def waiting(session: Session, printer_id: int) -> Sequence[PrintJob]:
    """Everything that waits for a printer."""
    statement = select(PrintJob).where(PrintJob.printer_id == printer_id, PrintJob.state == JobState.QUEUED)
    return session.scalars(statement.order_by(PrintJob.id).with_for_update()).all()


def forget_ended(session: Session, before: datetime) -> None:
    """Delete the jobs that ended before this moment."""
    session.execute(delete(PrintJob).where(PrintJob.ended_at < before, PrintJob.state.in_(ENDED)))
