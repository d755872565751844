"""Saving the difference: events with their answers, facts, and every changed row, one statement for each table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.db import table_of
from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest, RepackTask
from server.erp.changes.stations import tell_again
from server.erp.floor.models import StationState
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.production.models import Identifier, Unit, WorkOrder
from server.ingest import columns, driver
from server.ingest.bulk import insert_rows, update_rows
from server.ingest.changed_rows import OPERATIONS, ORDERS, picker, update_narrowly, update_units
from server.ingest.encoding import json_text
from server.ingest.fold import First, Folded, written_out
from server.ingest.inbox_rows import keep_for_people
from server.ingest.numbers import use_numbers
from server.ingest.topics import touch_pages
from server.journal.models import EventIdentity, EventRecord, Fact
from server.tracking import change_rows as changes
from server.tracking import world as w

#: Where the counts of facts by kind lie on a session.
FACTS_KEY = "facts_by_kind"


class Before(NamedTuple):
    """What was there before the fold, to tell new rows from changed ones."""

    units: Mapping[int, w.Unit]
    operations: Mapping[int, w.Operation]
    orders: Mapping[int, w.Order]
    boxes: frozenset[int]
    shipments: frozenset[int]
    contexts: frozenset[int]
    repacks: frozenset[int]
    supply: w.Supply


def before(world: w.World) -> Before:
    """Note what the world holds before it is folded."""
    boxes, shipments = frozenset(world.boxes), frozenset(world.shipments)
    contexts, repacks = frozenset(world.contexts), frozenset(world.repacks)
    units, operations, orders = dict(world.units), dict(world.operations), dict(world.orders)
    return Before(units, operations, orders, boxes, shipments, contexts, repacks, world.supply)


def first_numbers(session: Session, events: int) -> First:
    """Take the numbers of so many new events, and see where those of facts begin; nobody else takes any until then."""
    found = driver.take_numbers(session, {"event": events, "fact": 0})
    return First(found["event"], found["fact"])


def first_fact(session: Session, event_id: int) -> First:
    """As `first_numbers`, for one event that is stored already."""
    return First(event_id, driver.take_numbers(session, {"fact": 0})["fact"])


def save(session: Session, folded: Folded, was: Before, *, sources: Sequence[int], now: datetime) -> None:
    """Write everything the fold decided; `sources` says of each event whose it is. The edge commits."""
    connection = driver.connection_of(session)
    keep_for_people(connection, folded, folded.first.event, now=now)
    with driver.together(connection):
        _save_events(connection, folded, sources=sources, now=now)
        _save_changes(connection, folded, was, now)
    _tell(session, folded, was)


def save_replayed(session: Session, folded: Folded, was: Before, *, now: datetime) -> None:
    """As `save`, for one event that is stored already: its facts name it, and its first answer stands."""
    connection = driver.connection_of(session)
    with driver.together(connection):
        _save_changes(connection, folded, was, now)
    _tell(session, folded, was)


def _tell(session: Session, folded: Folded, was: Before) -> None:
    """What stands beside the rows: the numbers that were used, the figures, and whose pages show something else."""
    if folded.facts:
        driver.take_numbers(session, {"fact": len(folded.facts)})
    use_numbers(session, was.supply, folded.world.supply)
    _count(session, folded)
    touch_pages(session, folded)
    tell_again(session, (fact for _, fact in folded.turned()))


def _count(session: Session, folded: Folded) -> None:
    """Leave the kinds of facts on the session, for the metrics of the edge."""
    counts: Counter[str] = session.info.setdefault(FACTS_KEY, Counter())
    counts.update(map(_kind_of, folded.facts))


def _save_events(connection: Connection, folded: Folded, *, sources: Sequence[int], now: datetime) -> None:
    today = now.date()
    identities, events = [], []
    first_event, first_number = folded.first
    numbers = range(first_event, first_event + len(folded.judged))
    for event_id, judged, source_id in zip(numbers, folded.judged, sources, strict=True):
        # A slice is a plain tuple, which comes apart several times faster than a named one.
        item, (status, action, reason), text, _, station_id, first_fact, facts = judged[:]
        sequence, kind, _, observed_at, suspect, content_hash, payload = item[:7]
        if facts:
            # Where its facts are, for whoever takes it back.
            text = f'{text[:-1]},"facts":[{first_number + first_fact},{facts}]}}'
        identities.append((source_id, sequence, content_hash, today, event_id, text))
        events.append((
            event_id, source_id, sequence, kind, station_id, observed_at, now, suspect, status, action, reason, payload,
        ))  # fmt: skip
    insert_rows(connection, table_of(EventIdentity), columns.IDENTITY, identities)
    insert_rows(connection, table_of(EventRecord), columns.EVENT, events)
    folded.written += (identities, events)


def _save_facts(connection: Connection, folded: Folded, now: datetime) -> None:
    rows = []
    for fact_id, fact in enumerate(folded.facts, folded.first.fact):
        (
            kind, subject, actor, seen, order_id, work_order_id, unit_id, step, station_id, quantity, event_id,
            reverses_id, detail,
        ) = fact[:]  # fmt: skip
        rows.append((
            fact_id, kind._value_, subject, actor, seen, order_id, work_order_id, unit_id, step, station_id, quantity,
            event_id, reverses_id, detail if type(detail) is str else json_text(detail), now,
        ))  # fmt: skip
    insert_rows(connection, table_of(Fact), columns.FACT, rows)
    folded.written.append(rows)


# --- the changed rows ---


def _save_changes(connection: Connection, folded: Folded, was: Before, now: datetime) -> None:
    _save_new_things(connection, folded.world, was)
    _update_rows(connection, folded.world, was)
    _save_contexts(connection, folded, was, now)
    _save_facts(connection, folded, now)


def _update_rows(connection: Connection, world: w.World, was: Before) -> None:
    # The container units of new boxes are written with them.
    units = world.changed.get(w.Unit, set()) - (world.boxes.keys() - was.boxes)
    update_units(connection, [world.units[found] for found in sorted(units)], was.units)
    update_narrowly(connection, OPERATIONS, _changed(world, w.Operation, world.operations), was.operations)
    update_narrowly(connection, ORDERS, _changed(world, w.Order, world.orders), was.orders)
    plain = (
        (WorkOrder, columns.WORK_ORDER, w.WorkOrder, world.work_orders),
        (HandlingUnit, columns.BOX, w.Box, {key: box for key, box in world.boxes.items() if key in was.boxes}),
        (ChangeRequest, columns.CHANGE, changes.Change, world.change_requests),
        (ChangeAcknowledgement, columns.ACKNOWLEDGEMENT, changes.Acknowledgement, world.acknowledgements),
        (
            RepackTask,
            columns.REPACK,
            changes.Repack,
            {key: row for key, row in world.repacks.items() if key in was.repacks},
        ),
        (
            Shipment,
            columns.SHIPMENT,
            w.Shipment,
            {key: row for key, row in world.shipments.items() if key in was.shipments},
        ),
    )
    for model, names, kind, rows in plain:
        found = map(picker(kind, names), _changed(world, kind, rows))
        update_rows(connection, table_of(model), names, list(found))


def _changed(world: w.World, kind: type[Any], rows: Mapping[int, Any]) -> list[Any]:
    return [rows[found] for found in sorted(world.changed.get(kind, ())) if found in rows]


_NEW_REPACK = (*columns.REPACK, "change_id", "unit_id", "order_id", "handling_unit_id", "opened_at")


_kind_of = attrgetter("kind._value_")


def _save_new_things(connection: Connection, world: w.World, was: Before) -> None:
    """Boxes, each with its container unit and identifier, and shipments."""
    shipments = [row for key, row in sorted(world.shipments.items()) if key not in was.shipments]
    insert_rows(connection, table_of(Shipment), (*w.Shipment._fields, "row_version"), [(*row, 1) for row in shipments])
    boxes = [row for key, row in sorted(world.boxes.items()) if key not in was.boxes]
    insert_rows(connection, table_of(Unit), w.Unit._fields, [world.units[box.id] for box in boxes])
    insert_rows(connection, table_of(HandlingUnit), (*w.Box._fields, "row_version"), [(*box, 1) for box in boxes])
    names = [("sscc", f"00/{box.sscc}", box.id, True) for box in boxes]
    insert_rows(connection, table_of(Identifier), ("scheme", "value", "unit_id", "active"), names)
    tasks = [row for key, row in sorted(world.repacks.items()) if key not in was.repacks]
    insert_rows(connection, table_of(RepackTask), _NEW_REPACK, list(map(picker(changes.Repack, _NEW_REPACK), tasks)))


def _save_contexts(connection: Connection, folded: Folded, was: Before, now: datetime) -> None:
    world = folded.world
    rows: dict[int, tuple[Any, ...]] = {}
    for found in sorted(world.changed.get(w.Context, ())):
        each = world.contexts[found] = _written_out(folded, world.contexts[found])
        rows[found] = (*each[:9], *map(json_text, each[9:]), now)
    update_rows(
        connection, table_of(StationState), columns.STATE, [row for key, row in rows.items() if key in was.contexts]
    )
    insert_rows(
        connection, table_of(StationState), columns.STATE, [row for key, row in rows.items() if key not in was.contexts]
    )


def _written_out(folded: Folded, context: w.Context) -> w.Context:
    """The station with its list as it is stored: entries of this batch in full, older ones as they were."""
    found = []
    for entry in context.verdicts:
        number = entry.get("judged")
        if number is not None:
            event_id = folded.first.event + number
            entry = written_out(folded.world, folded.judged[number], entry, event_id=event_id)
        found.append(entry)
    return context._replace(verdicts=tuple(found))
