"""Fresh numbers and row ids for what the rules may make: boxes, shipments, tasks to pack anew."""

from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from server.db.counters import take
from server.erp.changes.models import RepackTask
from server.erp.logistics.models import Shipment
from server.erp.production.models import Unit
from server.tracking import world as w


def fresh_numbers(session: Session, *, packs: int, ships: int, repacks: int) -> dict[str, Any]:
    """The next numbers, locked until the commit, and row ids for so many boxes and shipments.

    The counters move only by what is used (`use_numbers`); row ids that are not used leave gaps that nobody sees.
    """
    found: dict[str, Any] = {}
    if packs:
        found["box_number"] = take(session, "HU", 0)
        found["sscc_reference"] = take(session, "sscc", 0)
        found["box_ids"] = _fresh_ids(session.connection(), "unit", packs)
    if repacks:
        found["repack_ids"] = _fresh_ids(session.connection(), "repack_task", repacks)
    if ships:
        found["shipment_number"] = take(session, "SH", 0)
        found["shipment_ids"] = _fresh_ids(session.connection(), "shipment", ships)
    return found


def use_numbers(session: Session, before: w.Supply, after: w.Supply) -> None:
    """Move the counters by the numbers that were used."""
    for counter, used in (
        ("HU", after.box_number - before.box_number),
        ("sscc", after.sscc_reference - before.sscc_reference),
        ("SH", after.shipment_number - before.shipment_number),
    ):
        if used:
            take(session, counter, used)


def _fresh_ids(connection: Connection, table: str, count: int) -> tuple[int, ...]:
    if connection.dialect.name == "postgresql":
        sequence = "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)"
        return tuple(connection.scalars(text(sequence), {"table": table, "count": count}))
    # The one writer of SQLite may count on from the highest row.
    highest = connection.scalar(select(func.max(_ID_COLUMNS[table]))) or 0
    return tuple(range(highest + 1, highest + count + 1))


_ID_COLUMNS = {"unit": Unit.id, "shipment": Shipment.id, "repack_task": RepackTask.id}
