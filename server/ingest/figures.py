"""What the doors count once a batch is durable."""

from collections import Counter
from datetime import datetime

from server import metrics
from server.auth.gateways import BROWSER
from server.ingest.accept import Taken
from server.ingest.wire import Request


def count(batch: Request, taken: Taken, *, now: datetime, seconds: float) -> None:
    """Count one batch; `now` is the moment after the commit, `seconds` how long the batch was in our hands."""
    kinds: dict[int | None, str] = {event.sequence: event.kind.value for event in batch.events}
    fates = Counter(zip(map(kinds.get, taken.sequences), taken.fates, strict=True))
    for (kind, (status, _action, reason)), number in fates.items():
        metrics.EVENTS_RECEIVED.labels(kind=kind or "unreadable", status=status).inc(number)
        if status == "quarantined" and reason:
            metrics.EVENTS_QUARANTINED.labels(reason=reason).inc(number)
    for kind, number in taken.facts.items():
        metrics.FACTS_WRITTEN.labels(kind=kind).inc(number)
    if taken.gap and not batch.gateway.startswith(BROWSER):
        # Browsers come and go under names of their own; a series for each would never end.
        metrics.SEQUENCE_GAPS.labels(gateway=batch.gateway).inc(taken.gap)
    metrics.ACCEPT_SECONDS.observe(seconds)
    if batch.events:
        # One figure for a batch: its oldest read waited longest.
        oldest = min(event.observed_at for event in batch.events)
        metrics.SCAN_TO_COMMIT.observe(max(0.0, (now - oldest).total_seconds()))
