"""Changes of the demo: one that the floor has confirmed, two that wait for a decision, and one that stops packing."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from server.erp.billing.seed import make_units
from server.erp.changes import repository, service
from server.erp.changes.models import ChangeRequest
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn, Wanted
from server.erp.logistics.packing import open_box
from server.erp.logistics.schemas import HandlingUnitIn
from server.erp.logistics.service import close_box
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.production.acts import by_people
from server.erp.production.deeds import Deed, DeedKind, do
from server.erp.seed import ACTOR, DemoWorld
from server.tracking.states import Effectivity


def seed_changes(session: Session, world: DemoWorld, now: datetime) -> list[ChangeRequest]:
    """Add them to the first orders in work of a seeded factory; the edge commits."""
    orders = world.orders_in("processing")
    seen = Wanted(box="B60", inner_material="foam")
    confirmed = _ask(session, orders[0].number, seen, Effectivity.REMAINING, now - timedelta(minutes=50))
    service.approve_change(session, confirmed, actor=ACTOR, now=now - timedelta(minutes=40))
    for row in confirmed.acknowledgements:
        by = service.Witness(None, "Early shift", ACTOR)
        service.acknowledge_change(session, confirmed, row.station.key, by, now=now - timedelta(minutes=25))
    wish = Wanted(packaging="Each piece in paper, none in plastic", label_text="FRAGILE")
    waits = _ask(session, orders[1].number, wish, Effectivity.IMMEDIATE, now - timedelta(minutes=8))
    asked = Wanted(label_text="AURORA / NO FOIL", instructions="No wax on the saddle tube, please.")
    theirs = _ask(session, orders[3].number, asked, Effectivity.REMAINING, now - timedelta(minutes=12), Origin.CUSTOMER)
    return [confirmed, waits, theirs]


def seed_packing_anew(session: Session, world: DemoWorld, now: datetime) -> SalesOrder:
    """Add an order whose packed pieces are to be packed anew and of which one was sent back; the edge commits."""
    began, packed = now - timedelta(days=3), now - timedelta(minutes=35)
    customer = world.customers["Aurora Bikes"].number
    line = OrderLineIn(product="RACK-REAR", quantity=Decimal(4))
    body = OrderIn(customer=customer, customer_reference="AB-7771", lines=[line])
    order = create_order(session, body, actor=ACTOR, now=began)
    confirm_order(session, order, actor=ACTOR, now=began, promise_date=(now + timedelta(days=2)).date())
    release_order(session, order, actor=ACTOR, now=began)
    units = make_units(session, order, packed - timedelta(hours=1))
    box = open_box(session, HandlingUnitIn(order=order.number, units=units[:2]), actor=ACTOR, now=packed)
    # An open box would stand at the station in the way of every other order.
    close_box(session, box, actor=ACTOR, now=packed)
    (work_order,) = repository.work_orders_of(session, order.number)
    again = Deed(DeedKind.REWORK, code="SURFACE")
    do(session, work_order, [units[-1]], again, by_people(ACTOR, now - timedelta(minutes=30)))
    wish = Wanted(box="Wooden crate", inner_material="Felt between, they go by sea")
    asked = now - timedelta(minutes=20)
    change = _ask(session, order.number, wish, Effectivity.IMMEDIATE, asked, Origin.CUSTOMER)
    service.approve_change(session, change, actor=ACTOR, now=asked + timedelta(minutes=6))
    return order


def _ask(
    session: Session,
    order: str,
    wanted: Wanted,
    effectivity: Effectivity,
    at: datetime,
    origin: Origin = Origin.SALES,
) -> ChangeRequest:
    work_order = repository.work_orders_of(session, order)[0]
    body = ChangeIn(work_order=work_order.number, changes=wanted, effectivity=effectivity)
    change = service.create_change(session, work_order, body, origin=origin, actor=ACTOR, now=at)
    service.submit_change(session, change, actor=ACTOR, now=at)
    return change
