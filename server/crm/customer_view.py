"""What a customer sees of his order: only what is named here. A field that is not in this list cannot leak.

No prices, no names of people, no reasons of holds, no notes, no stations, no other customer's units.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from server.crm.order_changes import ChangeLine
from server.crm.order_page import OrderPage
from server.crm.orders_list import OrderRow
from server.crm.risk import Risk
from server.crm.timeline import Entry
from server.erp.changes.rules import as_told
from server.erp.orders.access import hides_the_promise
from server.tracking.facts import FactKind
from server.tracking.states import ChangeState, ShipmentState

#: What a customer is told of, by the facts themselves and never by the clock.
TOLD = frozenset(
    {
        FactKind.ORDER_CONFIRMED,
        FactKind.ORDER_RELEASED,
        FactKind.OPERATION_COMPLETED,
        FactKind.UNIT_PACKED,
        FactKind.BOX_CLOSED,
        FactKind.SHIPMENT_SHIPPED,
        FactKind.SHIPMENT_DELIVERED,
        FactKind.ORDER_COMPLETED,
        FactKind.ORDER_CANCELLED,
    }
)


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """What was ordered."""

    name: str
    quantity: Decimal
    configuration: Mapping[str, Any]
    chosen: str | None


@dataclass(frozen=True, slots=True)
class CustomerShipment:
    """What is on its way."""

    number: str
    state: str
    carrier: str | None
    tracking_reference: str | None
    boxes: int
    at: datetime


@dataclass(frozen=True, slots=True)
class StoryLine:
    """Facts of one kind in a row, as one line: 'Cut done for 5 units'."""

    kind: str
    step: str | None
    subjects: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerOrder:
    """The order as its customer may know it."""

    number: str
    customer: str
    reference: str | None
    quote_number: str | None
    quote_version: int | None
    risk: Risk
    promise: date | None
    due_at: datetime | None
    predicted_at: datetime | None
    predicted_late_at: datetime | None
    lines: Sequence[CustomerLine]
    shipments: Sequence[CustomerShipment]
    story: Sequence[StoryLine]
    #: Changes without the places and people who have seen them.
    changes: Sequence[ChangeLine] = ()


def customer_order(page: OrderPage) -> CustomerOrder:
    """The customer's view of an order page."""
    in_doubt = hides_the_promise(page.lifecycle)
    return CustomerOrder(
        number=page.number,
        customer=page.customer,
        reference=page.reference,
        quote_number=page.quote_number,
        quote_version=page.quote_version,
        risk=Risk.NO_PROMISE if in_doubt else page.risk,
        promise=None if in_doubt else page.promise,
        due_at=None if in_doubt else page.due_at,
        predicted_at=page.predicted_at,
        predicted_late_at=page.predicted_late_at,
        lines=[CustomerLine(line.name, line.quantity, line.configuration, line.chosen) for line in page.lines],
        shipments=[
            CustomerShipment(
                each.number,
                each.state,
                each.carrier,
                each.tracking_reference,
                len(each.boxes),
                each.delivered_at or each.shipped_at or each.created_at,
            )
            for each in page.shipments
            if each.state != ShipmentState.CANCELLED
        ],
        story=tell(page.timeline.entries),
        changes=[
            replace(each, difference=told, seen=())
            for each in page.changes
            if each.state != ChangeState.DRAFT and (told := as_told(each.difference, each.origin))
        ],
    )


def row_as_told(row: OrderRow) -> OrderRow:
    """A line of a list without what a customer is not told: a promise that is none yet, and why work stands still."""
    if hides_the_promise(row.lifecycle):
        row = replace(row, risk=Risk.NO_PROMISE, promise=None, due_at=None)
    return replace(row, hold_reason=None)


def tell(entries: Iterable[Entry]) -> list[StoryLine]:
    """The entries a customer is told of, newest first; what was taken back never happened for him."""
    lines: list[StoryLine] = []
    for entry in entries:
        if entry.kind not in TOLD or entry.taken_back:
            continue
        last = lines[-1] if lines else None
        if last is not None and (last.kind, last.step) == (entry.kind, entry.step):
            lines[-1] = StoryLine(last.kind, last.step, (*last.subjects, entry.subject), last.at)
        else:
            lines.append(StoryLine(entry.kind, entry.step, (entry.subject,), entry.observed_at))
    return lines
