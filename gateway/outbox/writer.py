"""The one thread that writes the outbox.

Everything that is queued becomes one transaction; nothing waits for more to come. Under load the queue
fills while the disk flushes, so groups grow by themselves and single events stay fast.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway import crash_points
from gateway.outbox.commit import Committer
from gateway.outbox.faults import OutboxBroken, OutboxError
from gateway.outbox.store import Store
from gateway.outbox.ticket import Group, Ticket

log = logging.getLogger(__name__)

#: Callers block when this many events wait for a commit, so that a slow disk bounds memory too.
MAX_QUEUED = 2000
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Act:
    """A change by the uplink, such as forgetting answered events; `wait` returns after its commit."""

    def __init__(self, change: Callable[[Store], int]) -> None:
        self.change = change
        self.count = 0
        self.error: OutboxError | None = None
        self._done = threading.Event()

    def finish(self, error: OutboxError | None = None) -> None:
        """Tell the waiting caller how it ended."""
        self.error = error
        self._done.set()

    def wait(self) -> int:
        """Block until done; give how many events left the outbox, or raise OutboxError."""
        self._done.wait()
        if self.error is not None:
            raise self.error
        return self.count


@dataclass(slots=True)
class Work:
    """What one transaction will do."""

    group: Group = field(default_factory=Group)
    tickets: list[Ticket] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


class Writer:
    """append() and act() queue; open_with() starts the thread; close() commits what is queued and ends it."""

    def __init__(self, committer: Committer) -> None:
        self.stored = threading.Event()
        self.broken = threading.Event()
        self._committer = committer
        self._condition = threading.Condition()
        self._work = Work()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="outbox-writer", daemon=True)

    def open_with(self, opening: Ticket) -> None:
        """Commit the epoch's first event, then run; if the disk is full now, it comes with the next commit."""
        self._settle(Work(tickets=[opening]))
        self._thread.start()

    def append(self, body: bytes, *, sheddable: bool, replaces: tuple[str, int] | None = None) -> Ticket:
        """Queue one event body without its sequence; blocks while too many wait already.

        The event set aside that it `replaces` is forgotten by the same commit.
        """
        with self._condition:
            while len(self._work.tickets) >= MAX_QUEUED and not (self._closing or self.broken.is_set()):
                self._condition.wait()
            self._refuse_when_closed()
            ticket = Ticket(body, self._work.group, sheddable=sheddable, replaces=replaces)
            self._work.tickets.append(ticket)
            self._condition.notify_all()
        return ticket

    def act(self, change: Callable[[Store], int]) -> int:
        """Run a change in the next transaction and wait for it; give its count."""
        act = Act(change)
        with self._condition:
            self._refuse_when_closed()
            self._work.acts.append(act)
            self._condition.notify_all()
        return act.wait()

    def close(self) -> None:
        """Commit what is queued and end the thread."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join()
        self._committer.close()

    def _refuse_when_closed(self) -> None:
        if self.broken.is_set():
            raise OutboxBroken("Outbox file is damaged. Restart the gateway: it sets the file aside.")
        if self._closing:
            raise OutboxError("Outbox is closed: the gateway is stopping.")

    # -- the thread

    def _run(self) -> None:
        try:
            while (work := self._take()) is not None:
                self._settle(work)
        finally:
            self._end()

    def _end(self) -> None:
        """However the thread ends, nobody waits for it in vain: whoever comes later is told."""
        with self._condition:
            if not self._closing:
                self.broken.set()
            work, self._work = self._work, Work()
            self._condition.notify_all()
        for act in work.acts:
            act.finish(OutboxError("Outbox stopped before this change."))
        work.group.settled.set()

    def _take(self) -> Work | None:
        with self._condition:
            while not (self._work.tickets or self._work.acts):
                if self._closing:
                    return None
                self._condition.wait()
            work, self._work = self._work, Work()
            self._condition.notify_all()
        return work

    def _settle(self, work: Work) -> None:
        """One transaction; whatever happens, everyone who waits gets an answer."""
        try:
            self._commit(work)
        except (sqlite3.Error, OSError) as error:
            self._fail(work, error)
        finally:
            self._release(work)

    def _commit(self, work: Work) -> None:
        self._committer.commit(work.tickets, [act.change for act in work.acts])
        for act, count in zip(work.acts, self._committer.counts, strict=True):
            act.count = count
            act.finish()

    def _release(self, work: Work) -> None:
        if any(ticket.stored for ticket in work.tickets):
            crash_points.reached("after_outbox_commit")
            self.stored.set()
        work.group.settled.set()

    # -- when the disk says no

    def _fail(self, work: Work, error: sqlite3.Error | OSError) -> None:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            self._break(work, error)
            return
        self._committer.refuse_all(work.tickets, error)
        try:
            # With the ballast gone there is room to delete, which is how a full outbox drains.
            self._commit(Work(acts=work.acts))
        except (sqlite3.Error, OSError) as again:
            self._committer.roll_back()
            for act in work.acts:
                act.finish(OutboxError(f"Outbox could not be changed: {again}."))

    def _break(self, work: Work, error: Exception) -> None:
        """Damage found while running: nothing more is promised; a restart salvages."""
        log.error("outbox_damaged", extra={"error": str(error)})
        fault = OutboxBroken(f"Outbox file is damaged ({error}). Restart the gateway: it sets the file aside.")
        self.broken.set()
        for ticket in work.tickets:
            ticket.error = fault
        for act in work.acts:
            act.finish(fault)
