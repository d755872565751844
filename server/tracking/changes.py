"""Changes after release: which units they stop until a station has seen them, and who has. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from server.messages import N_
from server.tracking import words
from server.tracking.change_rows import Acknowledgement, Change, Repack
from server.tracking.draft import Draft
from server.tracking.facts import FactKind
from server.tracking.places import current_operation
from server.tracking.states import ChangeState, Effectivity, HandlingUnitState, Reason, RepackState, UnitState
from server.tracking.verdicts import Verdict, Words, refusal
from server.tracking.world import Box, Operator, Station, Unit, World

#: What may change after the release, as sentences name it.
FIELDS: Final[Mapping[str, str]] = {
    "packaging": N_("packaging"),
    "box": N_("box"),
    "per_box": N_("pieces per box"),
    "inner_material": N_("inner material"),
    "label_text": N_("label text"),
    "packaging_notes": N_("packaging note"),
    "picture": N_("packaging picture"),
    "instructions": N_("instructions"),
}
#: What whoever packs must know; the rest is for whoever makes.
PACKAGING: Final = frozenset(FIELDS) - {"instructions"}
_FIELD_CHANGED: Final = N_("{field} {before} → {after}")
_ANOTHER_PICTURE: Final = N_("another picture of the packaging")
_AND_ALSO: Final = N_("{one}; {more}")
_IN_PROCESS: Final = UnitState.IN_PROCESS.value
_PACKED: Final = UnitState.PACKED.value
_IMMEDIATE: Final = Effectivity.IMMEDIATE.value
_OPEN_BOX: Final = HandlingUnitState.OPEN.value
_OPEN: Final = RepackState.OPEN.value


def describe(difference: Sequence[Mapping[str, Any]]) -> Words:
    """The difference in words that can be said in any language: box B40 → B60; inner material none → foam."""
    said = [_field(each) for each in difference] or [Words(words.AS_ORDERED)]
    whole = said[-1]
    for one in reversed(said[:-1]):
        whole = Words(_AND_ALSO, {"one": one, "more": whole})
    return whole


def _field(each: Mapping[str, Any]) -> Words:
    if each["field"] == "picture":  # Its hash says nothing to anybody; pages show it.
        return Words(_ANOTHER_PICTURE)
    nothing = Words(words.NOTHING_BEFORE)
    values = {"before": each["before"] or nothing, "after": each["after"] or nothing}
    return Words(_FIELD_CHANGED, {"field": Words(FIELDS[each["field"]]), **values})


def unseen(world: World, unit: Unit, station: Station, at: datetime | None) -> Verdict | None:
    """Why the unit may not go on here: nobody at this station has seen a change of it.

    `at` is the time of the read; what was read before the change counted is no affair of it. None asks for any time.
    """
    if not world.acknowledgements:
        return None
    found = [
        change
        for change in _pending(world, station.id)
        if (at is None or change.applied_at is None or at >= change.applied_at)
        and _concerns(world, change, unit, station)
    ]
    if not found:
        return None
    difference = [each for change in found for each in change.difference]
    said = Words(words.SPEC_CHANGED, {"unit": unit.number, "what": describe(difference)})
    return refusal(Reason.SPEC_CHANGED, said, subject=unit.number, order_id=unit.order_id)


def _pending(world: World, station_id: int) -> list[Change]:
    return [
        world.change_requests[found.change_id]
        for found in world.acknowledgements.values()
        if found.station_id == station_id and found.acknowledged_at is None
    ]


def _concerns(world: World, change: Change, unit: Unit, station: Station) -> bool:
    if not change.is_about(unit.work_order_id):
        return False
    if change.effectivity == Effectivity.IMMEDIATE:
        return True
    if unit.state == _PACKED:
        return False
    if change.effectivity == Effectivity.NEXT_UNIT and unit.state == _IN_PROCESS:
        current = current_operation(world, unit)
        return current is None or current.work_center_id != station.work_center_id
    return change.effectivity != Effectivity.NEXT_BATCH or not _goes_into_begun_box(world, change, unit, station)


def _goes_into_begun_box(world: World, change: Change, unit: Unit, station: Station) -> bool:
    """Whether the box that the station fills was opened for this order before the change counted."""
    context = world.contexts.get(station.id)
    box = world.boxes.get(context.open_box_id or 0) if context is not None else None
    if box is None or box.state != _OPEN_BOX or box.order_id != unit.order_id:
        return False
    return change.applied_at is not None and box.opened_at < change.applied_at


def pieces_in(world: World, box: Box, work_order_id: int | None) -> int | None:
    """How many units of the work order the box holds at most, which a change for the next batch leaves as it was."""
    most = world.per_box.get(work_order_id or 0)
    later = [
        (change.applied_at, change.effectivity, each["before"])
        for change in world.change_requests.values()
        if change.is_about(work_order_id) and change.applied_at is not None and box.opened_at < change.applied_at
        for each in change.difference
        if each["field"] == "per_box"
    ]
    for _at, effectivity, before in sorted(later, key=lambda one: one[0], reverse=True):
        if effectivity != Effectivity.NEXT_BATCH:
            break
        most = None if before is None else int(before)
    return most


def acknowledge(draft: Draft, station: Station, operator: Operator) -> Words | None:
    """Whoever shows his badge has seen what the screen shows; None when nothing waited for that."""
    at = draft.cause.observed_at
    seen: list[Mapping[str, Any]] = []
    for row in draft.world.acknowledgements.values():
        change = draft.world.change_requests[row.change_id]
        late = change.applied_at is not None and at < change.applied_at
        if row.station_id != station.id or row.acknowledged_at is not None or late:
            continue
        draft.change(row, acknowledged_at=at, badge=operator.badge, name=operator.name)
        _settle_change(draft, change)
        detail = {"station": station.key, "operator": operator.badge, "name": operator.name}
        about = {"order_id": change.order_id, "work_order_id": change.work_order_id}
        draft.fact(FactKind.CHANGE_ACKNOWLEDGED, change.number, detail=detail, **about)
        seen += change.difference
    if not seen:
        return None
    return Words(words.ACKNOWLEDGED, {"name": operator.name, "station": station.name, "what": describe(seen)})


def _settle_change(draft: Draft, change: Change) -> None:
    """The change is acknowledged with the last of its stations."""
    rows = [found for found in draft.world.acknowledgements.values() if found.change_id == change.id]
    if all(_now(draft, row).acknowledged_at is not None for row in rows):
        draft.change(change, state=ChangeState.ACKNOWLEDGED.value, acknowledged_at=draft.cause.observed_at)


def _now(draft: Draft, row: Acknowledgement) -> Acknowledgement:
    return draft.acknowledgements.get(row.id, row)


# --- packing anew ---


def repack_of(world: World, unit_id: int) -> Repack | None:
    """The open task to pack the unit anew."""
    if not world.repacks:
        return None
    return next((row for row in world.repacks.values() if row.unit_id == unit_id and row.state == _OPEN), None)


def must_repack(world: World, box_id: int, number: str) -> Verdict | None:
    """Why the box may not leave: something in it is to be packed anew."""
    for row in world.repacks.values():
        unit = world.units.get(row.unit_id)
        if row.state == _OPEN and unit is not None and unit.parent_id == box_id:
            values = {"unit": unit.number, "box": number, "what": describe(row.difference)}
            return refusal(
                Reason.SPEC_CHANGED, Words(words.REPACK_FIRST, values), subject=number, order_id=row.order_id
            )
    return None


def packed_anew(draft: Draft, unit: Unit) -> None:
    """A unit that goes into a box fulfils its open task, if it has one."""
    task = repack_of(draft.world, unit.id)
    if task is None:
        return
    done = {"done_at": draft.cause.observed_at, "done_by": draft.cause.actor}
    draft.change(task, state=RepackState.DONE.value, **done)
    about = {"unit_id": unit.id, "order_id": unit.order_id, "work_order_id": unit.work_order_id}
    draft.fact(FactKind.REPACK_DONE, unit.number, **about)


def request_late(draft: Draft, unit: Unit, box_id: int) -> None:
    """A scan from before an immediate change that comes after it: the unit was packed as it should not be any more."""
    at = draft.cause.observed_at
    for change in draft.world.change_requests.values():
        late = change.applied_at is not None and at < change.applied_at
        if not late or not change.is_about(unit.work_order_id) or not _packs_at_once(change):
            continue
        _open_task(draft, change, unit, box_id)
        about = {"unit_id": unit.id, "order_id": unit.order_id, "work_order_id": unit.work_order_id}
        draft.fact(FactKind.REPACK_REQUESTED, unit.number, detail={"change": change.number}, **about)


def _packs_at_once(change: Change) -> bool:
    return change.effectivity == _IMMEDIATE and any(each["field"] in PACKAGING for each in change.difference)


def _open_task(draft: Draft, change: Change, unit: Unit, box_id: int) -> None:
    """A change wants a unit packed anew by one task, which may be opened again."""
    tasks = (*draft.world.repacks.values(), *draft.repacks.values())
    found = next((row for row in tasks if (row.change_id, row.unit_id) == (change.id, unit.id)), None)
    if found is not None:
        draft.change(draft.repacks.get(found.id, found), state=_OPEN, done_at=None, done_by=None)
        return
    task_id, *left = draft.supply.repack_ids
    draft.supply = draft.supply._replace(repack_ids=tuple(left))
    draft.create(
        Repack(task_id, change.id, unit.id, change.order_id, _OPEN, change.difference, None, None, box_id,
               change.applied_at)
    )  # fmt: skip


def take_back_repack(draft: Draft, row_id: int, earlier: Mapping[str, Any]) -> None:
    """The unit is out of its box again, so its task is open again."""
    task = draft.world.repacks.get(row_id)
    if task is not None:
        draft.change(task, **earlier)
