"""The work that waits at a station: orders by priority and promise, each with what its customer wants seen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.crm.here import Here
from server.crm.risk import due_at
from server.erp.orders.models import SalesOrder
from server.erp.orders.snapshot import packaging_in_words, packaging_picture
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.production.queue import LAST
from server.erp.production.standing import in_states
from server.parties.models import Customer
from server.tracking.states import Fulfilment, OperationState, OrderLifecycle, UnitKind, UnitState, WorkOrderState

_WAITING = (OperationState.RUNNING, OperationState.READY, OperationState.PAUSED)
_IN_A_BOX = (UnitState.PACKED.value, UnitState.SHIPPED.value, UnitState.DELIVERED.value)
#: Of orders that stand here a piece may wait for a box.
_SOME_MADE = tuple(each.value for each in (Fulfilment.IN_PRODUCTION, Fulfilment.PRODUCED, Fulfilment.PARTIALLY_SHIPPED))
_MADE = (UnitState.FINISHED.value, UnitState.IN_STOCK.value)
#: What is on hold comes last, for nobody may go on with it.
_NEXT_FIRST = (
    SalesOrder.on_hold,
    SalesOrder.priority,
    SalesOrder.promise_date.is_(None),
    SalesOrder.promise_date,
    SalesOrder.id,
)
_OPEN_WORK = (WorkOrderState.RELEASED.value, WorkOrderState.IN_PROGRESS.value)
_MOST = 50
#: A packer looks at the order in hand and a few more.
_MOST_TO_PACK = 8


@dataclass(frozen=True, slots=True)
class Job:
    """An order at this station."""

    order: str
    customer: str
    operation: str | None
    done: int
    total: int
    due_at: datetime | None
    instructions: str | None = None
    packaging: str | None = None
    #: Hashes of the pictures that show it.
    pictures: tuple[str, ...] = ()
    #: What a change after the release has added for the hands that make it.
    changed: str | None = None
    on_hold: bool = False
    #: What sales wants everybody to see who works on this customer's orders.
    alerts: tuple[str, ...] = ()
    #: How everything for this customer is packed.
    packaging_rule: str | None = None
    #: 1 first, 9 last.
    priority: int = 5
    #: What is made for stock stands here under its work order, for nobody.
    for_stock: bool = False
    #: Pieces that are made and in no box yet.
    ready: int = 0
    #: The day that was promised.
    promise: date | None = None


def work_at(session: Session, work_center_id: int, *, here: Here) -> list[Job]:
    """The orders with work at a work center, next first."""
    columns = (
        func.min(Operation.name).label("operation"),
        func.sum(Operation.good).label("done"),
        func.sum(Operation.quantity - Operation.scrap).label("total"),
    )
    statement = (
        _of_orders(*columns)
        .join(WorkOrder, WorkOrder.order_id == SalesOrder.id)
        .join(Operation, Operation.work_order_id == WorkOrder.id)
        .where(
            Operation.work_center_id == work_center_id,
            Operation.state.in_([state.value for state in _WAITING]),
            SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value,
        )
        .group_by(SalesOrder.id, Customer.id)
        .order_by(*_NEXT_FIRST)
        .limit(_MOST)
    )
    return [_job(row, here) for row in session.execute(statement)]


def stock_work_at(session: Session, work_center_id: int) -> list[Job]:
    """The work for stock at a work center, oldest first; it comes after what somebody has ordered."""
    statement = (
        select(WorkOrder.number, Product.name, Operation.name, Operation.good, Operation.quantity, Operation.scrap)
        .join(Operation, Operation.work_order_id == WorkOrder.id)
        .join(Product, Product.id == WorkOrder.product_id)
        .where(
            WorkOrder.order_id.is_(None),
            in_states(_OPEN_WORK),
            Operation.work_center_id == work_center_id,
            Operation.state.in_([state.value for state in _WAITING]),
        )
        .order_by(WorkOrder.id, Operation.step)
        .limit(_MOST)
    )
    return [
        Job(number, product, operation, good, quantity - scrap, None, priority=LAST, for_stock=True)
        for number, product, operation, good, quantity, scrap in session.execute(statement)
    ]


def work_for_stock(session: Session, unit: str) -> str | None:
    """The work order for stock that a unit belongs to."""
    statement = select(WorkOrder.number).join(Unit, Unit.work_order_id == WorkOrder.id)
    return session.scalar(statement.where(Unit.number == unit, WorkOrder.order_id.is_(None)))


def packing_at(session: Session, at_hand: str | None, *, here: Here) -> list[Job]:
    """The order in hand and those with pieces that wait for a box, next first; two queries.

    Pieces are packed as they come: the order may still be in production, or have left in part.
    """
    begun = SalesOrder.fulfilment.in_(_SOME_MADE)
    waiting = (
        select(SalesOrder.id)
        .where(SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value)
        .where(or_(SalesOrder.number == at_hand, and_(begun, _unpacked())))
        .order_by(SalesOrder.number != (at_hand or ""), *_NEXT_FIRST)
        .limit(_MOST_TO_PACK)
    )
    return _packing(session, list(session.scalars(waiting)), here=here)


def to_pack(session: Session, *, here: Here, limit: int) -> list[Job]:
    """Every order with pieces that are made and in no box, whatever else of it is still made; three queries."""
    waiting = (
        select(SalesOrder.id)
        .where(SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value, _unpacked())
        .order_by(*_NEXT_FIRST)
        .limit(limit)
    )
    jobs = _packing(session, list(session.scalars(waiting)), here=here)
    snapshots: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    said = select(SalesOrder.number, WorkOrder.snapshot).join(WorkOrder, WorkOrder.order_id == SalesOrder.id)
    said = said.where(SalesOrder.number.in_([job.order for job in jobs])).order_by(WorkOrder.id)
    for number, snapshot in session.execute(said) if jobs else ():
        snapshots[number].append(snapshot)
    return [
        replace(
            job,
            packaging=_together(packaging_in_words(each) for each in snapshots[job.order]),
            pictures=_shown(snapshots[job.order]),
            changed=_together(each.get("instructions") for each in snapshots[job.order]),
        )
        for job in jobs
    ]


def _unpacked() -> ColumnElement[bool]:
    """Whether a piece of the order is made and lies in no box."""
    return exists().where(
        WorkOrder.order_id == SalesOrder.id,
        Unit.work_order_id == WorkOrder.id,
        Unit.order_id == SalesOrder.id,
        Unit.state.in_(_MADE),
    )


def _together(said: Iterable[str | None]) -> str | None:
    """What several work orders say, each thing once."""
    return " ".join(dict.fromkeys(text for text in said if text)) or None


def _shown(snapshots: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Their pictures, each once."""
    return tuple(dict.fromkeys(name for each in snapshots if (name := packaging_picture(each))))


