"""SQLite: the online backup API copies a consistent state while the server writes (sqlite.org/backup.html)."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from server.cli.context import CommandFailed

#: Any of these with a row in it makes a database one that somebody would miss.
_PRECIOUS = ("user_account", "sales_order", "fact", "event", "customer", "product", "api_key")


def backup(source: Path, target: Path) -> None:
    """Copy the database file and check the copy; raises CommandFailed."""
    if not source.exists():
        raise CommandFailed(f"There is no database at {source}.")
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        # One file to carry about: the copy has no write-ahead log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
    _check(target)


def restore(source: Path, target: Path, *, force: bool) -> str | None:
    """Put a checked copy of the backup in the place of the database file."""
    _check(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    kept: Path | None = None
    if target.exists():
        _refuse_while_in_use(target)
        if _holds_data(target):
            if not force:
                raise CommandFailed(
                    f"{target} holds data. Add --force to replace it; the one before is then kept beside it."
                )
            kept = target.with_name(f"{target.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    fresh = target.with_name(f"{target.name}.restoring")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(fresh)) as copy:
        original.backup(copy)
    _check(fresh)
    if kept is not None:
        target.rename(kept)
    for leftover in (target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-shm")):
        leftover.unlink(missing_ok=True)
    os.replace(fresh, target)
    return str(kept) if kept is not None else None


def _check(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
            is_ours = connection.execute("SELECT 1 FROM sqlite_master WHERE name='alembic_version'").fetchone()
    except sqlite3.DatabaseError as error:
        raise CommandFailed(f"{path} is not a whole SQLite database: {error}.") from error
    if found != "ok":
        raise CommandFailed(f"{path} is damaged: {found}.")
    if is_ours is None:
        raise CommandFailed(f"{path} is an SQLite database, but not one of Orderlight.")


def _refuse_while_in_use(path: Path) -> None:
    """Nobody else may hold the file open; this also folds its write-ahead log into it."""
    with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as connection:
        try:
            # In exclusive locking mode the first transaction waits for every other connection to go
            # (sqlite.org/pragma.html#pragma_locking_mode).
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            raise CommandFailed(f"{path} is in use ({error}). Stop the server first.") from error
        except sqlite3.DatabaseError:
            # A damaged database is a good reason to restore one; it is kept aside like any other.
            return


def _holds_data(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection:
            there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
            wanted = [table for table in _PRECIOUS if table in there]
            return any(
                connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608 - names from above
                for table in wanted
            )
    except sqlite3.DatabaseError:
        return True
