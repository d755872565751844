"""Saving the difference: events with their answers, facts, and every changed row, one statement for each table."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.db import table_of
from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest, RepackTask
from server.erp.changes.stations import tell_again
from server.erp.floor.models import StationState
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Identifier, Operation, Unit, WorkOrder
from server.ingest import columns, driver
from server.ingest.bulk import insert_rows, update_rows
from server.ingest.encoding import json_text
from server.ingest.fold import Folded, written_out
from server.ingest.inbox_rows import keep_for_people
from server.ingest.numbers import use_numbers
from server.ingest.topics import touch_pages
from server.journal.models import EventIdentity, EventRecord, Fact
from server.tracking import change_rows as changes
from server.tracking import world as w
from server.tracking.facts import NewFact

#: Where the counts of facts by kind lie on a session.
FACTS_KEY = "facts_by_kind"


class Saved(NamedTuple):
    """Where the batch's own numbers begin."""

    first_event: int
    first_fact: int


class Before(NamedTuple):
    """What was there before the fold, to tell new rows from changed ones."""

    units: Mapping[int, w.Unit]
    boxes: frozenset[int]
    shipments: frozenset[int]
    contexts: frozenset[int]
    repacks: frozenset[int]
    supply: w.Supply


def before(world: w.World) -> Before:
    """Note what the world holds before it is folded."""
    boxes, shipments = frozenset(world.boxes), frozenset(world.shipments)
    contexts, repacks = frozenset(world.contexts), frozenset(world.repacks)
    return Before(dict(world.units), boxes, shipments, contexts, repacks, world.supply)


def save(session: Session, folded: Folded, was: Before, *, sources: Sequence[int], now: datetime) -> Saved:
    """Write everything the fold decided; `sources` says of each event whose it is. The edge commits."""
    counts = {"event": len(folded.judged)} | ({"fact": len(folded.facts)} if folded.facts else {})
    first = driver.take_numbers(session, counts)
    first_event = first["event"]
    saved = Saved(first_event, first.get("fact", 0))
    connection = driver.connection_of(session)
    keep_for_people(connection, folded, first_event, now=now)
    with driver.together(connection):
        _save_events(connection, folded, saved, sources=sources, now=now)
        _save_rows(connection, folded, was, saved, now)
        _save_facts(connection, folded.facts, saved, now)
    _tell(session, folded, was)
    return saved


def save_replayed(session: Session, folded: Folded, was: Before, *, event_id: int, now: datetime) -> Saved:
    """As `save`, for one event that is stored already: its facts name it, and its first answer stands."""
    first = driver.take_numbers(session, {"fact": len(folded.facts)}) if folded.facts else {}
    saved = Saved(event_id, first.get("fact", 0))
    connection = driver.connection_of(session)
    with driver.together(connection):
        _save_rows(connection, folded, was, saved, now)
        _save_facts(connection, folded.facts, saved, now)
    _tell(session, folded, was)
    return saved


def _tell(session: Session, folded: Folded, was: Before) -> None:
    """What stands beside the rows: the numbers that were used, the figures, and whose pages show something else."""
    use_numbers(session, was.supply, folded.world.supply)
    _count(session, folded)
    touch_pages(session, folded)
    tell_again(session, (fact for _, fact in folded.turned()))


def _count(session: Session, folded: Folded) -> None:
    """Leave the kinds of facts on the session, for the metrics of the edge."""
    counts: Counter[str] = session.info.setdefault(FACTS_KEY, Counter())
    counts.update(map(_kind_of, folded.facts))


def _number(value: int | None, first: int) -> int | None:
    """A number of the batch, below zero, as the number it has now."""
    return first - value - 1 if value is not None and value < 0 else value


def _numbered(unit: w.Unit, first_fact: int) -> w.Unit:
    """The unit as it is stored: the fact behind its state has a number now."""
    return tuple.__new__(w.Unit, (*unit[:-1], _number(unit[-1], first_fact)))


def _save_events(
    connection: Connection, folded: Folded, saved: Saved, *, sources: Sequence[int], now: datetime
) -> None:
    today = now.date()
    identities, events = [], []
    numbers = range(saved.first_event, saved.first_event + len(folded.judged))
    for event_id, judged, source_id in zip(numbers, folded.judged, sources, strict=True):
        # A slice is a plain tuple, which comes apart several times faster than a named one.
        item, answer, said, _, station_id, first_fact, facts = judged[:]
        sequence, kind, _, observed_at, suspect, content_hash, payload = item[:7]
        text = said.decode()
        if facts:
            # Where its facts are, for whoever takes it back.
            text = f'{text[:-1]},"facts":[{saved.first_fact + first_fact},{facts}]}}'
        identities.append((source_id, sequence, content_hash, today, event_id, text))
        events.append((
            event_id, source_id, sequence, kind, station_id, observed_at, now, suspect, answer.status._value_,
            answer.action, answer.reason, payload,
        ))  # fmt: skip
    insert_rows(connection, table_of(EventIdentity), columns.IDENTITY, identities)
    insert_rows(connection, table_of(EventRecord), columns.EVENT, events)


def _save_facts(connection: Connection, facts: Sequence[NewFact], saved: Saved, now: datetime) -> None:
    first_event, first_fact = saved
    rows = []
    for fact_id, fact in enumerate(facts, first_fact):
        (
            kind, subject, actor, observed_at, order_id, work_order_id, unit_id, step, station_id, quantity, event_id,
            reverses_id, detail,
        ) = fact[:]  # fmt: skip
        rows.append((
            fact_id, kind._value_, subject, order_id, work_order_id, unit_id, step, station_id, quantity, actor,
            first_event - event_id - 1 if event_id is not None and event_id < 0 else event_id,
            _number(reverses_id, first_fact) if reverses_id is not None else None, observed_at, now,
            detail if type(detail) is str else json_text(detail),
        ))  # fmt: skip
    insert_rows(connection, table_of(Fact), columns.FACT, rows)


