"""The edge that owns every transaction (docs/architecture.md, "Transactions").

SQLite: one writer thread takes what is queued, runs each piece of work in a savepoint, and commits once for all.
PostgreSQL: each piece of work is its own transaction on a pool thread, tried again after a deadlock or a race.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from server.db import topics
from server.db.engine import make_engine

log = logging.getLogger("server.db")

T = TypeVar("T")
Work = Callable[[Session], T]
Woken = Callable[[Mapping[str, int]], None]

#: PostgreSQL error classes worth another try: serialization_failure and deadlock_detected (PostgreSQL, appendix A).
RETRY_CODES = {"40001", "40P01"}
TRIES = 3
#: At most this many pieces of work share one commit, so that the first of them is not kept waiting.
GROUP_LIMIT = 64


class Database:
    """Readers see a consistent snapshot; writers hand in work and get its result after the commit."""

    def __init__(self, url: str, *, pool_size: int = 12) -> None:
        self.url = url
        self.engine = make_engine(url, pool_size=pool_size)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._woken: list[Woken] = []
        self._queue: SimpleQueue[tuple[Work[Any], Future[Any]] | None] = SimpleQueue()
        self._pool: ThreadPoolExecutor | None = None
        self._writer: threading.Thread | None = None
        #: Used by the writer thread alone.
        self._writing: Connection | None = None
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
        self._ensure_started()
        work = _as_asked(work)
        if self._pool is not None:
            return self._pool.submit(self._run_with_retries, work)
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Finish what is queued and let go of every connection."""
        with self._start_lock:
            if self._writer is not None:
                self._queue.put(None)
                self._writer.join()
                self._writer = None
            if self._pool is not None:
                self._pool.shutdown(wait=True)
                self._pool = None
        self.engine.dispose()

    def _ensure_started(self) -> None:
        with self._start_lock:
            if self.is_sqlite and self._writer is None:
                self._writer = threading.Thread(target=self._write_loop, name="database-writer", daemon=True)
                self._writer.start()
            elif not self.is_sqlite and self._pool is None:
                self._pool = ThreadPoolExecutor(max_workers=12, thread_name_prefix="database-writer")

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

    # --- SQLite: one writer, one commit for all that is queued ---

    def _write_loop(self) -> None:
        try:
            self._write_groups()
        finally:
            self._close_writing()

    def _write_groups(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, closing = [first], False
            while len(group) < GROUP_LIMIT:
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    break
                if item is None:
                    closing = True
                    break
                group.append(item)
            self._commit_group(group)
            if closing:
                return

    def _commit_group(self, group: list[tuple[Work[Any], Future[Any]]]) -> None:
        # From here on no caller can cancel; one who gave up while his work was queued wants nothing done.
        group = [(work, future) for work, future in group if future.set_running_or_notify_cancel()]
        if not group:
            return
        done: dict[Future[Any], Any] = {}
        failed: dict[Future[Any], BaseException] = {}
        versions: dict[str, int] = {}
        try:
            connection = self._open_to_write()
            with connection.begin():
                changed: set[str] = set()
                for work, future in group:
                    try:
                        done[future] = _run(connection, work, changed, is_alone=len(group) == 1)
                    except BaseException as refusal:
                        failed[future] = refusal
                        if len(group) == 1:
                            raise
                versions = topics.bump(connection, changed)
        except BaseException as fault:  # noqa: BLE001 - the transaction failed, and so did every piece of work in it
            failed = {future: failed.get(future, fault) for _work, future in group}
            done, versions = {}, {}
            self._close_writing()
        self._wake(versions)
        for future, result in done.items():
            future.set_result(result)
        for future, cause in failed.items():
            future.set_exception(cause)

    def _open_to_write(self) -> Connection:
        """The writer's own connection; taking one from the pool for each commit costs as much as the commit."""
        if self._writing is None:
            self._writing = self.engine.connect().execution_options(sqlite_writes=True)
        return self._writing

    def _close_writing(self) -> None:
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


def _run(connection: Connection, work: Work[T], changed: set[str], *, is_alone: bool) -> T:
    """One piece of work; beside others it gets a savepoint, so that its failure is its own."""
    mode: Literal["rollback_only", "create_savepoint"] = "rollback_only" if is_alone else "create_savepoint"
    with Session(connection, join_transaction_mode=mode, expire_on_commit=False) as session:
        result = work(session)
        session.commit()
        changed |= topics.touched(session)
    return result


def _is_passing(error: DBAPIError) -> bool:
    """Whether another try can succeed: a deadlock, a serialization failure, or two writers of one unique key."""
    if isinstance(error, IntegrityError):
        return getattr(error.orig, "sqlstate", None) == "23505"
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) in RETRY_CODES
