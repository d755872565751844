"""Lives of gateways: one row for each (gateway, epoch), how far it is recorded, and whether it has a double."""

from collections.abc import Iterable, Sequence, Set
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from orderlight.events import EventKind
from server.db import table_of
from server.errors import Conflict
from server.ingest.bulk import update_rows
from server.ingest.queries import Query, Statement, among, listed
from server.ingest.reads import corrected
from server.ingest.wire import Request, Told
from server.journal.models import EventIdentity, EventSource

#: A double that told nothing for so long is taken to be switched off, and the other one is let go on.
DOUBLE_QUIET = timedelta(minutes=2)


class Source(NamedTuple):
    """One life of one gateway."""

    id: int
    gateway: str
    epoch: str
    contiguous_sequence: int
    max_sequence: int
    previous_epoch: str | None
    previous_last_sequence: int | None
    began_at: datetime | None
    last_seen_at: datetime
    #: Whether the gateway has begun a later life.
    has_later: bool = False


#: The gateway and its epoch.
Life = tuple[str, str]


class Recorded(NamedTuple):
    """A life, what it sent, and the sequence numbers of it that are new."""

    source: Source
    batch: Request
    sequences: Sequence[int]


_COLUMNS = tuple(getattr(EventSource, name) for name in Source._fields[:-1])


def _select_source(dialect: Dialect) -> Statement:
    other = aliased(EventSource)
    later = select(other.id).where(other.gateway == EventSource.gateway, other.id > EventSource.id).exists()
    wanted = select(*_COLUMNS, later).where(
        among(EventSource.gateway, "gateways", dialect), among(EventSource.epoch, "epochs", dialect)
    )
    # Two requests of one life are judged one after the other.
    return wanted.order_by(EventSource.id).with_for_update(of=EventSource) if dialect.name == "postgresql" else wanted


def _select_later(_dialect: Dialect) -> Statement:
    return (
        select(*_COLUMNS)
        .where(EventSource.gateway == bindparam("gateway"), EventSource.id > bindparam("source_id"))
        .order_by(EventSource.id)
        .limit(50)
    )


def _select_recorded(_dialect: Dialect) -> Statement:
    return (
        select(EventIdentity.sequence)
        .where(EventIdentity.source_id == bindparam("source_id"), EventIdentity.sequence > bindparam("after"))
        .order_by(EventIdentity.sequence)
        .limit(10_000)
    )


_FIND = Query(_select_source)
_LATER = Query(_select_later)
_RECORDED = Query(_select_recorded)


def open_sources(connection: Connection, lives: Set[Life], *, now: datetime) -> dict[Life, Source]:
    """The rows of these lives, made when they are new; on PostgreSQL they are locked until the commit."""
    found = _find(connection, lives)
    # In one order, so that two who make the same lives never wait for one another in a circle.
    for life in sorted(lives - found.keys()):
        _make(connection, *life, now)
    return found | _find(connection, lives - found.keys())


def _find(connection: Connection, lives: Set[Life]) -> dict[Life, Source]:
    if not lives:
        return {}
    gateways, epochs = zip(*lives, strict=True)
    rows = map(Source._make, _FIND.rows(connection, gateways=listed(gateways), epochs=listed(epochs)))
    # Of two gateways and two epochs there may be four lives.
    return {life: source for source in rows if (life := (source.gateway, source.epoch)) in lives}


def _make(connection: Connection, gateway: str, epoch: str, now: datetime) -> None:
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {
        "gateway": gateway,
        "epoch": epoch,
        "contiguous_sequence": 0,
        "max_sequence": 0,
        "first_seen_at": now,
        "last_seen_at": now,
    }
    connection.execute(dialect_insert(EventSource).values(values).on_conflict_do_nothing())


def refuse_double(connection: Connection, source: Source, batch: Request, *, now: datetime) -> None:
    """Raise Conflict when two lives of one gateway go on side by side: a copied memory card, a second program.

    A life that was ended by a restart may still be drained: whatever a later life vouches for (its
    gateway_started names this epoch and how far it had come), and whatever was observed before a later life
    began, always passes. Only what an older life claims to have seen after a later one had begun does not, as long as
    that one goes on: once somebody has stopped the double, what the other one kept meanwhile is taken in.
    """
    if not source.has_later:
        return
    fresh = [event for event in batch.events if event.sequence > source.max_sequence]
    for row in _LATER.rows(connection, gateway=source.gateway, source_id=source.id):
        later = Source(*row)
        if now - later.last_seen_at > DOUBLE_QUIET:
            continue
        vouched = later.previous_last_sequence or 0 if later.previous_epoch == source.epoch else 0
        if later.began_at is not None and _has_outlived(fresh, vouched, later.began_at):
            raise Conflict(
                f"Two programs speak as {source.gateway}: epoch {source.epoch} goes on although epoch "
                f"{later.epoch} began later. Stop one of them, and give the second device a name of its own.",
                reason="cloned_gateway",
                extra={"gateway": source.gateway, "epoch": source.epoch, "later_epoch": later.epoch},
            )


def _has_outlived(fresh: Sequence[Told], vouched: int, began_at: datetime) -> bool:
    return any(event.sequence > vouched and event.observed_at > began_at for event in fresh)


def passed_over(source: Source, sequences: Iterable[int]) -> int:
    """How many numbers lie unused between what came before and these: what a gateway shed, set aside or lost."""
    highest = source.max_sequence
    beyond = [sequence for sequence in sequences if sequence > highest]
    return max(beyond) - highest - len(beyond) if beyond else 0


def advance_sources(connection: Connection, told: Sequence[Recorded], *, now: datetime) -> list[int]:
    """Note what is recorded now; returns for each life the highest sequence up to which nothing is missing."""
    reached: list[int] = []
    rows: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for source, batch, sequences in told:
        added = sorted(sequence for sequence in sequences if sequence > 0)
        reached.append(_contiguous(connection, source, added))
        highest = max(source.max_sequence, added[-1] if added else 0)
        begun = _beginning(source, batch, now)
        columns = ("id", "contiguous_sequence", "max_sequence", "last_seen_at", *begun)
        rows.setdefault(columns, []).append((source.id, reached[-1], highest, now, *begun.values()))
    for columns, found in rows.items():
        update_rows(connection, table_of(EventSource), columns, found)
    return reached


def _contiguous(connection: Connection, source: Source, added: list[int]) -> int:
    reached = source.contiguous_sequence
    if source.max_sequence > reached:
        # There was a gap: what lies beyond it may be joined now.
        beyond = _RECORDED.rows(connection, source_id=source.id, after=reached)
        added = sorted({*added, *(row[0] for row in beyond)})
    for sequence in added:
        if sequence > reached + 1:
            break
        reached = max(reached, sequence)
    return reached


def _beginning(source: Source, batch: Request, now: datetime) -> dict[str, Any]:
    """What the first batch of a life says about its beginning."""
    if source.began_at is not None or not batch.events:
        return {}
    first = batch.events[0]
    found: dict[str, Any] = {"began_at": corrected(first, now)[0]}
    if first.kind is EventKind.GATEWAY_STARTED:
        found["previous_epoch"] = first.previous_epoch
        found["previous_last_sequence"] = first.previous_last_sequence
    return found
