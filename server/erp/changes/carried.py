"""Changes of a work order hold for the one that makes anew what was lost of it."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.erp.changes import rules
from server.erp.changes.impact import stations_of
from server.erp.changes.models import ChangeRequest
from server.erp.changes.repository import open_of_order
from server.erp.changes.stations import put_before
from server.erp.production.models import WorkOrder
from server.tracking.states import ChangeState

_COUNTS = (ChangeState.APPLIED, ChangeState.ACKNOWLEDGED)


def carry_changes(session: Session, lost: WorkOrder, made: WorkOrder, *, actor: str, now: datetime) -> None:
    """Put what was asked for of the lost pieces before the stations that make them anew, as far as they do not know it.

    What is not decided yet will hold for both work orders when it is.
    """
    assert made.order_id is not None
    for change in open_of_order(session, made.order_id):
        if lost.id not in change.works:
            continue
        change.carried_to = [*change.carried_to, made.id]
        session.flush()
        if change.state in _COUNTS:
            _count_for(session, change, made, by=(actor, now))


def _count_for(session: Session, change: ChangeRequest, made: WorkOrder, *, by: tuple[str, datetime]) -> None:
    if change.number not in made.snapshot.get("changed_by", ()):
        # What replaces pieces out of stock is made as the product is now, which knows nothing of changes.
        wanted = rules.settled(made.snapshot, change.wanted, change.origin)
        made.snapshot = rules.apply(made.snapshot, wanted, change=change.number)
    known = {row.station_id for row in change.acknowledgements}
    for station in stations_of(session, change):
        if station.id not in known:
            put_before(session, change, station, actor=by[0], now=by[1])
