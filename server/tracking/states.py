"""The states of things and the words for what happens to them (docs/glossary.md)."""

from enum import StrEnum


class UnitKind(StrEnum):
    """What a tracked unit is; all three share one table, one genealogy and one set of identifiers."""

    SERIAL = "serial"
    LOT = "lot"
    CONTAINER = "container"


class UnitState(StrEnum):
    """Where a unit stands; `step` beside it names the routing operation for queued and in_process."""

    PLANNED = "planned"
    QUEUED = "queued"
    IN_PROCESS = "in_process"
    FINISHED = "finished"
    IN_STOCK = "in_stock"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    SCRAPPED = "scrapped"
    CONSUMED = "consumed"
    RETURNED = "returned"


class OperationState(StrEnum):
    """An operation of a work order; it is ready when enough good pieces came from the one before."""

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    SKIPPED = "skipped"


class WorkOrderState(StrEnum):
    """A work order from draft to closed."""

    DRAFT = "draft"
    RELEASED = "released"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    ABORTED = "aborted"


class OrderLifecycle(StrEnum):
    """A sales order's stored lifecycle; fulfilment and billing are axes of their own."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    CREDIT_HOLD = "credit_hold"
    PROCESSING = "processing"
    DONE = "done"
    CANCELLED = "cancelled"


class Fulfilment(StrEnum):
    """How far an order is, derived over its lines; declared in rising order."""

    NOT_STARTED = "not_started"
    IN_PRODUCTION = "in_production"
    PRODUCED = "produced"
    PACKED = "packed"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


class HandlingUnitKind(StrEnum):
    """A box holds units, a pallet holds boxes; so nothing can come to lie in itself."""

    BOX = "box"
    PALLET = "pallet"


class HandlingUnitState(StrEnum):
    """A box or pallet; it is closed when its SSCC label is printed."""

    OPEN = "open"
    CLOSED = "closed"
    LOADED = "loaded"
    SHIPPED = "shipped"
    RECEIVED = "received"


class ShipmentState(StrEnum):
    """A shipment; the carrier's own status is an axis of its own."""

    DRAFT = "draft"
    WAITING = "waiting"
    PICKING = "picking"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class ChangeState(StrEnum):
    """A change request; it is acknowledged once every open station that it concerns has seen it."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    APPLIED = "applied"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"


class Effectivity(StrEnum):
    """From which unit on a change counts."""

    NEXT_UNIT = "next_unit"
    NEXT_BATCH = "next_batch"
    REMAINING = "remaining"
    IMMEDIATE = "immediate"


class RepackState(StrEnum):
    """A packed unit that is to be packed anew."""

    OPEN = "open"
    DONE = "done"


class Context(StrEnum):
    """What a read at a read point means."""

    START = "start"
    END = "end"
    TOGGLE = "toggle"
    GATE = "gate"
    PACK = "pack"
    SHIP = "ship"
    DELIVER = "deliver"
    BADGE = "badge"
    COMMAND = "command"
    RECEIVE = "receive"
    COUNT = "count"


class ReasonKind(StrEnum):
    """What a reason code is a reason for."""

    SCRAP = "scrap"
    REWORK = "rework"
    HOLD = "hold"


class GoodsAct(StrEnum):
    """What a scan of a material does."""

    RECEIVE = "receive"
    COUNT = "count"
    LOAD = "load"


class Command(StrEnum):
    """A command card at a station: UNDO and CLOSE act at once, the others wait for the next unit."""

    START = "START"
    PAUSE = "PAUSE"
    SCRAP = "SCRAP"
    REWORK = "REWORK"
    HOLD = "HOLD"
    RESUME = "RESUME"
    RECEIVE = "RECEIVE"
    COUNT = "COUNT"
    PALLET = "PALLET"
    UNPACK = "UNPACK"
    STOCK = "STOCK"
    DELIVER = "DELIVER"
    UNDO = "UNDO"
    CLOSE = "CLOSE"


class Status(StrEnum):
    """The server's answer to one event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    QUARANTINED = "quarantined"


class Signal(StrEnum):
    """What the operator sees and hears; declared from calm to loud."""

    OK = "ok"
    WARN = "warn"
    STOP = "stop"


