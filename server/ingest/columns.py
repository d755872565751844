"""What is written of each row, as the names of columns; the first of those that are changed by it is the key."""

IDENTITY = ("source_id", "sequence", "content_hash", "recorded_on", "event_id", "answer")
EVENT = (
    "id", "source_id", "sequence", "kind", "station_id", "observed_at", "recorded_at", "clock_suspect", "status",
    "action", "reason", "payload",
)  # fmt: skip
#: In the order in which the rules make a fact (server/tracking/facts.py), between what it gets when it is stored.
FACT = (
    "id", "kind", "subject", "actor", "observed_at", "order_id", "work_order_id", "unit_id", "step", "station_id",
    "quantity", "event_id", "reverses_id", "detail", "recorded_at",
)  # fmt: skip
STATE = (
    "station_id", "operator_badge", "operator_name", "operator_since", "armed_command", "armed_until",
    "open_handling_unit_id", "armed_reason", "armed_operation", "crew", "stock", "verdicts", "updated_at",
)  # fmt: skip
UNIT = (
    "id", "state", "step", "order_id", "held", "hold_reason", "rework", "parent_id", "last_station_id",
    "last_read_point", "last_seen_at", "last_fact_id",
)  # fmt: skip
#: What changes of a unit that goes from one step to the next.
MOVED_UNIT = ("id", "step", "last_station_id", "last_read_point", "last_seen_at", "last_fact_id")
#: What changes of one that begins its work or is finished.
TURNED_UNIT = ("id", "state", *MOVED_UNIT[1:])
OPERATION = ("id", "state", "started", "good", "scrap", "started_at", "completed_at")
#: What changes of an operation that goes on.
COUNTED_OPERATION = ("id", "started", "good", "scrap")
WORK_ORDER = ("id", "state", "started_at", "completed_at")
ORDER = ("id", "lifecycle", "fulfilment", "moved_at")
#: What changes of an order of which something has moved that does not change how it stands.
MOVED_ORDER = ("id", "moved_at")
BOX = ("id", "state", "closed_at", "shipped_at", "shipment_id")
SHIPMENT = ("id", "state", "shipped_at", "delivered_at")
CHANGE = ("id", "state", "acknowledged_at")
ACKNOWLEDGEMENT = ("id", "acknowledged_at", "badge", "name")
REPACK = ("id", "state", "done_at", "done_by")
