"""What people get to see: the inbox of events that somebody can repair, and the count of unknown tags."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func
from sqlalchemy.dialects import postgresql, sqlite

from server.db import table_of
from server.ingest.bulk import insert_rows
from server.ingest.fold import Folded, Judged
from server.ingest.reads import named_of
from server.journal.models import Quarantine, UnknownTag
from server.tracking.states import Reason, Status

_COLUMNS = ("event_id", "reason", "say", "read_point", "code", "raised_at", "state")


def keep_for_people(connection: Connection, folded: Folded, first_event: int, *, now: datetime) -> None:
    """Put quarantined events into the inbox and count unknown tags."""
    rows = []
    tags: dict[tuple[str, str], list[Judged]] = {}
    for place in folded.turns:
        one, event_id = folded.judged[place], first_event + place
        read = one.item.read
        if one.verdict.status is Status.QUARANTINED:
            read_point = read.read_point if read is not None else None
            code = named_of(one.item).shown or None
            answer = one.answer
            reason = answer.reason or Reason.BAD_FIELD.value
            rows.append((event_id, reason, answer.say, read_point, code, now, "open"))
        elif one.verdict.reason is Reason.UNKNOWN_TAG and read is not None:
            tags.setdefault((read.read_point or "", read.named.shown), []).append(one)
    insert_rows(connection, table_of(Quarantine), _COLUMNS, rows)
    if tags:
        _count(connection, tags)


def _count(connection: Connection, tags: dict[tuple[str, str], list[Judged]]) -> None:
    dialect = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement: Any = dialect(UnknownTag)
    added = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["read_point", "epc"],
        set_={
            "count": UnknownTag.count + added.count,
            "last_seen_at": _later(connection, UnknownTag.last_seen_at, added.last_seen_at),
        },
    )
    rows = [
        {
            "read_point": read_point,
            "epc": epc,
            "first_seen_at": min(one.item.observed_at for one in seen),
            "last_seen_at": max(one.item.observed_at for one in seen),
            "count": len(seen),
        }
        for (read_point, epc), seen in sorted(tags.items())
    ]
    connection.execute(statement, rows)


def _later(connection: Connection, one: Any, other: Any) -> Any:
    # SQLite's max() of two values is PostgreSQL's greatest().
    name = "greatest" if connection.dialect.name == "postgresql" else "max"
    return getattr(func, name)(one, other)
