"""Which read of a tag says where its unit is, for batches that come from read points which hear the same tags."""

from typing import Any

from sqlalchemy import Connection, Dialect, func, select

from server.ingest.mentioned import Mentioned
from server.ingest.queries import Query, Statement, among, listed
from server.journal.models import EventRecord, EventSource, Fact
from server.tracking.heard_rows import Heard, Identity, Strength
from server.tracking.history import NOT_SEEN
from server.tracking.world import World


def _select_heard(dialect: Dialect) -> Statement:
    """The newest fact of each unit that says where it was, with the event behind it."""
    was_there = [Fact.kind != kind for kind in sorted(NOT_SEEN)]
    newest = (
        select(func.max(Fact.id))
        .where(among(Fact.unit_id, "ids", dialect), Fact.event_id.is_not(None), *was_there)
        .group_by(Fact.unit_id)
    )
    columns = (Fact.unit_id, Fact.observed_at, EventSource.gateway, EventSource.epoch, EventRecord.sequence)
    return (
        select(*columns, EventRecord.payload)
        .join(EventRecord, EventRecord.id == Fact.event_id)
        .join(EventSource, EventSource.id == EventRecord.source_id)
        .where(Fact.id.in_(newest))
    )


_HEARD = Query(_select_heard)


def load_heard(connection: Connection, world: World, told: Mentioned) -> frozenset[Identity]:
    """Put in which reads the tags of this batch were last heard by; their identities, for what they did."""
    units = {
        world.identifiers[value]
        for read in told.reads
        if read.strength is not None and _overlaps(world, read.read_point)
        for value in read.named.values
        if value in world.identifiers
    }
    if not units:
        return frozenset()
    for unit_id, observed_at, gateway, epoch, sequence, payload in _HEARD.rows(connection, ids=listed(units)):
        heard = _heard(Identity(gateway, epoch, sequence), observed_at, payload)
        if _overlaps(world, heard.read_point):
            world.heard[unit_id] = heard
    return frozenset(heard.identity for heard in world.heard.values())


def _heard(identity: Identity, observed_at: Any, payload: Any) -> Heard:
    strength = Strength(payload.get("rssi_dbm"), payload.get("reads"))
    return Heard(identity, payload.get("read_point") or "", observed_at, strength)


def _overlaps(world: World, key: str | None) -> bool:
    point = world.read_points.get(key or "")
    return point is not None and point.overlap is not None
