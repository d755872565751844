"""What a demo needs of production life: work for stock with pieces on hold, a lot in parts, an order short of one."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.schemas import ProductIn, RoutingStepBody
from server.catalog.service import create_product
from server.erp.production import repository, work_repository
from server.erp.production.acts import Wish, by_people, scrap_pieces
from server.erp.production.deeds import Deed, DeedKind, do
from server.erp.production.for_stock import make_for_stock
from server.erp.production.models import Unit, WorkOrder
from server.erp.production.schemas import StockWorkIn
from server.erp.production.service import Why, hold_unit
from server.erp.reasons.service import chosen_reason
from server.erp.seed import ACTOR, DemoWorld
from server.tracking.states import Command, ReasonKind
from server.tracking.world import ReasonCode

#: The customer's own number of the order that loses a piece.
_SHORT = "AB-7755"


def seed_production(session: Session, world: DemoWorld, now: datetime) -> Sequence[WorkOrder]:
    """Add work for stock, a piece on hold and a scrapped one to a seeded factory; the edge commits."""
    made = make_for_stock(session, StockWorkIn(product="MOUNT-WIND", quantity=Decimal(6)), actor=ACTOR, now=now)
    last = session.scalars(select(Unit.id).where(Unit.work_order_id == made.id).order_by(Unit.id.desc())).first()
    held = chosen_reason(session, "INSPECT", ReasonKind.HOLD)
    hold_unit(session, last or 0, Why.of("First piece of a new batch of tube", held), actor=ACTOR, now=now)
    short = next(order for order in world.orders if order.customer_reference == _SHORT)
    number = next(iter(repository.work_orders_of(session, [short.id]))).number
    work_order = repository.work_order(session, number)
    assert work_order is not None
    lost = chosen_reason(session, "MATERIAL", ReasonKind.SCRAP)
    wish = Wish(Command.SCRAP, ReasonCode(lost.code, lost.kind, lost.name))
    scrap_pieces(session, work_order, Decimal(1), wish, by_people(ACTOR, now))
    return [made, _lot(session, now), work_repository.lock_work_order(session, work_order.id)]


def _lot(session: Session, now: datetime) -> WorkOrder:
    """Bushes that move as a lot, of which some were lost and some wait for a look."""
    steps = [
        RoutingStepBody(name="Turn", work_center="cut", run_minutes=Decimal("0.5")),
        RoutingStepBody(name="Coat", work_center="paint", run_minutes=Decimal("0.2")),
    ]
    body = ProductIn(sku="BUSH-12", name="Bush, 12 mm", tracking="lot", routing=steps)
    create_product(session, body, actor=ACTOR, now=now)
    made = make_for_stock(session, StockWorkIn(product=body.sku, quantity=Decimal(400)), actor=ACTOR, now=now)
    lot, about = work_repository.pieces(session, made.id, limit=1)[0].number, by_people(ACTOR, now)
    for deed in (
        Deed(DeedKind.SCRAP, code="SETUPPIECE", quantity=Decimal(12)),
        Deed(DeedKind.HOLD, code="INSPECT", words="Burrs on the edge", quantity=Decimal(60)),
        Deed(DeedKind.SPLIT, quantity=Decimal(100)),
    ):
        do(session, work_repository.lock_work_order(session, made.id), [lot], deed, about)
    return work_repository.lock_work_order(session, made.id)
