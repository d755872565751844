"""What can become true: the kinds of facts, and the value that carries one to the journal."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple


class FactKind(StrEnum):
    """Every kind of fact; docs/reference/facts.md has a line for each, and a test sees to it."""

    ORDER_CREATED = "order_created"
    ORDER_CHANGED = "order_changed"
    ORDER_CONFIRMED = "order_confirmed"
    ORDER_RELEASED = "order_released"
    ORDER_HELD = "order_held"
    ORDER_RESUMED = "order_resumed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_COMPLETED = "order_completed"
    WORK_ORDER_CREATED = "work_order_created"
    WORK_ORDER_CANCELLED = "work_order_cancelled"
    OPERATION_STARTED = "operation_started"
    OPERATION_PAUSED = "operation_paused"
    OPERATION_RESUMED = "operation_resumed"
    OPERATION_COMPLETED = "operation_completed"
    UNIT_SEEN = "unit_seen"
    UNIT_OVERHEARD = "unit_overheard"
    READ_MISSED = "read_missed"
    UNIT_HELD = "unit_held"
    UNIT_RESUMED = "unit_resumed"
    UNIT_SCRAPPED = "unit_scrapped"
    UNIT_REWORKED = "unit_reworked"
    UNIT_STOCKED = "unit_stocked"
    LOT_SPLIT = "lot_split"
    UNIT_PACKED = "unit_packed"
    UNIT_SHIPPED = "unit_shipped"
    UNIT_DELIVERED = "unit_delivered"
    OPERATOR_CHANGED = "operator_changed"
    OPERATOR_LEFT = "operator_left"
    COMMAND_ARMED = "command_armed"
    BOX_OPENED = "box_opened"
    BOX_CLOSED = "box_closed"
    BOX_REOPENED = "box_reopened"
    BOX_SHIPPED = "box_shipped"
    BOX_STACKED = "box_stacked"
    BOX_UNSTACKED = "box_unstacked"
    BOX_RECEIVED = "box_received"
    SHIPMENT_CREATED = "shipment_created"
    SHIPMENT_SHIPPED = "shipment_shipped"
    SHIPMENT_DELIVERED = "shipment_delivered"
    SHIPMENT_CANCELLED = "shipment_cancelled"
    CHANGE_SUBMITTED = "change_submitted"
    CHANGE_APPROVED = "change_approved"
    CHANGE_REJECTED = "change_rejected"
    CHANGE_APPLIED = "change_applied"
    CHANGE_ACKNOWLEDGED = "change_acknowledged"
    CHANGE_REOPENED = "change_reopened"
    REPACK_REQUESTED = "repack_requested"
    REPACK_DONE = "repack_done"
    UNIT_UNPACKED = "unit_unpacked"
    LOCATION_CHOSEN = "location_chosen"
    MATERIAL_RECEIVED = "material_received"
    MATERIAL_COUNTED = "material_counted"
    MATERIAL_LOADED = "material_loaded"
    MATERIAL_USED = "material_used"
    MATERIAL_RETURNED = "material_returned"
    REVERSED = "reversed"


class NewFact(NamedTuple):
    """One resolved change about to be written. `detail` holds {"before": {...}, "after": {...}} where state moved.

    Give the fields by name. It is a named tuple because every scan makes one.
    """

    kind: FactKind
    subject: str
    actor: str
    observed_at: datetime
    order_id: int | None = None
    work_order_id: int | None = None
    unit_id: int | None = None
    step: int | None = None
    station_id: int | None = None
    quantity: Decimal | None = None
    event_id: int | None = None
    reverses_id: int | None = None
    #: Rows by name (`unit:11`, `sales_order:3`), each with the columns that changed; or that as JSON text, where it is
    #: made for the table alone.
    detail: Mapping[str, Any] | str = {}

    @property
    def told(self) -> Mapping[str, Any]:
        """The detail to look at."""
        if isinstance(self.detail, str):
            found: dict[str, Any] = json.loads(self.detail)
            return found
        return self.detail
