"""One order with all that belongs to it: for our own people whole, for its customer by an allow-list."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.access import visible_orders
from server.crm.here import Here
from server.crm.milestones import Milestone, StepCount, milestones
from server.crm.order_changes import ChangeLine, changes_of
from server.crm.order_lines import Line, lines_of
from server.crm.order_rows import BOXES, HEADS, SHIPMENTS, WORK, OrderHead
from server.crm.orders_list import standing_of
from server.crm.risk import Risk, due_at, judge
from server.crm.timeline import Timeline, brief_timeline, order_timeline
from server.crm.units import RouteStep, UnitRow, route_steps, unit_rows
from server.erp.orders import estimates
from server.erp.orders.models import SalesOrder
from server.erp.orders.prediction import Estimate
from server.erp.orders.recent import RecentEstimates
from server.errors import NotFound
from server.parties.models import Customer
from server.tracking.states import HandlingUnitKind, HandlingUnitState, OrderLifecycle, UnitState

_LOST = UnitState.SCRAPPED.value
#: Boxes in these states may leave.
READY_TO_GO = (HandlingUnitState.CLOSED, HandlingUnitState.LOADED)


@dataclass(frozen=True, slots=True)
class Box:
    """A box or pallet of the order."""

    number: str
    sscc: str
    state: str
    units: int
    shipment_id: int | None
    kind: str = HandlingUnitKind.BOX.value
    #: The pallet that it lies on.
    pallet: str | None = None

    @property
    def is_emptied(self) -> bool:
        """Whether it stands open with nothing inside, as after its last piece was packed elsewhere."""
        return self.state == HandlingUnitState.OPEN and not self.units


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """What left together, or will."""

    number: str
    state: str
    carrier: str | None
    tracking_reference: str | None
    created_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    boxes: Sequence[Box]


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Everything the order page shows, and nothing it must ask for later."""

    id: int
    number: str
    row_version: int
    customer: str
    customer_number: str
    reference: str | None
    #: The quote whose acceptance placed the order, and which version of it.
    quote_number: str | None
    quote_version: int | None
    lifecycle: str
    fulfilment: str
    billing: str
    on_hold: bool
    hold_reason: str | None
    priority: int
    risk: Risk
    promise: date | None
    due_at: datetime | None
    predicted_at: datetime | None
    predicted_late_at: datetime | None
    #: What the prediction is worked out from; None where there is nothing to predict.
    estimate: Estimate | None
    special_instructions: str | None
    created_at: datetime
    created_by: str
    confirmed_at: datetime | None
    released_at: datetime | None
    moved_at: datetime | None
    moved_where: str | None
    lines: Sequence[Line]
    work_orders: Sequence[str]
    milestones: Sequence[Milestone]
    units: Sequence[UnitRow]
    unit_states: Mapping[str, int]
    boxes: Sequence[Box]
    shipments: Sequence[ShipmentRow]
    timeline: Timeline
    #: What shall be otherwise since the release, newest first.
    changes: Sequence[ChangeLine] = ()

    @property
    def short(self) -> int:
        """How many pieces the order lacks of what was ordered, for what was scrapped and not made again."""
        if not self.units or self.lifecycle != OrderLifecycle.PROCESSING:
            return 0
        alive = sum(1 if unit.pieces is None else unit.pieces for unit in self.units if unit.state != _LOST)
        return max(ceil(sum(line.quantity for line in self.lines) - alive), 0)

    @property
    def can_ship(self) -> bool:
        """Whether a closed box is still here; what lies on a pallet leaves with it."""
        return any(box.state in READY_TO_GO and box.pallet is None for box in self.boxes)


@dataclass(frozen=True, slots=True)
class Prediction:
    """When the order will probably leave, and when at the latest in four cases of five."""

    at: datetime | None
    late_at: datetime | None

    @classmethod
    def of(cls, estimate: Estimate | None) -> "Prediction":
        """The fresh estimate; an order that cannot be estimated now has none."""
        return cls(estimate.at, estimate.late_at) if estimate else cls(None, None)


def find_order(session: Session, principal: Principal, number: str) -> tuple[SalesOrder, Customer]:
    """The order if this caller may see it; raises NotFound, the same for a foreign order and for none."""
    statement = (
        select(SalesOrder, Customer)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(SalesOrder.number == number, visible_orders(principal))
    )
    row = session.execute(statement).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


def order_page(
    session: Session,
    principal: Principal,
    number: str,
    *,
    here: Here,
    before: int | None = None,
) -> OrderPage:
    """The order for this caller; raises NotFound. The number of queries does not grow with the order."""
    is_visible = select(SalesOrder.id).where(SalesOrder.number == number, visible_orders(principal))
    order = order_head(session, number) if session.execute(is_visible).first() is not None else None
    if order is None:
        raise NotFound
    estimate = estimates.compute(session, [order.id], now=here.now).get(order.id)
    timeline = order_timeline(session, order.id, before=before)
    return _page(session.connection(), order, here, (route_steps(session, order.id), estimate, timeline))


