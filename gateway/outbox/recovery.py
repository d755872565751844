"""A damaged outbox file is put aside, never thrown away, and what can still be read is carried over."""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gateway.outbox.records import Alarm
from gateway.outbox.store import Store, connect

log = logging.getLogger(__name__)

_ROW = "position, epoch, stored_at, sheddable, body"
Row = tuple[int, str, int, int, bytes]


def open_or_recover(path: Path, at: float) -> Store:
    """Open the outbox; a damaged file is set aside and salvaged, with an alarm that stays."""
    try:
        return Store.open(path)
    except sqlite3.OperationalError:
        # Not damage: no permission, no space, a directory in its place. The caller says it in words.
        raise
    except sqlite3.DatabaseError as error:
        return _recover(path, str(error), at)


def _recover(path: Path, damage: str, at: float) -> Store:
    aside = _set_file_aside(path, at)
    store = Store.open(path)
    try:
        events, others = _salvage(aside, store)
        alarm = Alarm(
            at,
            f"Outbox file was damaged ({damage}). It is kept as {aside.name}; {events} waiting events and "
            f"{others} other records were carried over. Send the file to support before you delete it.",
        )
        store.raise_alarm(alarm)
    except BaseException:
        store.close()
        raise
    log.error("outbox_damaged", extra={"sentence": alarm.sentence})
    return store


def _set_file_aside(path: Path, at: float) -> Path:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = path.with_name(f"outbox-damaged-{stamp}.db")
    # The log holds the newest commits, and SQLite finds it by the name of the file, so both move together.
    # Its shared-memory index is rebuilt from the log, and may be what is damaged.
    path.rename(aside)
    with contextlib.suppress(FileNotFoundError):
        path.with_name(path.name + "-wal").rename(aside.with_name(aside.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return aside


def _salvage(aside: Path, store: Store) -> tuple[int, int]:
    """Carry readable rows over; give how many events and how many other records."""
    try:
        old = connect(aside)
    except sqlite3.DatabaseError:
        # The header itself is gone, so no page can be found: the file remains for a person's tools.
        return 0, 0
    try:
        store.connection.execute("BEGIN IMMEDIATE")
        events = _copy_events(old, store)
        others = sum(_copy_table(old, store, table) for table in ("epoch", "set_aside", "shed", "alarm"))
        _restore_epochs(store)
        store.connection.execute("COMMIT")
    finally:
        old.close()
    return events, others


def _copy_events(old: sqlite3.Connection, store: Store) -> int:
    """Read from both ends towards the damage, which one bad page leaves somewhere between."""
    before = store.connection.total_changes
    for order in ("ASC", "DESC"):
        for row in _rows_until_damage(old, f"SELECT {_ROW} FROM event ORDER BY position {order}"):  # noqa: S608
            done = store.connection.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)", row).rowcount
            if not done:
                break
    return store.connection.total_changes - before


def _copy_table(old: sqlite3.Connection, store: Store, table: str) -> int:
    count = 0
    for row in _rows_until_damage(old, f"SELECT * FROM {table}"):  # noqa: S608 - names of our own tables.
        places = ",".join("?" * len(row))
        store.connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", row)  # noqa: S608
        count += 1
    return count


def _restore_epochs(store: Store) -> None:
    """An event needs its epoch's row to be deleted one day; positions tell the numbers that were lost."""
    store.connection.execute(
        "INSERT OR IGNORE INTO epoch SELECT position / 1099511627776, epoch, max(position) % 1099511627776 "
        "FROM event GROUP BY position / 1099511627776"
    )


def _rows_until_damage(old: sqlite3.Connection, query: str) -> Iterator[Row]:
    try:
        yield from old.execute(query)
    except sqlite3.DatabaseError as error:
        # This is what salvage is about: rows up to the damage count, the alarm tells the rest.
        log.warning("outbox_salvage_stopped", extra={"query": query, "error": str(error)})