# --- the changed rows ---


def _save_rows(connection: Connection, folded: Folded, was: Before, saved: Saved, now: datetime) -> None:
    world = folded.world
    _save_new_things(connection, world, was, saved)
    _update_rows(connection, world, was, saved)
    _save_contexts(connection, folded, was, saved, now)


def _update_rows(connection: Connection, world: w.World, was: Before, saved: Saved) -> None:
    changed = world.changed
    # The container units of new boxes are written with them.
    _update_units(connection, world, changed.get(w.Unit, set()) - (world.boxes.keys() - was.boxes), was, saved)
    plain = (
        (Operation, columns.OPERATION, w.Operation, world.operations),
        (WorkOrder, columns.WORK_ORDER, w.WorkOrder, world.work_orders),
        (SalesOrder, columns.ORDER, w.Order, world.orders),
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
        ids = [found for found in sorted(changed.get(kind, ())) if found in rows]
        _update(connection, model, names, list(map(_picker(kind, names), [rows[found] for found in ids])))


def _update_units(connection: Connection, world: w.World, ids: set[int], was: Before, saved: Saved) -> None:
    table, were, first_fact = world.units, was.units, saved.first_fact
    moved: list[tuple[Any, ...]] = []
    turned: list[tuple[Any, ...]] = []
    others: list[tuple[Any, ...]] = []
    for found in sorted(ids):
        unit, old = table[found], were.get(found)
        if unit[-1] is not None and unit[-1] < 0:
            unit = table[found] = _numbered(unit, first_fact)
        # When nothing has changed that an index or another table hangs on, SQLite writes the row twice as fast.
        if old is None or _of_what_stays(unit) != _of_what_stays(old):
            others.append(_of_unit(unit))
        elif _state_of(unit) != _state_of(old):
            turned.append(_of_turned_unit(unit))
        else:
            moved.append(_of_moved_unit(unit))
    _update(connection, Unit, columns.MOVED_UNIT, moved)
    _update(connection, Unit, columns.TURNED_UNIT, turned)
    _update(connection, Unit, columns.UNIT, others)


_NEW_REPACK = (*columns.REPACK, "change_id", "unit_id", "order_id", "handling_unit_id", "opened_at")


def _update(connection: Connection, model: type[Any], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    update_rows(connection, table_of(model), names, rows)


def _picker(kind: type[Any], names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What takes these columns out of a row of the rules."""
    return itemgetter(*(kind._fields.index(name) for name in names))


_kind_of = attrgetter("kind._value_")
_of_unit = _picker(w.Unit, columns.UNIT)
_of_moved_unit = _picker(w.Unit, columns.MOVED_UNIT)
_of_turned_unit = _picker(w.Unit, columns.TURNED_UNIT)
_of_what_stays = _picker(w.Unit, tuple(name for name in columns.UNIT if name not in columns.TURNED_UNIT))
_state_of = itemgetter(w.Unit._fields.index("state"))


def _save_new_things(connection: Connection, world: w.World, was: Before, saved: Saved) -> None:
    """Boxes, each with its container unit and identifier, and shipments."""
    shipments = [row for key, row in sorted(world.shipments.items()) if key not in was.shipments]
    insert_rows(connection, table_of(Shipment), (*w.Shipment._fields, "row_version"), [(*row, 1) for row in shipments])
    boxes = [row for key, row in sorted(world.boxes.items()) if key not in was.boxes]
    units = {box.id: _numbered(world.units[box.id], saved.first_fact) for box in boxes}
    world.units.update(units)
    insert_rows(connection, table_of(Unit), w.Unit._fields, list(units.values()))
    insert_rows(connection, table_of(HandlingUnit), (*w.Box._fields, "row_version"), [(*box, 1) for box in boxes])
    names = [("sscc", f"00/{box.sscc}", box.id, True) for box in boxes]
    insert_rows(connection, table_of(Identifier), ("scheme", "value", "unit_id", "active"), names)
    tasks = [row for key, row in sorted(world.repacks.items()) if key not in was.repacks]
    insert_rows(connection, table_of(RepackTask), _NEW_REPACK, list(map(_picker(changes.Repack, _NEW_REPACK), tasks)))


def _save_contexts(connection: Connection, folded: Folded, was: Before, saved: Saved, now: datetime) -> None:
    world = folded.world
    rows: dict[int, tuple[Any, ...]] = {}
    for found in sorted(world.changed.get(w.Context, ())):
        each = world.contexts[found] = _written_out(folded, world.contexts[found], saved)
        rows[found] = (*each[:9], *map(json_text, each[9:]), now)
    update_rows(
        connection, table_of(StationState), columns.STATE, [row for key, row in rows.items() if key in was.contexts]
    )
    insert_rows(
        connection, table_of(StationState), columns.STATE, [row for key, row in rows.items() if key not in was.contexts]
    )


def _written_out(folded: Folded, context: w.Context, saved: Saved) -> w.Context:
    """The station with its list as it is stored: entries of this batch in full, older ones as they were."""
    found = []
    for entry in context.verdicts:
        number = entry.get("judged")
        if number is not None:
            event_id = saved.first_event + number
            entry = written_out(folded.world, folded.judged[number], entry, event_id=event_id)
        found.append(entry)
    return context._replace(verdicts=tuple(found))
