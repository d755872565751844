"""Writing many rows with one call of the driver for each table.

SQLite: statements of many rows, the rest one by one. PostgreSQL: one JSON document, which is the cheapest that the
driver can make of rows, taken apart by the database; such statements also share one trip with others.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import chain, count
from typing import Any

from sqlalchemy import Boolean, Connection, Date, Dialect, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from server.db import Json, Quantity, UtcDateTime
from server.ingest import driver
from server.ingest.encoding import json_text
from server.ingest.queries import Processor, bind_processor, in_rows
from server.ingest.times import sqlite_time, sqlite_times

Rows = Sequence[Sequence[Any]]
#: SQLite takes many rows in one statement faster than one by one, most of all where what they have in common, such as
#: the time of recording, is handed over once; each text is prepared once.
ROWS_A_STATEMENT = 50


def insert_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows) -> None:
    """Add the rows; values of JSON columns are text already."""
    if not rows:
        return
    plan = _plan(table, columns, connection.dialect.name)
    values = plan.values(rows, connection.dialect)
    if connection.dialect.name == "postgresql":
        driver.run(connection, plan.insert_document, (plan.document(values),))
        return
    many = len(rows) - len(rows) % ROWS_A_STATEMENT
    if many:
        _run_many(connection, plan, plan.insert_many, values[: many * len(columns)])
    if many < len(rows):
        driver.run_many(connection, plan.insert_one, list(in_rows(values[many * len(columns) :], len(columns))))


def _run_many(
    connection: Connection, plan: "_Plan", text_of: Callable[[tuple[int, ...]], str], values: list[Any]
) -> None:
    """Write so many rows that they fill statements; what is the same in all of them is given once in each."""
    places, width = [], plan.width
    for place in reversed(range(width)):
        first = values[place]
        if first == values[place - width] and values[place::width].count(first) * width == len(values):
            places.append(place)
    shared = [values[place] for place in places]
    for place in places:
        del values[place::width]
        width -= 1
    text, step = text_of(tuple(places)), width * ROWS_A_STATEMENT
    for start in range(0, len(values), step):
        driver.run(connection, text, shared + values[start : start + step])


def update_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows) -> None:
    """Change rows by key, each once: the first of `columns` is the key, the others are set."""
    if not rows:
        return
    plan = _plan(table, columns, connection.dialect.name)
    values = plan.values(rows, connection.dialect)
    if connection.dialect.name == "postgresql":
        driver.run(connection, plan.update_document, (plan.document(values),))
        return
    many = len(rows) - len(rows) % ROWS_A_STATEMENT
    if many:
        _run_many(connection, plan, plan.update_many, values[: many * len(columns)])
    if many < len(rows):
        driver.run_many(connection, plan.update_one, list(in_rows(values[many * len(columns) :], len(columns))))


class _Plan:
    """How rows of some columns of a table are written on one engine."""

    def __init__(self, table: Table, columns: tuple[str, ...], engine: str) -> None:
        self.kinds: list[TypeEngine[Any]] = [table.c[name].type for name in columns]
        self.names = ", ".join(columns)
        self.width = len(columns)
        self._columns = columns
        self._insert = f"INSERT INTO {table.name} ({self.names}) VALUES "  # noqa: S608 - names of our own tables
        self.insert_one = f"{self._insert}({', '.join('?' for _ in columns)})"
        key, *others = columns
        # The key stands first in a row and last in the statement, so its values are called by their number.
        settings = ", ".join(f"{name} = ?{place}" for place, name in enumerate(others, 2))
        self.update_one = f"UPDATE {table.name} SET {settings} WHERE {key} = ?1"  # noqa: S608
        settings = ", ".join(f"{name} = v.column{place}" for place, name in enumerate(others, 2))
        # So SQLite calls the columns of rows that are given as values (SQLite, SELECT, 3).
        self._update = f"UPDATE {table.name} SET {settings} FROM (VALUES %s) AS v WHERE {table.name}.{key} = v.column1"  # noqa: S608
        self.insert_document = self.update_document = ""
        if engine == "postgresql":
            self._take_documents(table)
        self._encoders: list[tuple[int, Processor]] | None = None

    def _take_documents(self, table: Table) -> None:
        key, *others = self._columns
        kinds = ", ".join(f"{name} {_kind(kind)}" for name, kind in zip(self._columns, self.kinds, strict=True))
        given = f"json_to_recordset(%s::json) AS v({kinds})"
        settings = ", ".join(f"{name} = v.{name}" for name in others)
        self.insert_document = f"INSERT INTO {table.name} ({self.names}) SELECT {self.names} FROM {given}"  # noqa: S608
        self.update_document = f"UPDATE {table.name} SET {settings} FROM {given} WHERE {table.name}.{key} = v.{key}"  # noqa: S608

    def document(self, values: Sequence[Any]) -> str:
        """The values of all rows as one JSON document."""
        names = self._columns
        return json_text([dict(zip(names, row, strict=True)) for row in in_rows(values, len(names))])

    def insert_many(self, shared: tuple[int, ...]) -> str:
        """The statement that adds many rows; the values at the shared places come first and once, in this order."""
        return self._insert + _many_places(self.width, shared)

    def update_many(self, shared: tuple[int, ...]) -> str:
        """The statement that changes many rows; the values at the shared places come first and once, in this order."""
        return self._update % _many_places(self.width, shared)

    def values(self, rows: Rows, dialect: Dialect) -> list[Any]:
        """All values of all rows, one row behind the other, as the driver takes them."""
        if self._encoders is None:
            found = ((place, _encoder(kind, dialect)) for place, kind in enumerate(self.kinds))
            self._encoders = [(place, encoder) for place, encoder in found if encoder is not None]
        values, width = list(chain.from_iterable(rows)), self.width
        for place, encode in self._encoders:
            values[place::width] = _encoded(values[place::width], encode)
        return values


@lru_cache(maxsize=256)
def _many_places(width: int, shared: tuple[int, ...]) -> str:
    """The places of `ROWS_A_STATEMENT` rows; batches share values in ever other places, so only the last ones are kept.

    >>> _many_places(3, (2, 0))[:28]
    '(?2, ?3, ?1), (?2, ?4, ?1), '
    """
    numbers = count(len(shared) + 1)
    row = [shared.index(place) + 1 if place in shared else None for place in range(width)]
    rows = (", ".join(f"?{number or next(numbers)}" for number in row) for _ in range(ROWS_A_STATEMENT))
    return f"({'), ('.join(rows)})"


def _encoded(values: list[Any], encode: Processor) -> list[Any]:
    first = values[0]
    if values[-1] is first and values.count(first) == len(values):
        # Such as the time of recording, which is one for the whole batch.
        return values if first is None else [encode(first)] * len(values)
    if encode is sqlite_time:
        return sqlite_times(values)
    return [None if value is None else encode(value) for value in values]


@cache
def _plan(table: Table, columns: tuple[str, ...], engine: str) -> _Plan:
    return _Plan(table, columns, engine)


def _encoder(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    if isinstance(kind, Json):
        return None
    if isinstance(kind, UtcDateTime):
        return sqlite_time if dialect.name == "sqlite" else None
    if isinstance(kind, LargeBinary):
        # Of anything but a number, a text or a bytearray, sqlite3 first asks how it wants to be adapted.
        return _hexadecimal if dialect.name == "postgresql" else bytearray
    if isinstance(kind, Boolean):
        # Both drivers write True as their database's own.
        return None
    processor = bind_processor(kind, dialect)
    # Every scan is of one unit and of today, so the quantities and dates of a batch are nearly always the same.
    if processor is not None and isinstance(kind, Quantity | Date):
        return lru_cache(maxsize=256)(processor)
    return processor


def _kind(kind: TypeEngine[Any]) -> str:
    """What PostgreSQL reads a value of the document as."""
    if isinstance(kind, UtcDateTime):
        return "timestamptz"
    # A cast to varchar(12) would cut a longer text in silence; the assignment to the column refuses it.
    if isinstance(kind, String | Text | Json):
        return "text"
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return _KINDS[plain.__visit_name__]


_KINDS = {"big_integer": "bigint", "integer": "bigint", "boolean": "boolean", "date": "date", "large_binary": "bytea"}


def _hexadecimal(value: bytes) -> str:
    # The text form in which PostgreSQL reads bytes (PostgreSQL, 8.4.1).
    return "\\x" + value.hex()
