"""Asking the database's driver directly, inside the transaction that SQLAlchemy holds open.

For what is asked at every scan: a result object, its text looked up and its events cost more than SQLite's answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def ask(connection: Connection, text: str, arguments: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
    """The rows of a statement that gives rows."""
    driver: Any = connection.connection.driver_connection
    try:
        return driver.execute(text, arguments).fetchall()  # type: ignore[no-any-return]
    except connection.dialect.loaded_dbapi.Error as error:
        raise_as_usual(connection, text, error)


def raise_as_usual(connection: Connection, text: str, error: Exception) -> NoReturn:
    """In the form in which SQLAlchemy reports errors, which is the one that everybody else catches."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]
    base = dialect.loaded_dbapi.Error
    raise DBAPIError.instance(text, None, error, base, connection_invalidated=is_lost, dialect=dialect) from error
