"""What programs send and get about sales orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from server.catalog.option_schemas import Sku
from server.erp.billing.states import Billing
from server.erp.orders.access import hides_the_promise, lifecycle_told
from server.erp.orders.lifecycle import possible
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.pricing import line_net
from server.erp.orders.repository import Progress
from server.http.fields import (
    Amount,
    Configuration,
    Currency,
    Day,
    Note,
    Patch,
    PositiveQuantity,
    ReasonText,
    Share,
    ShortText,
    Shown,
    ShownDecimal,
    Strict,
)
from server.parties.fields import CustomerNumber
from server.tracking.states import OrderLifecycle

OrderNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,28}$")]
Priority = Annotated[int, Field(ge=1, le=9)]


class OrderLineIn(Strict):
    """So much of a product."""

    product: Sku
    quantity: PositiveQuantity
    unit_price: Amount | None = None
    discount_percent: Share = Decimal(0)
    #: Left out, the site's usual rate.
    tax_percent: Share | None = None
    configuration: Configuration = {}
    packaging: Note | None = None


Lines = Annotated[list[OrderLineIn], Field(min_length=1, max_length=200)]


class OrderIn(Strict):
    """A new order, a draft at first; priority and currency come from the customer unless they are given."""

    customer: CustomerNumber
    customer_reference: ShortText | None = None
    promise_date: Day | None = None
    priority: Priority | None = None
    currency: Currency | None = None
    special_instructions: Note | None = None
    lines: Lines


class OrderPatch(Patch):
    """What may change about an order: everything while it is a draft, the priority until it is done."""

    emptyable = frozenset({"customer_reference", "promise_date", "special_instructions"})

    customer_reference: ShortText | None = None
    promise_date: Day | None = None
    priority: Priority | None = None
    special_instructions: Note | None = None
    lines: Lines | None = None


class ConfirmBody(Strict):
    """The date that is promised; left out, it is the order's own or the careful end of the estimate."""

    promise_date: Day | None = None


class ReleaseCreditBody(Strict):
    """Why an order above the limit is confirmed; another date where the promised one is past."""

    reason: ReasonText
    promise_date: Day | None = None


class ReasonBody(Strict):
    """Why, in words for colleagues."""

    reason: ReasonText


@dataclass(frozen=True, slots=True)
class View:
    """What the caller may see of an order."""

    #: Priorities, reasons and actions are for our own house.
    internal: bool
    prices: bool
    #: An invoice of the order should have been paid by yesterday.
    overdue: bool = False


class PartyRef(Shown):
    """A customer by number and name."""

    number: str
    name: str


class OrderLineOut(Shown):
    """A line of an order."""

    position: int
    product: str
    name: str
    quantity: ShownDecimal
    unit_price: ShownDecimal | None
    discount_percent: ShownDecimal | None
    tax_percent: ShownDecimal | None
    net: ShownDecimal | None
    configuration: dict[str, str]
    configuration_summary: str | None
    packaging: str | None

    @classmethod
    def of(cls, line: OrderLine, view: View, currency: str) -> Self:
        """The answer for a line whose product is loaded."""
        return cls(
            position=line.position,
            product=line.product.sku,
            name=line.product.name,
            quantity=line.quantity,
            unit_price=line.unit_price if view.prices else None,
            discount_percent=line.discount_percent if view.prices else None,
            tax_percent=line.tax_percent if view.prices else None,
            net=line_net(line, currency) if view.prices and line.unit_price is not None else None,
            configuration=line.configuration,
            configuration_summary=line.configuration_summary,
            packaging=line.packaging,
        )


class PredictionOut(Shown):
    """When we expect the order to leave: an estimate, never a promise."""

    label: str = "estimate"
    at: datetime
    late_at: datetime | None
    computed_at: datetime | None

    @classmethod
    def of(cls, order: SalesOrder) -> Self | None:
        """The stored estimate, or None where there is none."""
        if order.predicted_at is None:
            return None
        return cls(at=order.predicted_at, late_at=order.predicted_late_at, computed_at=order.estimated_at)


_TOTALS = ("total_net", "total_tax", "total_gross")
_INTERNAL = ("hold_reason", "priority", "special_instructions", "created_by")
_PLAIN = (
    "number",
    "customer_reference",
    "lifecycle",
    "fulfilment",
    "billing",
    "on_hold",
    "currency",
    "promise_date",
    "created_at",
    "confirmed_at",
    "released_at",
    "moved_at",
    "row_version",
)


class OrderOut(Shown):
    """An order as its viewer may see it; what he may not see is null."""

    internal = frozenset({"hold_reason", "credit_hold", "priority", "special_instructions", "created_by", "actions"})

    number: str
    customer: PartyRef
    customer_reference: str | None
    lifecycle: str
    fulfilment: str
    billing: str
    on_hold: bool
    hold_reason: str | None = None
    #: Why it waits for credit, with every figure; for those who see credit, where one order is asked for.
    credit_hold: str | None = None
    priority: int | None = None
    currency: str
    promise_date: date | None
    prediction: PredictionOut | None
    special_instructions: str | None = None
    created_at: datetime
    created_by: str | None = None
    confirmed_at: datetime | None
    released_at: datetime | None
    moved_at: datetime | None
    total_net: ShownDecimal | None = None
    total_tax: ShownDecimal | None = None
    total_gross: ShownDecimal | None = None
    lines: list[OrderLineOut]
    units: dict[str, int]
    actions: list[str]
    row_version: int

    @classmethod
    def of(cls, order: SalesOrder, progress: Progress | None, view: View) -> Self:
        """The answer for an order whose customer, lines and products are loaded."""
        fields: dict[str, Any] = {name: getattr(order, name) for name in _PLAIN}
        if not view.internal:
            fields["lifecycle"] = lifecycle_told(order.lifecycle)
            if hides_the_promise(order.lifecycle):
                fields["promise_date"] = None
        actions: list[str] = []
        # A customer learns of his balance where the company shows it, and not here.
        if view.internal and view.overdue:
            fields["billing"] = Billing.OVERDUE.value
        if view.prices:
            fields |= {name: getattr(order, name) for name in _TOTALS}
        if view.internal:
            fields |= {name: getattr(order, name) for name in _INTERNAL}
            actions = [str(action) for action in possible(OrderLifecycle(order.lifecycle), on_hold=order.on_hold)]
        return cls(
            **fields,
            customer=PartyRef(number=order.customer.number, name=order.customer.name),
            prediction=PredictionOut.of(order),
            lines=[OrderLineOut.of(line, view, order.currency) for line in order.lines],
            units=_sorted(progress.by_state if progress else {}),
            actions=actions,
        )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


class OrderList(Shown):
    """A page of orders."""

    items: list[OrderOut]
    next: str | None
