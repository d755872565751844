"""Units scrapped or sent back from a screen or by a program, by the very rules that cards at a station follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.changes.stations import tell_again
from server.erp.floor.repository import station_keys
from server.erp.logistics.repository import boxes_by_id
from server.erp.orders.models import SalesOrder
from server.erp.orders.repository import lines_of, lock_order
from server.erp.production import repository, work_repository
from server.erp.production.inside import Share
from server.erp.production.lots import part_of
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.production.told import FIRST, put, told, told_lines, told_order, told_tallies
from server.erp.stock.lost import put_in, throw_out
from server.erp.stock.repository import has_location
from server.errors import Refused
from server.http.fields import plain
from server.journal import facts
from server.messages import translate as _
from server.tracking import world as w
from server.tracking.advance import advance
from server.tracking.draft import Cause, Draft
from server.tracking.interpret import decide
from server.tracking.states import Command, Context, Status, UnitState
from server.tracking.steps import UnitStep
from server.tracking.verdicts import Verdict

#: The office is no station: it has no work center, and nothing that is done there says where a unit is.
_OFFICE = w.Station(0, "office", "Office", 0, "Office")
_DESK = w.ReadPoint("office", 0, Context.COMMAND.value, 0)
_ONE, _ZERO = Decimal(1), Decimal(0)
#: What can still be scrapped by number of pieces, those that are furthest back first.
_LOOSE = (UnitState.PLANNED.value, UnitState.QUEUED.value, UnitState.IN_PROCESS.value, UnitState.FINISHED.value)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with units, why, and from which step on again."""

    command: Command
    reason: w.ReasonCode | None = None
    step: int | None = None
    #: Where it happens as the rules see it; the office is no station.
    point: w.ReadPoint = _DESK
    station: w.Station = _OFFICE


def act_on_part(session: Session, unit: Unit, share: Share, wish: Wish, about: Cause) -> Unit:
    """Do it with so many pieces of a unit; of a lot, the part is split off first and returned."""
    work_order = work_repository.work_order_of(session, unit.id)
    if work_order is None:
        message = _("{unit} belongs to no work order.").format(unit=unit.number)
        raise Refused(message, reason="no_work_order")
    if work_order.order_id is not None:
        lock_order(session, work_order.order_id)
    part = part_of(session, repository.lock_unit(session, unit.id), share, about)
    act_on(session, work_order, [part.number], wish, about)
    return part


def act_on(session: Session, work_order: WorkOrder, numbers: Sequence[str], wish: Wish, about: Cause) -> None:
    """Do it with all of them or with none; raises Refused with the sentence that a station would say."""
    rows = _Rows.load(session, work_order, numbers)
    world = rows.world(session)
    world.stations[wish.station.id] = wish.station
    if wish.command is Command.STOCK:
        world.goods.has_place = has_location(session)
    draft = Draft(world, about)
    operation = None if wish.step is None else f"{work_order.number.partition('-')[2]}{wish.step:03d}"
    for unit in rows.units.values():
        verdict = _judge(draft, draft.unit(unit.id), wish, operation)
        if verdict.status is not Status.APPLIED:
            raise Refused(verdict.words.render(_), reason=str(verdict.reason))
    rows.save(session, draft, now=about.observed_at)


def scrap_pieces(session: Session, work_order: WorkOrder, count: Decimal, wish: Wish, about: Cause) -> Sequence[str]:
    """Scrap so many pieces of a work order, at one step or wherever they are; raises Refused when there are fewer."""
    loose = work_repository.loose_units(session, work_order.id, states=_LOOSE, step=wish.step, limit=int(count) + 200)
    there = sum((unit.quantity or _ONE for unit in loose), _ZERO)
    values = {"count": plain(count), "work_order": work_order.number, "there": plain(there)}
    if there < count:
        message = _("{count} of {work_order} cannot be scrapped: only {there} can be.")
        raise Refused(message.format(**values), reason="over_quantity")
    if count % 1 and any(unit.quantity is None for unit in loose):
        message = _("{count} of {work_order} cannot be scrapped: it is made in whole pieces.")
        raise Refused(message.format(**values), reason="not_whole")
    numbers, left = [], count
    for unit in loose:
        taken = min(left, unit.quantity or _ONE)
        if taken > 0:
            numbers.append(part_of(session, unit, Share(taken), about).number)
            left -= taken
    act_on(session, work_order, numbers, Wish(wish.command, wish.reason), about)
    return numbers


