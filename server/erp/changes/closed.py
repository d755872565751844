"""Why nothing of an order can be changed by request any more."""

from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from server.erp.changes.service import require_in_time, require_open
from server.erp.production.models import WorkOrder
from server.errors import Refused
from server.tracking.states import Effectivity


def why_closed(session: Session, work: Sequence[WorkOrder], fields: Collection[str]) -> str | None:
    """The sentence, or None when a change of one of these fields would still meet a unit of one work order."""
    refusals = []
    for each in work:
        # What is asked for by an order's number belongs to that order.
        assert each.order is not None
        try:
            require_open(each.order, each)
            require_in_time(session, each, fields, Effectivity.IMMEDIATE.value)
        except Refused as refusal:
            refusals.append(refusal.detail)
    return refusals[0] if refusals and len(refusals) == len(work) else None
