"""The edge that owns every transaction (docs/architecture.md, "Transactions").

SQLite: one writer thread takes what is queued, runs each piece of work in a savepoint, and commits once for all.
PostgreSQL: each piece of work is its own transaction on a pool thread, tried again after a deadlock or a race.
Work that many callers ask for at the same time can be done jointly, in one go for all who wait (server/db/joint.py).
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from server.db import topics
from server.db.checkpoint import Checkpointer
from server.db.engine import make_engine
from server.db.handover import Handover
from server.db.joint import A, Joint, Share, T, gather, together
from server.db.lane import Lane, Waiting
from server.db.sweeper import Sweeper, left_over

log = logging.getLogger("server.db")

Work = Callable[[Session], T]
Woken = Callable[[Mapping[str, int]], None]

#: PostgreSQL error classes worth another try: serialization_failure and deadlock_detected (PostgreSQL, appendix A).
RETRY_CODES = {"40001", "40P01"}
TRIES = 3


class _FellApart(Exception):
    """Joint work that was alone in its transaction failed: whose fault it is shows when each share is tried alone."""


class Database:
    """Readers see a consistent snapshot; writers hand in work and get its result after the commit."""

    def __init__(self, url: str, *, pool_size: int = 12) -> None:
        self.url = url
        self.engine = make_engine(url, pool_size=pool_size)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._woken: list[Woken] = []
        #: SQLite: one writer, one commit for all that waits.
        self._writer = Lane("database-writer", self._commit_group, at_end=self._close_writing)
        #: Used by the writer thread alone.
        self._writing: Connection | None = None
        self._handover = Handover()
        self._checkpointer = Checkpointer(self.engine)
        self._sweeper = Sweeper()
        #: What the work of the transaction that is open has left over.
        self._leftovers: list[Any] = []
        #: PostgreSQL: a transaction for each piece of work, but shares of joint work are done by one thread.
        self._sharer = Lane("database-sharer", self._do_shares)
        self._pool: ThreadPoolExecutor | None = None
        self._start_lock = threading.Lock()

    def on_commit(self, woken: Woken) -> None:
        """Call `woken({topic: version})` after every commit that changed a topic."""
        self._woken.append(woken)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; whatever it holds is rolled back at the end."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    def write(self, work: Work[T]) -> T:
        """Run `work(session)` in a transaction and return its result once it is durable."""
        return self.submit(work).result()

    def submit(self, work: Work[T]) -> Future[T]:
        """As `write`, without waiting: resolves after the commit; work that is cancelled in the queue is not done."""
        work = _as_asked(work)
        return self._writer.put(work) if self.is_sqlite else self._started_pool().submit(self._run_with_retries, work)

    def submit_jointly(self, joint: Joint[A, T], argument: A) -> Future[T]:
        """As `submit`, for work that is done in one go for all who wait at one time: `joint(session, arguments)`.

        It gives a result for each argument, in their order; one that is an exception is raised to its caller alone.
        It runs outside the context of its callers: what depends on who asks belongs into the argument.
        """
        lane = self._writer if self.is_sqlite else self._sharer
        return lane.put(Share(joint, argument))

    def close(self) -> None:
        """Finish what is queued and let go of every connection."""
        self._writer.close()
        self._sharer.close()
        self._checkpointer.close()
        self._sweeper.close()
        with self._start_lock:
            if self._pool is not None:
                self._pool.shutdown(wait=True)
                self._pool = None
        self.engine.dispose()

    def _started_pool(self) -> ThreadPoolExecutor:
        with self._start_lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(max_workers=12, thread_name_prefix="database-writer")
            return self._pool

    # --- PostgreSQL: one transaction for each piece of work ---

    def _run_with_retries(self, work: Work[T]) -> T:
        for _ in range(TRIES - 1):
            try:
                return self._run_once(work)
            except DBAPIError as error:
                if not _is_passing(error):
                    raise
        return self._run_once(work)

    def _run_once(self, work: Work[T]) -> T:
        with Session(self.engine, expire_on_commit=False) as session:
            result = work(session)
            session.flush()
            versions = topics.bump(session.connection(), topics.touched(session))
            session.commit()
        self._wake(versions)
        return result

    def _do_shares(self, group: list[Waiting]) -> None:
        for waiting in gather(group):
            outcomes = _in_one_go(waiting, self._run_with_retries)
            _settle(outcomes or [(future, self._outcome(work)) for work, future in waiting])

    def _outcome(self, work: Work[Any]) -> Any:
        try:
            return self._run_with_retries(work)
        except BaseException as refusal:  # noqa: BLE001 - whoever waits for the work gets what became of it
            return refusal

    # --- SQLite: one writer, one commit for all that waits ---

    def _commit_group(self, group: list[Waiting]) -> None:
        parts = gather(group)
        try:
            outcomes, versions = self._commit(parts, is_alone=len(parts) == 1)
        except _FellApart:
            outcomes, versions = self._commit([[waiting] for waiting in group], is_alone=False)
        self._wake(versions)
        _settle(outcomes.items())
        if self._writing is not None:
            self._checkpointer.note(self._writing)

    def _commit(
        self, parts: list[list[Waiting]], *, is_alone: bool
    ) -> tuple[dict[Future[Any], Any], Mapping[str, int]]:
        """What became of everything after its commit, and the topics that it raised; raises _FellApart."""
        outcomes: dict[Future[Any], Any] = {}
        try:
            connection = self._open_to_write()
            with connection.begin():
                self._handover.begin(connection)
                changed: set[str] = set()
                for waiting in parts:
                    outcomes |= self._outcomes(connection, waiting, changed, is_alone=is_alone)
                versions = topics.bump(connection, changed)
                self._sweeper.take(self._leftovers)
                self._leftovers = []
        except _FellApart:
            raise
        except BaseException as fault:  # noqa: BLE001 - the transaction failed, and so did every piece of work in it
            known = {future: found for future, found in outcomes.items() if isinstance(found, BaseException)}
            self._close_writing()
            return {future: known.get(future, fault) for waiting in parts for _work, future in waiting}, {}
        return outcomes, versions

    def _outcomes(
        self, connection: Connection, waiting: list[Waiting], changed: set[str], *, is_alone: bool
    ) -> dict[Future[Any], Any]:
        """What became of work side by side; an exception of the only work there is undoes the transaction."""
        found = dict(_in_one_go(waiting, lambda work: self._run(connection, work, changed, is_alone=is_alone)))
        if found:
            return found
        if is_alone and len(waiting) > 1:
            # There was no savepoint, so what it has written goes with the transaction.
            raise _FellApart
        for work, future in waiting:
            try:
                found[future] = self._run(connection, work, changed, is_alone=is_alone)
            except BaseException as refusal:
                if is_alone:
                    raise
                found[future] = refusal
        return found

    def _run(self, connection: Connection, work: Work[T], changed: set[str], *, is_alone: bool) -> T:
        """One piece of work; beside others it gets a savepoint, so that its failure is its own.

        Alone it gets none: SQLite keeps a copy of every page that changes inside of one.
        """
        mode: Literal["rollback_only", "create_savepoint"] = "rollback_only" if is_alone else "create_savepoint"
        with Session(connection, join_transaction_mode=mode, expire_on_commit=False) as session:
            desk = self._handover.give(session)
            result = work(session)
            session.commit()
            self._handover.take_back(desk)
            self._leftovers += left_over(session)
            changed |= topics.touched(session)
        return result

    def _open_to_write(self) -> Connection:
        """The writer's own connection; taking one from the pool for each commit costs as much as the commit."""
        if self._writing is None:
            self._writing = self.engine.connect().execution_options(sqlite_writes=True)
        return self._writing

    def _close_writing(self) -> None:
        self._handover.forget()
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.close()

    def _wake(self, versions: Mapping[str, int]) -> None:
        for woken in self._woken if versions else ():
            try:
                woken(versions)
            except Exception:
                # The supervisor of listeners: what was committed is true, and its callers wait for their answers.
                log.exception("A listener of commits failed.")


def _as_asked(work: Work[T]) -> Work[T]:
    """The work in the context of who asks for it: the writer's thread speaks his language and knows his request."""
    context = copy_context()

    def run(session: Session) -> T:
        return context.run(work, session)

    return run


def _in_one_go(waiting: list[Waiting], run: Callable[[Work[Any]], Any]) -> list[tuple[Future[Any], Any]]:
    """What became of shares that are done together; nothing for one alone, or when each must be tried alone."""
    if len(waiting) < 2:
        return []
    try:
        results = run(together(waiting))
    except Exception:
        # Whose fault it was shows when each is tried alone.
        log.warning("Joint work of %d failed; each part is tried alone.", len(waiting), exc_info=True)
        return []
    return [(future, result) for (_, future), result in zip(waiting, results, strict=True)]


def _settle(outcomes: Iterable[tuple[Future[Any], Any]]) -> None:
    for future, outcome in outcomes:
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _is_passing(error: DBAPIError) -> bool:
    """Whether another try can succeed: a deadlock, a serialization failure, or two writers of one unique key."""
    if isinstance(error, IntegrityError):
        return getattr(error.orig, "sqlstate", None) == "23505"
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) in RETRY_CODES
