"""A factory with years behind it: the demo factory, multiplied by statements of the database."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, UniqueConstraint, text

from server.db import Database
from server.db.base import Base

#: What a house has of these does not grow with its orders.
FURNITURE = frozenset(
    [
        "api_key",
        "bom_line",
        "counter",
        "device",
        "event_source",
        "gateway",
        "idempotency_key",
        "packaging_spec",
        "product",
        "product_revision",
        "read_point",
        "routing_operation",
        "session",
        "site",
        "station",
        "station_state",
        "topic_version",
        "user_account",
        "work_center",
    ]
)
#: One order in so many is still open.
OPEN_ONE_IN = 50


def multiply(database: Database, *, orders: int, units: int) -> None:
    """Copy what grows until there are so many orders, then give the old orders units of their own."""
    with database.engine.begin() as connection:
        present = _count(connection, "sales_order")
        copies = -(-orders // present) - 1
        _number(connection, max(copies, units))
        strides = _strides(connection)
        for table in _growing():
            connection.execute(text(_copy(table, strides)), {"copies": copies})
        _close(connection)
        _fill_up(connection, units - _count(connection, "unit"))
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE bench_n"))
        connection.execute(text("ANALYZE"))


def count(database: Database, table: str) -> int:
    """How many rows the table has."""
    with database.engine.connect() as connection:
        return _count(connection, table)


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _number(connection: Connection, many: int) -> None:
    connection.execute(text("CREATE TABLE bench_n (n INTEGER PRIMARY KEY)"))
    counted = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :many) SELECT n FROM c"
    connection.execute(text(f"INSERT INTO bench_n {counted}"), {"many": many})


def _growing() -> Iterator[Table]:
    return (table for table in Base.metadata.sorted_tables if table.name not in FURNITURE)


def _strides(connection: Connection) -> dict[str, int]:
    """Table -> how far apart the ids of its copies lie."""
    found = {}
    for table in _growing():
        if "id" in table.c and not table.c["id"].foreign_keys:
            highest = connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {table.name}"))
            found[table.name] = int(highest.scalar_one())
    return found


def _copy(table: Table, strides: dict[str, int]) -> str:
    named = set(_named(table))
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(_value(column, strides, named) for column in table.columns)
    return f"INSERT INTO {table.name} ({columns}) SELECT {values} FROM {table.name} t, bench_n WHERE n <= :copies"


def _named(table: Table) -> Iterator[str]:
    """Columns in which a copy must differ from its original."""
    unique = [list(index.columns) for index in table.indexes if index.unique]
    unique += [list(each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)]
    unique.append(list(table.primary_key.columns))
    for columns in unique:
        shifted = [c for c in columns if c.foreign_keys or c.name == "id"]
        if not shifted or all(_furnished(c) for c in shifted):
            texts = [c for c in columns if not c.foreign_keys and c.name != "id"]
            yield from (c.name for c in texts[:1])


def _furnished(column: Column[Any]) -> bool:
    return any(key.column.table.name in FURNITURE for key in column.foreign_keys)


def _value(column: Column[Any], strides: dict[str, int], named: set[str]) -> str:
    name = f't."{column.name}"'
    for key in column.foreign_keys:
        if key.column.table.name in strides:
            return f"{name} + n * {strides[key.column.table.name]}"
    if column.name == "id" and column.table.name in strides:
        return f"{name} + n * {strides[column.table.name]}"
    if column.name not in named:
        return name
    return f"{name} + n * 1000000" if column.type.python_type is int else f"{name} || '-' || n"


def _close(connection: Connection) -> None:
    """All but a few orders are history."""
    old = f"(SELECT id FROM sales_order WHERE id % {OPEN_ONE_IN} <> 0 AND id > 20)"
    done = f"(SELECT id FROM work_order WHERE order_id IN {old})"
    for statement in (
        f"UPDATE sales_order SET lifecycle = 'done', on_hold = 0 WHERE id IN {old}",
        f"UPDATE operation SET state = 'completed' WHERE work_order_id IN {done}",
        f"UPDATE unit SET state = 'delivered' WHERE order_id IN {old}",
        f"UPDATE work_order SET state = 'completed' WHERE id IN {done}",
    ):
        connection.execute(text(statement))


def _fill_up(connection: Connection, missing: int) -> None:
    """Units of the work orders, round and round, until there are enough."""
    if missing <= 0:
        return
    first = int(connection.execute(text("SELECT max(id) FROM unit")).scalar_one())
    unit = next(table for table in _growing() if table.name == "unit")
    same = [column.name for column in unit.columns if column.name not in ("id", "number")]
    source = "SELECT work_order_id w, min(id) m FROM unit WHERE work_order_id IS NOT NULL GROUP BY work_order_id"
    connection.execute(text(f"CREATE TABLE bench_first AS {source}"))
    many = _count(connection, "bench_first")
    columns = ", ".join(same)
    copied = ", ".join(f"u.{name}" for name in same)
    connection.execute(
        text(
            f"INSERT INTO unit (id, number, {columns}) SELECT {first} + n, 'U-B' || n, {copied} FROM bench_n "
            f"JOIN bench_first f ON f.rowid = n % {many} + 1 JOIN unit u ON u.id = f.m WHERE n <= :missing"
        ),
        {"missing": missing},
    )
    connection.execute(text("DROP TABLE bench_first"))
