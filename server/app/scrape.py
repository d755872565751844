"""Gauges that mirror rows are read when they are asked for, so that a restart cannot make them lie."""

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from server import metrics
from server.admin.health import number
from server.db import Database
from server.erp.floor.gates import gate_figures
from server.journal.models import Gateway, Quarantine


def refresh_gauges(database: Database) -> None:
    """Bring the gauges of gateways and inbox up to date; when the database is away they keep their last value."""
    try:
        with database.read() as session:
            _refresh_gateways(session)
            _refresh_gates(session)
            open_ones = session.scalar(select(func.count()).where(Quarantine.state == "open"))
            metrics.INBOX_OPEN.set(open_ones or 0)
    except SQLAlchemyError:
        metrics.SCRAPE_FAULTS.inc()


#: What is known of each gateway, under its key.
_BY_GATEWAY = (
    metrics.GATEWAY_LAST_SEEN,
    metrics.GATEWAY_CLOCK_OFFSET,
    metrics.GATEWAY_BACKLOG,
    metrics.GATEWAY_OLDEST,
    metrics.GATEWAY_SET_ASIDE,
)


def _refresh_gates(session: Session) -> None:
    for gauge in (metrics.GATE_SEEN, metrics.GATE_MISSED):
        # A read point that is no such gate any more has no figures.
        gauge.clear()
    for gate in gate_figures(session):
        metrics.GATE_SEEN.labels(gate.key).set(gate.seen)
        metrics.GATE_MISSED.labels(gate.key).set(gate.missed)


def _refresh_gateways(session: Session) -> None:
    for gateway in session.scalars(select(Gateway)):
        if gateway.retired_at is not None:
            # A gateway taken out of use is silent by right; its last figures would raise an alarm for ever.
            for gauge in _BY_GATEWAY:
                gauge.remove(gateway.key)
            continue
        health = gateway.health or {}
        labels = {"gateway": gateway.key}
        if gateway.last_seen_at is not None:
            metrics.GATEWAY_LAST_SEEN.labels(**labels).set(gateway.last_seen_at.timestamp())
        if gateway.clock_offset_seconds is not None:
            metrics.GATEWAY_CLOCK_OFFSET.labels(**labels).set(gateway.clock_offset_seconds)
        metrics.GATEWAY_BACKLOG.labels(**labels).set(number(health.get("backlog")) or 0)
        metrics.GATEWAY_OLDEST.labels(**labels).set(number(health.get("oldest_age_seconds")) or 0)
        metrics.GATEWAY_SET_ASIDE.labels(**labels).set(number(health.get("set_aside")) or 0)
