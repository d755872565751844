"""What stands at the dock of the demo factory: a pallet with two boxes, and a box that nobody has stacked yet."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from server.erp.billing.seed import make_units
from server.erp.logistics.models import HandlingUnit
from server.erp.logistics.packing import open_box
from server.erp.logistics.schemas import HandlingUnitIn
from server.erp.logistics.service import close_box
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.seed import ACTOR, DemoWorld
from server.tracking.states import HandlingUnitKind, HandlingUnitState


def seed_dock(session: Session, world: DemoWorld, now: datetime) -> HandlingUnit:
    """Add an order that is packed and waits for its carrier; returns its pallet. The edge commits."""
    began, packed = now - timedelta(days=4), now - timedelta(minutes=40)
    line = OrderLineIn(product="STEP-RAIL", quantity=Decimal(6))
    customer = world.customers["Kestrel Rail"].number
    body = OrderIn(customer=customer, customer_reference="KR/26/124", lines=[line])
    order = create_order(session, body, actor=ACTOR, now=began)
    confirm_order(session, order, actor=ACTOR, now=began, promise_date=(now + timedelta(days=1)).date())
    release_order(session, order, actor=ACTOR, now=began)
    units = make_units(session, order, packed - timedelta(hours=1))
    boxes = [_box(session, order.number, units[place : place + 2], packed) for place in (0, 2, 4)]
    onto = HandlingUnitIn(order=order.number, kind=HandlingUnitKind.PALLET, handling_units=boxes[:2])
    pallet = open_box(session, onto, actor=ACTOR, now=packed + timedelta(minutes=10))
    return close_box(session, pallet, actor=ACTOR, now=packed + timedelta(minutes=12))


def _box(session: Session, order: str, units: list[str], at: datetime) -> str:
    box = open_box(session, HandlingUnitIn(order=order, units=units), actor=ACTOR, now=at)
    if box.state == HandlingUnitState.OPEN:
        close_box(session, box, actor=ACTOR, now=at)
    return box.number
