"""Many rows written at once: what they have in common is handed over once on SQLite, and stands in each of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.db import Database, table_of
from server.ingest.bulk import ROWS_A_STATEMENT, insert_rows, update_rows
from server.ingest.columns import EVENT
from server.journal.models import EventRecord

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
TABLE = table_of(EventRecord)


def event(number: int, *, odd: int | None) -> tuple[Any, ...]:
    """A row of the table of events; one of them is unlike the others where it can be."""
    seen = AT + timedelta(seconds=number)
    if number == odd:
        return (number, 2, number, "tag_arrived", None, seen, AT, True, "refused", None, "on_hold", "{}")
    return (number, 1, number, "code_scanned", 7, seen, AT, False, "applied", "operation_completed", None, "{}")


@pytest.mark.parametrize("count", [1, ROWS_A_STATEMENT - 1, ROWS_A_STATEMENT, 2 * ROWS_A_STATEMENT + 3])
@pytest.mark.parametrize("odd", [None, 1, 30])
def test_rows_come_back_as_they_were_given(database: Database, count: int, odd: int | None) -> None:
    # given
    rows = [event(number, odd=odd) for number in range(1, count + 1)]

    # when
    database.write(lambda session: insert_rows(session.connection(), TABLE, EVENT, rows))

    # then
    with database.read() as session:
        columns = [TABLE.c[name] for name in EVENT if name != "payload"]
        found = session.execute(select(*columns).order_by(TABLE.c.id)).all()
    assert [tuple(row) for row in found] == [row[:-1] for row in rows]


@pytest.mark.parametrize("count", [1, ROWS_A_STATEMENT, 2 * ROWS_A_STATEMENT + 3])
@pytest.mark.parametrize("station_of", [lambda number: number + 100, lambda _number: 9, lambda _number: None])
def test_rows_are_changed_by_their_key(database: Database, count: int, station_of: Callable[[int], int | None]) -> None:
    # given
    rows = [event(number, odd=None) for number in range(1, count + 2)]
    database.write(lambda session: insert_rows(session.connection(), TABLE, EVENT, rows))
    changed = [(row[0], station_of(row[0]), row[5] + timedelta(days=1)) for row in rows[1:]]

    # when
    columns = ("id", "station_id", "observed_at")
    database.write(lambda session: update_rows(session.connection(), TABLE, columns, changed))

    # then
    with database.read() as session:
        wanted = select(*(TABLE.c[name] for name in columns)).order_by(TABLE.c.id)
        found = [tuple(row) for row in session.execute(wanted)]
    assert found == [(rows[0][0], 7, rows[0][5]), *changed]
