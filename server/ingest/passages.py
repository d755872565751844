"""What a batch brings to the passage checks that are open at its gates (server/erp/passages).

Nothing is asked for a batch none of whose read points compares passages, which is nearly every one. Whatever became of
a read, the thing was there: a refused one counts, too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.passages import repository
from server.erp.passages.models import PassageCheck, PassageItem
from server.erp.passages.rules import Role, ended_at
from server.erp.passages.schemas import BY_TIME
from server.ingest.fold import Folded
from server.tracking.interpret import find_unit
from server.tracking.overlap import READS
from server.tracking.states import Action
from server.tracking.steps import Read
from server.tracking.world import World

_LONGEST = 130


class Passed(NamedTuple):
    """One thing that was read at a gate."""

    read_point: str
    #: None of a tag that nobody knows.
    unit_id: int | None
    code: str
    at: datetime
    event_id: int


def note_passages(session: Session, folded: Folded, first_event: int) -> None:
    """Note at the open checks what this saved batch has read; the edge commits."""
    points = folded.world.read_points
    keys = {key for key, point in points.items() if point.checks_passages}
    if not keys:
        return
    passed = _passed(folded, keys, first_event)
    if not passed:
        return
    for check in repository.open_checks_at(session, {each.read_point for each in passed}):
        _note(session, check, [each for each in passed if each.read_point == check.read_point.key])
        touch(session, f"station:{check.read_point.station.key}")


def _passed(folded: Folded, keys: set[str], first_event: int) -> list[Passed]:
    found = []
    for number, judged in enumerate(folded.judged):
        read = judged.item.read
        if read is None or read.read_point not in keys or read.kind not in READS or read.named.kind != "unit":
            continue
        if judged.verdict.action is not Action.UNIT_OVERHEARD:
            found.append(_one(folded.world, read, first_event + number))
    return sorted(found, key=lambda each: each.at)


def _one(world: World, read: Read, event_id: int) -> Passed:
    assert read.read_point is not None
    unit = find_unit(read, world)
    code = unit.number if unit is not None else read.named.shown[:_LONGEST]
    return Passed(read.read_point, unit.id if unit is not None else None, code, read.observed_at, event_id)


def _note(session: Session, check: PassageCheck, passed: Sequence[Passed]) -> None:
    items = dict(repository.items(session, check.id, {each.code for each in passed}))
    for each in passed:
        if _is_over(check, each.at):
            break
        if each.at >= check.opened_at:
            _see(session, check, items, each)
    session.flush()


def _is_over(check: PassageCheck, at: datetime) -> bool:
    """Whether a read at this time belongs to another passage; the check is closed then."""
    over = ended_at(check.last_read_at, check.read_point.check_seconds, at)
    if over is not None:
        check.closed_at, check.closed_by = over, BY_TIME
    return over is not None


def _see(session: Session, check: PassageCheck, items: dict[str, PassageItem], each: Passed) -> None:
    check.last_read_at = each.at if check.last_read_at is None else max(check.last_read_at, each.at)
    item = items.get(each.code)
    if item is None:
        role = Role.STRANGER if each.unit_id is None else Role.UNEXPECTED
        item = PassageItem(check_id=check.id, role=role.value, unit_id=each.unit_id, code=each.code)
        items[each.code] = item
        session.add(item)
    if item.seen_at is None:
        item.seen_at, item.event_id = each.at, each.event_id
