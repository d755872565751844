"""The part of the factory that a batch of events concerns, as plain values that the rules can read.

Rows are named tuples because a fold makes thousands of changed copies a second and theirs are the cheapest.
They are never changed in place: the rules hand back new rows, and only `World.adopt` puts them in.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from server.tracking.change_rows import Acknowledgement, Change, Repack
from server.tracking.facts import NewFact
from server.tracking.goods_rows import Goods
from server.tracking.heard_rows import Heard, Identity
from server.tracking.wanted import Line


class Unit(NamedTuple):
    """A serial, a lot or the container side of a box."""

    id: int
    number: str
    kind: str
    order_id: int | None
    work_order_id: int | None
    position: int
    state: str
    step: int | None
    held: bool
    hold_reason: str | None
    #: How often it was sent back to a step.
    rework: int
    parent_id: int | None
    last_station_id: int | None
    last_read_point: str | None
    last_seen_at: datetime | None
    #: The fact behind the present state.
    last_fact_id: int | None


class Operation(NamedTuple):
    """One step of a work order with its counts."""

    id: int
    work_order_id: int
    step: int
    name: str
    work_center_id: int
    state: str
    transfer_quantity: int
    quantity: int
    started: int
    good: int
    scrap: int
    started_at: datetime | None
    completed_at: datetime | None


class WorkOrder(NamedTuple):
    """The making of one order line, or of pieces for stock."""

    id: int
    number: str
    order_id: int | None
    state: str
    started_at: datetime | None
    completed_at: datetime | None
    order_line_id: int | None = None


class Tally(NamedTuple):
    """How many units of a work order stand at each stage of fulfilment."""

    open: int = 0
    finished: int = 0
    packed: int = 0
    shipped: int = 0
    delivered: int = 0
    scrapped: int = 0

    @property
    def alive(self) -> int:
        """Units that still count."""
        return self.open + self.finished + self.packed + self.shipped + self.delivered


class Order(NamedTuple):
    """A sales order and whose it is."""

    id: int
    number: str
    customer_number: str
    customer_name: str
    lifecycle: str
    fulfilment: str
    on_hold: bool
    hold_reason: str | None
    moved_at: datetime | None


class Box(NamedTuple):
    """A handling unit."""

    id: int
    number: str
    sscc: str
    order_id: int
    station_id: int | None
    state: str
    opened_at: datetime
    closed_at: datetime | None
    shipped_at: datetime | None
    shipment_id: int | None
    #: server.tracking.states.HandlingUnitKind
    kind: str = "box"


class Shipment(NamedTuple):
    """What leaves together for one order."""

    id: int
    number: str
    order_id: int
    state: str
    created_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None = None


class Station(NamedTuple):
    """A place where one work center's work is done."""

    id: int
    key: str
    name: str
    work_center_id: int
    work_center: str


class ReasonCode(NamedTuple):
    """Why a unit is scrapped, worked on again or held; its card is a command card with this code."""

    code: str
    #: server.tracking.states.ReasonKind
    kind: str
    name: str


class Context(NamedTuple):
    """What a station remembers between scans."""

    station_id: int
    #: Who came last of those who work here.
    operator_badge: str | None = None
    operator_name: str | None = None
    operator_since: datetime | None = None
    armed_command: str | None = None
    armed_until: datetime | None = None
    open_box_id: int | None = None
    #: The code of the reason, and the body of an operation's code, that were shown after the command card.
    armed_reason: str | None = None
    armed_operation: str | None = None
    #: Everybody who works here, in the order in which they came: {badge, name, since}.
    crew: tuple[Mapping[str, str], ...] = ()
    #: The location that was scanned last, and the materials at hand (server.tracking.goods_rows.materials_in).
    stock: Mapping[str, Any] | None = None
    #: The last eight verdicts, newest first, as server.erp.floor.models.StationState keeps them.
    verdicts: tuple[Mapping[str, Any], ...] = ()


class ReadPoint(NamedTuple):
    """What a read at a reader or antenna means."""

    key: str
    station_id: int
    context: str
    quiet_seconds: int
    #: Read points of one group hear the same tags; within so many seconds a tag is at the loudest of them alone.
    overlap: str | None = None
    overlap_seconds: int = 5
    checks_passages: bool = False  # what passes may be compared with what is expected
    has_gates: bool = False  # somewhere in this house is a gate that must see every unit


class Operator(NamedTuple):
    """A person with a badge."""

    badge: str
    name: str


