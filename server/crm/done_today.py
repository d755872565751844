"""How many steps were done today, counted by looking at each fact once."""

import threading
from datetime import datetime, time

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from server.crm.here import Here
from server.journal.models import Fact
from server.tracking.facts import FactKind


class DoneToday:
    """Counts the steps done today by looking only at facts it has not seen; facts are numbered in commit order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day: datetime | None = None
        self._last = 0
        self._done = 0

    def count(self, session: Session, *, here: Here) -> int:
        """Operations completed since midnight at the site, less those taken back."""
        midnight = datetime.combine(here.today, time(), here.zone)
        with self._lock:
            if self._day != midnight:
                self._day, self._done = midnight, 0
            done, last = self._new(session, midnight)
            self._done, self._last = self._done + done, max(self._last, last)
            return self._done

    def _new(self, session: Session, midnight: datetime) -> tuple[int, int]:
        if self._last == 0:
            self._last = _last_before(session, midnight)
        completed, original = FactKind.OPERATION_COMPLETED.value, aliased(Fact)
        worth = case((Fact.kind == completed, 1), (original.kind == completed, -1), else_=0)
        statement = (
            select(func.sum(worth), func.max(Fact.id))
            .outerjoin(original, (original.id == Fact.reverses_id) & (Fact.kind == FactKind.REVERSED.value))
            .where(Fact.id > self._last, Fact.recorded_at >= midnight)
        )
        done, last = session.execute(statement).one()
        return int(done or 0), int(last or 0)


def _last_before(session: Session, midnight: datetime) -> int:
    """The id of the last fact of the day before; read from the newest backwards, so the years before cost nothing."""
    statement = select(Fact.id).where(Fact.recorded_at < midnight).order_by(Fact.id.desc()).limit(1)
    return session.scalar(statement) or 0
