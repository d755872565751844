"""Which events of a batch were here before: repeated ones get their first answer, changed ones are refused and kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import convert
from msgspec.structs import replace
from sqlalchemy import Dialect, bindparam, select
from sqlalchemy.orm import Session

from orderlight.events import Status as WireStatus
from server.db import table_of, touch
from server.db.counters import take
from server.ingest import columns
from server.ingest.answers import Answer, answer_of
from server.ingest.bulk import insert_rows
from server.ingest.door import Door
from server.ingest.driver import connection_of
from server.ingest.load import site_language
from server.ingest.queries import Query, Statement, among, listed
from server.ingest.reads import Item, named_of, sequence_of
from server.ingest.sources import Source
from server.journal.models import EventIdentity, EventRecord, Quarantine
from server.tracking import words
from server.tracking.states import Reason
from server.tracking.verdicts import Words, refusal


@dataclass(slots=True)
class Known:
    """A batch sorted out."""

    #: New events in source order, each sequence once.
    fresh: list[Item] = field(default_factory=list)
    #: Answers to what was here before.
    answers: list[Answer] = field(default_factory=list)
    #: Events that stand twice in this very batch.
    repeated: list[Item] = field(default_factory=list)


def _select_known(dialect: Dialect) -> Statement:
    columns = (EventIdentity.sequence, EventIdentity.content_hash, EventIdentity.answer)
    return select(*columns).where(
        EventIdentity.source_id == bindparam("source_id"), among(EventIdentity.sequence, "sequences", dialect)
    )


_KNOWN = Query(_select_known)


def sort_out(session: Session, source: Source, items: Sequence[Item], *, door: Door, now: datetime) -> Known:
    """Tell new events from known ones, and keep those that came with other content under a known number."""
    known = Known()
    stored = _stored(session, source, items)
    fresh: dict[int, Item] = {}
    for sequence, item in zip(map(sequence_of, items), items, strict=True):
        found = stored.get(sequence)
        if found is None and sequence not in fresh:
            fresh[sequence] = item
        elif found is None and fresh[sequence].content_hash == item.content_hash:
            known.repeated.append(item)
        elif found is not None and bytes(found[0]) == item.content_hash:
            known.answers.append(_again(item, found[1]))
        else:
            known.answers.append(_conflict(session, source, item, door=door, now=now))
    known.fresh = list(fresh.values())
    return known


def _stored(session: Session, source: Source, items: Sequence[Item]) -> dict[int, tuple[bytes, dict[str, Any]]]:
    # Sequences only rise, so above the highest one nothing needs to be looked up.
    highest = source.max_sequence
    asked = [sequence for sequence in map(sequence_of, items) if sequence <= highest]
    if not asked:
        return {}
    rows = _KNOWN.rows(connection_of(session), source_id=source.id, sequences=listed(asked))
    return {row[0]: (row[1], row[2]) for row in rows}


def _again(item: Item, answer: dict[str, Any]) -> Answer:
    return replace(convert(answer, Answer), status=WireStatus.DUPLICATE, sequence=item.sequence)


def _conflict(session: Session, source: Source, item: Item, *, door: Door, now: datetime) -> Answer:
    """The first content stands. The other is kept in the inbox, for either a gateway or a person is mistaken."""
    values = {"sequence": item.sequence, "gateway": source.gateway}
    verdict = refusal(Reason.IDENTITY_CONFLICT, Words(words.CONFLICT, values))
    say = verdict.words.render(door.words(site_language(connection_of(session))))
    answer = answer_of(item.sequence, verdict, say)
    event_id = take(session, "event")
    connection = connection_of(session)
    row = (
        event_id, source.id, item.sequence, item.kind, None, item.observed_at, now, item.clock_suspect,
        answer.status.value, None, answer.reason, item.payload,
    )  # fmt: skip
    insert_rows(connection, table_of(EventRecord), columns.EVENT, [row])
    read_point = item.read.read_point if item.read is not None else None
    code = named_of(item).shown or None
    kept = (event_id, answer.reason, answer.say, read_point, code, now, "open")
    insert_rows(connection, table_of(Quarantine), _KEPT, [kept])
    touch(session, "inbox", "gateways")
    return answer


_KEPT = ("event_id", "reason", "say", "read_point", "code", "raised_at", "state")
