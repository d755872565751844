"""One tag heard by two read points that overlap: it is where it is heard better, and nowhere else. Pure.

The first read counts at once, for a floor does not wait. A read at another read point of the group within the window
is compared with it: clearly louder, and it stands in its place; else it is kept and moves nothing. The margin keeps a
tag between two doors from going to and fro.
"""

from typing import Any, Final

from orderlight.events import EventKind
from server.tracking import words
from server.tracking.draft import ONE, Draft
from server.tracking.facts import FactKind
from server.tracking.heard_rows import Heard, Strength
from server.tracking.interpret import find_unit
from server.tracking.states import Action, Reason, Signal, Status
from server.tracking.steps import Read, TakeBack
from server.tracking.undo import take_back
from server.tracking.verdicts import Verdict, Words
from server.tracking.world import Station, World

#: What the mean signal must be louder by; less is the same to two antennas.
MARGIN_DB: Final = 6.0
#: Where the signal decides nothing: so many times as many reads do.
TIMES: Final = 2
_TAGS: Final = frozenset({EventKind.TAG_ARRIVED.value, EventKind.TAG_MOVED.value})
#: What says that a thing is there.
READS: Final = _TAGS | {EventKind.CODE_SCANNED.value}


def contest(world: World, read: Read) -> Heard | None:
    """The read that says where the unit is, when this one is of the same moment and from a neighbour."""
    point = world.read_points.get(read.read_point or "")
    # A move within one gateway was decided there, by all that its antennas heard.
    if point is None or point.overlap is None or read.kind != EventKind.TAG_ARRIVED or read.named.kind != "unit":
        return None
    unit = find_unit(read, world)
    held = world.heard.get(unit.id) if unit is not None else None
    if unit is None or held is None or held.read_point == point.key:
        return None
    if (unit.last_read_point, unit.last_seen_at) != (held.read_point, held.observed_at):
        return None
    other = world.read_points.get(held.read_point)
    if other is None or other.overlap != point.overlap:
        return None
    apart = abs((read.observed_at - held.observed_at).total_seconds())
    return held if apart <= point.overlap_seconds else None


def heard_unit(world: World, read: Read, verdict: Verdict) -> int | None:
    """The unit that is where this read heard it, as the verdict says; None where no neighbour may object."""
    point = world.read_points.get(read.read_point or "")
    if point is None or point.overlap is None or read.kind not in _TAGS or read.strength is None:
        return None
    if verdict.status is not Status.APPLIED or verdict.action is Action.UNIT_OVERHEARD:
        return None
    unit = find_unit(read, world)
    return unit.id if unit is not None else None


def is_louder(here: Strength, there: Strength) -> bool:
    """Whether the later read may stand in the place of the earlier one."""
    gain = _gain(here, there)
    if gain is not None and abs(gain) >= MARGIN_DB:
        return gain > 0
    return (here.reads or 0) >= TIMES * max(1, there.reads or 0)


def _gain(here: Strength, there: Strength) -> float | None:
    if here.rssi_dbm is None or there.rssi_dbm is None:
        return None
    return here.rssi_dbm - there.rssi_dbm


def retract(draft: Draft, held: Heard, there: Station) -> bool:
    """Take back what the earlier read did; False when that cannot be done any more, so that it stays."""
    verdict = take_back(draft, TakeBack(held.identity, there))
    if verdict.reason is not Reason.NOTHING_TO_UNDO:
        return verdict.status is Status.APPLIED
    for stored in draft.world.deeds.get(held.identity, ()):
        fact = stored.fact
        if fact.kind is FactKind.UNIT_SEEN:
            about = {"order_id": fact.order_id, "work_order_id": fact.work_order_id, "unit_id": fact.unit_id}
            detail = {"reverses": fact.kind.value}
            draft.fact(FactKind.REVERSED, fact.subject, reverses_id=stored.id, detail=detail, **about)
    return True


def overhear(draft: Draft, read: Read, held: Heard, there: Station) -> Verdict:
    """The unit stays where it is; that it was heard here, too, is written down beside it."""
    unit = find_unit(read, draft.world)
    assert unit is not None
    assert read.strength is not None
    about = {"order_id": unit.order_id, "work_order_id": unit.work_order_id, "unit_id": unit.id, "quantity": ONE}
    both = {"here": read.strength._asdict(), "at_there": held.strength._asdict()}
    draft.fact(FactKind.UNIT_OVERHEARD, unit.number, step=unit.step, detail={"there": held.read_point, **both}, **about)
    values = {"unit": unit.number, "there": there.name, "more": _more(read.strength, held.strength)}
    return Verdict(
        Status.APPLIED,
        Words(words.OVERHEARD, values),
        Signal.OK,
        action=Action.UNIT_OVERHEARD,
        subject=unit.number,
        order_id=unit.order_id,
    )


def _more(here: Strength, there: Strength) -> Words:
    """In which way the other read point heard it better."""
    gain = _gain(here, there)
    values: dict[str, Any] = {"here_dbm": here.rssi_dbm, "there_dbm": there.rssi_dbm}
    values |= {"here_reads": here.reads, "there_reads": there.reads}
    if gain is not None and gain <= -MARGIN_DB:
        return Words(words.HEARD_LOUDER_THERE, values)
    if here.reads is not None and (there.reads or 0) > here.reads:
        return Words(words.HEARD_OFTENER_THERE, values)
    return Words(words.HEARD_BEFORE)
