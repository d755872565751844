"""Whose turn it is: a job goes into one process's hands for a while, and what became of it is written down."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from server.db import touch
from server.labels.queue import repository
from server.labels.queue.models import Printer, PrintJob
from server.labels.queue.service import TOPIC
from server.labels.queue.states import MOST_TRIES, JobState, Trouble, delay_after

#: A process that says nothing of its job for so long is gone.
LEASE: Final = timedelta(seconds=60)
#: Ended jobs are kept for so long, for whoever wants one again.
KEPT: Final = timedelta(days=30)


def take_next(session: Session, printer_id: int, now: datetime) -> PrintJob | None:
    """The printer's next job, now in the caller's hands; None when none is due or another one is being printed.

    Only the oldest is ever taken, so that labels come out in their order.
    """
    # The row of the printer is the lock: two processes take turns here.
    printer = session.get(Printer, printer_id, with_for_update=True)
    if printer is None or not printer.active or not _is_free(session, printer_id, now):
        return None
    job = repository.in_hand(session, printer_id, JobState.QUEUED)
    if job is None or job.next_try_at > now:
        return None
    job.printer = printer
    job.state, job.leased_until, job.tries = JobState.PRINTING.value, now + LEASE, job.tries + 1
    touch(session, TOPIC)
    return job


def _is_free(session: Session, printer_id: int, now: datetime) -> bool:
    """Whether nobody prints there; a job whose holder is gone is settled first."""
    job = repository.in_hand(session, printer_id, JobState.PRINTING)
    if job is None:
        return True
    if job.leased_until is not None and job.leased_until > now:
        return False
    if job.sent_at is None:
        job.state, job.next_try_at = JobState.QUEUED.value, now
    else:
        _settle_unknown(job, Trouble.STOPPED)
    session.flush()
    return True


def note_sending(session: Session, job_id: int, now: datetime) -> bool:
    """Write down that bytes leave from now on; False when the job is in other hands meanwhile."""
    job = repository.job(session, job_id, lock=True)
    if job is None or job.state != JobState.PRINTING or job.sent_at is not None:
        return False
    job.sent_at, job.leased_until, job.trouble = now, now + LEASE, None
    return True


def note_look(session: Session, job_id: int, trouble: Trouble | None, now: datetime) -> None:
    """The job goes on, or waits for somebody who puts in paper."""
    job = repository.job(session, job_id, lock=True)
    if job is not None and job.state == JobState.PRINTING:
        job.leased_until = now + LEASE
        if job.trouble != (trouble and trouble.value):
            job.trouble = trouble and trouble.value
            touch(session, TOPIC)


def settle_done(session: Session, job_id: int, now: datetime) -> None:
    """It came out."""
    job = repository.job(session, job_id, lock=True)
    if job is not None and job.state == JobState.PRINTING:
        job.state, job.ended_at, job.trouble = JobState.DONE.value, now, None
        touch(session, TOPIC)


def settle_not_sent(session: Session, job_id: int, trouble: Trouble, now: datetime) -> None:
    """Nothing left: it is tried again later, and given up after MOST_TRIES."""
    job = repository.job(session, job_id, lock=True)
    if job is None or job.state != JobState.PRINTING or job.sent_at is not None:
        return
    job.trouble = trouble.value
    if job.tries >= MOST_TRIES:
        job.state, job.ended_at = JobState.FAILED.value, now
    else:
        job.state, job.next_try_at = JobState.QUEUED.value, now + timedelta(seconds=delay_after(job.tries))
    touch(session, TOPIC)


def settle_not_known(session: Session, job_id: int, trouble: Trouble) -> None:
    """It may have come out: only a person may have it printed again."""
    job = repository.job(session, job_id, lock=True)
    if job is not None and job.state == JobState.PRINTING:
        _settle_unknown(job, trouble)
        touch(session, TOPIC)


def _settle_unknown(job: PrintJob, trouble: Trouble) -> None:
    job.state, job.trouble = JobState.UNKNOWN.value, trouble.value


def next_turns(session: Session, now: datetime) -> tuple[set[int], datetime | None]:
    """The printers that have something to do now, and when the next one has."""
    times: dict[int, datetime] = {}
    for job in repository.heads(session):
        is_held = job.state == JobState.PRINTING and job.leased_until is not None
        # What waits behind a job in somebody's hands waits until they are gone.
        at = job.leased_until if is_held and job.leased_until else job.next_try_at
        times[job.printer_id] = max(at, times.get(job.printer_id, at))
    due = {printer_id for printer_id, at in times.items() if at <= now}
    return due, min((at for at in times.values() if at > now), default=None)


def forget_old(session: Session, now: datetime) -> None:
    """Delete what ended long ago."""
    repository.forget_ended(session, now - KEPT)
