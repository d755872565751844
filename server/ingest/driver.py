"""Asking the database's driver directly, inside the transaction that SQLAlchemy holds open.

The ingest path runs the same few statements for ever; building a result object for each would cost more than
SQLite needs to answer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.db.counters import take
from server.db.driver import raise_as_usual

Parameters = Sequence[Any] | dict[str, Any]


def connection_of(session: Session) -> Connection:
    """The session's connection, found once: SQLAlchemy looks through its states at each call."""
    found: Connection | None = session.info.get(_CONNECTION)
    if found is None:
        found = session.info[_CONNECTION] = session.connection()
    return found


_CONNECTION = "ingest_connection"


def rows(connection: Connection, text: str, parameters: Parameters = ()) -> list[Any]:
    """What a query finds."""
    return _asked(connection, text, lambda cursor: cursor.execute(text, parameters).fetchall())  # type: ignore[no-any-return]


def rows_of_all(connection: Connection, asked: Sequence[tuple[str, Parameters]]) -> list[list[Any]]:
    """What several queries find; PostgreSQL gets them in one go, so that they cost one round trip together."""
    if connection.dialect.name != "postgresql" or len(asked) == 1:
        return [rows(connection, text, parameters) for text, parameters in asked]
    driver = _driver(connection)
    try:
        with driver.pipeline():
            cursors = [driver.execute(text, parameters) for text, parameters in asked]
        return [cursor.fetchall() for cursor in cursors]
    except connection.dialect.loaded_dbapi.Error as error:
        raise_as_usual(connection, asked[0][0], error)


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Statements inside, none of which gives rows, go to PostgreSQL in one go; their errors show at the end."""
    if connection.dialect.name != "postgresql":
        yield
        return
    try:
        with _driver(connection).pipeline():
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise_as_usual(connection, "several statements", error)


def run(connection: Connection, text: str, parameters: Parameters = ()) -> None:
    """Run one statement."""
    _asked(connection, text, lambda cursor: cursor.execute(text, parameters))


def run_many(connection: Connection, text: str, parameters: Sequence[Parameters]) -> None:
    """Run one statement with each of the parameters."""
    _asked(connection, text, lambda cursor: cursor.executemany(text, parameters))


def _driver(connection: Connection) -> Any:
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver


def _asked(connection: Connection, text: str, ask: Callable[[Any], Any]) -> Any:
    cursor = _driver(connection).cursor()
    try:
        return ask(cursor)
    except connection.dialect.loaded_dbapi.Error as error:
        raise_as_usual(connection, text, error)
    finally:
        cursor.close()


@contextmanager
def savepoint(connection: Connection, depth: int) -> Iterator[None]:
    """Undo everything inside when it raises; the transaction around it goes on."""
    name = f"ingest_{depth}"
    run(connection, f"SAVEPOINT {name}")
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, DBAPIError) and error.connection_invalidated):
            run(connection, f"ROLLBACK TO SAVEPOINT {name}")
        raise
    run(connection, f"RELEASE SAVEPOINT {name}")


def take_numbers(session: Session, counts: Mapping[str, int]) -> dict[str, int]:
    """As `server.db.counters.take` for several counters: the first of so many numbers of each, locked in this order."""
    connection = connection_of(session)
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    text = f"UPDATE counter SET value = value + {mark} WHERE name = {mark} RETURNING value"  # noqa: S608
    found = rows_of_all(connection, [(text, (count, name)) for name, count in counts.items()])
    return {
        name: int(taken[0][0]) - count + 1 if taken else take(session, name, count)
        for (name, count), taken in zip(counts.items(), found, strict=True)
    }
