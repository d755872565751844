"""Taking a batch in: each event once, judged in source order, with everything it changes in one transaction.

Called by the gateways' door, the stations' door and tests; the edge that calls it commits.
"""

import base64
import json
import logging
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy.exc import DataError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from orderlight.events import Status as WireStatus
from server.ingest.answers import Answer, Receipt
from server.ingest.door import Door
from server.ingest.driver import connection_of, savepoint
from server.ingest.fold import Folded, Judged, answer_of, fold
from server.ingest.known import Known, sort_out
from server.ingest.load import default_point, load_world, site_language
from server.ingest.reads import Item, items_of
from server.ingest.save import before, save
from server.ingest.sources import advance_source, open_source, passed_over, refuse_double
from server.ingest.wire import Request
from server.tracking import words
from server.tracking.states import Reason
from server.tracking.verdicts import Words, quarantine
from server.tracking.world import World

log = logging.getLogger(__name__)

#: What a database or its driver says of a value that it cannot hold; anything else is no fault of an event.
_DATA_FAULTS = (DataError, IntegrityError, OverflowError, ValueError)


#: Where a session holds how many sequence numbers its batch passed over, for the figures of the door.
GAP_KEY = "passed_over"


def accept(session: Session, batch: Request, *, door: Door, now: datetime) -> Receipt:
    """Take the batch in and answer every event; raises Conflict when two devices speak as one gateway."""
    connection = connection_of(session)
    source = open_source(connection, batch.gateway, batch.epoch, now=now)
    if door.guards_against_clones:
        refuse_double(connection, source, batch)
    point = default_point(connection, door.station_key) if door.station_key is not None else None
    items = items_of(batch, door, now=now, default_point=point)
    known = sort_out(session, source, items, door=door, now=now)
    answers = record(session, source.id, known.fresh, door=door, now=now)
    fresh = [item.sequence for item in known.fresh]
    session.info[GAP_KEY] = passed_over(source, fresh)
    reached = advance_source(connection, source, batch, fresh, now=now)
    return Receipt(batch.gateway, batch.epoch, reached, _in_order(known, answers))


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
    session: Session, source_id: int, items: Sequence[Item], *, door: Door, now: datetime, depth: int = 0
) -> list[Answer]:
    """Judge and save new events; one that the database cannot hold is quarantined alone."""
    if not items:
        return []
    try:
        with savepoint(connection_of(session), depth):
            world = load_world(session, items)
            return [judged.answer for judged in _judge_and_save(session, world, source_id, items, door, now).judged]
    except _DATA_FAULTS as error:
        if isinstance(error, StatementError) and error.connection_invalidated:
            raise
        if len(items) == 1:
            return [_set_aside(session, source_id, items[0], error, door=door, now=now)]
    half = len(items) // 2
    answers = record(session, source_id, items[:half], door=door, now=now, depth=depth + 1)
    return answers + record(session, source_id, items[half:], door=door, now=now, depth=depth + 1)


def _judge_and_save(
    session: Session, world: World, source_id: int, items: Sequence[Item], door: Door, now: datetime
) -> Folded:
    was = before(world)
    folded = fold(world, items, door)
    save(session, folded, was, source_id=source_id, now=now)
    return folded


def _set_aside(session: Session, source_id: int, item: Item, error: Exception, *, door: Door, now: datetime) -> Answer:
    """Keep the culprit, its content wrapped so that any database can hold it, and tell the log why."""
    log.error(
        "event_not_stored",
        extra={"action": "event_not_stored", "sequence": item.sequence, "fault": type(error).__name__},
    )
    wrapped = base64.b64encode(item.payload.encode()).decode()
    safe = item._replace(read=None, payload=json.dumps({"unreadable_base64": wrapped}))
    verdict = quarantine(Reason.INTERNAL_FAULT, Words(words.INTERNAL_FAULT))
    answer = answer_of(safe, verdict, verdict.words.render(door.words(site_language(connection_of(session)))))
    folded = Folded(World(), [Judged(safe, answer, verdict, None, 0, 0)])
    save(session, folded, before(folded.world), source_id=source_id, now=now)
    return answer