class StoredFact(NamedTuple):
    """A fact that an undo may have to reverse, with its number."""

    id: int
    fact: NewFact


class Supply(NamedTuple):
    """Fresh numbers and row ids, handed in so that the rules can make boxes and shipments."""

    company_prefix: str = "0000000"
    box_number: int = 0
    sscc_reference: int = 0
    shipment_number: int = 0
    box_ids: tuple[int, ...] = ()
    shipment_ids: tuple[int, ...] = ()
    repack_ids: tuple[int, ...] = ()


#: Rows by type and id.
Rows = Mapping[type[Any], Mapping[int, Any]]
#: How facts and tables call a row.
TABLES: Mapping[type[Any], str] = {
    Unit: "unit",
    Operation: "operation",
    WorkOrder: "work_order",
    Order: "sales_order",
    Box: "handling_unit",
    Shipment: "shipment",
    Change: "change_request",
    Acknowledgement: "change_acknowledgement",
    Repack: "repack_task",
}

#: Where the world and a draft keep the rows of a type.
ATTRIBUTES: Mapping[type[Any], str] = {
    Unit: "units",
    Operation: "operations",
    WorkOrder: "work_orders",
    Order: "orders",
    Box: "boxes",
    Shipment: "shipments",
    Context: "contexts",
    Change: "change_requests",
    Acknowledgement: "acknowledgements",
    Repack: "repacks",
}


@dataclass(slots=True)
class World:
    """Everything a batch names, by id. `adopt` takes the outcome of one event in."""

    units: dict[int, Unit] = field(default_factory=dict)
    operations: dict[int, Operation] = field(default_factory=dict)
    #: Work order id -> its operation ids by rising step.
    routes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    work_orders: dict[int, WorkOrder] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)
    #: Order id -> all its work orders.
    order_work: dict[int, tuple[int, ...]] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    alerts: dict[int, tuple[str, ...]] = field(default_factory=dict)  # by order: what its customer wants seen
    #: What the orders want, where units may be packed.
    lines: dict[int, Line] = field(default_factory=dict)
    per_box: dict[int, int] = field(default_factory=dict)  # by work order: how many of its units a box holds at most
    boxes: dict[int, Box] = field(default_factory=dict)
    shipments: dict[int, Shipment] = field(default_factory=dict)
    stations: dict[int, Station] = field(default_factory=dict)
    contexts: dict[int, Context] = field(default_factory=dict)
    read_points: dict[str, ReadPoint] = field(default_factory=dict)
    #: What a station has not seen, with all its stations; what counts at once where units are packed; repacks.
    change_requests: dict[int, Change] = field(default_factory=dict)
    acknowledgements: dict[int, Acknowledgement] = field(default_factory=dict)
    repacks: dict[int, Repack] = field(default_factory=dict)
    #: Number of a paper that was scanned -> id of its shipment.
    papers: dict[str, int] = field(default_factory=dict)
    #: Identifier value, or number typed by hand -> unit id.
    identifiers: dict[str, int] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    #: Reason codes in use, where a card is shown or waits for its unit.
    reasons: dict[str, ReasonCode] = field(default_factory=dict)
    #: What earlier events did, for those that may be taken back.
    deeds: dict[Identity, tuple[StoredFact, ...]] = field(default_factory=dict)
    #: By unit: the read of its tag that says where it is, where read points overlap.
    heard: dict[int, Heard] = field(default_factory=dict)
    sent_back: dict[int, datetime] = field(default_factory=dict)  # When units were sent back last, by id.
    supply: Supply = field(default_factory=Supply)
    goods: Goods = field(default_factory=Goods)
    language: str = "en"  # of the site
    #: Ids of rows that changed or are new, by type; what has to be saved.
    changed: defaultdict[type[Any], set[int]] = field(default_factory=lambda: defaultdict(set))

    def adopt(self, rows: Rows) -> None:
        """Put changed and new rows in; every row is known by its id, a context by that of its station."""
        for kind, found in rows.items():
            getattr(self, ATTRIBUTES[kind]).update(found)
            self.changed[kind].update(found)

    def copy(self) -> "World":
        """A world that may go another way: its tables are its own, the rows are shared."""
        tables: dict[str, Any] = {name: dict(getattr(self, name)) for name in (*ATTRIBUTES.values(), "tallies")}
        return replace(self, **tables, changed=defaultdict(set))

    def work_of(self, order_id: int) -> tuple[int, ...]:
        """The work orders of an order."""
        return self.order_work.get(order_id, ())
