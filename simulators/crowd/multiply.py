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
        "packaging_picture",
        "packaging_spec",
        "product",
        "product_revision",
        "read_point",
        "reason_code",
        "routing_operation",
        "session",
        "site",
        "station",
        "station_state",
        "stock_balance",
        "stock_item",
        "stock_location",
        "topic_version",
        "user_account",
        "work_center",
    ]
)
#: One order in so many is still open, and one quote, invoice, case and change. It shares no divisor with the orders of
#: the demo factory, so that all its kinds of orders are among the open ones.
OPEN_ONE_IN = 49
#: What tells one customer from another is different in each copy, or everybody would be everybody's double.
TELLING = {
    "customer": ("name", "search_name", "vat_number"),
    "customer_match_key": ("value",),
    "sales_order": ("customer_reference",),
    # Facts and lines of the audit name what they are about by its number.
    "fact": ("subject",),
    "audit": ("subject",),
}
#: Columns that name a row without a foreign key.
NAMING = {
    "order_id": "sales_order",
    "work_order_id": "work_order",
    "unit_id": "unit",
    "parent_id": "unit",
    "event_id": "event",
}
#: What is kept for years was not all written today: each copy is an hour newer than the one before.
AGE = {"audit": "at", "event": "recorded_at", "fact": "recorded_at", "interaction": "said_at"}
#: Of these there is one open at a time at one place: each copy is over.
OVER = {("passage_check", "closed_at"): 't."opened_at"'}
#: A column of so many characters takes a name and the number of its copy.
ROOMY = 40

_OLDER = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', {column}, '-' || (:copies + 1 - n) || ' hours') || '000'",
    "postgresql": "{column} - (:copies + 1 - n) * interval '1 hour'",
}


