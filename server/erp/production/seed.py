"""What a demo needs of production life: work for stock with a piece on hold, and an order that is short of one."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.erp.production import repository, work_repository
from server.erp.production.acts import Wish, by_people, scrap_pieces
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
    scrap_pieces(session, work_order, 1, wish, by_people(ACTOR, now))
    return [made, work_repository.lock_work_order(session, work_order.id)]
