"""Judging a batch in source order, each event in the world that the ones before it left."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orderlight.events import Answer
from orderlight.events import Signal as WireSignal
from orderlight.events import Status as WireStatus
from server.ingest.door import Door
from server.ingest.reads import Item, named_of
from server.tracking import words
from server.tracking.facts import NewFact
from server.tracking.judge import judge
from server.tracking.states import Reason, Signal, Status
from server.tracking.steps import Read
from server.tracking.verdicts import Outcome, Translate, Verdict, Words, quarantine
from server.tracking.world import Context, Identity, StoredFact, World

log = logging.getLogger(__name__)

#: A station remembers its last eight verdicts (docs/architecture.md, "Live").
REMEMBERED = 8
#: What no operator needs to see among the last scans.
_SILENT = frozenset({Reason.UNKNOWN_TAG, Reason.REPEATED})
_SCANS = frozenset({"code_scanned", "tag_arrived", "tag_moved", "undo_requested", "correction"})

_WIRE_STATUS = {status: WireStatus(status.value) for status in Status}
_WIRE_SIGNAL = {signal: WireSignal(signal.value) for signal in Signal}


class Judged(NamedTuple):
    """One event with its answer; `first_fact` counts within the batch."""

    item: Item
    answer: Answer
    verdict: Verdict
    station_id: int | None
    first_fact: int
    facts: int


@dataclass(slots=True)
class Folded:
    """A whole batch judged: the world as it is afterwards, facts in order, an answer for each event."""

    world: World
    judged: list[Judged] = field(default_factory=list)
    facts: list[NewFact] = field(default_factory=list)


def fold(world: World, items: Sequence[Item], door: Door) -> Folded:
    """Judge the items one after the other; an event that cannot be judged never stops the next."""
    folded = Folded(world)
    translate = door.words(world.language)
    for number, item in enumerate(items):
        first = len(folded.facts)
        outcome = _outcome(world, item, number, first)
        _adopt(world, outcome)
        verdict = outcome.verdict
        folded.facts.extend(outcome.facts)
        answer = answer_of(item, verdict, translate)
        folded.judged.append(Judged(item, answer, verdict, outcome.station_id, first, len(outcome.facts)))
        if item.read is not None:
            _remember(world, item.read, verdict, outcome.station_id, number)
            _keep_deeds(world, item.read.identity, outcome.facts, first)
    return folded


def _outcome(world: World, item: Item, number: int, first_fact: int) -> Outcome:
    if item.read is None:
        problem = (item.fault or "").removesuffix(".") + "."
        return Outcome(quarantine(item.fault_reason, Words(words.BAD_FIELD, {"problem": problem})))
    try:
        # Numbers are given when the batch is saved; below zero they count within the batch.
        return judge(world, item.read, event_id=-number - 1, first_fact_id=-first_fact - 1)
    except Exception:
        # The supervisor of the fold: whatever a rule stumbles over concerns this event alone.
        log.exception("event_not_judged", extra={"action": "event_not_judged", "sequence": item.sequence})
        return Outcome(quarantine(Reason.INTERNAL_FAULT, Words(words.INTERNAL_FAULT)))


def _adopt(world: World, outcome: Outcome) -> None:
    world.adopt(outcome.rows)
    world.tallies.update(outcome.tallies)
    if outcome.supply is not None:
        world.supply = outcome.supply


def answer_of(item: Item, verdict: Verdict, translate: Translate) -> Answer:
    """The verdict in words."""
    return Answer(
        item.sequence,
        _WIRE_STATUS[verdict.status],
        # The plain text behind a member of an enumeration, which databases and encoders take fastest.
        verdict.action._value_ if verdict.action is not None else None,
        verdict.subject,
        verdict.words.render(translate),
        _WIRE_SIGNAL[verdict.signal],
        verdict.reason._value_ if verdict.reason is not None else None,
        verdict.undo,
    )


def _remember(world: World, read: Read, verdict: Verdict, station_id: int | None, number: int) -> None:
    """Put the verdict on top of the station's list; it is written out when the batch is saved, if it is still there."""
    if station_id is None or read.kind not in _SCANS or verdict.reason in _SILENT:
        return
    identity = read.identity
    entry = {
        "judged": number,
        "gateway": identity.gateway,
        "epoch": identity.epoch,
        "sequence": identity.sequence,
        "undo": verdict.undo,
        "undone": False,
    }
    context = world.contexts.get(station_id) or Context(station_id)
    verdicts = (entry, *context.verdicts[: REMEMBERED - 1])
    world.contexts[station_id] = Context(*context[:-1], verdicts)
    world.changed.setdefault(Context, set()).add(station_id)


def written_out(world: World, judged: Judged, entry: Mapping[str, Any], *, event_id: int) -> dict[str, Any]:
    """An entry of a station's list in full (server.erp.floor.models.StationState)."""
    answer = judged.answer
    order = world.orders.get(judged.verdict.order_id or 0)
    return {
        "event_id": event_id,
        "gateway": entry["gateway"],
        "epoch": entry["epoch"],
        "sequence": entry["sequence"],
        "observed_at": judged.item.observed_at.isoformat(),
        "code": named_of(judged.item).shown,
        "status": answer.status._value_,
        "action": answer.action,
        "subject": answer.subject,
        "order": order.number if order is not None else None,
        "say": answer.say,
        "signal": answer.signal._value_,
        "reason": answer.reason,
        "undo": entry["undo"],
        "undone": entry["undone"],
    }


def _keep_deeds(world: World, identity: Identity, facts: Sequence[NewFact], first: int) -> None:
    """A later event of this very batch may take these facts back."""
    if facts:
        world.deeds[identity] = tuple(StoredFact(-first - place - 1, fact) for place, fact in enumerate(facts))
