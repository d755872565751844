"""Releasing an order: a work order for each line, with a snapshot of how to make it, its operations and units.

What of a line comes out of stock is a work order of its own, which has nothing left to make.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from orderlight.autoid import AutoIdError, sgtin96_hex
from server.catalog.configuration import Configured
from server.catalog.design import Step
from server.catalog.packaging import packaging_by_product
from server.db import touch
from server.db.counters import take
from server.erp.floor.repository import station_keys
from server.erp.orders.guards import require, require_makeable
from server.erp.orders.lifecycle import Action, after
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.picking import bind, is_made, parts, pieces_of
from server.erp.orders.planning import is_serial, run_minutes
from server.erp.orders.service import reestimate, write_fact
from server.erp.orders.snapshot import snapshot_of
from server.erp.production.acts import by_people
from server.erp.production.models import Identifier, Operation, Unit, WorkOrder
from server.erp.reels.service import Dealing, deal
from server.erp.reservations.models import Reservation
from server.erp.reservations.service import pick_order
from server.errors import FieldError, Invalid, Refused
from server.http.numbers import body
from server.messages import translate as _
from server.parties.repository import site
from server.tracking.draft import Cause
from server.tracking.facts import FactKind
from server.tracking.settle import fulfilment
from server.tracking.states import OperationState, OrderLifecycle, UnitKind, UnitState, WorkOrderState
from server.tracking.world import Tally


@dataclass(frozen=True, slots=True)
class Plan:
    """A work order, what it makes, its steps and the numbers of its units."""

    #: Of a work order for stock, a line that nobody has ordered.
    line: OrderLine
    routing: Sequence[Step]
    work_order: WorkOrder
    first_unit: int
    count: int
    #: The steps tell the time of a whole unit already.
    timed: bool = False
    #: Pieces that have their numbers already, since they were made for stock.
    bound: Sequence[Unit] = ()

    def minutes(self, step: Step) -> Decimal:
        """The run time of one unit at a step."""
        return step.run_minutes if self.timed else run_minutes(self.line, step, self.work_order.quantity)

    @property
    def from_stock(self) -> bool:
        """Whether nothing of it is left to make."""
        return not self.routing

    @property
    def fresh(self) -> list[str]:
        """The numbers of the units that are new, in their order."""
        return [f"U-{number}" for number in range(self.first_unit, self.first_unit + self.count - len(self.bound))]

    @property
    def numbers(self) -> list[str]:
        """The numbers of all units, in their order."""
        return [*(unit.number for unit in self.bound), *self.fresh]


def release_order(
    session: Session, order: SalesOrder, *, actor: str, now: datetime, reels: Mapping[int, str] | None = None
) -> Sequence[WorkOrder]:
    """Start the making of a wholly loaded order: everything it needs is there when this returns.

    `reels` tells by the position of a line which reel names what is made for it. Raises Refused when the order is not
    confirmed, is on hold, or cannot be made any more, or a reel is too short, and says why; Invalid for unknown reels.
    """
    require(order, Action.RELEASE)
    if order.on_hold:
        raise Refused(
            _("{order} cannot be released: it is on hold. {hold_reason}").format(
                order=order.number, hold_reason=order.hold_reason
            ),
            reason="on_hold",
        )
    configured = require_makeable(session, order, Action.RELEASE)
    plans = _plan(session, order, configured, pick_order(session, order, actor=actor, now=now), by_people(actor, now))
    fact_id = _write_fact(session, order, plans, actor=actor, now=now)
    order.lifecycle = after(OrderLifecycle(order.lifecycle), Action.RELEASE).value
    order.released_at = now
    session.flush()
    insert_work(session, plans, fact_id)
    _deal(session, plans, reels or {}, by_people(actor, now))
    centers = {step.work_center_id for plan in plans for step in plan.routing}
    touch(session, *(f"station:{key}" for key in station_keys(session, centers)))
    reestimate(session, order, now=now)
    return [plan.work_order for plan in plans]


def _deal(session: Session, plans: Sequence[Plan], reels: Mapping[int, str], about: Cause) -> None:
    """Codes from the reels for what is made; what comes out of stock has its labels."""
    made = {plan.line.position: plan for plan in plans if not plan.from_stock}
    for position, reel in reels.items():
        if position not in made:
            message = _("Nothing is made for line {line}, so no reel can name it.").format(line=position)
            raise Invalid(message, errors=[FieldError("reels", message, "unknown")])
        plan = made[position]
        deal(session, Dealing(reel, plan.work_order, plan.line.product), actor=about.actor, now=about.observed_at)


def _plan(
    session: Session,
    order: SalesOrder,
    configured: Mapping[int, Configured],
    picked: Mapping[int, Reservation],
    about: Cause,
) -> list[Plan]:
    packaging = packaging_by_product(session, {line.product_id for line in order.lines}, order.customer_id)
    sources = list(parts(order, picked))
    first_work_order = take(session, "WO", len(sources))
    bound = [bind(session, line, reservation, about) for line, _quantity, reservation in sources]
    counts = [
        int(quantity) if is_serial(line) else len(mine) + (quantity > pieces_of(mine))
        for (line, quantity, _reservation), mine in zip(sources, bound, strict=True)
    ]
    next_unit = take(session, "U", sum(counts) - sum(map(len, bound)))
    plans = []
    for offset, ((line, quantity, reservation), count) in enumerate(zip(sources, counts, strict=True)):
        made, pieces = configured[line.id], bound[offset]
        work_order = _work_order(line, quantity, snapshot_of(line, made, packaging.get(line.product_id)), about)
        work_order.number = f"WO-{first_work_order + offset}"
        if reservation is not None:
            is_made(work_order, about.observed_at)
        routing = made.routing if reservation is None else ()
        plans.append(Plan(line, routing, work_order, next_unit, count, bound=pieces))
        next_unit += count - len(pieces)
    session.add_all(plan.work_order for plan in plans)
    session.flush()
    for plan in plans:
        if plan.from_stock:
            picked[plan.line.id].work_order_id = plan.work_order.id
    return plans


def _work_order(line: OrderLine, quantity: Decimal, snapshot: dict[str, Any], about: Cause) -> WorkOrder:
    return WorkOrder(
        order_id=line.order_id,
        order_line_id=line.id,
        product_id=line.product_id,
        quantity=quantity,
        state=WorkOrderState.RELEASED.value,
        snapshot=snapshot,
        released_at=about.observed_at,
    )


def _picked_rows(order: SalesOrder, plans: Sequence[Plan]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the fact of the release tells of work orders that are made already, and of how far the order is by them."""
    picked = [plan for plan in plans if plan.from_stock]
    if not picked:
        return {}, {}
    tallies = [Tally(finished=plan.count) if plan.from_stock else Tally(open=plan.count) for plan in plans]
    state = fulfilment(tallies, begun=True)
    key = f"sales_order:{order.id}"
    before: dict[str, Any] = {key: {"fulfilment": order.fulfilment}}
    after: dict[str, Any] = {key: {"fulfilment": state}}
    for plan in picked:
        made = plan.work_order
        assert made.completed_at is not None
        at = made.completed_at.isoformat()
        before[f"work_order:{made.id}"] = None
        after[f"work_order:{made.id}"] = {"state": made.state, "started_at": at, "completed_at": at}
        for unit in plan.bound:
            before[f"unit:{unit.id}"] = after[f"unit:{unit.id}"] = {"state": unit.state}
    order.fulfilment = state
    return before, after


