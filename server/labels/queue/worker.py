"""Printing, beside everything else the server does: a thread that sees whose turn it is, and one for each printer."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from server.db import Database
from server.labels.queue import turns
from server.labels.queue.delivery import Hooks, Line, NotKnown, NotSent, TcpLine, deliver
from server.labels.queue.models import PrintJob
from server.labels.queue.service import TOPIC
from server.labels.queue.states import Trouble
from server.settings.clock import utc_now

log = logging.getLogger("server.labels")

Connect = Callable[[str, int], AbstractContextManager[Line]]
#: Another process may have queued something; its commits are not heard here.
LOOK_EVERY: Final = 30.0
#: The lease of a job that prints is renewed every so many looks, or when something is wrong.
_RENEW_EVERY: Final = 20


class PrintWorker:
    """Prints what is queued. `connect` opens a line to a host and port; `clock` says when."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = utc_now, connect: Connect = TcpLine
    ) -> None:
        self._database = database
        self._clock = clock
        self._connect = connect
        self._news = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy: dict[int, threading.Thread] = {}
        #: The day on which ended jobs were last forgotten.
        self._forgot_on: date | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin; the first look is taken at once."""
        self._thread = threading.Thread(target=self._run, name="print-worker", daemon=True)
        self._thread.start()

    def woken(self, versions: Mapping[str, int]) -> None:
        """A commit changed these topics."""
        if TOPIC in versions:
            self._news.set()

    def close(self) -> None:
        """End after what is being said to printers now; a label on its way becomes one that is not known."""
        self._closing.set()
        self._news.set()
        with self._lock:
            threads = [*self._busy.values()]
        for thread in (self._thread, *threads):
            if thread is not None:
                thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._news.clear()
            try:
                wait = self._look()
            except SQLAlchemyError:
                # The supervisor of printing: a database that is away for a moment must not end it.
                log.exception("The print queue could not be read.")
                wait = LOOK_EVERY
            self._news.wait(wait)

    def _look(self) -> float:
        """Start whoever is due; gives the seconds until the next one is."""
        now = self._clock()
        with self._database.read() as session:
            due, later = turns.next_turns(session, now)
        for printer_id in due:
            self._start(printer_id)
        return LOOK_EVERY if later is None else min(max((later - now).total_seconds(), 0.05), LOOK_EVERY)

    def _start(self, printer_id: int) -> None:
        with self._lock:
            if printer_id not in self._busy and not self._closing.is_set():
                name = f"printer-{printer_id}"
                self._busy[printer_id] = threading.Thread(
                    target=self._serve, args=(printer_id,), name=name, daemon=True
                )
                self._busy[printer_id].start()

    def _serve(self, printer_id: int) -> None:
        try:
            self._forget_old()
            while not self._closing.is_set() and self.print_next(printer_id):
                pass
        except SQLAlchemyError:
            # The supervisor of one printer; its job is settled when the lease has run out.
            log.exception("A printer's queue could not be written.")
        finally:
            with self._lock:
                del self._busy[printer_id]
            self._news.set()

    def _forget_old(self) -> None:
        now = self._clock()
        if self._forgot_on != now.date():
            self._forgot_on = now.date()
            self._database.write(lambda session: turns.forget_old(session, now))

    def print_next(self, printer_id: int) -> bool:
        """Print the next label of a printer; False when none is due."""
        job = self._database.write(lambda session: turns.take_next(session, printer_id, self._clock()))
        if job is None:
            return False
        try:
            with self._connect(job.printer.host, job.printer.port) as line:
                deliver(line, job.payload.encode("ascii"), self._hooks(job), asks_status=job.printer.asks_status)
        except NotSent as why:
            trouble = why.trouble
            self._database.write(lambda session: turns.settle_not_sent(session, job.id, trouble, self._clock()))
        except NotKnown as why:
            trouble = why.trouble
            self._database.write(lambda session: turns.settle_not_known(session, job.id, trouble))
        else:
            self._database.write(lambda session: turns.settle_done(session, job.id, self._clock()))
        return True

    def _hooks(self, job: PrintJob) -> Hooks:
        looks = 0
        last: Trouble | None = None

        def begins() -> None:
            if not self._database.write(lambda session: turns.note_sending(session, job.id, self._clock())):
                raise NotSent(Trouble.STOPPED)

        def looked(trouble: Trouble | None) -> None:
            nonlocal looks, last
            looks += 1
            if trouble is not last or looks % _RENEW_EVERY == 0:
                self._database.write(lambda session: turns.note_look(session, job.id, trouble, self._clock()))
            last = trouble

        return Hooks(begins, looked, wait=lambda seconds: not self._closing.wait(seconds))
