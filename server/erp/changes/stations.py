"""Stations that come to a change later than it was approved, or leave before they have seen it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from server.db import touch
from server.erp.changes import rules
from server.erp.changes.impact import stations_of
from server.erp.changes.models import ChangeAcknowledgement, ChangeRequest
from server.erp.changes.repository import counting, unit_states, unknown_to, waiting_at
from server.erp.changes.service import acknowledged, is_seen, move, write_facts
from server.erp.floor.models import Station
from server.tracking.facts import FactKind, NewFact
from server.tracking.states import ChangeState


def settle_closed_station(session: Session, station_id: int, *, actor: str, now: datetime) -> None:
    """A station that is closed need not see anything: what waited for it alone is acknowledged."""
    for change in waiting_at(session, station_id):
        if change.state == ChangeState.APPLIED and is_seen(change):
            told = [(FactKind.CHANGE_ACKNOWLEDGED, acknowledged(change, now))]
            write_facts(session, change, told, actor=actor, now=now)


def tell_new_station(session: Session, station: Station, *, actor: str, now: datetime) -> None:
    """A station that takes part from now on must see what counts for the work that comes to it, like the others.

    It may be new, open again, of another work center, or have got its place to pack at.
    """
    if not station.active:
        return
    for change in counting(session, unknown_to(station.id)):
        late = rules.too_late(unit_states(session, change.works), change.wanted, change.effectivity)
        if late is None and station.id in {each.id for each in stations_of(session, change)}:
            put_before(session, change, station, actor=actor, now=now)


def tell_again(session: Session, facts: Iterable[NewFact]) -> None:
    """Stations to which units come back for rework must see what counts for them, though their step was over before."""
    sent = {fact.work_order_id: fact for fact in facts if fact.kind is FactKind.UNIT_REWORKED}
    if not sent:
        return
    for change in counting(session, ChangeRequest.work_order_id.in_([found for found in sent if found is not None])):
        fact, known = sent[change.work_order_id], {row.station_id for row in change.acknowledgements}
        for station in stations_of(session, change):
            if station.id not in known:
                put_before(session, change, station, actor=fact.actor, now=fact.observed_at)


def put_before(session: Session, change: ChangeRequest, station: Station, *, actor: str, now: datetime) -> None:
    """The station must see the change too, which is not seen by all any more."""
    change.acknowledgements.append(ChangeAcknowledgement(station_id=station.id, station=station))
    if change.state == ChangeState.ACKNOWLEDGED:
        before = change.acknowledged_at.isoformat() if change.acknowledged_at is not None else None
        change.acknowledged_at = None
        told = move(change, ChangeState.APPLIED, acknowledged_at=None)
        told["before"][f"change_request:{change.id}"]["acknowledged_at"] = before
        told["station"] = station.key
        write_facts(session, change, [(FactKind.CHANGE_REOPENED, told)], actor=actor, now=now)
    session.flush()
    touch(session, f"station:{station.key}")
