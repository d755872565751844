"""Boxes opened and filled from a screen or by a program, by the very rules that scans at packing follow.

The rows are loaded into a small world, `server.tracking` judges each unit as if it were scanned there, and what the
draft changed goes back into the rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from server.db import touch
from server.db.counters import take
from server.erp.floor import repository as floor
from server.erp.floor.models import ReadPoint
from server.erp.logistics.models import HandlingUnit
from server.erp.logistics.packing_rows import FIRST, Rows
from server.erp.logistics.schemas import HandlingUnitIn, UnpackBody
from server.erp.orders.repository import orders_by_number
from server.erp.production.models import Unit
from server.errors import FieldError, Invalid, Refused
from server.http.numbers import body as digits
from server.http.numbers import fresh
from server.messages import translate as _
from server.parties.repository import site
from server.tracking import words
from server.tracking import world as w
from server.tracking.advance import advance
from server.tracking.boxes import decide_box
from server.tracking.draft import Cause, Draft
from server.tracking.interpret import decide
from server.tracking.packing import new_box
from server.tracking.refusals import blocked_order, refuse_box
from server.tracking.states import (
    Command,
    Context,
    HandlingUnitKind,
    HandlingUnitState,
    OrderLifecycle,
    Reason,
    Status,
    UnitKind,
    UnitState,
)
from server.tracking.steps import BoxStep, UnitStep
from server.tracking.table import Act
from server.tracking.verdicts import Verdict, Words, refusal


def open_box(session: Session, wanted: HandlingUnitIn, *, actor: str, now: datetime) -> HandlingUnit:
    """A new box or pallet with these things, or empty; raises Invalid with a sentence for each thing, or Refused."""
    order = orders_by_number(session, [wanted.order]).get(wanted.order)
    if order is None:
        message = _("There is no order {order}.").format(order=wanted.order)
        raise Invalid(errors=[FieldError("order", message, "unknown")])
    point = _point(session, wanted.read_point)
    work = _Work.begin(session, order.id, [*wanted.units, *wanted.handling_units], point, by=(actor, now))
    side = _fresh_side(session, work.draft.world)
    work.draft.supply = work.draft.world.supply
    work.rows.units[side.id] = side
    _require_moving(work.draft.world.orders[order.id], side.number)
    box = new_box(work.draft, order.id, work.station, wanted.kind.value)
    work.draft.world.boxes[box.id] = box
    work.fill("units", wanted.units, _pack)
    work.fill("handling_units", wanted.handling_units, _stack)
    return work.end(session)[box.id]


def put_on(session: Session, pallet: HandlingUnit, numbers: Sequence[str], *, actor: str, now: datetime) -> None:
    """These boxes go onto the pallet; raises Invalid with a reason for each that may not, Refused when it is closed."""
    if pallet.kind != HandlingUnitKind.PALLET or pallet.state != HandlingUnitState.OPEN:
        message = _("{box} takes no box: it must be an open pallet. Open it first, or begin another.")
        raise Refused(message.format(box=pallet.number), reason="not_an_open_pallet")
    point = _point_of(session, pallet)
    work = _Work.begin(session, pallet.order_id, [pallet.number, *numbers], point, by=(actor, now))
    work.draft.remember(work.draft.context(work.station.id)._replace(open_box_id=pallet.id))
    work.fill("handling_units", numbers, _stack)
    work.end(session)


def take_out(session: Session, box: HandlingUnit, body: UnpackBody, *, actor: str, now: datetime) -> None:
    """These units come out of the box, or these boxes off the pallet; raises Invalid for what lies not in it."""
    point = _point_of(session, box)
    wanted = [box.number, *body.units, *body.handling_units]
    work = _Work.begin(session, box.order_id, wanted, point, by=(actor, now))
    work.fill("units", body.units, partial(_take_out, box))
    work.fill("handling_units", body.handling_units, partial(_take_out, box))
    work.end(session)


def _point(session: Session, key: str | None) -> ReadPoint:
    """The packing read point of this key; the only one there is when none is named."""
    found = floor.read_points_of(session, Context.PACK.value)
    if key is None and len(found) == 1:
        return found[0]
    point = next((each for each in found if each.key == key), None)
    if point is None:
        keys = ", ".join(each.key for each in found) or "-"
        message = _("Expected a read point where units are packed, one of {keys}; got {got}.")
        raise Invalid(errors=[FieldError("read_point", message.format(keys=keys, got=key or "-"), "unknown")])
    return point


def _point_of(session: Session, box: HandlingUnit) -> ReadPoint:
    """Where the handling unit was packed, for what happens to it now; any place to pack at is as good."""
    found = floor.read_points_of(session, Context.PACK.value)
    if not found:
        raise Refused(_("There is no read point where units are packed. Set one up first."), reason="no_read_point")
    return next((each for each in found if each.station_id == box.station_id), found[0])


_Act = Callable[[Draft, w.Unit, w.ReadPoint], Verdict]


@dataclass(slots=True)
class _Work:
    """One person's step at packing: the rows it may touch, and the draft of what it changes."""

    rows: Rows
    draft: Draft

    @classmethod
    def begin(
        cls, session: Session, order_id: int, numbers: Sequence[str], point: ReadPoint, *, by: tuple[str, datetime]
    ) -> "_Work":
        """Load and lock everything that these numbers name."""
        rows = Rows.load(session, order_id, numbers, point)
        return cls(rows, Draft(rows.world(session), Cause(by[0], by[1], point.station_id, point.key, None, FIRST)))

    @property
    def station(self) -> w.Station:
        """Where it happens."""
        return self.draft.world.stations[self.rows.point.station_id]

    def fill(self, field: str, numbers: Sequence[str], act: _Act) -> None:
        """Judge each thing as if it were scanned there; raises Invalid with everything that was refused."""
        boxed = field == "handling_units"
        known = {unit.number: unit.id for unit in self.rows.units.values()
                 if (unit.kind == UnitKind.CONTAINER) == boxed}  # fmt: skip
        errors: list[FieldError] = []
        for place, number in enumerate(numbers):
            if number not in known:
                message = (_("There is no box {number}.") if boxed else _("There is no unit {number}.")).format(
                    number=number
                )
                errors.append(FieldError(f"{field}.{place}", message, "unknown"))
                continue
            verdict = act(self.draft, self.draft.unit(known[number]), self.draft.world.read_points[self.rows.point.key])
            if verdict.status is not Status.APPLIED:
                errors.append(FieldError(f"{field}.{place}", verdict.words.render(_), str(verdict.reason)))
        if errors:
            raise Invalid(errors=errors)

    def end(self, session: Session) -> dict[int, HandlingUnit]:
        """Write what changed; returns the boxes by id."""
        boxes = self.rows.save(session, self.draft, now=self.draft.cause.observed_at)
        for order in self.rows.orders.values():
            touch(session, f"order:{order.number}", f"customer:{order.customer.number}")
        touch(session, "orders", "board", f"station:{self.station.key}")
        return boxes


