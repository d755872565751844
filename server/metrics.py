"""Everything the server counts, on one page; docs/reference/metrics.md has a line for each, and a test sees to it.

Names are in base units. No label ever holds an order, a unit or a customer.
"""

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

#: Events taken in. kind: the event's kind; status: applied, duplicate, refused, quarantined.
EVENTS_RECEIVED = Counter("orderlight_events_received", "Events taken in, by kind and fate.", ["kind", "status"])
#: reason: the snake_case reason of the answer.
EVENTS_QUARANTINED = Counter("orderlight_events_quarantined", "Events put into the inbox, by reason.", ["reason"])
FACTS_WRITTEN = Counter("orderlight_facts_written", "Facts written, by kind.", ["kind"])
SCAN_TO_COMMIT = Histogram(
    "orderlight_scan_to_commit_seconds",
    "From the read at the edge (observed_at) to the commit on the server.",
    buckets=(*_FAST, 60, 600, 3600),
)
ACCEPT_SECONDS = Histogram(
    "orderlight_accept_seconds", "From a batch in the server's hands to its commit.", buckets=_FAST
)
SEQUENCE_GAPS = Counter(
    "orderlight_gateway_sequence_gap_events", "Sequence numbers a gateway passed over, by gateway.", ["gateway"]
)
GATEWAY_BACKLOG = Gauge("orderlight_gateway_backlog_events", "Events waiting in a gateway's outbox.", ["gateway"])
GATEWAY_OLDEST = Gauge(
    "orderlight_gateway_oldest_age_seconds", "Age of the oldest event in a gateway's outbox.", ["gateway"]
)
GATEWAY_LAST_SEEN = Gauge(
    "orderlight_gateway_last_seen_timestamp_seconds", "When a gateway last spoke, in Unix time.", ["gateway"]
)
GATEWAY_CLOCK_OFFSET = Gauge(
    "orderlight_gateway_clock_offset_seconds", "A gateway's clock minus the server's.", ["gateway"]
)
GATEWAY_SET_ASIDE = Gauge(
    "orderlight_gateway_set_aside_events", "Events a gateway had to set aside unread by the server.", ["gateway"]
)
GATE_SEEN = Gauge("orderlight_gate_seen_units", "Units that a gate saw which must see all of them.", ["read_point"])
GATE_MISSED = Gauge("orderlight_gate_missed_units", "Units seen further on and never at such a gate.", ["read_point"])
INBOX_OPEN = Gauge("orderlight_inbox_open", "Quarantined events that wait for a person.")
HTTP_SECONDS = Histogram(
    "orderlight_http_request_duration_seconds",
    "Duration of requests, live streams apart, by route and status class.",
    ["method", "route", "status"],
    buckets=_FAST,
)
HTTP_FAULTS = Counter("orderlight_http_faults", "Requests that ended in an unforeseen error (500).")
DENIED = Counter("orderlight_denied", "Requests refused for missing rights, by reason.", ["reason"])
LOGINS = Counter("orderlight_logins", "Tries to sign in, by outcome: ok, wrong, limited.", ["outcome"])
LIVE_VIEWERS = Gauge("orderlight_live_viewers", "Open live streams.")
LIVE_FRAMES = Counter("orderlight_live_frames", "Fragments sent to viewers.")
LIVE_RENDERS = Counter("orderlight_live_renders", "Fragments rendered; viewers of one topic share them.")
LIVE_DROPPED = Counter("orderlight_live_dropped_viewers", "Viewers cut off because they did not read.")
BROKER_CONNECTED = Gauge("orderlight_broker_connected", "1 while the server hears the broker, else 0.")
#: leaf: events, health or next-key; outcome: 2xx, 4xx, 5xx, or unanswerable.
BROKER_MESSAGES = Counter(
    "orderlight_broker_messages", "Messages of gateways through the broker, by topic and outcome.", ["leaf", "outcome"]
)
#: command: identify, pause, resume, reload; outcome: done, refused, unanswered.
BROKER_COMMANDS = Counter(
    "orderlight_broker_commands", "Commands to gateways, by command and outcome.", ["command", "outcome"]
)
SCRAPE_FAULTS = Counter("orderlight_scrape_faults", "Times the database could not be asked for gauges.")
BUILD_INFO = Gauge("orderlight_build_info", "Always 1; the labels tell which program runs.", ["version", "build"])
