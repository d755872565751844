"""Taking a scan back: compensating facts that restore what was before. Pure.

Units and boxes get their earlier state back; counts are taken back by what the scan had added, because other
units may have been counted since; everything derived from counts is settled anew.
"""

from datetime import datetime
from typing import Any, Final

from server.tracking import words
from server.tracking.changes import take_back_repack
from server.tracking.draft import Draft
from server.tracking.facts import FactKind, NewFact
from server.tracking.goods import take_back_load
from server.tracking.heard_rows import Identity
from server.tracking.places import next_name
from server.tracking.settle import settle
from server.tracking.states import Action, HandlingUnitState, Reason, Signal, Status
from server.tracking.steps import UNDO_SECONDS, TakeBack
from server.tracking.verdicts import Verdict, Words, refusal
from server.tracking.world import Box, Shipment, StoredFact, Unit, World

_COUNTS: Final = ("started", "good", "scrap")
_PAUSING: Final = frozenset({FactKind.OPERATION_PAUSED, FactKind.OPERATION_RESUMED})
#: What another event undid cannot be undone; what only notes something need not be.
_NOT_REVERSIBLE: Final = frozenset(
    {
        FactKind.REVERSED,
        FactKind.OPERATOR_CHANGED,
        FactKind.OPERATOR_LEFT,
        FactKind.COMMAND_ARMED,
        FactKind.CHANGE_ACKNOWLEDGED,
        FactKind.LOCATION_CHOSEN,
    }
)
_ARRIVALS: Final = frozenset({FactKind.UNIT_DELIVERED, FactKind.BOX_RECEIVED})
#: Acts whose mere existence stays: an empty box, a shipment without boxes. Both are used again by the next scan.
_CREATIONS: Final = frozenset({FactKind.BOX_OPENED, FactKind.SHIPMENT_CREATED, FactKind.UNIT_SEEN})


def take_back(draft: Draft, step: TakeBack) -> Verdict:
    """Reverse every fact of the event, the last one first."""
    facts = [found for found in draft.world.deeds.get(step.target, ()) if found.fact.kind not in _NOT_REVERSIBLE]
    facts = [found for found in facts if found.fact.kind not in _CREATIONS]
    if not facts:
        return refusal(Reason.NOTHING_TO_UNDO, Words(words.NOTHING_TO_UNDO))
    refused = _not_allowed(draft, step, facts) or _moved_on(draft.world, facts)
    if refused is not None:
        return refused
    for stored in reversed(facts):
        _reverse(draft, stored, step)
    _strike_out(draft, step.target, facts)
    return _said(draft, facts[-1].fact, facts[0].fact)


def _not_allowed(draft: Draft, step: TakeBack, facts: list[StoredFact]) -> Verdict | None:
    fact = facts[0].fact
    same_station = step.station is not None and step.station.id == fact.station_id
    if not same_station and draft.cause.actor != fact.actor:
        return refusal(Reason.NOT_ALLOWED, Words(words.NOT_YOURS), subject=fact.subject, order_id=fact.order_id)
    age = (draft.cause.observed_at - fact.observed_at).total_seconds()
    if age > UNDO_SECONDS:
        return refusal(Reason.TOO_LATE, Words(words.TOO_LATE), subject=fact.subject, order_id=fact.order_id)
    return None


def _moved_on(world: World, facts: list[StoredFact]) -> Verdict | None:
    """Why the things touched are no longer as this event left them; None when they are."""
    subject = _moved_unit(world, facts) or _moved_box(world, facts)
    if subject is None:
        return None
    said = Words(words.MOVED_ON, {"subject": subject})
    return refusal(Reason.MOVED_ON, said, subject=subject, order_id=facts[-1].fact.order_id)


def _moved_unit(world: World, facts: list[StoredFact]) -> str | None:
    """The last fact of a unit must still be the one behind its present state."""
    last = {row_id: stored for stored in facts for kind, row_id, _ in _after(stored) if kind == "unit"}
    for unit_id, stored in last.items():
        unit = world.units.get(unit_id)
        if unit is None or unit.last_fact_id != stored.id:
            return unit.number if unit is not None else stored.fact.subject
    return None


def _moved_box(world: World, facts: list[StoredFact]) -> str | None:
    """A box that was changed must be as it was left; one that was only filled or emptied must be open."""
    left: dict[tuple[str, int], dict[str, Any]] = {}
    for stored in facts:
        for kind, row_id, after in _after(stored):
            if kind in _RESTORED:
                left.setdefault((kind, row_id), {}).update(after)
    for box_id in _boxes_of_units(facts):
        left.setdefault(("handling_unit", box_id), {"state": HandlingUnitState.OPEN.value})
    for (kind, row_id), after in left.items():
        row = _table(world, kind).get(row_id)
        if row is None or any(not _equal(getattr(row, column), value) for column, value in after.items()):
            return str(row.number) if row is not None else facts[-1].fact.subject
    return None


