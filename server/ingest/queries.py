"""Statements compiled once and run by the driver: the ingest path repeats the same few for ever.

A statement is written with SQLAlchemy Core, so tables and columns are named in one place; it is compiled once
for each engine and then run with lists of values, without building it anew for every batch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import BigInteger, TypeEngine

from server.db import Json, UtcDateTime
from server.ingest import driver
from server.ingest.encoding import json_text, json_value

Processor = Callable[[Any], Any]
#: A SELECT of any columns.
Statement = Select[*tuple[Any, ...]]


class Query:
    """A SELECT with lists as arguments: `Query(make).rows(connection, ids=[1, 2])`."""

    def __init__(self, make: Callable[[Dialect], Statement]) -> None:
        self._make = make
        self._ready: dict[str, _Ready] = {}

    def rows(self, connection: Connection, **arguments: Any) -> list[tuple[Any, ...]]:
        """Run it; the values come back as the columns' types say."""
        return ask(connection, {"": self.of(**arguments)})[""]

    def of(self, **arguments: Any) -> "Asked":
        """The query with its arguments, to be asked together with others."""
        return self, arguments

    def ready(self, dialect: Dialect) -> "_Ready":
        """The query compiled for an engine."""
        found = self._ready.get(dialect.name)
        if found is None:
            found = self._ready[dialect.name] = _Ready(self._make(dialect), dialect)
        return found


Asked = tuple[Query, dict[str, Any]]
Found = dict[str, list[tuple[Any, ...]]]


def ask(connection: Connection, asked: Mapping[str, Asked]) -> Found:
    """The rows of several queries, in one round trip where the engine can do that; they run in this order."""
    prepared = [(name, query.ready(connection.dialect), arguments) for name, (query, arguments) in asked.items()]
    texts = [(ready.text, ready.parameters(arguments)) for _, ready, arguments in prepared]
    found = driver.rows_of_all(connection, texts)
    return {name: ready.processed(rows) for (name, ready, _), rows in zip(prepared, found, strict=True)}


class _Ready:
    """A query compiled for one engine."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._order = compiled.positiontup
        self._constants = dict(compiled.params)
        self._is_sqlite = dialect.name == "sqlite"
        self._processors = [
            (index, processor)
            for index, column in enumerate(statement.selected_columns)
            if (processor := result_processor(column.type, dialect)) is not None
        ]

    def parameters(self, arguments: dict[str, Any]) -> driver.Parameters:
        """The arguments as the driver takes them."""
        values = self._constants | arguments
        if self._is_sqlite:
            for name, value in arguments.items():
                if isinstance(value, list):
                    values[name] = json_text(value)
        return tuple(values[name] for name in self._order) if self._order is not None else values

    def processed(self, rows: list[Any]) -> list[tuple[Any, ...]]:
        """The rows with every value as its column's type says."""
        if not rows or not self._processors:
            return rows
        values, width = list(chain.from_iterable(rows)), len(rows[0])
        for place, processor in self._processors:
            values[place::width] = map(processor, values[place::width])
        return list(in_rows(values, width))


def in_rows(values: Sequence[Any], width: int) -> Iterator[tuple[Any, ...]]:
    """The values of many rows, which stand one row behind the other, row by row; columns are slices of such a list."""
    return zip(*[iter(values)] * width, strict=True)


def result_processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    """What turns the driver's value into ours; None where they are the same."""
    if isinstance(kind, Json):
        return _from_json
    if isinstance(kind, UtcDateTime) and dialect.name == "sqlite":
        return _from_sqlite_time
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _from_json(value: str | None) -> Any:
    return json_value(value) if value is not None else None


def _from_sqlite_time(value: str | None) -> datetime | None:
    # All of our times are UTC, and SQLAlchemy keeps them in SQLite without saying so.
    return datetime.fromisoformat(f"{value}+00:00") if value is not None else None


def bind_processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    """What turns our value into the driver's; None where they are the same."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


def among(column: InstrumentedAttribute[Any], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """Whether the column is in the list argument `name`; one text however long the list is."""
    if dialect.name == "sqlite":
        values = func.json_each(bindparam(name, type_=Text())).table_valued("value")
        return column.in_(select(values.c.value))
    kind: TypeEngine[Any] = BigInteger() if isinstance(column.type, BigInteger) else Text()
    return column == any_(bindparam(name, type_=ARRAY(kind)))


def listed(values: Iterable[Any]) -> list[Any]:
    """A list argument: each value once, in rising order, so that locks are taken in that order."""
    return sorted(set(values))
