"""Estimates of the last minute, for live pages: working one out takes longer than everything else they show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from server.erp.orders import estimates
from server.erp.orders.estimates import FRESH
from server.erp.orders.prediction import Estimate
from server.tracking.states import Fulfilment

#: So many orders are watched at a time at the most; beyond that the memory begins anew.
REMEMBER_AT_MOST = 5_000
_GONE = (Fulfilment.SHIPPED, Fulfilment.DELIVERED)


class Estimated(Protocol):
    """What an estimate hangs on beside the queue: an order as a row of any kind."""

    @property
    def id(self) -> int: ...

    @property
    def row_version(self) -> int: ...

    @property
    def lifecycle(self) -> str: ...

    @property
    def fulfilment(self) -> str: ...

    @property
    def on_hold(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Known:
    state: tuple[object, ...]
    at: datetime
    estimate: Estimate | None


class RecentEstimates:
    """One for a process. An estimate says itself when it was worked out; it is no older than a minute.

    A decision about the order (confirmed, held, another priority) makes a new one at once; a scan does not, for it
    moves the estimate by the minutes of one piece.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def of(self, session: Session, order: Estimated, *, now: datetime) -> Estimate | None:
        """The estimate of the order; None for one that has none. Whoever else is due is worked out along with it."""
        state = (order.row_version, order.lifecycle, order.on_hold, order.fulfilment in _GONE)
        known = self._known.get(order.id)
        if known is not None and known.state == state and now - known.at <= FRESH:
            return known.estimate
        return self._work_out(session, order.id, state, now)

    def _work_out(self, session: Session, order_id: int, state: tuple[object, ...], now: datetime) -> Estimate | None:
        if len(self._known) >= REMEMBER_AT_MOST:
            self._known.clear()
        # Reading the whole queue is what takes time, so orders that were looked at lately are done in the same go.
        due = {
            other: known.state for other, known in list(self._known.items()) if FRESH / 2 < now - known.at < 2 * FRESH
        }
        due[order_id] = state
        found = estimates.compute(session, list(due), now=now)
        self._known |= {other: _Known(seen, now, found.get(other)) for other, seen in due.items()}
        return found.get(order_id)
