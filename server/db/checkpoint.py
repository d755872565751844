"""Copying SQLite's write-ahead log back into the database beside the writer, who would otherwise stop for it.

A passive checkpoint waits for nobody and nobody waits for it (SQLite, PRAGMA wal_checkpoint). It does not begin the log
anew; the writer's own checkpoint does (`wal_autocheckpoint`), and finds little left to copy.
"""

import logging
import threading
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger("server.db")

#: After so many changed rows the log is copied; the writer does so by himself only when it is full (engine.py).
ROWS = 12_000


class Checkpointer:
    """A thread that copies when the writer has changed enough; it starts with the first time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()
        self._is_closing = False
        #: How many rows had been changed when it was last woken; known to the writer's thread alone.
        self._copied = 0

    def note(self, writing: Connection) -> None:
        """The writer has committed."""
        driver: Any = writing.connection.driver_connection
        # A number of 32 bits that goes round, and begins anew with each connection.
        if abs(driver.total_changes - self._copied) < ROWS:
            return
        self._copied = driver.total_changes
        self._wanted.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="database-checkpoint", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Finish what has begun; call it when the writer is closed."""
        self._is_closing = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wanted.wait() and not self._is_closing:
            self._wanted.clear()
            try:
                self._copy()
            except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
                # The writer copies what is left, and only takes longer for it.
                log.exception("Failed to copy the write-ahead log back; the writer will do it.")

    def _copy(self) -> None:
        # The driver's own connection, for no transaction may be open.
        connection = self._engine.raw_connection()
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            connection.close()