def order_head(session: Session | Connection, number: str) -> OrderHead | None:
    """The order's own row, for whoever then asks whether its reader may see it."""
    return HEADS.first(session, order=number)


def live_page(
    session: Session, order: OrderHead, recent: RecentEstimates, *, here: Here, for_customer: bool
) -> OrderPage:
    """The page of an order whose reader was checked, as fast as can be: a customer's without what he is not told."""
    estimate, connection = recent.of(session, order, now=here.now), session.connection()
    steps = route_steps(connection, order.id)
    if for_customer:
        names = {(each.work_order_id, each.step): each.name for each in steps}
        return _page(connection, order, here, (steps, estimate, brief_timeline(connection, order.id, names)))
    return _page(connection, order, here, (steps, estimate, order_timeline(session, order.id)))


def _page(
    session: Connection,
    order: OrderHead,
    here: Here,
    known: tuple[Sequence[RouteStep], Estimate | None, Timeline],
) -> OrderPage:
    operations, estimate, timeline = known
    units = unit_rows(session, order.id, operations)
    states = Counter([unit.state for unit in units])
    boxes = _boxes(session, order.id, units)
    predicted, standing = Prediction.of(estimate), standing_of(order, here.zone)
    return OrderPage(
        id=order.id,
        number=order.number,
        row_version=order.row_version,
        customer=order.customer,
        customer_number=order.customer_number,
        reference=order.customer_reference,
        quote_number=order.quote_number,
        quote_version=order.quote_version,
        lifecycle=order.lifecycle,
        fulfilment=order.fulfilment,
        billing=order.billing,
        on_hold=order.on_hold,
        hold_reason=order.hold_reason,
        priority=order.priority,
        risk=judge(standing._replace(predicted_at=predicted.at, predicted_late_at=predicted.late_at), here.now),
        promise=order.promise_date,
        due_at=due_at(order.promise_date, here.zone),
        predicted_at=predicted.at,
        predicted_late_at=predicted.late_at,
        estimate=estimate,
        special_instructions=order.special_instructions or order.customer_instructions,
        created_at=order.created_at,
        created_by=order.created_by,
        confirmed_at=order.confirmed_at,
        released_at=order.released_at,
        moved_at=order.moved_at,
        moved_where=_moved_where(units),
        lines=lines_of(session, order.id),
        work_orders=[each.number for each in WORK.all(session, order=order.id)],
        milestones=milestones(order.lifecycle, _counts(operations, units), states),
        units=units,
        unit_states=states,
        boxes=boxes,
        shipments=_shipments(session, order.id, boxes),
        timeline=timeline,
        changes=changes_of(session, order.id),
    )


def _counts(operations: Sequence[RouteStep], units: Sequence[UnitRow]) -> list[StepCount]:
    alive = Counter([unit.work_order_id for unit in units if unit.state != UnitState.SCRAPPED])
    return [StepCount(each.step, each.name, alive[each.work_order_id], each.started, each.good) for each in operations]


def _boxes(session: Session | Connection, order_id: int, units: Sequence[UnitRow]) -> list[Box]:
    packed = Counter([unit.box_id for unit in units if unit.box_id is not None])
    rows = BOXES.all(session, order=order_id)
    numbers = {row.id: row.number for row in rows}
    for row in (each for each in rows if each.pallet_id is not None):
        packed[row.pallet_id or 0] += packed[row.id]
    # Each pallet stands before its boxes.
    rows.sort(key=lambda row: (row.pallet_id or row.id, row.pallet_id is not None, row.id))
    return [
        Box(row.number, row.sscc, row.state, packed[row.id], row.shipment_id, row.kind, numbers.get(row.pallet_id or 0))
        for row in rows
    ]


def _shipments(session: Session | Connection, order_id: int, boxes: Sequence[Box]) -> list[ShipmentRow]:
    return [
        ShipmentRow(
            each.number,
            each.state,
            each.carrier,
            each.tracking_reference,
            each.created_at,
            each.shipped_at,
            each.delivered_at,
            [box for box in boxes if box.shipment_id == each.id and box.kind == HandlingUnitKind.BOX],
        )
        for each in SHIPMENTS.all(session, order=order_id)
    ]


def _moved_where(units: Sequence[UnitRow]) -> str | None:
    seen = [unit for unit in units if unit.last_seen_at is not None]
    if not seen:
        return None
    return max(seen, key=lambda unit: unit.last_seen_at or unit.never).last_station