def _write_fact(session: Session, order: SalesOrder, plans: Sequence[Plan], *, actor: str, now: datetime) -> int:
    key = f"sales_order:{order.id}"
    before, later = _picked_rows(order, plans)
    detail = {
        "before": before | {key: {"lifecycle": order.lifecycle, **before.get(key, {})}},
        "after": later | {key: {"lifecycle": OrderLifecycle.PROCESSING.value, **later.get(key, {})}},
        "work_orders": [
            {
                "number": plan.work_order.number,
                "line": plan.line.position,
                "sku": plan.line.product.sku,
                "units": plan.count,
                "first": plan.numbers[0],
                "last": plan.numbers[-1],
                "step": plan.routing[0].step if plan.routing else None,
            }
            for plan in plans
        ],
    }
    return write_fact(session, order, FactKind.ORDER_RELEASED, actor=actor, now=now, detail=detail)


def insert_work(session: Session, plans: Sequence[Plan], fact_id: int) -> None:
    """The operations and units of these work orders, which have their ids; the fact stands behind each unit."""
    _insert_operations(session, plans)
    _insert_units(session, plans, fact_id)


def _insert_operations(session: Session, plans: Iterable[Plan]) -> None:
    rows = [
        {
            "work_order_id": plan.work_order.id,
            "step": step.step,
            "name": step.name,
            "work_center_id": step.work_center_id,
            "state": (OperationState.READY if place == 0 else OperationState.PENDING).value,
            "setup_minutes": step.setup_minutes,
            "run_minutes": plan.minutes(step),
            "transfer_quantity": min(step.transfer_quantity, plan.count),
            "quantity": plan.count,
        }
        for plan in plans
        for place, step in enumerate(plan.routing)
    ]
    if rows:
        session.connection().execute(insert(Operation), rows)