def _boxes_of_units(facts: list[StoredFact]) -> set[int]:
    moved = [stored.fact.told.get(side, {}) for stored in facts for side in ("before", "after")]
    units = [values for rows in moved for name, values in rows.items() if name.startswith("unit:") and values]
    return {values["parent_id"] for values in units if values.get("parent_id") is not None}


def _after(stored: StoredFact) -> list[tuple[str, int, dict[str, Any]]]:
    rows = stored.fact.told.get("after", {})
    return [(name.partition(":")[0], int(name.partition(":")[2]), values) for name, values in rows.items()]


def _reverse(draft: Draft, stored: StoredFact, step: TakeBack) -> None:
    fact = stored.fact
    for name, earlier in fact.told.get("before", {}).items():
        if earlier is not None:
            _put_back(draft, fact, name, earlier, step)
    settle(draft, fact.work_order_id)
    take_back_load(draft, fact)
    draft.fact(
        FactKind.REVERSED,
        fact.subject,
        order_id=fact.order_id,
        work_order_id=fact.work_order_id,
        unit_id=fact.unit_id,
        step=fact.step,
        quantity=fact.quantity,
        reverses_id=stored.id,
        detail={"reverses": fact.kind.value},
    )


def _put_back(draft: Draft, fact: NewFact, name: str, earlier: dict[str, Any], step: TakeBack) -> None:
    """One row as it was before the fact, or, of counts that others moved since, less what the fact added."""
    kind, _, text = name.partition(":")
    row_id = int(text)
    if kind == "unit":
        draft.move(draft.unit(row_id), **earlier)
    elif kind == "operation":
        _uncount(draft, row_id, earlier, fact.told["after"][name], fact.kind)
    elif kind == "sales_order" and "lifecycle" in earlier:
        # With its last delivery an order is done; without it, it is not.
        draft.change(draft.order(row_id), lifecycle=earlier["lifecycle"])
    elif kind == "repack_task":
        take_back_repack(draft, row_id, earlier)
    elif kind in _RESTORED:
        _restore(draft, kind, row_id, earlier, step)


def _uncount(draft: Draft, row_id: int, earlier: dict[str, Any], later: dict[str, Any], kind: FactKind) -> None:
    operation = draft.operation(row_id)
    changes: dict[str, Any] = {
        column: getattr(operation, column) - (later[column] - earlier[column])
        for column in _COUNTS
        if column in earlier
    }
    if kind in _PAUSING and operation.state == later.get("state"):
        changes["state"] = earlier["state"]
    if changes:
        draft.change(operation, **changes)


def _restore(draft: Draft, kind: str, row_id: int, earlier: dict[str, Any], step: TakeBack) -> None:
    values = {column: _time(column, value) for column, value in earlier.items()}
    if kind == "shipment":
        draft.change(draft.shipment(row_id), **values)
        return
    box = draft.change(draft.box(row_id), **values)
    station_id = step.station.id if step.station is not None else box.station_id
    if station_id is None or box.state != "open":
        return
    context = draft.context(station_id)
    if context.open_box_id is None:
        draft.remember(context._replace(open_box_id=box.id))


def _strike_out(draft: Draft, target: Identity, facts: list[StoredFact]) -> None:
    """The station's list shows the verdict as taken back, and offers the one before it."""
    station_id = facts[0].fact.station_id
    if station_id is None:
        return
    context = draft.context(station_id)
    verdicts = tuple(
        {**verdict, "undo": False, "undone": True}
        if (verdict["gateway"], verdict["epoch"], verdict["sequence"]) == target
        else verdict
        for verdict in context.verdicts
    )
    draft.remember(context._replace(verdicts=verdicts))


def _said(draft: Draft, last: NewFact, first: NewFact) -> Verdict:
    if first.kind in _ARRIVALS:
        return _applied(Words(words.REVERSED_DELIVERY, {"subject": last.subject}), last)
    about = first if first.unit_id is not None else last
    unit = draft.unit(about.unit_id) if about.unit_id is not None else None
    if unit is not None and unit.work_order_id is not None:
        values: dict[str, Any] = {"unit": unit.number, "next": _next(draft, unit)}
        said = Words(words.REVERSED_UNIT, values)
    else:
        said = Words(words.REVERSED_BOX, {"box": about.subject})
    return _applied(said, about)


def _applied(said: Words, about: NewFact) -> Verdict:
    return Verdict(
        Status.APPLIED, said, Signal.OK, action=Action.REVERSED, subject=about.subject, order_id=about.order_id
    )


def _next(draft: Draft, unit: Unit) -> str | Words:
    following = words.NEXT_PACKING if unit.parent_id is None else words.NEXT_SHIPPING
    return next_name(draft.world, unit) or Words(following if unit.order_id is not None else words.NEXT_STOCK)


def _table(world: World, kind: str) -> dict[int, Any]:
    return world.boxes if _RESTORED[kind] is Box else world.shipments


def _time(column: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if column.endswith("_at") and isinstance(value, str) else value


def _equal(value: Any, stored: Any) -> bool:
    return bool((value.isoformat() if isinstance(value, datetime) else value) == stored)


_RESTORED: Final[dict[str, type[Any]]] = {"handling_unit": Box, "shipment": Shipment}