def _pack(draft: Draft, unit: w.Unit, point: w.ReadPoint) -> Verdict:
    """The verdict that a scan of the unit gets there; one that is to be packed anew comes out of its box first."""
    step = decide(draft.world, unit, point, meaning=Context.PACK, at=draft.cause.observed_at)
    if isinstance(step, Verdict):
        return step
    verdict = advance(draft, step)
    return _pack(draft, draft.unit(unit.id), point) if step.act is Act.UNPACK else verdict


def _stack(draft: Draft, side: w.Unit, point: w.ReadPoint) -> Verdict:
    """The verdict that a scan of the box gets where a pallet is being filled."""
    step = decide_box(draft.world, draft.box(side.id), point, meaning=Context.PACK)
    if isinstance(step, BoxStep) and step.act is Act.STACK:
        return advance(draft, step)
    return step if isinstance(step, Verdict) else refuse_box(Reason.NOT_CLOSED, draft.box(side.id))


def _take_out(box: HandlingUnit, draft: Draft, unit: w.Unit, point: w.ReadPoint) -> Verdict:
    """The verdict of the UNPACK card for what lies in this box or on this pallet."""
    if unit.parent_id != box.id:
        said = Words(words.NOT_IN_THIS, {"unit": unit.number, "box": box.number})
        return refusal(Reason.NOT_IN_BOX, said, subject=unit.number)
    step: UnitStep | BoxStep | Verdict | None
    if unit.kind == UnitKind.CONTAINER:
        step = decide_box(draft.world, draft.box(unit.id), point, meaning=Command.UNPACK)
    else:
        step = decide(draft.world, unit, point, meaning=Command.UNPACK, at=draft.cause.observed_at)
    assert step is not None
    return step if isinstance(step, Verdict) else advance(draft, step)


def _require_moving(order: w.Order, box: str) -> None:
    stopped = blocked_order(order, box)
    if stopped is not None:
        raise Refused(stopped.words.render(_), reason=str(stopped.reason))
    if order.lifecycle != OrderLifecycle.PROCESSING:
        message = _("{order} takes no box: it is {lifecycle}.")
        raise Refused(message.format(order=order.number, lifecycle=order.lifecycle), reason=f"not_in_{order.lifecycle}")


def _fresh_side(session: Session, world: w.World) -> Unit:
    """The container side of the box to come, with fresh numbers for it in the world's supply."""
    number = fresh(session, "HU", HandlingUnit.number)
    side = Unit(number=number, kind=UnitKind.CONTAINER.value, state=UnitState.IN_STOCK.value)
    session.add(side)
    session.flush()
    prefix, reference = site(session).gs1_company_prefix, take(session, "sscc")
    world.supply = w.Supply(prefix, int(digits(number)), reference, box_ids=(side.id,))
    return side
