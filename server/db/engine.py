"""Engines: SQLite with a write-ahead log and explicit transactions, or PostgreSQL through psycopg."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from server.db.driver import ask

#: How long a connection waits for another process (a backup, a command) that holds the SQLite write lock.
BUSY_SECONDS = 30


def make_engine(url: str, *, pool_size: int = 12) -> Engine:
    """An engine for `sqlite:///file.db` or `postgresql+psycopg://...`."""
    if url.startswith("sqlite"):
        return _sqlite_engine(url, pool_size)
    return create_engine(url, pool_size=pool_size, max_overflow=8, pool_pre_ping=True)


def _sqlite_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=8,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would otherwise begin a transaction only at the first write, and a read before it
    # could then never be upgraded while another writer is active.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-32000",
        "temp_store=MEMORY",
        # Pages that change often are copied back less often; the log stays below some 32 MB.
        "wal_autocheckpoint=8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("sqlite_writes", False)
    ask(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")
