"""Writing many rows with one call of the driver for each table.

SQLite: statements of many rows, the rest one by one. PostgreSQL: one JSON document, which is the cheapest that the
driver can make of rows, taken apart by the database; such statements also share one trip with others.
"""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Boolean, Connection, Date, Dialect, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from server.db import Json, Quantity, UtcDateTime
from server.ingest import driver
from server.ingest.encoding import json_text
from server.ingest.queries import Processor, bind_processor
from server.ingest.times import sqlite_time

Rows = Sequence[Sequence[Any]]
#: SQLite takes many rows in one statement a quarter faster than one by one; each text is prepared once.
ROWS_A_STATEMENT = 50


def insert_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows) -> None:
    """Add the rows; values of JSON columns are text already."""
    if not rows:
        return
    plan = _plan(table, columns, connection.dialect.name)
    encoded = list(zip(*plan.columns(rows, connection.dialect), strict=True))
    if connection.dialect.name == "postgresql":
        driver.run(connection, plan.insert_document, (plan.document(encoded),))
        return
    whole = len(encoded) - len(encoded) % ROWS_A_STATEMENT
    for start in range(0, whole, ROWS_A_STATEMENT):
        together = chain.from_iterable(encoded[start : start + ROWS_A_STATEMENT])
        driver.run(connection, plan.insert(ROWS_A_STATEMENT), tuple(together))
    if encoded[whole:]:
        driver.run_many(connection, plan.insert(1), encoded[whole:])


def update_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows) -> None:
    """Change rows by key: the first of `columns` is the key, the others are set."""
    if not rows:
        return
    plan = _plan(table, columns, connection.dialect.name)
    if connection.dialect.name == "postgresql":
        encoded = zip(*plan.columns(rows, connection.dialect), strict=True)
        driver.run(connection, plan.update_document, (plan.document(encoded),))
        return
    key, *others = plan.columns(rows, connection.dialect)
    driver.run_many(connection, plan.update_one, list(zip(*others, key, strict=True)))


class _Plan:
    """How rows of some columns of a table are written on one engine."""

    def __init__(self, table: Table, columns: tuple[str, ...], engine: str) -> None:
        self.kinds: list[TypeEngine[Any]] = [table.c[name].type for name in columns]
        self.names = ", ".join(columns)
        self._columns = columns
        self._row = f"({', '.join('?' for _ in columns)})"
        self._insert = f"INSERT INTO {table.name} ({self.names}) VALUES "  # noqa: S608 - names of our own tables
        self._inserts: dict[int, str] = {}
        key, *others = columns
        settings = ", ".join(f"{name} = ?" for name in others)
        self.update_one = f"UPDATE {table.name} SET {settings} WHERE {key} = ?"  # noqa: S608
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

    def document(self, rows: Iterable[Sequence[Any]]) -> str:
        """The rows as one JSON document."""
        names = self._columns
        return json_text([dict(zip(names, row, strict=True)) for row in rows])

    def insert(self, count: int) -> str:
        """The statement that adds so many rows."""
        found = self._inserts.get(count)
        if found is None:
            found = self._inserts[count] = self._insert + ", ".join([self._row] * count)
        return found

    def columns(self, rows: Rows, dialect: Dialect) -> list[Sequence[Any]]:
        """The rows column by column, as the driver takes the values."""
        if self._encoders is None:
            found = ((place, _encoder(kind, dialect)) for place, kind in enumerate(self.kinds))
            self._encoders = [(place, encoder) for place, encoder in found if encoder is not None]
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, encode in self._encoders:
            columns[place] = _encoded(columns[place], encode)
        return columns


def _encoded(values: Sequence[Any], encode: Processor) -> Sequence[Any]:
    first = values[0]
    if values[-1] is first and values.count(first) == len(values):
        # Such as the time of recording, which is one for the whole batch.
        return values if first is None else [encode(first)] * len(values)
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
        return _hexadecimal if dialect.name == "postgresql" else None
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
