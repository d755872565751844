"""The changes of an order as its page shows them: what differs, and who has seen it where and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, select
from sqlalchemy.orm import Session

from server.db.prepared import Prepared
from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest
from server.erp.floor.models import Station
from server.erp.orders.models import SalesOrder
from server.parties.models import Customer


class Seen(NamedTuple):
    """A station that must see a change, and who there has."""

    station: str
    at: datetime | None
    by: str | None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of the order."""

    number: str
    state: str
    effectivity: str
    difference: Sequence[Mapping[str, Any]]
    applied_at: datetime | None
    acknowledged_at: datetime | None
    #: Why it was rejected.
    decision_reason: str | None = None
    origin: str = "sales"
    seen: Sequence[Seen] = ()


class _Row(NamedTuple):
    number: str
    state: str
    effectivity: str
    difference: Sequence[Mapping[str, Any]]
    applied_at: datetime | None
    acknowledged_at: datetime | None
    decision_reason: str | None
    origin: str
    station: str | None
    at: datetime | None
    by: str | None


_ORDER: BindParameter[int] = bindparam("order")
_CHANGES = Prepared(
    _Row,
    select(
        ChangeRequest.number,
        ChangeRequest.state,
        ChangeRequest.effectivity,
        ChangeRequest.difference,
        ChangeRequest.applied_at,
        ChangeRequest.acknowledged_at,
        ChangeRequest.decision_reason,
        ChangeRequest.origin,
        Station.name,
        ChangeAcknowledgement.acknowledged_at,
        ChangeAcknowledgement.name,
    )
    .outerjoin(ChangeAcknowledgement, ChangeAcknowledgement.change_id == ChangeRequest.id)
    .outerjoin(Station, Station.id == ChangeAcknowledgement.station_id)
    .where(ChangeRequest.order_id == _ORDER)
    .order_by(ChangeRequest.id.desc(), ChangeAcknowledgement.id),
)


def changes_of(session: Session | Connection, order_id: int) -> list[ChangeLine]:
    """The changes of an order, newest first, in one query."""
    found: dict[str, ChangeLine] = {}
    for row in _CHANGES.all(session, order=order_id):
        line = found.setdefault(row.number, ChangeLine(*row[:8], seen=[]))
        if row.station is not None and isinstance(line.seen, list):
            line.seen.append(Seen(row.station, row.at, row.by))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that a station has not seen yet."""

    number: str
    order: str
    customer: str
    effectivity: str
    difference: Sequence[Mapping[str, Any]]


def waiting_at(session: Session, station_id: int) -> list[Waiting]:
    """What the station has not seen yet, the oldest first."""
    columns = (ChangeRequest.number, SalesOrder.number, Customer.name, ChangeRequest.effectivity)
    statement = (
        select(*columns, ChangeRequest.difference)
        .join(ChangeAcknowledgement, ChangeAcknowledgement.change_id == ChangeRequest.id)
        .join(SalesOrder, SalesOrder.id == ChangeRequest.order_id)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(ChangeAcknowledgement.station_id == station_id, ChangeAcknowledgement.acknowledged_at.is_(None))
        .order_by(ChangeRequest.id)
    )
    return [Waiting(*row) for row in session.execute(statement)]
