"""What earlier events did: their facts, for those that somebody wants to take back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Dialect, select

from server.ingest.queries import Query, Statement, among, listed
from server.journal.models import EventIdentity, EventSource, Fact
from server.tracking.facts import FactKind, NewFact
from server.tracking.world import Identity, StoredFact, World


@dataclass(slots=True)
class Touched:
    """The things that these facts changed, so that they get loaded too."""

    units: set[int] = field(default_factory=set)
    orders: set[int] = field(default_factory=set)
    boxes: set[int] = field(default_factory=set)
    stations: set[int] = field(default_factory=set)
    #: Units that belong to no order.
    loose: set[int] = field(default_factory=set)


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


def load_deeds(connection: Connection, world: World, targets: set[Identity]) -> Touched:
    """Put the facts of the target events into the world; returns what they touched."""
    touched = Touched()
    if not targets:
        return touched
    found = _IDENTITIES.rows(
        connection,
        gateways=listed(target.gateway for target in targets),
        epochs=listed(target.epoch for target in targets),
        sequences=listed(target.sequence for target in targets),
    )
    spans = {Identity(*row[:3]): row[3].get("facts") for row in found}
    spans = {identity: span for identity, span in spans.items() if span and identity in targets}
    wanted = listed(number for first, count in spans.values() for number in range(first, first + count))
    facts = {row[0]: StoredFact(row[0], _fact(row)) for row in _FACTS.rows(connection, ids=wanted)}
    for identity, (first, count) in spans.items():
        world.deeds[identity] = tuple(facts[number] for number in range(first, first + count))
    for stored in facts.values():
        _note(stored.fact, touched)
    return touched


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


def _note(fact: NewFact, touched: Touched) -> None:
    if fact.order_id is not None:
        touched.orders.add(fact.order_id)
    elif fact.unit_id is not None:
        touched.loose.add(fact.unit_id)
    if fact.station_id is not None:
        touched.stations.add(fact.station_id)
    for side in ("before", "after"):
        rows: Mapping[str, Any] = fact.told.get(side, {})
        for name, values in rows.items():
            kind, _, row_id = name.partition(":")
            if kind == "unit":
                touched.units.add(int(row_id))
                parent = values.get("parent_id") if values else None
                touched.boxes.update(() if parent is None else {parent})
            elif kind == "handling_unit":
                touched.boxes.add(int(row_id))
