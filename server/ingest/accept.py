"""Taking a batch in: each event once, judged in source order, with everything it changes in one transaction.

Called by the gateways' door, the stations' door and tests; the edge that calls it commits.
"""

import base64
import json
import logging
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy.exc import DataError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from orderlight.events import Status as WireStatus
from server.db.handover import is_kept, leave, take_over
from server.db.sweeper import leave_over
from server.errors import Conflict
from server.ingest.answers import Answer, Receipt, answer_in, answer_of
from server.ingest.door import Door
from server.ingest.driver import connection_of, savepoint
from server.ingest.encoding import json_text
from server.ingest.fold import Folded, Judged, fold
from server.ingest.gates import note_gates
from server.ingest.goods import book_goods
from server.ingest.known import Known, sort_out
from server.ingest.load import default_point, load_world, site_language
from server.ingest.memory import Memory, remember
from server.ingest.passages import note_passages
from server.ingest.reads import Item, items_of, sequence_of
from server.ingest.save import FACTS_KEY, before, first_numbers, save
from server.ingest.sources import Recorded, Source, advance_sources, open_sources, passed_over, refuse_double
from server.ingest.wire import Request
from server.tracking import words
from server.tracking.states import Reason
from server.tracking.verdicts import Fate, Words, fate_of, quarantine
from server.tracking.world import World

log = logging.getLogger(__name__)

#: What a database or its driver says of a value that it cannot hold; anything else is no fault of an event.
_DATA_FAULTS = (DataError, IntegrityError, OverflowError, ValueError)
#: From so many events on, another thread frees what is left of them; for fewer it is not worth waking.
WORTH_SWEEPING = 200
_fate_of = itemgetter(Judged._fields.index("fate"))
_text_of = itemgetter(Judged._fields.index("text"))


class Ask(NamedTuple):
    """A batch that wants to be taken in."""

    batch: Request
    door: Door


class Taken(NamedTuple):
    """A batch that was taken in."""

    gateway: str
    epoch: str
    #: Up to this sequence nothing is missing.
    reached: int
    #: Of each event, in the order in which they are answered: its sequence, its fate, and the answer as JSON text.
    sequences: Sequence[int | None]
    fates: Sequence[Fate]
    texts: Sequence[str]
    #: How many sequence numbers it passed over.
    gap: int
    #: Facts written, by kind; those of batches that were taken in together are counted with the first of them.
    facts: Mapping[str, int]

    @property
    def receipt(self) -> Receipt:
        """The receipt, read from its texts."""
        return Receipt(self.gateway, self.epoch, self.reached, tuple(map(answer_in, self.texts)))

    def encode(self) -> bytes:
        """The receipt as UTF-8 JSON: the answers as they have been written down."""
        head = json_text({"gateway": self.gateway, "epoch": self.epoch, "committed_sequence": self.reached})
        return f'{head[:-1]},"results":[{",".join(self.texts)}]}}'.encode()


@dataclass(frozen=True, slots=True)
class _Opened:
    """An ask whose source is known and whose events are sorted out."""

    ask: Ask
    source: Source
    known: Known


def accept(session: Session, batch: Request, *, door: Door, now: datetime) -> Receipt:
    """Take the batch in and answer every event; raises Conflict when two devices speak as one gateway."""
    (found,) = accept_all(session, [Ask(batch, door)], now=now)
    if isinstance(found, Conflict):
        raise found
    return found.receipt


def accept_all(session: Session, asks: Sequence[Ask], *, now: datetime) -> list[Taken | Conflict]:
    """Take in what several gateways sent at the same time, as one batch; a Conflict is the fate of its ask alone.

    All events share one world, one judging in the order of the asks, and one statement for each table.
    """
    found: dict[int, Taken | Conflict] = {}
    while len(found) < len(asks):
        places = _alike([(place, ask) for place, ask in enumerate(asks) if place not in found])
        found.update(zip(places, _accept_alike(session, [asks[place] for place in places], now), strict=True))
    return [found[place] for place in range(len(asks))]


def _alike(asks: Sequence[tuple[int, Ask]]) -> list[int]:
    """The places of those that can be judged together: one for each source, all answered in the words of the first."""
    door = asks[0][1].door
    found: dict[tuple[str, str], int] = {}
    for place, (batch, other) in asks:
        if (other.translate, other.speak) == (door.translate, door.speak):
            found.setdefault((batch.gateway, batch.epoch), place)
    return list(found.values())


def _accept_alike(session: Session, asks: Sequence[Ask], now: datetime) -> list[Taken | Conflict]:
    connection = connection_of(session)
    lives = open_sources(connection, {(batch.gateway, batch.epoch) for batch, _ in asks}, now=now)
    opened = [_open(session, ask, lives[ask.batch.gateway, ask.batch.epoch], now) for ask in asks]
    welcome = [one for one in opened if isinstance(one, _Opened)]
    items = [item for one in welcome for item in one.known.fresh]
    sources = [one.source.id for one in welcome for _ in one.known.fresh]
    # A value that the database cannot hold makes joint work fall apart, and is found when each batch is tried alone.
    keep = record if len(asks) == 1 else _record_at_once
    judged = iter(keep(session, items, sources, door=asks[0].door, now=now))
    if len(items) >= WORTH_SWEEPING:
        leave_over(session, opened)
    told = [Recorded(one.source, one.ask.batch, list(map(sequence_of, one.known.fresh))) for one in welcome]
    closed = iter(zip(told, advance_sources(connection, told, now=now), strict=True))
    found: list[Taken | Conflict] = []
    for one in opened:
        if isinstance(one, Conflict):
            found.append(one)
        else:
            taken = _taken(one.known, list(islice(judged, len(one.known.fresh))), *next(closed))
            found.append(taken._replace(facts=session.info.pop(FACTS_KEY, {})))
    return found


