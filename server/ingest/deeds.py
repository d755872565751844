"""What earlier events did: their facts, for those that somebody wants to take back."""

from collections.abc import Mapping, Set
from typing import Any

from sqlalchemy import Connection, Dialect, select

from orderlight.events import EventKind
from server.ingest.mentioned import Mentioned
from server.ingest.queries import Query, Statement, among, listed
from server.ingest.wanted import Wanted
from server.journal.models import EventIdentity, EventSource, Fact
from server.tracking.facts import FactKind, NewFact
from server.tracking.heard_rows import Identity
from server.tracking.states import Command
from server.tracking.steps import Read
from server.tracking.world import StoredFact, World

_TAKES_BACK = frozenset({EventKind.UNDO_REQUESTED.value, EventKind.CORRECTION.value})


def _select_identities(dialect: Dialect) -> Statement:
    columns = (EventSource.gateway, EventSource.epoch, EventIdentity.sequence, EventIdentity.answer)
    return (
        select(*columns)
        .join(EventSource, EventSource.id == EventIdentity.source_id)
        .where(
            among(EventSource.gateway, "gateways", dialect),
            among(EventSource.epoch, "epochs", dialect),
            among(EventIdentity.sequence, "sequences", dialect),
        )
    )


def _select_facts(dialect: Dialect) -> Statement:
    columns = (
        Fact.id,
        Fact.kind,
        Fact.subject,
        Fact.actor,
        Fact.observed_at,
        Fact.order_id,
        Fact.work_order_id,
        Fact.unit_id,
        Fact.step,
        Fact.station_id,
        Fact.quantity,
        Fact.event_id,
        Fact.detail,
    )
    return select(*columns).where(among(Fact.id, "ids", dialect)).order_by(Fact.id)


_IDENTITIES = Query(_select_identities)
_FACTS = Query(_select_facts)


def want_deeds(
    connection: Connection, world: World, wanted: Wanted, told: Mentioned, heard: Set[Identity] = frozenset()
) -> None:
    """Put the facts that these reads may take back into the world, and want what they touched.

    `heard` are reads of tags that may have to give way to louder ones.
    """
    targets = _targets(world, told) | heard
    if not targets:
        return
    found = _IDENTITIES.rows(
        connection,
        gateways=listed(target.gateway for target in targets),
        epochs=listed(target.epoch for target in targets),
        sequences=listed(target.sequence for target in targets),
    )
    spans = {Identity(*row[:3]): row[3].get("facts") for row in found}
    spans = {identity: span for identity, span in spans.items() if span and identity in targets}
    numbers = listed(number for first, count in spans.values() for number in range(first, first + count))
    facts = {row[0]: StoredFact(row[0], _fact(row)) for row in _FACTS.rows(connection, ids=numbers)}
    for identity, (first, count) in spans.items():
        world.deeds[identity] = tuple(facts[number] for number in range(first, first + count))
    for stored in facts.values():
        _note(stored.fact, wanted)


def _targets(world: World, told: Mentioned) -> set[Identity]:
    """The events that this batch may want to take back."""
    targets: set[Identity] = set()
    for read in told.corrections:
        if read.corrects is not None and read.kind in _TAKES_BACK:
            targets.add(read.corrects)
    for read in told.naming("command"):
        if read.named.values[0] == Command.UNDO:
            targets |= _undoable(world, read)
    return targets


def _undoable(world: World, read: Read) -> set[Identity]:
    point = world.read_points.get(read.read_point or "")
    context = world.contexts.get(point.station_id) if point is not None else None
    return {
        Identity(verdict["gateway"], verdict["epoch"], verdict["sequence"])
        for verdict in (context.verdicts if context is not None else ())
        if verdict["undo"]
    }


def _fact(row: tuple[Any, ...]) -> NewFact:
    _, kind, subject, actor, observed_at, order_id, work_order_id, unit_id, step, station_id, quantity, *rest = row
    return NewFact(
        kind=FactKind(kind),
        subject=subject,
        actor=actor,
        observed_at=observed_at,
        order_id=order_id,
        work_order_id=work_order_id,
        unit_id=unit_id,
        step=step,
        station_id=station_id,
        quantity=quantity,
        event_id=rest[0],
        detail=rest[1],
    )


def _note(fact: NewFact, wanted: Wanted) -> None:
    if fact.order_id is not None:
        wanted.orders.add(fact.order_id)
    elif fact.unit_id is not None:
        wanted.loose.add(fact.unit_id)
    if fact.station_id is not None:
        wanted.stations.add(fact.station_id)
    for side in ("before", "after"):
        rows: Mapping[str, Any] = fact.told.get(side, {})
        for name, values in rows.items():
            kind, _, row_id = name.partition(":")
            if kind == "unit":
                wanted.units.add(int(row_id))
                parent = values.get("parent_id") if values else None
                wanted.boxes.update(() if parent is None else {parent})
            elif kind == "handling_unit":
                wanted.boxes.add(int(row_id))
