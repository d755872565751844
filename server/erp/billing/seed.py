"""The past of the demo factory: orders that were made and delivered, and what became of their invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.erp.billing.payments import record_payment
from server.erp.billing.rates import add_rate
from server.erp.billing.rates_schemas import RateIn
from server.erp.billing.repository import locked_invoice
from server.erp.billing.schemas import InvoiceIn, PaymentIn
from server.erp.billing.service import create_invoice, issue_invoice
from server.erp.logistics.changes import Changes
from server.erp.logistics.packing import open_box
from server.erp.logistics.schemas import HandlingUnitIn, ShipmentIn
from server.erp.logistics.service import close_box, create_shipment, deliver, ship
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.repository import lock_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.orders.snapshot import pieces_per_box
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.seed import ACTOR
from server.parties.models import Customer
from server.parties.repository import customers_by_number
from server.parties.schemas import CustomerPatch
from server.parties.service import update_customer
from server.tracking.facts import FactKind
from server.tracking.states import HandlingUnitState, OperationState, UnitState, WorkOrderState


@dataclass(frozen=True, slots=True)
class _Past:
    """An order of the past: ordered, left and paid so many days ago; None for what has not happened."""

    customer: str
    sku: str
    pieces: int
    ordered: int
    left: int
    reference: str
    invoiced: int | None = None
    paid: int | None = None
    #: How much was paid; None for all of it.
    amount: str | None = None


_PASTS = (
    _Past("Kestrel Rail", "STEP-RAIL", 6, 84, 70, "KR/26/091", invoiced=69),
    _Past("Aurora Bikes", "FRAME-CITY", 4, 40, 27, "AB-7698", invoiced=26, paid=11),
    _Past("Nordwind Energie", "MOUNT-WIND", 3, 30, 16, "4500081103", invoiced=15, paid=4, amount="150.00"),
    _Past("Aurora Bikes", "RACK-REAR", 8, 21, 6, "AB-7731", invoiced=5),
    _Past("Kestrel Rail", "STEP-RAIL", 2, 15, 2, "KR/26/110"),
)


#: One euro was so many of these.
_RATES = {"GBP": "0.8420", "NOK": "11.7520", "SEK": "11.0840", "USD": "1.0790"}
_LIMITS = {"Aurora Bikes": 25_000, "Nordwind Energie": 12_000, "Kestrel Rail": 40_000}


def seed_past(session: Session, now: datetime) -> list[SalesOrder]:
    """Give the demo factory a past: one invoice overdue, one paid, one partly paid, one open, one still to make.

    Customers get credit limits, and one of them an order that does not fit under his.
    """
    found = session.scalars(select(Customer.number).where(Customer.name.in_(_LIMITS))).all()
    customers = {customer.name: customer for customer in customers_by_number(session, found).values()}
    for name, limit in _LIMITS.items():
        patch = CustomerPatch(credit_limit=Decimal(limit))
        update_customer(session, customers[name], patch, actor=ACTOR, now=now)
    for code, value in _RATES.items():
        rate = RateIn(currency=code, rate=Decimal(value), as_of=now.date() - timedelta(days=3))
        add_rate(session, rate, actor="user:finance", now=now - timedelta(days=2))
    pasts = [_live_through(session, customers[past.customer].number, past, now) for past in _PASTS]
    return [*pasts, _order_above_the_limit(session, customers["Nordwind Energie"].number, now)]


def _order_above_the_limit(session: Session, customer: str, now: datetime) -> SalesOrder:
    line = OrderLineIn(product="MOUNT-WIND", quantity=Decimal(60))
    body = OrderIn(customer=customer, customer_reference="4500081301", lines=[line])
    order = create_order(session, body, actor=ACTOR, now=now)
    return confirm_order(session, order, actor=ACTOR, now=now)


def _live_through(session: Session, customer: str, past: _Past, now: datetime) -> SalesOrder:
    began, left = now - timedelta(days=past.ordered), now - timedelta(days=past.left)
    line = OrderLineIn(product=past.sku, quantity=Decimal(past.pieces))
    body = OrderIn(customer=customer, customer_reference=past.reference, lines=[line])
    order = create_order(session, body, actor=ACTOR, now=began)
    confirm_order(session, order, actor=ACTOR, now=began, promise_date=left.date())
    release_order(session, order, actor=ACTOR, now=began)
    _pack(session, order, make_units(session, order, left - timedelta(hours=3)), left)
    shipment = create_shipment(session, ShipmentIn(order=order.number, carrier="Road"), actor=ACTOR, now=left)
    ship(session, shipment, actor=ACTOR, now=left)
    if past.left > 2:
        deliver(session, shipment, actor=ACTOR, now=left + timedelta(days=1))
    if past.invoiced is not None:
        _invoice(session, past, shipment.number, now)
    return order


def _pack(session: Session, order: SalesOrder, units: Sequence[str], left: datetime) -> None:
    """Into as many boxes as the packaging asks for."""
    snapshot = session.scalars(select(WorkOrder.snapshot).where(WorkOrder.order_id == order.id)).one()
    most = pieces_per_box(snapshot) or len(units)
    for first in range(0, len(units), most):
        packing = HandlingUnitIn(order=order.number, units=list(units[first : first + most]))
        box = open_box(session, packing, actor=ACTOR, now=left - timedelta(hours=2))
        if box.state == HandlingUnitState.OPEN:
            close_box(session, box, actor=ACTOR, now=left - timedelta(hours=1))


def make_units(session: Session, order: SalesOrder, at: datetime) -> list[str]:
    """Every unit through its last operation; returns their numbers."""
    changes = Changes(session, lock_order(session, order.id), ACTOR, at)
    work = session.scalars(select(WorkOrder).where(WorkOrder.order_id == order.id)).one()
    for step in session.scalars(select(Operation).where(Operation.work_order_id == work.id)):
        done = {"started": step.quantity, "good": step.quantity, "started_at": at, "completed_at": at}
        changes.set(step, state=OperationState.COMPLETED.value, **done)
    changes.set(work, state=WorkOrderState.COMPLETED.value, started_at=at, completed_at=at)
    units = session.scalars(select(Unit).where(Unit.work_order_id == work.id).order_by(Unit.id)).all()
    for unit in units:
        changes.set(unit, state=UnitState.FINISHED.value, step=None)
        changes.fact(FactKind.OPERATION_COMPLETED, unit.number, unit=unit)
    changes.write()
    return [unit.number for unit in units]


def _invoice(session: Session, past: _Past, shipment: str, now: datetime) -> None:
    at = now - timedelta(days=past.invoiced or 0)
    number = create_invoice(session, InvoiceIn(shipments=[shipment]), actor=ACTOR, now=at).number
    invoice = issue_invoice(session, locked_invoice(session, number), actor=ACTOR, now=at)
    if past.paid is None:
        return
    paid_at = now - timedelta(days=past.paid)
    body = PaymentIn(
        customer=invoice.customer.number,
        amount=Decimal(past.amount) if past.amount else invoice.gross,
        reference=f"{past.reference} / {number}",
    )
    record_payment(session, body, actor=ACTOR, now=paid_at)
