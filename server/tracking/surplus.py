"""What was made beyond what an order wants: it goes into stock, and the order is done without it. Pure."""

from typing import Final

from server.tracking import words
from server.tracking.draft import Draft
from server.tracking.facts import FactKind
from server.tracking.production import applied, finish_operation, unit_fact
from server.tracking.refusals import blocked
from server.tracking.settle import settle
from server.tracking.states import Action, Context, OperationState, Reason, UnitState
from server.tracking.steps import UnitStep
from server.tracking.verdicts import Verdict, Words, refusal
from server.tracking.wanted import Line
from server.tracking.world import Unit

_FINISHED: Final = UnitState.FINISHED.value
_IN_STOCK: Final = UnitState.IN_STOCK.value
_SKIPPED: Final = OperationState.SKIPPED.value


def put_into_stock(draft: Draft, step: UnitStep) -> Verdict:
    """The surplus unit belongs to nobody from now on; its packing step, if it has one, is done with that."""
    unit = step.unit
    refused = blocked(draft.world, unit) or _lies_there(unit) or _not_here(draft, step) or _not_over(draft, unit)
    refused = refused or _nowhere(draft, unit)
    if refused is not None:
        return refused
    order = draft.order(unit.order_id or 0)
    made, _ = (draft.see(unit), None) if unit.state == _FINISHED else finish_operation(draft, unit)
    stocked = draft.move(made, state=_IN_STOCK, order_id=None)
    settle(draft, stocked.work_order_id)
    unit_fact(draft, FactKind.UNIT_STOCKED, stocked._replace(order_id=order.id), step=None, detail={"surplus": True})
    said = Words(words.STOCKED, {"unit": unit.number, "order": order.number})
    return applied(said, Action.UNIT_STOCKED, unit)


def packed_of(draft: Draft, line: Line, order_id: int) -> tuple[int, int]:
    """How many units of a line are in boxes or gone, and how many there are that are not lost."""
    tallies = [
        draft.tally(found)
        for found in draft.world.work_of(order_id)
        if draft.world.work_orders[found].order_line_id == line.id
    ]
    return sum(each.packed + each.shipped + each.delivered for each in tallies), sum(each.alive for each in tallies)


def line_of(draft: Draft, unit: Unit) -> Line | None:
    """The line of the order that the unit was made for."""
    work = draft.world.work_orders.get(unit.work_order_id or 0)
    return draft.world.lines.get(work.order_line_id or 0) if work is not None else None


def _lies_there(unit: Unit) -> Verdict | None:
    if unit.state != _IN_STOCK and unit.order_id is not None:
        return None
    said = Words(words.IN_STOCK_ALREADY, {"unit": unit.number})
    return refusal(Reason.ALREADY_DONE, said, subject=unit.number, order_id=unit.order_id)


def _not_over(draft: Draft, unit: Unit) -> Verdict | None:
    """Nobody's piece goes to stock while his order waits for it."""
    line, order = line_of(draft, unit), draft.order(unit.order_id or 0)
    count = packed_of(draft, line, order.id)[1] if line is not None else 0
    if line is not None and count > line.pieces:
        return None
    values = {"unit": unit.number, "order": order.number, "count": count}
    values |= {"sku": line.sku if line is not None else "", "total": line.pieces if line is not None else count}
    return refusal(Reason.NOT_OVER, Words(words.NOT_OVER, values), subject=unit.number, order_id=order.id)


def _nowhere(draft: Draft, unit: Unit) -> Verdict | None:
    """A piece in stock lies somewhere: without any location no move could tell where."""
    if draft.world.goods.has_place:
        return None
    said = Words(words.NO_PLACE_FOR_STOCK, {"unit": unit.number})
    return refusal(Reason.NO_LOCATION, said, subject=unit.number, order_id=unit.order_id)


def _not_here(draft: Draft, step: UnitStep) -> Verdict | None:
    """Nothing but packing may be left to do, and what an order wants is known where units are packed."""
    unit = step.unit
    later = [
        each
        for each in draft.route(unit.work_order_id)
        if unit.step is not None and each.step > unit.step and each.state != _SKIPPED
    ]
    if step.read_point.context == Context.PACK and not later:
        return None
    said = Words(words.STOCK_AT_PACKING, {"unit": unit.number})
    return refusal(Reason.NOT_FINISHED, said, subject=unit.number, order_id=unit.order_id)