def multiply(database: Database, *, orders: int, units: int) -> None:
    """Copy what grows until there are so many orders, and give old orders units of their own: all of it or none."""
    with database.engine.begin() as connection:
        present = _count(connection, "sales_order")
        copies = -(-orders // present) - 1
        _number(connection, max(copies, units))
        strides = _strides(connection)
        for table in _growing():
            connection.execute(text(_copy(table, strides, connection.dialect.name)), {"copies": copies})
        _close(connection)
        _fill_up(connection, units - _count(connection, "unit"))
        _begin(connection)
        connection.execute(text("DROP TABLE bench_n"))
        _go_on_numbering(connection)
    _settle(database)


def _settle(database: Database) -> None:
    """What a server in use does by itself in the course of a day: clean up behind the writers, and count anew."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))


def count(database: Database, table: str) -> int:
    """How many rows the table has."""
    with database.engine.connect() as connection:
        return _count(connection, table)


def _go_on_numbering(connection: Connection) -> None:
    """PostgreSQL numbers rows by itself, and knows nothing of ids that were given."""
    if connection.dialect.name != "postgresql":
        return
    for table in _growing():
        if "id" in table.c and not table.c["id"].foreign_keys:
            highest = f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name})"
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {highest}, false)"))


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


def _copy(table: Table, strides: dict[str, int], dialect: str) -> str:
    named = {*_named(table), *TELLING.get(table.name, ())}
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    aging = {AGE.get(table.name): _OLDER[dialect]}
    values = ", ".join(
        aging[column.name].format(column=f't."{column.name}"')
        if column.name in aging
        else OVER.get((table.name, column.name)) or _value(column, strides, named, dialect)
        for column in table.columns
    )
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


def _value(column: Column[Any], strides: dict[str, int], named: set[str], dialect: str) -> str:
    name = f't."{column.name}"'
    for table in (NAMING.get(column.name, ""), *(key.column.table.name for key in column.foreign_keys)):
        if table in strides:
            return f"{name} + n * {strides[table]}"
    if column.name == "id" and column.table.name in strides:
        return f"{name} + n * {strides[column.table.name]}"
    if column.name not in named:
        return name
    return f"{name} + n * 1000000" if column.type.python_type is int else _other_name(column, dialect)


def _other_name(column: Column[Any], dialect: str) -> str:
    """The name of a copy: its number behind the name, or before the end of it where the column is too narrow."""
    name, width = f't."{column.name}"', getattr(column.type, "length", None)
    if column.type.python_type is bytes:
        return f"{name} || convert_to('-' || n, 'UTF8')" if dialect == "postgresql" else f"{name} || '-' || n"
    if width is None or width >= ROOMY:
        return f"{name} || '-' || n"
    padded = f"'{' ' * width}' || {name}"
    return f"n || '-' || trim(substr({padded}, length({name}) + length(CAST(n AS TEXT)) + 2))"


def _close(connection: Connection) -> None:
    """All but a few orders are history, and so are quotes, invoices, cases, changes and doubts about customers."""
    old = f"id % {OPEN_ONE_IN} <> 0 AND id > 20"
    orders = f"(SELECT id FROM sales_order WHERE {old})"
    done = f"(SELECT id FROM work_order WHERE order_id IN {orders})"
    for statement in (
        f"UPDATE sales_order SET lifecycle = 'done', on_hold = false, uninvoiced_gross = 0 WHERE {old}",
        f"UPDATE operation SET state = 'completed' WHERE work_order_id IN {done}",
        f"UPDATE unit SET state = 'delivered' WHERE order_id IN {orders}",
        f"UPDATE work_order SET state = 'completed' WHERE id IN {done}",
        f"UPDATE quote SET state = 'declined', declined_at = moved_at WHERE order_id IS NULL AND {old}",
        f"UPDATE invoice SET state = 'paid', paid = gross WHERE state <> 'draft' AND {old}",
        f"UPDATE case_file SET state = 'closed', closed_at = moved_at WHERE {old}",
        f"UPDATE change_request SET state = 'rejected' WHERE {old}",
        f"UPDATE change_acknowledgement SET acknowledged_at = CURRENT_TIMESTAMP WHERE {old}",
        f"UPDATE repack_task SET state = 'done' WHERE {old}",
        _ask_for_all(old),
        "UPDATE shipment SET to_invoice = false WHERE id IN (SELECT shipment_id FROM invoice_shipment WHERE active)",
    ):
        connection.execute(text(statement))


def _begin(connection: Connection) -> None:
    """Half of what is released is in work: its first operation runs, and every other unit was seen."""
    begun = f"(SELECT id FROM work_order WHERE state = 'released' AND order_id % {2 * OPEN_ONE_IN} = 0)"
    orders = f"(SELECT order_id FROM work_order WHERE id IN {begun})"
    seen = "state = 'in_process', last_seen_at = CURRENT_TIMESTAMP"
    first = "step = (SELECT min(o.step) FROM operation o WHERE o.work_order_id = operation.work_order_id)"
    for statement in (
        f"UPDATE sales_order SET fulfilment = 'in_production', moved_at = confirmed_at WHERE id IN {orders}",
        f"UPDATE unit SET {seen} WHERE id % 2 = 1 AND work_order_id IN {begun}",
        f"UPDATE operation SET state = 'running', started = quantity / 2 WHERE work_order_id IN {begun} AND {first}",
        f"UPDATE work_order SET state = 'in_progress' WHERE id IN {begun}",
    ):
        connection.execute(text(statement))


def _ask_for_all(old: str) -> str:
    """What left long ago was asked for, each shipment by an invoice of its own copy."""
    asked = "SELECT shipment_id FROM invoice_shipment WHERE active"
    return (
        "INSERT INTO invoice_shipment (id, invoice_id, shipment_id, active) "
        "SELECT (SELECT max(id) FROM invoice_shipment) + row_number() OVER (ORDER BY id), "
        "(SELECT max(i.id) FROM invoice i WHERE i.id <= 1 + (s.id - 1) * (SELECT max(id) FROM invoice) "
        f"/ (SELECT max(id) FROM shipment)), id, true FROM shipment s WHERE {old} AND id NOT IN ({asked})"
    )


def _fill_up(connection: Connection, missing: int) -> None:
    """Units of the work orders, round and round, until there are enough."""
    if missing <= 0:
        return
    first = int(connection.execute(text("SELECT max(id) FROM unit")).scalar_one())
    unit = next(table for table in _growing() if table.name == "unit")
    same = [column.name for column in unit.columns if column.name not in ("id", "number")]
    source = (
        "SELECT row_number() OVER (ORDER BY work_order_id) - 1 AS place, min(id) m FROM unit "
        "WHERE work_order_id IS NOT NULL GROUP BY work_order_id"
    )
    connection.execute(text(f"CREATE TABLE bench_first AS {source}"))
    connection.execute(text("CREATE UNIQUE INDEX bench_first_place ON bench_first (place)"))
    many = _count(connection, "bench_first")
    columns = ", ".join(same)
    copied = ", ".join(f"u.{name}" for name in same)
    connection.execute(
        text(
            f"INSERT INTO unit (id, number, {columns}) SELECT {first} + n, 'U-B' || n, {copied} FROM bench_n "
            f"JOIN bench_first f ON f.place = n % {many} JOIN unit u ON u.id = f.m WHERE n <= :missing"
        ),
        {"missing": missing},
    )
    connection.execute(text("DROP TABLE bench_first"))
