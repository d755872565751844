"""What was made beyond what an order wants, put into stock by a screen or a program as the card STOCK does it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from server.erp.floor.repository import read_points_of
from server.erp.production.acts import Wish, act_on
from server.erp.production.models import Unit, WorkOrder
from server.tracking import world as w
from server.tracking.draft import Cause
from server.tracking.states import Command, Context


def put_into_stock(session: Session, work_order: WorkOrder, units: Sequence[Unit], about: Cause) -> None:
    """All of these or none; raises Refused with the sentence that a packing station would say."""
    for unit in units:
        step = next((each for each in work_order.operations if each.step == unit.step), None)
        center = step.work_center_id if step is not None else None
        act_on(session, work_order, [unit.number], _wish(session, center), about)


def _wish(session: Session, center_id: int | None) -> Wish:
    """The office stands in for the bench that the piece waits for, if that packs."""
    points = read_points_of(session, Context.PACK.value)
    bench = next((each.station for each in points if each.station.work_center_id == center_id), None)
    station = w.Station(0, "office", "Office", bench.work_center_id if bench is not None else 0, "Office")
    return Wish(Command.STOCK, point=w.ReadPoint("office", 0, Context.PACK.value, 0), station=station)
