"""Finished goods of the demo factory: one order that comes out of stock whole, and one that waits for a decision."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.seed import ACTOR, DemoWorld
from server.erp.stock.rules import MoveKind
from server.erp.stock.schemas import LocationIn, MoveIn
from server.erp.stock.service import create_location, move_stock

_SKU = "MOUNT-WIND"


def seed_reservations(session: Session, world: DemoWorld, now: datetime) -> list[SalesOrder]:
    """Add nine finished pieces and both orders to a seeded factory; the edge commits."""
    at = now - timedelta(days=1)
    create_location(session, LocationIn(key="finished", name="Finished goods"), actor=ACTOR, now=at)
    body = MoveIn(product=_SKU, kind=MoveKind.RECEIPT, quantity=Decimal(9), target="finished", cause="Made for stock")
    move_stock(session, body, actor=ACTOR, now=at)
    whole = _order(session, world, 6, "KR/26/125", now - timedelta(hours=3))
    release_order(session, whole, actor=ACTOR, now=now - timedelta(hours=2))
    return [whole, _order(session, world, 5, "KR/26/126", now - timedelta(hours=1))]


def _order(session: Session, world: DemoWorld, pieces: int, reference: str, at: datetime) -> SalesOrder:
    line = OrderLineIn(product=_SKU, quantity=Decimal(pieces))
    customer = world.customers["Kestrel Rail"].number
    body = OrderIn(customer=customer, customer_reference=reference, lines=[line])
    order = create_order(session, body, actor=ACTOR, now=at)
    return confirm_order(session, order, actor=ACTOR, now=at, promise_date=(at + timedelta(days=9)).date())
