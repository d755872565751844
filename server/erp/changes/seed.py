"""Changes of the demo: one that the floor has confirmed, and two that wait for a decision."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.erp.changes import repository, service
from server.erp.changes.models import ChangeRequest
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn, Wanted
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