def by_people(actor: str, now: datetime) -> Cause:
    """That a person or a program does it, at no station."""
    return Cause(actor, now, None, None, None, FIRST)


def _judge(draft: Draft, unit: w.Unit, wish: Wish, operation: str | None) -> Verdict:
    step = decide(draft.world, unit, wish.point, meaning=wish.command.value, at=draft.cause.observed_at)
    if not isinstance(step, UnitStep):
        return step
    return advance(draft, step._replace(reason=wish.reason, operation=operation))


@dataclass(slots=True)
class _Rows:
    """A work order with its order and the units in question, locked in the order in which scans lock them."""

    order: SalesOrder | None
    work_orders: Mapping[int, WorkOrder]
    operations: Mapping[int, Operation]
    units: Mapping[int, Unit]

    @classmethod
    def load(cls, session: Session, work_order: WorkOrder, numbers: Sequence[str]) -> "_Rows":
        order = lock_order(session, work_order.order_id) if work_order.order_id is not None else None
        if order is not None:
            work = repository.work_orders_of(session, [order.id], lock=True)
        else:
            work = [work_repository.lock_work_order(session, work_order.id)]
        return cls(
            order,
            {each.id: each for each in work},
            {each.id: each for found in work for each in found.operations},
            {each.id: each for each in repository.lock_units(session, numbers)},
        )

    def world(self, session: Session) -> w.World:
        """The same rows as the rules know them."""
        world = w.World(
            units={each.id: told(w.Unit, each) for each in self.units.values()},
            operations={each.id: told(w.Operation, each) for each in self.operations.values()},
            work_orders={each.id: told(w.WorkOrder, each) for each in self.work_orders.values()},
            tallies=told_tallies(work_repository.counts_of(session, list(self.work_orders))),
        )
        for found in self.work_orders.values():
            world.routes[found.id] = tuple(each.id for each in sorted(found.operations, key=lambda one: one.step))
        if self.order is not None:
            world.orders[self.order.id] = told_order(self.order)
            world.order_work[self.order.id] = tuple(self.work_orders)
            world.lines = told_lines(session, lines_of(session, [self.order.id]))
        parents = {each.parent_id for each in self.units.values() if each.parent_id is not None}
        world.boxes = {box.id: told(w.Box, box) for box in boxes_by_id(session, parents)}
        return world

    def save(self, session: Session, draft: Draft, *, now: datetime) -> None:
        """Write the facts, put every row where the draft says, and note whose pages show something else."""
        ids = facts.write(session, draft.facts, recorded_at=now)
        throw_out(session, draft.facts, ids)
        put_in(session, draft.facts, ids)
        tables: Sequence[tuple[Mapping[int, Any], Mapping[int, Any]]] = (
            (self.units, draft.units),
            (self.operations, draft.operations),
            (self.work_orders, draft.work_orders),
            ({} if self.order is None else {self.order.id: self.order}, draft.orders),
        )
        for mine, changed in tables:
            for row_id, row in changed.items():
                put(mine[row_id], row, ids)
        session.flush()
        tell_again(session, draft.facts)
        centers = {operation.work_center_id for operation in self.operations.values()}
        touch(session, "board", *(f"station:{key}" for key in station_keys(session, centers)))
        if self.order is not None:
            touch(session, f"order:{self.order.number}", f"customer:{self.order.customer.number}", "orders")