def _packing(session: Session, ids: Sequence[int], *, here: Here) -> list[Job]:
    if not ids:
        return []
    packed = func.sum(case((Unit.state.in_(_IN_A_BOX), 1), else_=0))
    made = func.sum(case((Unit.state.in_(_MADE), 1), else_=0))
    counted = (func.count().label("total"), packed.label("done"), made.label("ready"))
    statement = (
        _of_orders(*counted)
        .join(Unit, Unit.order_id == SalesOrder.id)
        .where(SalesOrder.id.in_(ids), Unit.kind != UnitKind.CONTAINER.value, Unit.state != UnitState.SCRAPPED.value)
        .group_by(SalesOrder.id, Customer.id)
        .order_by(*_NEXT_FIRST)
    )
    return [_job(row, here) for row in session.execute(statement)]


def with_snapshot(session: Session, job: Job | None, *, unit: str | None, work_center_id: int) -> Job | None:
    """The job with how it is packed and what was changed, as its work order says since its release.

    Of an order with several lines it is the work order of the unit that was read last, else one with work here.
    """
    if job is None or job.for_stock:
        return job
    of_unit = select(Unit.work_order_id).where(Unit.number == (unit or "")).scalar_subquery()
    here = exists().where(
        Operation.work_order_id == WorkOrder.id,
        Operation.work_center_id == work_center_id,
        Operation.state.in_([state.value for state in _WAITING]),
    )
    statement = (
        select(WorkOrder.snapshot)
        .join(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .where(SalesOrder.number == job.order)
        .order_by(WorkOrder.id != of_unit, ~here, WorkOrder.id)
        .limit(1)
    )
    snapshot = session.execute(statement).scalar_one_or_none() or {}
    return replace(
        job,
        packaging=packaging_in_words(snapshot),
        pictures=_shown([snapshot]),
        changed=snapshot.get("instructions"),
    )


def _of_orders(*columns: Any) -> Select[Any]:
    return select(
        SalesOrder.number,
        Customer.name.label("customer"),
        SalesOrder.priority,
        SalesOrder.promise_date,
        func.coalesce(SalesOrder.special_instructions, Customer.special_instructions).label("instructions"),
        SalesOrder.on_hold,
        Customer.alerts,
        Customer.packaging_rule,
        *columns,
    ).join(Customer, Customer.id == SalesOrder.customer_id)


def _job(row: Row[*tuple[Any, ...]], here: Here) -> Job:
    return Job(
        order=row.number,
        customer=row.customer,
        operation=getattr(row, "operation", None),
        done=int(row.done),
        total=int(row.total),
        due_at=due_at(row.promise_date, here.zone),
        instructions=row.instructions,
        on_hold=row.on_hold,
        alerts=_lines(row.alerts),
        packaging_rule=row.packaging_rule,
        priority=row.priority,
        ready=int(getattr(row, "ready", 0)),
        promise=row.promise_date,
    )


def _lines(text: str | None) -> tuple[str, ...]:
    found: Sequence[str] = (text or "").splitlines()
    return tuple(line.strip() for line in found if line.strip())
