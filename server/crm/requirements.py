"""What a customer requires of an order at all times, against the stations that show it with every scan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.erp.floor.models import ReadPoint, Station
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Operation, WorkOrder
from server.journal.models import Fact
from server.messages import N_
from server.tracking.states import Context, OperationState


class WorkedAt(NamedTuple):
    """A station of the order's work, and when anybody worked on the order there last, so that it was shown."""

    station: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that holds for all of the order; `name` is marked for translation."""

    name: str
    text: str
    stations: Sequence[WorkedAt]


def standing_requirements(session: Session, order: SalesOrder) -> list[Requirement]:
    """Alerts, packaging rule and special instructions of an order whose customer is loaded; two queries."""
    customer = order.customer
    seen = _stations(session, order.id)
    everywhere = [WorkedAt(name, at) for name, _packs, at in seen]
    packing = [WorkedAt(name, at) for name, packs, at in seen if packs]
    found = [Requirement(N_("Alert"), line.strip(), everywhere) for line in (customer.alerts or "").splitlines()]
    told = (
        (N_("Packaging rule"), customer.packaging_rule, packing),
        (N_("Special instructions"), order.special_instructions or customer.special_instructions, everywhere),
    )
    found += [Requirement(name, text, stations) for name, text, stations in told if text]
    return [each for each in found if each.text]


def _stations(session: Session, order_id: int) -> list[tuple[str, bool, datetime | None]]:
    """The open stations that the order's work comes through, whether they pack, and when they last worked on it."""
    packs = select(ReadPoint.station_id).where(ReadPoint.context == Context.PACK.value, ReadPoint.active)
    centers = (
        select(Operation.work_center_id)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .where(WorkOrder.order_id == order_id, Operation.state != OperationState.SKIPPED.value)
    )
    wanted = Station.work_center_id.in_(centers) | Station.id.in_(packs)
    columns = (Station.id, Station.name, Station.id.in_(packs).label("packs"))
    stations = session.execute(select(*columns).where(Station.active, wanted).order_by(Station.id)).all()
    worked = select(Fact.station_id, func.max(Fact.observed_at)).where(Fact.order_id == order_id)
    last = dict(session.execute(worked.where(Fact.station_id.is_not(None)).group_by(Fact.station_id)).all())
    return [(row.name, bool(row.packs), last.get(row.id)) for row in stations]
