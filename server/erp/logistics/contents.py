"""What lies in boxes and on pallets, and on which pallet a box lies: every query about it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from server.erp.logistics.models import HandlingUnit
from server.erp.production.models import Unit
from server.tracking.states import UnitKind

_CONTAINER = UnitKind.CONTAINER.value


@dataclass(frozen=True, slots=True)
class Inside:
    """What a box or pallet holds, and what it lies on."""

    units: int = 0
    boxes: Sequence[str] = ()
    pallet: str | None = None


def inside(session: Session, ids: Collection[int]) -> Mapping[int, Inside]:
    """The contents of these handling units by id, in a constant number of queries."""
    on = boxes_on(session, ids)
    counts = units_count(session, {*ids, *(box.id for boxes in on.values() for box in boxes)})
    pallets = pallets_of(session, ids)
    return {
        each: Inside(
            counts.get(each, 0) + sum(counts.get(box.id, 0) for box in on.get(each, ())),
            [box.number for box in on.get(each, ())],
            pallets[each].number if each in pallets else None,
        )
        for each in ids
    }


def boxes_on(session: Session, pallet_ids: Collection[int]) -> Mapping[int, list[HandlingUnit]]:
    """The boxes on each of these pallets, by rising id."""
    statement = (
        select(Unit.parent_id, HandlingUnit)
        .join(HandlingUnit, HandlingUnit.id == Unit.id)
        .where(Unit.parent_id.in_(pallet_ids), Unit.kind == _CONTAINER)
        .order_by(Unit.id)
    )
    found: dict[int, list[HandlingUnit]] = defaultdict(list)
    for pallet_id, box in session.execute(statement):
        found[pallet_id or 0].append(box)
    return found


def units_count(session: Session, box_ids: Collection[int]) -> Mapping[int, int]:
    """How many units lie in each of these boxes themselves."""
    statement = select(Unit.parent_id, func.count()).where(Unit.parent_id.in_(box_ids), Unit.kind != _CONTAINER)
    return {box_id or 0: count for box_id, count in session.execute(statement.group_by(Unit.parent_id))}


def pallets_of(session: Session, box_ids: Collection[int]) -> Mapping[int, HandlingUnit]:
    """The pallet of each of these boxes that lies on one, by the box's id."""
    side = aliased(Unit)
    statement = (
        select(side.id, HandlingUnit).join(HandlingUnit, HandlingUnit.id == side.parent_id).where(side.id.in_(box_ids))
    )
    return dict(session.execute(statement).all())
