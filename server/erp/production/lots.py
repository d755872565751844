"""A lot that is split: some of its pieces become a lot of their own, which is then scrapped, held or sent back whole.

Counts of operations are counts of units, so each operation has one unit more, and its time is shared. What the lot
took of materials and put into stock is shared by the pieces, in moves that leave every balance as it is. Of units with
numbers that were built into it, somebody names those that go along.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.catalog.measures import breaks_a_piece
from server.catalog.models import Product
from server.db.counters import take
from server.erp.production import work_repository
from server.erp.production.inside import Share, going_along
from server.erp.production.models import Identifier, Operation, Unit, WorkOrder
from server.erp.stock.book import NewMove, book
from server.erp.stock.rules import MoveKind
from server.erp.stock.use import moves_of
from server.errors import Refused
from server.http.fields import plain
from server.http.numbers import body
from server.journal import facts
from server.messages import translate as _
from server.tracking.draft import Cause
from server.tracking.facts import FactKind, NewFact
from server.tracking.states import UnitKind, UnitState

_ONE = Decimal(1)
_MILLIONTH = Decimal("0.000001")
_SHARED = frozenset({MoveKind.BACKFLUSH, MoveKind.PRODUCE})
#: A lot in a box or gone is whole; what is over cannot be split any more.
_SPLITTABLE = frozenset(
    {UnitState.PLANNED, UnitState.QUEUED, UnitState.IN_PROCESS, UnitState.FINISHED, UnitState.IN_STOCK}
)


def part_of(session: Session, unit: Unit, share: Share, about: Cause, *, kinds: Collection[MoveKind] = _SHARED) -> Unit:
    """The unit of so many of these pieces: itself for all, else a part that is split off; raises Refused for more.

    The part gets its share of the moves of these kinds.
    """
    whole, quantity = unit.quantity if unit.quantity is not None else _ONE, share.quantity
    if quantity is None or quantity == whole:
        return unit
    values = {"unit": unit.number, "quantity": plain(quantity), "there": plain(whole)}
    if quantity > whole:
        message = _("{quantity} pieces of {unit} cannot be taken: it is {there}.")
        raise Refused(message.format(**values), reason="over_quantity")
    _require_splittable(unit, values)
    _require_whole(session, unit, quantity, values)
    part = _split(session, unit, quantity, going_along(session, unit, share), about)
    _share_moves(session, unit, part, [found for found in moves_of(session, unit.id) if found[1].kind in kinds], about)
    return part


def _require_whole(session: Session, unit: Unit, quantity: Decimal, values: Mapping[str, str]) -> None:
    uom = session.scalar(select(Product.uom).where(Product.id == unit.product_id))
    if uom is not None and breaks_a_piece(quantity, uom):
        message = _("{quantity} of {unit} cannot be taken: it comes in whole pieces.")
        raise Refused(message.format(**values), reason="not_whole")


def _require_splittable(unit: Unit, values: Mapping[str, str]) -> None:
    if unit.kind != UnitKind.LOT:
        message = _("{unit} is one piece; {quantity} of it cannot be taken.")
        raise Refused(message.format(**values), reason="not_whole")
    if unit.state not in _SPLITTABLE or unit.parent_id is not None:
        message = _("{unit} cannot be split: it is {state}.")
        raise Refused(message.format(**values, state=unit.state), reason=f"is_{unit.state}")
    if unit.held:
        message = _("{unit} cannot be split: it is on hold. {hold_reason}")
        raise Refused(message.format(**values, hold_reason=unit.hold_reason), reason="on_hold")


def _split(session: Session, unit: Unit, quantity: Decimal, along: Sequence[Unit], about: Cause) -> Unit:
    work_order = work_repository.lock_work_order(session, unit.work_order_id or 0)
    whole = unit.quantity or _ONE
    part = _part(session, unit, quantity)
    session.add(part)
    session.flush()
    session.add(Identifier(scheme="own", value=f"ol:U{body(part.number)}", unit_id=part.id))
    difference = _difference(work_order, unit, quantity, part, along)
    inside = {"units": [inner.number for inner in along]} if along else {}
    unit.quantity = whole - quantity
    told = {**difference, "part": part.number, "pieces": plain(quantity), **inside}
    made = {"before": {f"unit:{part.id}": None}, "after": {f"unit:{part.id}": _row(part)}, "from": unit.number}
    both = [_fact(unit, quantity, told, about), _fact(part, quantity, made | inside, about)]
    unit.last_fact_id, part.last_fact_id = facts.write(session, both, recorded_at=about.observed_at)
    for inner in along:
        inner.parent_id, inner.last_fact_id = part.id, unit.last_fact_id
    session.flush()
    return part


def _difference(
    work_order: WorkOrder, unit: Unit, quantity: Decimal, part: Unit, along: Sequence[Unit]
) -> dict[str, dict[str, Any]]:
    """What changes of the lot, of its operations and of the units that go along, as rebuilding folds it."""
    whole = unit.quantity or _ONE
    before: dict[str, Any] = {f"unit:{unit.id}": {"quantity": plain(whole)}}
    after: dict[str, Any] = {f"unit:{unit.id}": {"quantity": plain(whole - quantity)}}
    for operation in work_order.operations:
        key = f"operation:{operation.id}"
        before[key], after[key] = _count_one_more(operation, unit)
    for inner in along:
        before[f"unit:{inner.id}"], after[f"unit:{inner.id}"] = {"parent_id": unit.id}, {"parent_id": part.id}
    return {"before": before, "after": after}


def _part(session: Session, unit: Unit, quantity: Decimal) -> Unit:
    last = session.scalar(select(func.max(Unit.position)).where(Unit.work_order_id == unit.work_order_id)) or 0
    same = ("kind", "product_id", "order_id", "order_line_id", "work_order_id", "state", "step", "rework")
    own = {name: getattr(unit, name) for name in same}
    return Unit(**own, number=f"U-{take(session, 'U')}", quantity=quantity, position=last + 1, held=False)


def _row(part: Unit) -> dict[str, Any]:
    names = ("id", "number", "kind", "product_id", "order_id", "order_line_id", "work_order_id", "position", "state")
    more = ("step", "rework", "held")
    return {name: getattr(part, name) for name in (*names, *more)} | {"quantity": plain(part.quantity or _ONE)}


def _count_one_more(operation: Operation, unit: Unit) -> tuple[dict[str, int], dict[str, int]]:
    """The part stands where the lot does, so what the lot has passed or begun, the part has."""
    passed = unit.step is None or operation.step < unit.step
    begun = passed or (operation.step == unit.step and unit.state == UnitState.IN_PROCESS)
    before = {"started": operation.started, "good": operation.good}
    operation.run_minutes = (operation.run_minutes * operation.quantity / (operation.quantity + 1)).quantize(_MILLIONTH)
    operation.quantity += 1
    operation.started += begun
    operation.good += passed
    return before, {"started": operation.started, "good": operation.good}


def _fact(unit: Unit, quantity: Decimal, detail: Mapping[str, Any], about: Cause) -> NewFact:
    return NewFact(
        kind=FactKind.LOT_SPLIT,
        subject=unit.number,
        actor=about.actor,
        observed_at=about.observed_at,
        order_id=unit.order_id,
        work_order_id=unit.work_order_id,
        unit_id=unit.id,
        step=unit.step,
        quantity=quantity,
        detail=detail,
    )


def _share_moves(session: Session, unit: Unit, part: Unit, found: Sequence[tuple[int, NewMove]], about: Cause) -> None:
    """What the lot took and gave is the part's by its share: a counter-move and the same move for the part."""
    moves: list[NewMove] = []
    pieces = part.quantity or _ONE
    share = pieces / (pieces + (unit.quantity or _ONE))
    for move_id, move in found:
        shared = replace(
            move, quantity=(move.quantity * share).quantize(_MILLIONTH), actor=about.actor, at=about.observed_at
        )
        if shared.quantity > 0:
            back = replace(shared, source_id=move.target_id, target_id=move.source_id, reverses_id=move_id)
            lot = part.number if move.kind is MoveKind.PRODUCE and move.lot == unit.number else move.lot
            moves += [back, replace(shared, unit_id=part.id, lot=lot)]
    book(session, moves)
