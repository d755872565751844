"""Queries that live pages ask at every scan: compiled once for each engine, then asked of its driver directly.

Building a statement, looking its text up and wrapping its rows costs ten times what SQLite needs to answer. The
statement is still written with SQLAlchemy, so tables and columns are named in one place, and the values come back as
the columns' types say.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.orm import Session

from server.db.driver import ask

#: A NamedTuple whose fields stand in the order of the columns.
R = TypeVar("R", bound=tuple[Any, ...])
Processor = Callable[[Any], Any]


class Prepared(Generic[R]):
    """A SELECT with single values as arguments: `Prepared(Row, select(...)).all(session, order=1)`."""

    def __init__(self, row: type[R], statement: Select[*tuple[Any, ...]]) -> None:
        columns, fields = len(statement.selected_columns), len(getattr(row, "_fields", ()))
        if columns != fields:
            raise ValueError(f"Failed to prepare a query for {row.__name__}: expected {fields} columns, got {columns}.")
        self._row = row
        self._statement = statement
        self._ready: dict[str, _Ready] = {}

    def all(self, session: Session | Connection, **arguments: Any) -> list[R]:
        """Every row it finds; whoever asks several queries hands in the session's connection itself."""
        connection = session if isinstance(session, Connection) else session.connection()
        ready = self._ready.get(connection.dialect.name)
        if ready is None:
            ready = self._ready[connection.dialect.name] = _Ready(self._statement, connection.dialect)
        make, processors = self._row._make, ready.processors  # type: ignore[attr-defined]
        found = ready.ask(connection, arguments)
        if not processors:
            return [make(row) for row in found]
        rows = []
        for row in found:
            values = list(row)
            for place, processor in processors:
                values[place] = processor(values[place])
            rows.append(make(values))
        return rows

    def first(self, session: Session | Connection, **arguments: Any) -> R | None:
        """The first row, or None."""
        found = self.all(session, **arguments)
        return found[0] if found else None


class _Ready:
    """The query compiled for one engine."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self._text = str(compiled)
        self._order = compiled.positiontup
        self._constants = dict(compiled.params)
        columns = enumerate(statement.selected_columns)
        found = (
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None)) for place, column in columns
        )
        self.processors: list[tuple[int, Processor]] = [(place, made) for place, made in found if made is not None]

    def ask(self, connection: Connection, arguments: dict[str, Any]) -> list[Any]:
        """The rows as the driver gives them."""
        values = self._constants | arguments
        asked = values if self._order is None else [values[name] for name in self._order]
        return ask(connection, self._text, asked)
