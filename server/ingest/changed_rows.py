"""Changed rows of which scans leave thousands, with no more columns than have changed.

When nothing changes that an index or another table hangs on, SQLite writes a row twice as fast.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from server.db import table_of
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, Unit
from server.ingest import columns
from server.ingest.bulk import update_rows
from server.tracking import world as w

Row = tuple[Any, ...]
Rows = list[Row]


def picker(kind: type[Any], names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What takes these columns out of a row of the rules."""
    return itemgetter(*(kind._fields.index(name) for name in names))


class Form(NamedTuple):
    """How rows of one kind are written: whole, or when only its `few` columns are others now, these alone."""

    kind: type[Any]
    model: type[Any]
    few: tuple[str, ...]
    whole: tuple[str, ...]


OPERATIONS: Final = Form(w.Operation, Operation, columns.COUNTED_OPERATION, columns.OPERATION)
ORDERS: Final = Form(w.Order, SalesOrder, columns.MOVED_ORDER, columns.ORDER)

#: Fields of units by their place, for what looks at thousands.
_ORDER: Final = w.Unit._fields.index("order_id")
_STATE: Final = w.Unit._fields.index("state")
_STEP: Final = w.Unit._fields.index("step")
#: From `held` to `parent_id`: all else that an index or another table hangs on.
_STANDING: Final = slice(w.Unit._fields.index("held"), w.Unit._fields.index("parent_id") + 1)
#: From `last_station_id` on: where it was seen last.
_SEEN: Final = slice(w.Unit._fields.index("last_station_id"), None)
_of_unit: Final = picker(w.Unit, columns.UNIT)


def update_units(connection: Connection, units: Sequence[Row], were: Mapping[int, Row]) -> None:
    """Write the rows of `world.Unit`; `were` are those that were there before."""
    moved: Rows = []
    turned: Rows = []
    others: Rows = []
    for unit in units:
        old = were.get(unit[0])
        if old is None or unit[_ORDER] != old[_ORDER] or unit[_STANDING] != old[_STANDING]:
            others.append(_of_unit(unit))
        elif unit[_STATE] != old[_STATE]:
            turned.append((unit[0], unit[_STATE], unit[_STEP], *unit[_SEEN]))
        else:
            moved.append((unit[0], unit[_STEP], *unit[_SEEN]))
    table = table_of(Unit)
    update_rows(connection, table, columns.MOVED_UNIT, moved)
    update_rows(connection, table, columns.TURNED_UNIT, turned)
    update_rows(connection, table, columns.UNIT, others)


def update_narrowly(connection: Connection, form: Form, rows: Sequence[Any], were: Mapping[int, Any]) -> None:
    """Write the rows; `were` are those that were there before."""
    few, whole = picker(form.kind, form.few), picker(form.kind, form.whole)
    rest = picker(form.kind, tuple(name for name in form.whole if name not in form.few[1:]))
    narrow: Rows = []
    others: Rows = []
    for row in rows:
        old = were.get(row.id)
        if old is None or rest(row) != rest(old):
            others.append(whole(row))
        else:
            narrow.append(few(row))
    table = table_of(form.model)
    update_rows(connection, table, form.few, narrow)
    update_rows(connection, table, form.whole, others)