def _insert_units(session: Session, plans: Sequence[Plan], fact_id: int) -> None:
    """Units in one bulk statement and their identifiers in another, for there may be thousands."""
    rows = [
        {
            "number": number,
            "kind": (UnitKind.SERIAL if is_serial(plan.line) else UnitKind.LOT).value,
            "quantity": None if is_serial(plan.line) else plan.work_order.quantity - pieces_of(plan.bound),
            "product_id": plan.line.product_id,
            "order_id": plan.work_order.order_id,
            "order_line_id": plan.work_order.order_line_id,
            "work_order_id": plan.work_order.id,
            "position": position,
            "state": (UnitState.IN_STOCK if plan.from_stock else UnitState.QUEUED).value,
            "step": plan.routing[0].step if plan.routing else None,
            "last_fact_id": fact_id,
        }
        for plan in plans
        for position, number in enumerate(plan.fresh, len(plan.bound) + 1)
    ]
    for plan in plans:
        for position, unit in enumerate(plan.bound, 1):
            unit.work_order_id, unit.position, unit.last_fact_id = plan.work_order.id, position, fact_id
    session.flush()
    if not rows:
        return
    connection = session.connection()
    connection.execute(insert(Unit), rows)
    made = select(Unit.number, Unit.id).where(Unit.work_order_id.in_([plan.work_order.id for plan in plans]))
    ids = {row[0]: row[1] for row in connection.execute(made)}
    prefix = site(session).gs1_company_prefix
    connection.execute(
        insert(Identifier), [row for plan in plans for row in _identifiers(plan, ids, company_prefix=prefix)]
    )


def _identifiers(plan: Plan, ids: Mapping[str, int], *, company_prefix: str) -> Iterable[dict[str, Any]]:
    gtin = plan.line.product.gtin if is_serial(plan.line) else None
    tagged = gtin is not None and carries_prefix(gtin, company_prefix)
    for number in plan.fresh:
        unit_id, serial = ids[number], body(number)
        yield {"scheme": "own", "value": f"ol:U{serial}", "unit_id": unit_id}
        if gtin is not None:
            yield {"scheme": "sgtin", "value": f"01/{gtin}/21/{serial}", "unit_id": unit_id}
        if tagged and gtin is not None and (epc := unit_epc(gtin, serial, company_prefix)) is not None:
            yield {"scheme": "epc", "value": f"epc:{epc}", "unit_id": unit_id}


def carries_prefix(gtin: str, company_prefix: str) -> bool:
    """Whether the GTIN was numbered under our company prefix, which an EPC needs to know.

    GS1 General Specifications 2.1: the prefix stands behind the first of the fourteen digits.
    """
    return company_prefix.strip("0") != "" and gtin[1:].startswith(company_prefix)


def unit_epc(gtin: str, serial: str, company_prefix: str) -> str | None:
    """The tag memory of a unit, SGTIN-96 in hexadecimal; None when its serial does not fit into 96 bits."""
    try:
        return sgtin96_hex(gtin, serial, len(company_prefix))
    except AutoIdError:
        return None
