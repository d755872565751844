"""Work orders beside those of a release: pieces for stock, and pieces in the place of what was scrapped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.catalog.configuration import Configured
from server.catalog.design import Step
from server.catalog.packaging import packaging_for
from server.catalog.repository import product as find_product
from server.db import touch
from server.db.counters import take
from server.erp.changes.carried import carry_changes
from server.erp.floor.repository import station_keys
from server.erp.orders.configured import configured_lines
from server.erp.orders.models import OrderLine
from server.erp.orders.planning import is_bought, is_serial, making_problem, planned_units
from server.erp.orders.present import unordered_line
from server.erp.orders.release import Plan, insert_work
from server.erp.orders.repository import lock_order
from server.erp.orders.snapshot import snapshot_of
from server.erp.production import work_repository
from server.erp.production.models import WorkOrder
from server.erp.production.schemas import StockWorkIn
from server.erp.reels.service import Dealing, deal
from server.errors import FieldError, Invalid, Refused
from server.journal import facts
from server.messages import translate as _
from server.tracking.facts import FactKind, NewFact
from server.tracking.states import OrderLifecycle, WorkOrderState

_RELEASED = WorkOrderState.RELEASED.value
_IN_PROGRESS = WorkOrderState.IN_PROGRESS.value


def make_for_stock(session: Session, body: StockWorkIn, *, actor: str, now: datetime) -> WorkOrder:
    """A released work order that nobody has ordered; raises Invalid when the product cannot be made like this."""
    line = _line(session, body)
    configured, problems = configured_lines(session, [line])
    if problems:
        because = problems[0].partition(": ")[2] or problems[0]
        raise Invalid(errors=[FieldError("configuration", because, "not_makeable")])
    how: Configured = configured[line.id]
    packaging = packaging_for(session, line.product_id, None)
    work_order = WorkOrder(
        product_id=line.product_id, quantity=line.quantity, snapshot=snapshot_of(line, how, packaging)
    )
    made = _make(session, Plan(line, how.routing, work_order, 0, planned_units(line)), actor=actor, now=now)
    if body.reel is not None:
        deal(session, Dealing(body.reel, made, line.product), actor=actor, now=now)
    return made


def make_replacement(session: Session, work_order: WorkOrder, *, actor: str, now: datetime) -> WorkOrder:
    """A work order for what the order is short of, made as the scrapped pieces were; raises Refused when it is not."""
    if is_bought(work_order.product):
        message = _("{product} is bought and cannot be made. Order what is missing anew, out of stock.")
        raise Refused(message.format(product=work_order.product.sku), reason="not_makeable")
    if work_order.order_id is None or work_order.order_line_id is None:
        message = _("{work_order} is for stock, which is short of nothing. Make another one.")
        raise Refused(message.format(work_order=work_order.number), reason="no_order")
    order = lock_order(session, work_order.order_id)
    line = work_repository.line(session, work_order.order_line_id)
    missing = line.quantity - work_repository.alive_of_lines(session, [line.id]).get(line.id, 0)
    if order.lifecycle != OrderLifecycle.PROCESSING or missing <= 0:
        message = _("{order} is short of no {product}, so there is nothing to replace.")
        raise Refused(message.format(order=order.number, product=line.product.sku), reason="nothing_short")
    made = WorkOrder(
        order_id=order.id,
        order_line_id=line.id,
        product_id=line.product_id,
        quantity=missing,
        snapshot=work_order.snapshot,
    )
    count = int(missing) if is_serial(line) else 1
    plan = Plan(line, _steps(work_order), made, 0, count, timed=True)
    if plan.from_stock:
        plan = _made_anew(session, plan, order.customer_id)
    touch(session, f"order:{order.number}", f"customer:{order.customer.number}", "orders")
    replacement = _make(session, plan, actor=actor, now=now, replaces=work_order.number)
    carry_changes(session, work_order, replacement, actor=actor, now=now)
    return replacement


def _made_anew(session: Session, plan: Plan, customer_id: int) -> Plan:
    """What was picked out of stock tells no steps; its replacement is made as the product is made now."""
    line, made = plan.line, plan.work_order
    configured, problems = configured_lines(session, [line])
    if problems:
        raise Refused(problems[0], reason="not_makeable")
    made.snapshot = snapshot_of(line, configured[line.id], packaging_for(session, line.product_id, customer_id))
    return Plan(line, configured[line.id].routing, made, 0, plan.count)


def cancel_work(session: Session, work_order: WorkOrder, *, reason: str, actor: str, now: datetime) -> WorkOrder:
    """End a work order for stock: cancelled before its first piece, aborted after; raises Refused."""
    found = work_repository.lock_work_order(session, work_order.id)
    if found.order_id is not None or found.state not in (_RELEASED, _IN_PROGRESS):
        message = _("{work_order} cannot be cancelled here: only open work for stock can. An order is cancelled whole.")
        raise Refused(message.format(work_order=found.number), reason=f"is_{found.state}")
    ends = WorkOrderState.CANCELLED if found.state == _RELEASED else WorkOrderState.ABORTED
    key = f"work_order:{found.id}"
    detail = {"before": {key: {"state": found.state}}, "after": {key: {"state": ends.value}}, "reason": reason}
    _write(session, found, FactKind.WORK_ORDER_CANCELLED, detail, (actor, now))
    found.state = ends.value
    session.flush()
    _touch(session, {operation.work_center_id for operation in found.operations})
    return found


def _line(session: Session, body: StockWorkIn) -> OrderLine:
    product = find_product(session, body.product)
    if product is None:
        message = _("There is no product {sku}.").format(sku=body.product)
        raise Invalid(errors=[FieldError("product", message, "unknown")])
    problem = making_problem(product, body.quantity)
    if problem is not None:
        raise Invalid(errors=[FieldError("quantity", problem, "not_makeable")])
    return unordered_line(product, body.quantity, body.configuration)


def _steps(work_order: WorkOrder) -> Sequence[Step]:
    told = {row["step"]: row.get("instructions") for row in work_order.snapshot.get("routing", ())}
    return [
        Step(
            step=operation.step,
            name=operation.name,
            work_center=operation.work_center.key,
            work_center_id=operation.work_center_id,
            setup_minutes=operation.setup_minutes,
            run_minutes=operation.run_minutes,
            transfer_quantity=operation.transfer_quantity,
            instructions=told.get(operation.step),
        )
        for operation in sorted(work_order.operations, key=lambda one: one.step)
    ]


def _make(session: Session, plan: Plan, *, actor: str, now: datetime, replaces: str | None = None) -> WorkOrder:
    """Number, store and release the work order with everything it needs."""
    work_order = plan.work_order
    work_order.number = f"WO-{take(session, 'WO')}"
    work_order.state, work_order.released_at = _RELEASED, now
    session.add(work_order)
    session.flush()
    numbered = Plan(plan.line, plan.routing, work_order, take(session, "U", plan.count), plan.count, plan.timed)
    detail: dict[str, Any] = {
        "product": plan.line.product.sku,
        "units": plan.count,
        "first": numbered.numbers[0],
        "last": numbered.numbers[-1],
        "step": plan.routing[0].step,
    }
    if replaces is not None:
        detail["replaces"] = replaces
    fact_id = _write(session, work_order, FactKind.WORK_ORDER_CREATED, detail, (actor, now))
    insert_work(session, [numbered], fact_id)
    _touch(session, {step.work_center_id for step in plan.routing})
    return work_order


def _write(
    session: Session, work_order: WorkOrder, kind: FactKind, detail: dict[str, Any], by: tuple[str, datetime]
) -> int:
    actor, now = by
    fact = NewFact(
        kind=kind,
        subject=work_order.number,
        actor=actor,
        observed_at=now,
        order_id=work_order.order_id,
        work_order_id=work_order.id,
        quantity=work_order.quantity,
        detail=detail,
    )
    return facts.write(session, [fact], recorded_at=now)[0]


def _touch(session: Session, centers: set[int]) -> None:
    touch(session, "board", *(f"station:{key}" for key in station_keys(session, centers)))
