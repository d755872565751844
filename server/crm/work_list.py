"""The planner's list of work orders, newest first, with what was lost and what orders are short of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from server.catalog.models import Product
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production import work_repository
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.production.standing import in_states
from server.messages import N_
from server.parties.models import Customer
from server.tracking.states import OperationState, OrderLifecycle, UnitState, WorkOrderState

#: Rows of one page.
MOST = 25
_OPEN = (WorkOrderState.RELEASED.value, WorkOrderState.IN_PROGRESS.value, WorkOrderState.ON_HOLD.value)
#: The saved filters by the word in the address.
VIEWS = {"open": N_("Open"), "short": N_("Short"), "stock": N_("For stock"), "all": N_("All")}


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A work order in the list."""

    id: int
    number: str
    product: str
    sku: str
    order: str | None
    customer: str | None
    quantity: Decimal
    state: str
    #: Units in all, through the last step, and scrapped.
    planned: int
    good: int
    lost: int
    #: Pieces through their steps, and how many that will be.
    steps_done: int
    steps_total: int
    #: What its order line lacks, whatever was made again meanwhile.
    short: int
    #: The step that runs, or is next.
    step: str | None
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkList:
    """A page of the list; `next` is the id to go on before."""

    rows: Sequence[WorkRow]
    next: int | None


def work_list(session: Session, view: str, *, visible: ColumnElement[bool], before: int | None = None) -> WorkList:
    """A page of work orders; seven queries whatever their number."""
    ids = _filtered(view).where(visible)
    if before is not None:
        ids = ids.where(WorkOrder.id < before)
    # What the rows say is read once they are chosen, and not for all that they were chosen from.
    chosen = ids.order_by(WorkOrder.id.desc()).limit(MOST + 1).subquery()
    whole = _whole().where(WorkOrder.id.in_(select(chosen.c.id)))
    found = session.scalars(whole.order_by(WorkOrder.id.desc())).all()
    page = found[:MOST]
    lost = work_repository.lost_of(session, [each.id for each in page])
    short = shortages(
        session, {each.order_line_id for each in page if each.order_line_id is not None and each.id in lost}
    )
    rows = [_row(each, short.get(each.order_line_id or 0, 0), lost.get(each.id, 0)) for each in page]
    if view == "short":
        rows = [row for row in rows if row.short]
    return WorkList(rows, page[-1].id if len(found) > MOST else None)


def shortages(session: Session, line_ids: Collection[int]) -> dict[int, int]:
    """How many pieces each of these order lines is short of: ordered, less what is made or in the making."""
    if not line_ids:
        return {}
    lines = session.execute(select(OrderLine.id, OrderLine.quantity).where(OrderLine.id.in_(line_ids))).all()
    alive = work_repository.alive_of_lines(session, line_ids)
    return {found.id: max(ceil(found.quantity - alive.get(found.id, 0)), 0) for found in lines}


def _whole() -> Select[WorkOrder]:
    """Work orders with all that the list says of them, and no more."""
    order = joinedload(WorkOrder.order)
    return select(WorkOrder).options(
        # How it is made is long, and no list says it.
        defer(WorkOrder.snapshot, raiseload=True),
        joinedload(WorkOrder.product).load_only(Product.sku, Product.name, raiseload=True),
        order.load_only(SalesOrder.number, raiseload=True),
        order.joinedload(SalesOrder.customer).load_only(Customer.name, raiseload=True),
        selectinload(WorkOrder.operations).load_only(
            Operation.step,
            Operation.name,
            Operation.state,
            Operation.quantity,
            Operation.good,
            raiseload=True,
        ),
    )


def _filtered(view: str) -> Select[int]:
    statement = select(WorkOrder.id).outerjoin(SalesOrder, SalesOrder.id == WorkOrder.order_id)
    if view == "open":
        return statement.where(in_states(_OPEN))
    if view == "stock":
        return statement.where(WorkOrder.order_id.is_(None))
    if view == "short":
        scrapped = Unit.state == UnitState.SCRAPPED.value
        lost = select(Unit.id).where(Unit.work_order_id == WorkOrder.id, scrapped).exists()
        # By the open orders: what was lost in all the years before is not looked at.
        opened = select(SalesOrder.id).where(SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value)
        return statement.where(WorkOrder.order_id.in_(opened), lost)
    return statement


def _row(work_order: WorkOrder, short: int, lost: int) -> WorkRow:
    steps = [each for each in work_order.operations if each.state != OperationState.SKIPPED]
    current = next((each.name for each in steps if each.state != OperationState.COMPLETED), None)
    order = work_order.order
    return WorkRow(
        id=work_order.id,
        number=work_order.number,
        product=work_order.product.name,
        sku=work_order.product.sku,
        order=order.number if order is not None else None,
        customer=order.customer.name if order is not None else None,
        quantity=work_order.quantity,
        state=work_order.state,
        # What was picked out of stock has no steps; it is all there.
        planned=steps[0].quantity if steps else int(work_order.quantity),
        good=steps[-1].good if steps else int(work_order.quantity),
        lost=lost,
        steps_done=sum(each.good for each in steps) if steps else 1,
        steps_total=sum(each.quantity for each in steps) or 1,
        short=short,
        step=current,
        released_at=work_order.released_at,
    )