def _open(session: Session, ask: Ask, source: Source, now: datetime) -> _Opened | Conflict:
    batch, door = ask
    connection = connection_of(session)
    if door.guards_against_clones:
        try:
            refuse_double(connection, source, batch, now=now)
        except Conflict as conflict:
            return conflict
    point = default_point(connection, door.station_key) if door.station_key is not None else None
    items = items_of(batch, door, now=now, default_point=point)
    return _Opened(ask, source, sort_out(session, source, items, door=door, now=now))


def _taken(known: Known, judged: Sequence[Judged], recorded: Recorded, reached: int) -> Taken:
    source, batch, fresh = recorded
    sequences: Sequence[int | None] = fresh
    if not known.answers and not known.repeated and fresh and fresh[0] > 0:
        # All are new and have a number, so they stand in order.
        fates, texts = list(map(_fate_of, judged)), list(map(_text_of, judged))
    else:
        answers = _in_order(known, [one.answer for one in judged])
        sequences = [answer.sequence for answer in answers]
        fates, texts = [answer.fate for answer in answers], list(map(json_text, answers))
    return Taken(batch.gateway, batch.epoch, reached, sequences, fates, texts, passed_over(source, fresh), {})


def _in_order(known: Known, answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """An answer for every event, by rising sequence; at the end those of events that had no readable number."""
    first = {answer.sequence: answer for answer in answers}
    found = [*answers, *known.answers]
    found += [replace(first[item.sequence], status=WireStatus.DUPLICATE) for item in known.repeated]
    found.sort(key=lambda answer: answer.sequence or 0)
    # What had no number is known by its content, as a number below zero.
    without = bisect_left(found, 1, key=lambda answer: answer.sequence or 0)
    return (*found[without:], *(replace(answer, sequence=None) for answer in found[:without]))


def record(
    session: Session, items: Sequence[Item], sources: Sequence[int], *, door: Door, now: datetime, depth: int = 0
) -> list[Judged]:
    """Judge and save new events, each with its source; one that the database cannot hold is quarantined alone."""
    if not items:
        return []
    try:
        with savepoint(connection_of(session), depth):
            return _judge_and_save(session, items, sources, door, now).judged
    except _DATA_FAULTS as error:
        if isinstance(error, StatementError) and error.connection_invalidated:
            raise
        if len(items) == 1:
            return [_set_aside(session, sources[0], items[0], error, door=door, now=now)]
    half = len(items) // 2
    judged = record(session, items[:half], sources[:half], door=door, now=now, depth=depth + 1)
    return judged + record(session, items[half:], sources[half:], door=door, now=now, depth=depth + 1)


def _record_at_once(
    session: Session, items: Sequence[Item], sources: Sequence[int], *, door: Door, now: datetime
) -> list[Judged]:
    """As `record`, without a savepoint: raises for an event that the database cannot hold."""
    return _judge_and_save(session, items, sources, door, now).judged if items else []


def _judge_and_save(
    session: Session, items: Sequence[Item], sources: Sequence[int], door: Door, now: datetime
) -> Folded:
    memory: Memory | None = take_over(session)
    world = load_world(session, items, memory)
    was = before(world)
    # Rows are locked before the counters, as everybody does who takes numbers.
    start = first_numbers(session, len(items))
    folded = fold(world, items, door, start, memory.runs if memory is not None else None)
    save(session, folded, was, sources=sources, now=now)
    if len(items) >= WORTH_SWEEPING:
        leave_over(session, folded, items, was)
    has_parts = book_goods(session, folded, was, now=now)
    note_passages(session, folded, start.event)
    note_gates(session, folded, was, start.event, now=now)
    # Units that went into others were changed in the database alone.
    if is_kept(session) and not has_parts:
        leave(session, remember(memory, world, folded.runs))
    return folded


def _set_aside(session: Session, source_id: int, item: Item, error: Exception, *, door: Door, now: datetime) -> Judged:
    """Keep the culprit, its content wrapped so that any database can hold it, and tell the log why."""
    log.error(
        "event_not_stored",
        extra={"action": "event_not_stored", "sequence": item.sequence, "fault": type(error).__name__},
    )
    wrapped = base64.b64encode(item.payload.encode()).decode()
    safe = item._replace(read=None, payload=json.dumps({"unreadable_base64": wrapped}))
    verdict = quarantine(Reason.INTERNAL_FAULT, Words(words.INTERNAL_FAULT))
    say = verdict.words.render(door.words(site_language(connection_of(session))))
    text = json_text(answer_of(item.sequence, verdict, say))
    judged = Judged(safe, fate_of(verdict), text, verdict, None, 0, 0)
    folded = Folded(World(), first_numbers(session, 1), [judged], turns=[0])
    save(session, folded, before(folded.world), sources=[source_id], now=now)
    return judged
