"""The anchor: the same event rows into the same table, in the same batches, by the bare driver.

The rows are unique by source and sequence and inserted with ON CONFLICT DO NOTHING, for an ingest that takes each
event once needs no less. The server keeps that in a table of its own (`event_identity`); here it is an index.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

import psycopg

from server.journal.models import EventRecord

COLUMNS = tuple(column.name for column in EventRecord.__table__.columns)
_NAMES = ", ".join(COLUMNS)
Row = tuple[Any, ...]
Events = Sequence[dict[str, Any]]
#: An answer and a fact's detail as the server writes them for a completed operation.
ANSWER = json.dumps({
    "sequence": 1000, "status": "applied", "action": "operation_completed", "subject": "U-1000",
    "say": "Cut done: U-1000, 4 of 50. Next: Weld.", "signal": "ok", "reason": None, "undo": True, "facts": [1000, 1],
})  # fmt: skip
DETAIL = json.dumps({
    "read_point": "cut-1",
    "before": {"operation:11": {"started": 3, "good": 3}, "unit:1000": {"step": 10}},
    "after": {"operation:11": {"started": 4, "good": 4}, "unit:1000": {"step": 20}},
})  # fmt: skip


class Raw(Protocol):
    """A bare connection."""

    name: str

    def rows(self, events: Events) -> list[Any]:
        """What the server would store for these events, ready for `insert`; making it is not measured."""

    def insert(self, rows: Sequence[Any]) -> None:
        """Insert the rows and commit them durably."""

    def close(self) -> None:
        """Let go of the connection."""


#: What makes each event unique in the table of events itself.
_UNIQUE = "CREATE UNIQUE INDEX uq_event_source_sequence ON event (source_id, sequence)"


class RawSqlite:
    """sqlite3: one executemany and one COMMIT, write-ahead log, synchronous=FULL."""

    name = "raw executemany, sqlite3"
    is_unique = True

    def __init__(self, path: str) -> None:
        self._given = 0
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32000", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._text = f"INSERT INTO event ({_NAMES}) VALUES ({', '.join('?' for _ in COLUMNS)})"
        if self.is_unique:
            self._connection.execute(_UNIQUE)
            self._text += " ON CONFLICT DO NOTHING"

    def rows(self, events: Events) -> list[Any]:
        """The rows of the table `event`."""
        self._given += len(events)
        return rows_of(events, first_id=self._given - len(events) + 1, is_sqlite=True)

    def insert(self, rows: Sequence[Any]) -> None:
        """Insert the rows and commit them durably."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(self._text, rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class BareSqlite(RawSqlite):
    """As RawSqlite, but an event that came twice would be there twice."""

    name = "the same, nothing unique"
    is_unique = False


class WholeSqlite(BareSqlite):
    """sqlite3: all rows that such an event leaves behind: the event, its identity with the answer, and its fact."""

    name = "raw executemany of event, identity and fact"

    def rows(self, events: Events) -> list[Any]:
        """For each event its three rows."""
        found = []
        for row in super().rows(events):
            event_id, at = row[COLUMNS.index("id")], row[COLUMNS.index("observed_at")]
            identity = (1, event_id, b"0" * 16, at[:10], event_id, ANSWER)
            fact = (event_id, "operation_completed", "U-1000", 1, 1, event_id // 4, 10, 1, 1_000_000,
                    f"gateway:{ANSWER[:8]}", event_id, None, at, at, DETAIL)  # fmt: skip
            found.append((row, identity, fact))
        return found

    def insert(self, rows: Sequence[Any]) -> None:
        """Insert the rows and commit them durably."""
        events, identities, facts = zip(*rows, strict=True)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(self._text, events)
        self._connection.executemany("INSERT INTO event_identity VALUES (?,?,?,?,?,?)", identities)
        self._connection.executemany("INSERT INTO fact VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", facts)
        self._connection.execute("COMMIT")


class RawPostgres:
    """psycopg: one executemany (which pipelines) and one COMMIT."""

    name = "raw executemany, psycopg"

    def __init__(self, address: str) -> None:
        self._given = 0
        self._connection = psycopg.connect(address.replace("+psycopg", ""))
        self._text = f"INSERT INTO event ({_NAMES}) VALUES ({', '.join('%s' for _ in COLUMNS)}) ON CONFLICT DO NOTHING"
        self._connection.execute(_UNIQUE)
        self._connection.commit()

    def rows(self, events: Events) -> list[Any]:
        """The rows of the table `event`."""
        self._given += len(events)
        return rows_of(events, first_id=self._given - len(events) + 1, is_sqlite=False)

    def insert(self, rows: Sequence[Any]) -> None:
        """Insert the rows and commit them durably."""
        with self._connection.cursor() as cursor:
            cursor.executemany(self._text, rows)
        self._connection.commit()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class RawCopy(RawPostgres):
    """psycopg: one COPY and one COMMIT, the fastest way into PostgreSQL."""

    name = "raw COPY, psycopg"

    def insert(self, rows: Sequence[Any]) -> None:
        """Insert the rows and commit them durably."""
        with self._connection.cursor() as cursor, cursor.copy(f"COPY event ({_NAMES}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        self._connection.commit()


def rows_of(events: Events, *, first_id: int, is_sqlite: bool) -> list[Row]:
    """The rows that the server would store for these events, ready for the driver."""
    found = []
    for event_id, event in enumerate(events, first_id):
        at = event["observed_at"].replace("T", " ")[:26] if is_sqlite else event["observed_at"]
        values = {
            "id": event_id, "source_id": 1, "sequence": event_id, "kind": event["kind"], "station_id": 1,
            "observed_at": at, "recorded_at": at, "clock_suspect": 0 if is_sqlite else False, "status": "applied",
            "action": "operation_completed", "reason": None, "payload": json.dumps(event, separators=(",", ":")),
        }  # fmt: skip
        found.append(tuple(values[name] for name in COLUMNS))
    return found