class Reason(StrEnum):
    """Why an event was refused or quarantined, for programs; the sentence beside it is for people."""

    UNKNOWN_CODE = "unknown_code"
    FOREIGN_CODE = "foreign_code"
    UNREADABLE_CODE = "unreadable_code"
    UNKNOWN_TAG = "unknown_tag"
    UNKNOWN_READ_POINT = "unknown_read_point"
    UNKNOWN_KIND = "unknown_kind"
    BAD_FIELD = "bad_field"
    NOT_A_UNIT = "not_a_unit"
    NOT_A_MATERIAL = "not_a_material"
    UNKNOWN_MATERIAL = "unknown_material"
    UNKNOWN_LOCATION = "unknown_location"
    NO_LOCATION = "no_location"
    NO_QUANTITY = "no_quantity"
    IMPOSSIBLE_QUANTITY = "impossible_quantity"
    WRONG_MATERIAL = "wrong_material"
    WRONG_STATION = "wrong_station"
    OUT_OF_SEQUENCE = "out_of_sequence"
    NOT_READY = "not_ready"
    ON_HOLD = "on_hold"
    NOT_ON_HOLD = "not_on_hold"
    ALREADY_STARTED = "already_started"
    ALREADY_DONE = "already_done"
    NOT_STARTED = "not_started"
    NOT_FINISHED = "not_finished"
    NOT_PACKED = "not_packed"
    NOT_CLOSED = "not_closed"
    NOT_IN_BOX = "not_in_box"
    NOT_SHIPPED = "not_shipped"
    NOT_A_BOX = "not_a_box"
    NOT_RELEASED = "not_released"
    CANCELLED = "cancelled"
    SCRAPPED = "scrapped"
    SPEC_CHANGED = "spec_changed"
    WRONG_CUSTOMER = "wrong_customer"
    WRONG_ORDER = "wrong_order"
    OVER_QUANTITY = "over_quantity"
    BOX_FULL = "box_full"
    NOT_OVER = "not_over"
    NOTHING_TO_UNDO = "nothing_to_undo"
    MOVED_ON = "moved_on"
    TOO_LATE = "too_late"
    NOT_ALLOWED = "not_allowed"
    REPEATED = "repeated"
    UNKNOWN_OPERATOR = "unknown_operator"
    UNKNOWN_COMMAND = "unknown_command"
    REASON_MISSING = "reason_missing"
    WRONG_REASON = "wrong_reason"
    NOTHING_ARMED = "nothing_armed"
    BUSY_ELSEWHERE = "busy_elsewhere"
    NO_ORDER = "no_order"
    NO_OPEN_BOX = "no_open_box"
    EMPTY_BOX = "empty_box"
    IDENTITY_CONFLICT = "identity_conflict"
    INTERNAL_FAULT = "internal_fault"


class Action(StrEnum):
    """What an applied event did; `action` of the answer."""

    OPERATION_STARTED = "operation_started"
    OPERATION_PAUSED = "operation_paused"
    OPERATION_RESUMED = "operation_resumed"
    OPERATION_COMPLETED = "operation_completed"
    UNIT_SEEN = "unit_seen"
    UNIT_OVERHEARD = "unit_overheard"
    UNIT_HELD = "unit_held"
    UNIT_RESUMED = "unit_resumed"
    UNIT_SCRAPPED = "unit_scrapped"
    UNIT_REWORKED = "unit_reworked"
    UNIT_STOCKED = "unit_stocked"
    UNIT_PACKED = "unit_packed"
    UNIT_UNPACKED = "unit_unpacked"
    BOX_CHOSEN = "box_chosen"
    BOX_CLOSED = "box_closed"
    BOX_SHIPPED = "box_shipped"
    BOX_STACKED = "box_stacked"
    BOX_UNSTACKED = "box_unstacked"
    BOX_RECEIVED = "box_received"
    SHIPMENT_DELIVERED = "shipment_delivered"
    OPERATOR_CHANGED = "operator_changed"
    OPERATOR_LEFT = "operator_left"
    CHANGE_ACKNOWLEDGED = "change_acknowledged"
    COMMAND_ARMED = "command_armed"
    STATION_CONFIRMED = "station_confirmed"
    LOCATION_CHOSEN = "location_chosen"
    MATERIAL_RECEIVED = "material_received"
    MATERIAL_COUNTED = "material_counted"
    MATERIAL_LOADED = "material_loaded"
    REVERSED = "reversed"
    NOTED = "noted"
