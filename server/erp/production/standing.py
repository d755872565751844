"""Work orders by how they stand."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from server.erp.production.models import WorkOrder


def in_states(states: Collection[str]) -> ColumnElement[bool]:
    """The work orders in any of these states, looked up by themselves.

    Nearly all that a house ever made is completed, so that an engine that knows no more than how many states there are
    would rather read all of them for the few that are open.
    """
    work = aliased(WorkOrder)
    return WorkOrder.id.in_(select(work.id).where(work.state.in_(states)))
