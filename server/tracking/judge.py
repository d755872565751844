"""One event judged: interpret it, take the step, and hand back what changes. Pure."""

from orderlight.events import EventKind
from server.tracking import words
from server.tracking.advance import advance, disarm
from server.tracking.armed import armed_command
from server.tracking.crew import badges_of
from server.tracking.draft import Cause, Draft
from server.tracking.heard_rows import Heard
from server.tracking.interpret import interpret
from server.tracking.overlap import contest, is_louder, overhear, retract
from server.tracking.states import Reason, Status
from server.tracking.steps import Read, TakeBack
from server.tracking.verdicts import Outcome, Verdict, Words
from server.tracking.world import Station, World


def judge(world: World, read: Read, *, event_id: int | None, first_fact_id: int) -> Outcome:
    """The outcome of one event in this world; the world itself is not changed."""
    station = _station(world, read)
    cause = Cause(
        actor=_actor(world, read, station),
        observed_at=read.observed_at,
        station_id=station.id if station is not None else None,
        read_point=read.read_point if station is not None else None,
        event_id=event_id,
        first_fact_id=first_fact_id,
        crew=_crew(world, read, station),
    )
    draft = Draft(world, cause)
    verdict = _judge(draft, read)
    if verdict.status is not Status.APPLIED:
        return _refused(world, read, station, cause, verdict)
    return Outcome(
        verdict, cause.station_id, draft.rows(), tuple(draft.facts), draft.tallies, draft.supply, tuple(draft.booked)
    )


def _judge(draft: Draft, read: Read) -> Verdict:
    if read.kind == EventKind.CORRECTION:
        return _correct(draft, read)
    held = contest(draft.world, read)
    return _dispute(draft, read, held) if held is not None else _take(draft, read, draft.world)


def _dispute(draft: Draft, read: Read, held: Heard) -> Verdict:
    """Two read points heard one tag: the louder one has it, and what the other one did is taken back."""
    world = draft.world
    there = world.stations[world.read_points[held.read_point].station_id]
    assert read.strength is not None
    if not is_louder(read.strength, held.strength) or not retract(draft, held, there):
        return overhear(draft, read, held, there)
    draft.cause = draft.cause._replace(instead_of=held.read_point)
    verdict = _take(draft, read, draft.as_world())
    said = Words(words.HEARD_LOUDER, {"said": verdict.words, "there": there.name})
    return verdict._replace(words=said) if verdict.status is Status.APPLIED else verdict


def _take(draft: Draft, read: Read, world: World) -> Verdict:
    step = interpret(read, world)
    return step if isinstance(step, Verdict) else advance(draft, step)


def _correct(draft: Draft, read: Read) -> Verdict:
    """A correction takes the earlier event back and stands in its place, or does neither."""
    if read.corrects is None or read.named.kind == "nothing":
        return _take(draft, read._replace(kind=EventKind.UNDO_REQUESTED), draft.world)
    station = _station(draft.world, read)
    verdict = advance(draft, TakeBack(read.corrects, station))
    if verdict.status is not Status.APPLIED:
        return verdict
    # What follows is judged in the world as the reversal leaves it.
    return _take(draft, read._replace(kind=EventKind.CODE_SCANNED), draft.as_world())


def _refused(world: World, read: Read, station: Station | None, cause: Cause, verdict: Verdict) -> Outcome:
    """Nothing happens, except that a command card which met its unit is used up."""
    if station is None or verdict.subject is None or armed_command(read, world, station) is None:
        return Outcome(verdict, cause.station_id)
    if verdict.reason is Reason.REASON_MISSING:
        return Outcome(verdict, cause.station_id)
    draft = Draft(world, cause)
    disarm(draft, station.id)
    return Outcome(verdict, cause.station_id, draft.rows())


def _station(world: World, read: Read) -> Station | None:
    read_point = world.read_points.get(read.read_point or "")
    return world.stations[read_point.station_id] if read_point is not None else None


def _crew(world: World, read: Read, station: Station | None) -> tuple[str, ...]:
    """Everybody who works at the station, when it is more than one and the event itself names nobody."""
    return () if read.actor_is_person or station is None else badges_of(world.contexts.get(station.id))


def _actor(world: World, read: Read, station: Station | None) -> str:
    if read.actor_is_person or station is None:
        return read.actor
    context = world.contexts.get(station.id)
    badge = context.operator_badge if context is not None else None
    return f"operator:{badge}" if badge is not None else read.actor
