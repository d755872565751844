"""Judging a batch in source order, each event in the world that the ones before it left."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from server.ingest.answer_templates import answering
from server.ingest.answers import Answer, answer_in, answer_of
from server.ingest.door import Door
from server.ingest.encoding import json_text
from server.ingest.reads import Item, named_of, read_of
from server.tracking import words
from server.tracking.facts import FactKind, NewFact
from server.tracking.heard_rows import Heard
from server.tracking.judge import judge
from server.tracking.midrun import Midruns
from server.tracking.overlap import contest, heard_unit
from server.tracking.states import Action, Reason
from server.tracking.steps import Read
from server.tracking.verdicts import Fate, Outcome, Verdict, Words, fate_of, quarantine
from server.tracking.world import Context, StoredFact, World

log = logging.getLogger(__name__)

#: A station remembers its last eight verdicts (docs/architecture.md, "Live pages").
REMEMBERED = 8
#: What no operator needs to see among the last scans.
_SILENT = frozenset({Reason.UNKNOWN_TAG, Reason.REPEATED})
_SCANS = frozenset({"code_scanned", "tag_arrived", "tag_moved", "undo_requested", "correction"})

_new = tuple.__new__


class Judged(NamedTuple):
    """One event with its answer; `first_fact` counts within the batch."""

    item: Item
    fate: Fate
    #: The answer as it is kept and sent.
    text: str
    verdict: Verdict
    station_id: int | None
    first_fact: int
    facts: int

    @property
    def answer(self) -> Answer:
        """The answer; it is read from its text each time, for few are asked for."""
        return answer_in(self.text)


class First(NamedTuple):
    """Where the numbers of a batch begin."""

    event: int
    fact: int


@dataclass(slots=True)
class Folded:
    """A whole batch judged: the world as it is afterwards, facts in order, an answer for each event."""

    world: World
    first: First
    judged: list[Judged] = field(default_factory=list)
    facts: list[NewFact] = field(default_factory=list)
    #: Places among the judged of those that did not simply pass on.
    turns: list[int] = field(default_factory=list)
    #: What the next batch may go on with.
    runs: Midruns | None = None
    #: The rows that were written of it; kept only to be thrown away with it.
    written: list[Any] = field(default_factory=list)

    def turned(self) -> Iterator[tuple[int, NewFact]]:
        """The facts of those, each with its place among all facts."""
        for number in self.turns:
            one = self.judged[number]
            for place in range(one.first_fact, one.first_fact + one.facts):
                yield place, self.facts[place]


def fold(world: World, items: Sequence[Item], door: Door, start: First, runs: Midruns | None = None) -> Folded:
    """Judge the items one after the other; an event that cannot be judged never stops the next.

    Events and facts are numbered from `start` on. `runs` are those of the batch before, when nothing else has changed
    since.
    """
    translate = door.words(world.language)
    midruns = runs if runs is not None and runs.translate == translate else Midruns(translate, answering)
    midruns.enter(world)
    folded = Folded(world, start, runs=midruns)
    notes, facts, judged = _Notes(folded), folded.facts, folded.judged
    first_event, first_fact = start
    for number, (item, read) in enumerate(zip(items, map(read_of, items), strict=True)):
        first = len(facts)
        try:
            passed = midruns.pass_on(read, first_event + number, first_fact + first)
        except Exception:
            # The supervisor of the fold, as below: whatever goes wrong is left to the rules.
            log.exception("event_not_passed", extra={"action": "event_not_passed", "sequence": item.sequence})
            passed = None
        if passed is None:
            midruns.settle()
            notes.put_down(read)
            folded.turns.append(number)
            _turn(folded, midruns, item, number)
            continue
        run, text, fact = passed
        facts.append(fact)
        judged.append(_new(Judged, (item, run.fate, text, run.verdict, run.station_id, first, 1)))
    midruns.settle()
    notes.put_down(None)
    return folded


def _turn(folded: Folded, midruns: Midruns, item: Item, number: int) -> None:
    """One event that does not simply pass."""
    world, first = folded.world, len(folded.facts)
    outcome = _judge(world, item, folded.first.event + number, folded.first.fact + first)
    _adopt(world, outcome, first)
    midruns.forget(outcome.rows)
    folded.facts.extend(outcome.facts)
    _hear(world, item.read, outcome, folded.first.fact + first)
    verdict = outcome.verdict
    say, alerts = verdict.words.render(midruns.translate), world.alerts.get(verdict.order_id or 0, ())
    text = json_text(answer_of(item.sequence, verdict, say, alerts))
    folded.judged.append(Judged(item, fate_of(verdict), text, verdict, outcome.station_id, first, len(outcome.facts)))


def _judge(world: World, item: Item, event_id: int, fact_id: int) -> Outcome:
    """Judge one event by all the rules; its facts are numbered from `fact_id` on."""
    if item.read is None:
        problem = (item.fault or "").removesuffix(".") + "."
        return Outcome(quarantine(item.fault_reason, Words(words.BAD_FIELD, {"problem": problem})))
    try:
        return judge(world, item.read, event_id=event_id, first_fact_id=fact_id)
    except Exception:
        # The supervisor of the fold: whatever a rule stumbles over concerns this event alone.
        log.exception("event_not_judged", extra={"action": "event_not_judged", "sequence": item.sequence})
        return Outcome(quarantine(Reason.INTERNAL_FAULT, Words(words.INTERNAL_FAULT)))


def _hear(world: World, read: Read | None, outcome: Outcome, fact_id: int) -> None:
    """Remember which read of a tag says where its unit is, where the next one may say it better."""
    unit_id = heard_unit(world, read, outcome.verdict) if read is not None else None
    if read is not None and unit_id is not None:
        assert read.read_point is not None
        assert read.strength is not None
        world.heard[unit_id] = Heard(read.identity, read.read_point, read.observed_at, read.strength)
        world.deeds[read.identity] = tuple(StoredFact(*deed) for deed in enumerate(outcome.facts, fact_id))


def _adopt(world: World, outcome: Outcome, first_fact: int) -> None:
    world.adopt(outcome.rows)
    _note_reworks(world, outcome.facts)
    world.tallies.update(outcome.tallies)
    if outcome.supply is not None:
        world.supply = outcome.supply
    if outcome.booked:
        world.goods.adopt(outcome.booked, first_fact)


def _note_reworks(world: World, facts: Sequence[NewFact]) -> None:
    """Later reads of the batch may be from before a unit was sent back in it."""
    for fact in facts:
        if fact.unit_id is not None and fact.kind is FactKind.UNIT_REWORKED:
            world.sent_back[fact.unit_id] = fact.observed_at
        elif fact.kind is FactKind.REVERSED and fact.told["reverses"] == FactKind.UNIT_REWORKED.value:
            # Whether it had been sent back before that, too, the next batch knows.
            world.sent_back.pop(fact.unit_id or 0, None)


class _Notes:
    """What later events of the batch may ask about earlier ones; put down only when one might, for few do."""

    def __init__(self, folded: Folded) -> None:
        self._folded = folded
        #: So many of the judged stand in the lists of their stations, and so many have their facts kept.
        self._remembered = 0
        self._kept = 0

    def put_down(self, read: Read | None) -> None:
        """Bring the world up to date for an event that the rules will judge, or for saving (None)."""
        if read is None:
            self._remember()
        elif read.corrects is not None or read.named.kind == "command":
            # Only these look at what was said before.
            self._remember()
            self._keep_deeds()
        elif contest(self._folded.world, read) is not None:
            self._remember()

    def _remember(self) -> None:
        """Put the verdicts on top of their stations' lists; they are written out when the batch is saved."""
        world, judged = self._folded.world, self._folded.judged
        fresh: dict[int, list[dict[str, Any]]] = {station_id: [] for station_id in world.stations}
        waiting = len(fresh)
        # From the last one back, until no station has room: each remembers few.
        for number in range(len(judged) - 1, self._remembered - 1, -1):
            if not waiting:
                break
            one = judged[number]
            entries = fresh.get(one.station_id or 0)
            if entries is not None and len(entries) < REMEMBERED and _is_scan(one):
                entries.append(_entry(one, number))
                waiting -= len(entries) == REMEMBERED
        self._remembered = len(judged)
        for station_id, entries in fresh.items():
            if not entries:
                continue
            context = world.contexts.get(station_id) or Context(station_id)
            verdicts = (*entries, *context.verdicts)[:REMEMBERED]
            world.contexts[station_id] = Context(*context[:-1], verdicts)
            world.changed[Context].add(station_id)

    def _keep_deeds(self) -> None:
        """A later event of this very batch may take these facts back."""
        folded = self._folded
        for one in folded.judged[self._kept :]:
            if one.item.read is not None and one.facts:
                span = range(one.first_fact, one.first_fact + one.facts)
                deeds = tuple(StoredFact(folded.first.fact + place, folded.facts[place]) for place in span)
                folded.world.deeds[one.item.read.identity] = deeds
        self._kept = len(folded.judged)


def _is_scan(judged: Judged) -> bool:
    read = judged.item.read
    silent = judged.verdict.reason in _SILENT or judged.verdict.action is Action.UNIT_OVERHEARD
    return read is not None and read.kind in _SCANS and not silent


def _entry(judged: Judged, number: int) -> dict[str, Any]:
    assert judged.item.read is not None
    identity = judged.item.read.identity
    return {
        "judged": number,
        "gateway": identity.gateway,
        "epoch": identity.epoch,
        "sequence": identity.sequence,
        "undo": judged.verdict.undo,
        "undone": False,
    }


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
        **({"alerts": answer.alerts} if answer.alerts else {}),
    }
