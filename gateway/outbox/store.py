"""The outbox's SQLite file: tables and statements, without threads or rules.

Write-ahead log with synchronous=FULL: a commit that returned survives a power cut. The position of an event
is its epoch's number and its sequence in one integer, so the table grows at its end and reads in order.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from gateway.outbox.records import Alarm, Parcel, SetAside, Shed
from gateway.outbox.rows import INSERT, lots
from gateway.outbox.ticket import Ticket

#: Sequences of one epoch fit below this; 2**40 events are 1,700 years at 20 a second.
EPOCH_STEP = 2**40
FILE_NAME = "outbox.db"

_TABLES = """
CREATE TABLE IF NOT EXISTS epoch (number INTEGER PRIMARY KEY, epoch TEXT NOT NULL, last_sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY, epoch TEXT NOT NULL, stored_at INTEGER NOT NULL,
    sheddable INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS event_sheddable ON event (position) WHERE sheddable = 1;
CREATE TABLE IF NOT EXISTS set_aside (
    epoch TEXT NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL,
    body BLOB NOT NULL, PRIMARY KEY (epoch, sequence));
CREATE TABLE IF NOT EXISTS shed (
    epoch TEXT NOT NULL, first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
    count INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS alarm (at INTEGER NOT NULL, sentence TEXT NOT NULL);
"""  # A table of facts reads best with a line a table.


def connect(path: Path, *, read_only: bool = False, cache_kib: int = 400) -> sqlite3.Connection:
    """Open the file with our pragmas; sqlite3.DatabaseError when it is not a database.

    The cache is small: events are written at the end, read once in order and deleted, so little comes again.
    """
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    if not read_only:
        # Only a new file takes this: emptied pages can then be given back to the disk.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # After a long absence of the server the log shrinks again instead of keeping its largest size.
        connection.execute("PRAGMA journal_size_limit=4000000")
    connection.execute(f"PRAGMA cache_size=-{cache_kib:d}")
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def millis(at: float) -> int:
    """Seconds since 1970 as whole milliseconds."""
    return round(at * 1000)


class Store:
    """Statements on one connection; only the writer thread calls those that write."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._page_size = int(connection.execute("PRAGMA page_size").fetchone()[0])
        self._flushes: bool | None = None

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open or create the file and check every page; sqlite3.DatabaseError when it is damaged."""
        connection = connect(path)
        try:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"quick_check says: {verdict}")
            connection.executescript(_TABLES)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return cls(connection)

    def close(self) -> None:
        """Close the file; the log is folded into it."""
        self.connection.close()

    def flush_commits(self, flushes: bool) -> None:
        """Whether the next commits return only once they are on disk; between two transactions."""
        if flushes is not self._flushes:
            self.connection.execute(f"PRAGMA synchronous={'FULL' if flushes else 'NORMAL'}")
            self._flushes = flushes

    def shrink_log(self) -> None:
        """Fold the log into the file where that is possible: on a full disk its room is worth having."""
        with contextlib.suppress(sqlite3.OperationalError):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def give_back(self, pages: int) -> None:
        """Give up to `pages` emptied pages back to the disk (0: all)."""
        # This statement frees one page at each step, and execute() would take only the first.
        self.connection.executescript(f"PRAGMA incremental_vacuum({pages:d})")
        self.shrink_log()

    def empty_pages(self) -> int:
        """Pages of the file that hold nothing."""
        return int(self.connection.execute("PRAGMA freelist_count").fetchone()[0])

    # -- epochs

    def last_epoch(self) -> tuple[int, str, int] | None:
        """Number, name and last sequence of the newest epoch."""
        row = self.connection.execute(
            "SELECT number, epoch, last_sequence FROM epoch ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def begin_epoch(self, number: int, epoch: str) -> None:
        """Add an epoch and forget older ones that hold no event any more."""
        self.connection.execute(
            "DELETE FROM epoch WHERE number < ? AND NOT EXISTS "
            "(SELECT 1 FROM event WHERE position BETWEEN number * ? AND (number + 1) * ? - 1)",
            (number - 1, EPOCH_STEP, EPOCH_STEP),
        )
        self.connection.execute("INSERT INTO epoch VALUES (?, ?, 0)", (number, epoch))

    def set_last_sequence(self, number: int, last_sequence: int) -> None:
        """Remember the newest sequence, which outlives the events themselves."""
        self.connection.execute("UPDATE epoch SET last_sequence = ? WHERE number = ?", (last_sequence, number))

    # -- events

    def insert(self, number: int, epoch: str, at: float, tickets: Sequence[Ticket]) -> None:
        """Write numbered tickets."""
        base, stored_at = number * EPOCH_STEP, millis(at)
        for start, end in lots(len(tickets)):
            values: list[object] = []
            for ticket in tickets[start:end]:
                values += (base + ticket.sequence, epoch, stored_at, ticket.sheddable, numbered(ticket))
            self.connection.execute(INSERT[end - start], values)
        for ticket in tickets:
            if ticket.replaces is not None:
                self.drop_aside(*ticket.replaces)

    def oldest(self, max_events: int, max_bytes: int) -> Parcel | None:
        """The oldest events, all of the oldest epoch, at least one; None when there is none."""
        rows = self.connection.execute(
            "SELECT position, epoch, body FROM event ORDER BY position LIMIT ?", (max_events,)
        )
        epoch: str | None = None
        sequences: list[int] = []
        bodies: list[bytes] = []
        total = 0
        for position, row_epoch, body in rows:
            total += len(body) + 1
            if epoch is not None and (row_epoch != epoch or total > max_bytes):
                break
            epoch = row_epoch
            sequences.append(position % EPOCH_STEP)
            bodies.append(body)
        return None if epoch is None else Parcel(epoch, tuple(sequences), tuple(bodies))

    def delete(self, epoch: str, sequences: Iterable[int]) -> int:
        """Forget events that the server answered; give how many there were."""
        base = self._base(epoch)
        if base is None:
            return 0
        erase = "DELETE FROM event WHERE position BETWEEN ? AND ?"
        return sum(
            self.connection.execute(erase, (base + first, base + last)).rowcount for first, last in _spans(sequences)
        )

    def move_aside(self, epoch: str, sequence: int, reason: str, at: float) -> int:
        """Move one event out of the way of the others; give how many there were."""
        base = self._base(epoch)
        if base is None:
            return 0
        self.connection.execute(
            "INSERT OR REPLACE INTO set_aside SELECT epoch, ?, ?, ?, body FROM event WHERE position = ?",
            (sequence, millis(at), reason, base + sequence),
        )
        return self.delete(epoch, (sequence,))

    def body_aside(self, epoch: str, sequence: int) -> bytes | None:
        """The JSON of one event set aside."""
        wanted = "SELECT body FROM set_aside WHERE epoch = ? AND sequence = ?"
        row = self.connection.execute(wanted, (epoch, sequence)).fetchone()
        return None if row is None else bytes(row[0])

    def drop_aside(self, epoch: str, sequence: int) -> bool:
        """Forget one event set aside; give whether there was one."""
        found = self.connection.execute("DELETE FROM set_aside WHERE epoch = ? AND sequence = ?", (epoch, sequence))
        return found.rowcount > 0

    def shed_oldest(self, limit: int, older_than: float | None, reason: str, at: float) -> int:
        """Give up to `limit` oldest tag events up, recording which; give how many."""
        rows = self.connection.execute(
            "SELECT position, epoch FROM event WHERE sheddable = 1 AND stored_at < ? ORDER BY position LIMIT ?",
            (2**62 if older_than is None else millis(older_than), limit),
        ).fetchall()
        self.connection.executemany("DELETE FROM event WHERE position = ?", [(row[0],) for row in rows])
        for run in _runs(rows):
            self.connection.execute("INSERT INTO shed VALUES (?, ?, ?, ?, ?, ?)", (*run, reason, millis(at)))
        return len(rows)

    def _base(self, epoch: str) -> int | None:
        row = self.connection.execute("SELECT number FROM epoch WHERE epoch = ?", (epoch,)).fetchone()
        return None if row is None else row[0] * EPOCH_STEP

    # -- records

    def raise_alarm(self, alarm: Alarm) -> None:
        """Keep a sentence that a person must see."""
        self.connection.execute("INSERT INTO alarm VALUES (?, ?)", (millis(alarm.at), alarm.sentence))

    def alarms(self) -> list[Alarm]:
        """All alarms, oldest first."""
        rows = self.connection.execute("SELECT at, sentence FROM alarm ORDER BY rowid")
        return [Alarm(at / 1000, sentence) for at, sentence in rows]

    def set_aside(self) -> list[SetAside]:
        """All events set aside, oldest first."""
        rows = self.connection.execute("SELECT epoch, sequence, reason, at FROM set_aside ORDER BY rowid")
        return [SetAside(epoch, sequence, reason, at / 1000) for epoch, sequence, reason, at in rows]

    def shed(self) -> list[Shed]:
        """All runs of events given up, oldest first."""
        rows = self.connection.execute(
            "SELECT epoch, first_sequence, last_sequence, count, reason, at FROM shed ORDER BY rowid"
        )
        return [Shed(epoch, first, last, count, reason, at / 1000) for epoch, first, last, count, reason, at in rows]

    # -- figures

    def count(self) -> int:
        """How many events wait."""
        return int(self.connection.execute("SELECT count(*) FROM event").fetchone()[0])

    def has_sheddable(self) -> bool:
        """Whether a tag event waits."""
        row = self.connection.execute("SELECT 1 FROM event WHERE sheddable = 1 LIMIT 1").fetchone()
        return row is not None

    def count_shed(self) -> int:
        """How many tag events were ever given up."""
        return int(self.connection.execute("SELECT coalesce(sum(count), 0) FROM shed").fetchone()[0])

    def count_set_aside(self) -> int:
        """How many events the server would not take at all."""
        return int(self.connection.execute("SELECT count(*) FROM set_aside").fetchone()[0])

    def bytes_set_aside(self) -> int:
        """Bytes of the events set aside, which count toward the quota like all others."""
        return int(self.connection.execute("SELECT coalesce(sum(length(body)), 0) FROM set_aside").fetchone()[0])

    def oldest_stored_at(self) -> float | None:
        """When the oldest waiting event was stored, in seconds since 1970."""
        row = self.connection.execute("SELECT stored_at FROM event ORDER BY position LIMIT 1").fetchone()
        return None if row is None else row[0] / 1000

    def bytes_used(self) -> int:
        """Bytes of the pages in use; free pages of the file are room, not use."""
        pages = self.connection.execute("PRAGMA page_count").fetchone()[0]
        free = self.connection.execute("PRAGMA freelist_count").fetchone()[0]
        return int((pages - free) * self._page_size)


def numbered(ticket: Ticket) -> bytes:
    """The body with its sequence, which is known only at the commit; bodies are JSON objects without it."""
    return b'{"sequence":%d,%s' % (ticket.sequence, ticket.body[1:])


def _spans(sequences: Iterable[int]) -> list[tuple[int, int]]:
    """Sequences as spans from a first to a last one, without holes.

    >>> _spans([7, 3, 4, 5, 4])
    [(3, 5), (7, 7)]
    """
    spans: list[tuple[int, int]] = []
    for sequence in sorted(set(sequences)):
        if spans and sequence == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], sequence)
        else:
            spans.append((sequence, sequence))
    return spans


def _runs(rows: Sequence[tuple[int, str]]) -> list[tuple[str, int, int, int]]:
    """Fold positions in order into (epoch, first, last, count), one for each epoch.

    >>> _runs([(EPOCH_STEP + 3, "a"), (EPOCH_STEP + 5, "a"), (2 * EPOCH_STEP + 1, "b")])
    [('a', 3, 5, 2), ('b', 1, 1, 1)]
    """
    found: dict[str, list[int]] = {}
    for position, epoch in rows:
        found.setdefault(epoch, []).append(position % EPOCH_STEP)
    return [(epoch, numbers[0], numbers[-1], len(numbers)) for epoch, numbers in found.items()]
