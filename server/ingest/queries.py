"""Statements compiled once and run by the driver: the ingest path repeats the same few for ever.

A statement is written with SQLAlchemy Core, so tables and columns are named in one place; it is compiled once
for each engine and then run with lists of values, without building it anew for every batch.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import BigInteger, TypeEngine

from server.ingest import driver

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
        dialect = connection.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready(self._make(dialect), dialect)
        return ready.rows(connection, arguments)


class _Ready:
    """A query compiled for one engine."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self.order = compiled.positiontup
        self.constants = dict(compiled.params)
        self.is_sqlite = dialect.name == "sqlite"
        self.processors = [
            (index, processor)
            for index, column in enumerate(statement.selected_columns)
            if (processor := result_processor(column.type, dialect)) is not None
        ]

    def rows(self, connection: Connection, arguments: dict[str, Any]) -> list[tuple[Any, ...]]:
        values = self.constants | arguments
        if self.is_sqlite:
            for name, value in arguments.items():
                if isinstance(value, list):
                    values[name] = json.dumps(value)
        parameters = tuple(values[name] for name in self.order) if self.order is not None else values
        found = driver.rows(connection, self.text, parameters)
        return [self._processed(row) for row in found] if self.processors else found

    def _processed(self, row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row)
        for index, processor in self.processors:
            values[index] = processor(values[index])
        return tuple(values)


def result_processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    """What turns the driver's value into ours; None where they are the same."""
    return kind.dialect_impl(dialect).result_processor(dialect, None)


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
