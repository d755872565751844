"""The operator's list of a work center: what can be worked on, what waits and for what, the next first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from server.erp.orders.models import SalesOrder
from server.erp.orders.snapshot import packaging_in_words, packaging_picture
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.production.standing import in_states
from server.tracking.states import OperationState, OrderLifecycle, UnitState, WorkOrderState

_OPEN_WORK = (WorkOrderState.RELEASED.value, WorkOrderState.IN_PROGRESS.value)
_OPEN_STEPS = (OperationState.READY.value, OperationState.RUNNING.value, OperationState.PAUSED.value)
_PENDING = OperationState.PENDING.value
_SKIPPED = OperationState.SKIPPED.value
#: What is made for stock waits for what somebody has ordered.
LAST = 9


class Waits(StrEnum):
    """Why work cannot go on here now."""

    NOTHING = "nothing"
    #: Too few pieces came through the step before.
    BEFORE = "before"
    ORDER_HELD = "order_held"
    #: Every piece that stands here is on hold.
    UNITS_HELD = "units_held"
    #: All pieces that came here are done; more come later.
    PIECES = "pieces"


@dataclass(frozen=True, slots=True)
class Before:
    """The step before an operation, as far as it is."""

    name: str
    good: int
    #: So many pieces must be through before the first one is handed over.
    needed: int


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One operation at a work center, with what the person at the station must know."""

    operation: Operation
    work_order: WorkOrder
    #: None for what is made for stock.
    order: SalesOrder | None
    #: Units that stand before this step and may be taken.
    waiting: int
    #: Units in work, and those that stand here and are held.
    in_work: int = 0
    held: int = 0
    before: Before | None = None

    @property
    def changed(self) -> str | None:
        """What a change after the release has added for the hands that make it."""
        words: str | None = self.work_order.snapshot.get("instructions")
        return words

    @property
    def packaging(self) -> str | None:
        """How it is packed."""
        return packaging_in_words(self.work_order.snapshot)

    @property
    def pictures(self) -> list[str]:
        """Hash of the picture that shows it, if there is one."""
        name = packaging_picture(self.work_order.snapshot)
        return [] if name is None else [name]

    @property
    def instructions(self) -> str | None:
        """What whoever works on the order must mind; of an order that says nothing, what its customer says."""
        if self.order is None:
            return None
        return self.order.special_instructions or self.order.customer.special_instructions

    @property
    def alerts(self) -> list[str]:
        """What sales wants everybody to see who works on this customer's orders."""
        lines = (self.order.customer.alerts or "").splitlines() if self.order is not None else []
        return [line.strip() for line in lines if line.strip()]

    @property
    def waits(self) -> Waits:
        """Why nothing can be taken up, if nothing can."""
        if self.order is not None and self.order.on_hold:
            return Waits.ORDER_HELD
        if self.operation.state == _PENDING:
            return Waits.BEFORE
        if self.waiting or self.in_work:
            return Waits.NOTHING
        return Waits.UNITS_HELD if self.held else Waits.PIECES

    @property
    def missing(self) -> int:
        """How many pieces the step before must still hand over before work begins here."""
        return max(self.before.needed - self.before.good, 0) if self.before is not None else 0


def queue(session: Session, work_center_ids: Collection[int], *, limit: int = 50) -> list[QueueEntry]:
    """What can be worked on at these work centers, next first: by priority, promised date, then age.

    Work order, order, customer and product are loaded; four queries whatever the length.
    """
    ready = _work(work_center_ids).where(Operation.state.in_(_OPEN_STEPS)).limit(limit)
    return _entries(session, session.scalars(ready).unique().all())


def upcoming(session: Session, work_center_ids: Collection[int], *, limit: int = 20) -> list[QueueEntry]:
    """What waits for the step before, in the same order, where that has begun or is next itself; four queries."""
    pending = _work(work_center_ids).where(Operation.state == _PENDING).limit(limit)
    return _entries(session, session.scalars(pending).unique().all())


def _work(work_center_ids: Collection[int]) -> Select[Operation]:
    return (
        select(Operation)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .outerjoin(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .where(
            Operation.work_center_id.in_(work_center_ids),
            in_states(_OPEN_WORK),
            or_(WorkOrder.order_id.is_(None), SalesOrder.lifecycle == OrderLifecycle.PROCESSING.value),
        )
        .order_by(
            func.coalesce(SalesOrder.on_hold, False),
            func.coalesce(SalesOrder.priority, LAST),
            SalesOrder.promise_date.is_(None),
            SalesOrder.promise_date,
            WorkOrder.id,
            Operation.step,
        )
        .options(
            joinedload(Operation.work_order).joinedload(WorkOrder.order).joinedload(SalesOrder.customer),
            joinedload(Operation.work_order).joinedload(WorkOrder.product),
        )
    )


def _entries(session: Session, operations: Sequence[Operation]) -> list[QueueEntry]:
    work_orders = {operation.work_order_id for operation in operations}
    units, before = _units(session, work_orders), _before(session, [operation.id for operation in operations])
    found = []
    for operation in operations:
        place = (operation.work_order_id, operation.step)
        waiting, in_work, held = units.get(place, (0, 0, 0))
        work_order = operation.work_order
        step = before.get(operation.id)
        found.append(QueueEntry(operation, work_order, work_order.order, waiting, in_work, held, step))
    return found


def _units(session: Session, work_order_ids: Collection[int]) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Units by work order and step: those that may be taken, those in work, and those on hold."""
    statement = (
        select(Unit.work_order_id, Unit.step, Unit.state, Unit.held, func.count())
        .where(
            Unit.work_order_id.in_(work_order_ids),
            Unit.state.in_([UnitState.QUEUED.value, UnitState.IN_PROCESS.value]),
        )
        .group_by(Unit.work_order_id, Unit.step, Unit.state, Unit.held)
    )
    found: dict[tuple[int, int], tuple[int, int, int]] = {}
    for work_order_id, step, state, is_held, count in session.execute(statement):
        place = (work_order_id or 0, step or 0)
        waiting, in_work, held = found.get(place, (0, 0, 0))
        if is_held:
            held += count
        elif state == UnitState.IN_PROCESS.value:
            in_work += count
        else:
            waiting += count
        found[place] = (waiting, in_work, held)
    return found


def _before(session: Session, operation_ids: Collection[int]) -> dict[int, Before]:
    """The step before each of these operations."""
    earlier = aliased(Operation)
    statement = (
        select(Operation.id, earlier.name, earlier.good, earlier.transfer_quantity, earlier.quantity, earlier.scrap)
        .join(earlier, (earlier.work_order_id == Operation.work_order_id) & (earlier.step < Operation.step))
        .where(Operation.id.in_(operation_ids), earlier.state != _SKIPPED)
        .order_by(Operation.id, earlier.step)
    )
    found: dict[int, Before] = {}
    lost: dict[int, int] = {}
    # The last one stays; what was scrapped on the way is not waited for.
    for operation_id, name, good, transfer, quantity, scrap in session.execute(statement):
        lost[operation_id] = lost.get(operation_id, 0) + scrap
        found[operation_id] = Before(name, good, min(transfer, quantity - lost[operation_id]))
    return found
