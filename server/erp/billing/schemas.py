"""What programs send and get about invoices, payments and credit."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from server.erp.billing.credit import Credit
from server.erp.billing.models import Invoice, InvoiceLine, Payment
from server.erp.billing.rules import Elsewhere, is_overdue
from server.erp.orders.schemas import PartyRef
from server.http.fields import (
    Amount,
    Currency,
    Day,
    Note,
    Patch,
    ReasonText,
    Share,
    ShortText,
    Shown,
    ShownDecimal,
    Strict,
)
from server.parties.fields import CustomerNumber

Number = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,38}$")]
#: More than nothing; a hundred billions at most.
PaidAmount = Annotated[Decimal, Field(gt=0, le=10**11, max_digits=16, decimal_places=4, allow_inf_nan=False)]


class ReasonBody(Strict):
    """Why, in words for colleagues and the customer."""

    reason: ReasonText


class InvoiceIn(Strict):
    """A new invoice, a draft at first, for what left with these shipments of one customer."""

    shipments: Annotated[list[Number], Field(min_length=1, max_length=100)]
    note: Note | None = None


class InvoiceLinePatch(Strict):
    """Another price for a line of a draft; what is left out stays."""

    position: Annotated[int, Field(ge=1, le=10_000)]
    unit_price: Amount | None = None
    discount_percent: Share | None = None
    tax_percent: Share | None = None

    def prices(self) -> dict[str, Decimal]:
        """The figures that were sent."""
        found = {name: getattr(self, name) for name in ("unit_price", "discount_percent", "tax_percent")}
        return {name: value for name, value in found.items() if value is not None}


class InvoicePatch(Patch):
    """What may change about a draft."""

    emptyable = frozenset({"note"})

    note: Note | None = None
    lines: Annotated[list[InvoiceLinePatch], Field(max_length=1000)] | None = None


class AllocationBody(Strict):
    """So much of a payment for an invoice."""

    invoice: Number
    amount: PaidAmount


class PaymentIn(Strict):
    """Money that came. Without `allocations` the most urgent invoices get it; with an empty list none does."""

    customer: CustomerNumber
    amount: PaidAmount
    currency: Currency | None = None
    received_on: Day | None = None
    reference: ShortText | None = None
    allocations: Annotated[list[AllocationBody], Field(max_length=200)] | None = None


class InvoiceLineOut(Shown):
    """A line of an invoice."""

    position: int
    product: str
    name: str
    uom: str
    quantity: ShownDecimal
    unit_price: ShownDecimal | None
    discount_percent: ShownDecimal
    tax_percent: ShownDecimal
    net: ShownDecimal

    @classmethod
    def of(cls, line: InvoiceLine) -> Self:
        """The answer for a line."""
        own = {field: getattr(line, field) for field in cls.model_fields if field != "product"}
        return cls(product=line.sku, **own)


class InvoiceOut(Shown):
    """An invoice as its reader may see it."""

    number: str
    customer: PartyRef
    state: str
    overdue: bool
    currency: str
    net: ShownDecimal
    tax: ShownDecimal
    gross: ShownDecimal
    paid: ShownDecimal
    open: ShownDecimal
    issued_on: date | None
    due_on: date | None
    note: str | None
    orders: list[str]
    shipments: list[str]
    lines: list[InvoiceLineOut]
    cancelled_at: datetime | None
    cancel_reason: str | None
    credit_note: str | None
    row_version: int

    @classmethod
    def of(cls, invoice: Invoice, orders: Sequence[str], shipments: Sequence[str], *, today: date) -> Self:
        """The answer for an invoice whose customer and lines are loaded."""
        special = {"customer", "overdue", "orders", "shipments", "lines"}
        own = {field: getattr(invoice, field) for field in cls.model_fields if field not in special}
        return cls(
            customer=PartyRef(number=invoice.customer.number, name=invoice.customer.name),
            overdue=is_overdue(invoice.state, invoice.due_on, today),
            orders=list(orders),
            shipments=list(shipments),
            lines=[InvoiceLineOut.of(line) for line in invoice.lines],
            **own,
        )


class InvoiceList(Shown):
    """A page of invoices."""

    items: list[InvoiceOut]
    next: str | None


class AllocationOut(Shown):
    """What an invoice has of a payment."""

    invoice: str
    amount: ShownDecimal


class PaymentOut(Shown):
    """A payment; a reversal has a negative amount and names what it takes back."""

    number: str
    customer: PartyRef
    amount: ShownDecimal
    currency: str
    received_on: date
    reference: str | None
    allocations: list[AllocationOut]
    unallocated: ShownDecimal
    reverses: str | None
    reversed_by: str | None
    reason: str | None

    @classmethod
    def of(cls, payment: Payment, around: dict[str, Any]) -> Self:
        """The answer for a payment whose customer is loaded; `around` is what stands in other rows."""
        shares: dict[str, Decimal] = around["allocations"]
        own = ("number", "amount", "currency", "received_on", "reference", "reason")
        is_settled = payment.reverses_id is not None or around["reversed_by"] is not None
        return cls(
            **{field: getattr(payment, field) for field in own},
            customer=PartyRef(number=payment.customer.number, name=payment.customer.name),
            allocations=[AllocationOut(invoice=number, amount=amount) for number, amount in shares.items()],
            unallocated=Decimal(0) if is_settled else payment.amount - sum(shares.values(), Decimal(0)),
            reverses=around["reverses"],
            reversed_by=around["reversed_by"],
        )


class PaymentList(Shown):
    """A page of payments."""

    items: list[PaymentOut]
    next: str | None


class ConvertedOut(Shown):
    """What is owed in another currency, and what it is worth in the customer's."""

    currency: str
    amount: ShownDecimal
    worth: ShownDecimal
    #: One unit of the customer's currency is so many of this one.
    rate: ShownDecimal
    rate_as_of: date

    @classmethod
    def each(cls, others: Iterable[Elsewhere]) -> list[Self]:
        """Those that have a rate."""
        return [
            cls(currency=each.currency, amount=each.amount, worth=each.worth, rate=each.rate, rate_as_of=each.as_of)
            for each in (other.converted for other in others)
            if each is not None
        ]


class CreditOut(Shown):
    """What a customer owes, may owe and has paid, as of a time, with where each figure comes from."""

    customer: str
    currency: str
    limit: ShownDecimal | None
    exposure: ShownDecimal
    open_invoices: ShownDecimal
    uninvoiced: ShownDecimal
    available: ShownDecimal | None
    overdue: ShownDecimal
    overdue_invoices: int
    #: What of it is in other currencies, and by which rate it counts.
    overdue_converted: list[ConvertedOut]
    #: The currencies of overdue invoices that no rate is known for, so that `overdue` is not all of it.
    overdue_without_rate: list[str]
    unallocated: ShownDecimal
    payment_terms_days: int
    other_currencies: dict[str, ShownDecimal]
    #: What of these counts under the limit, and by which rate.
    converted: list[ConvertedOut]
    #: The currencies that no rate is known for; with a limit, the next order waits.
    without_rate: list[str]
    as_of: datetime
    sources: dict[str, str]

    @classmethod
    def of(cls, credit: Credit) -> Self:
        """The answer for a customer's credit."""
        exposure = credit.exposure
        return cls(
            customer=credit.customer,
            currency=exposure.currency,
            limit=exposure.limit,
            exposure=exposure.total,
            open_invoices=exposure.open_invoices,
            uninvoiced=exposure.uninvoiced,
            available=exposure.available,
            overdue=credit.overdue.total,
            overdue_invoices=credit.overdue.invoices,
            overdue_converted=ConvertedOut.each(credit.overdue.others),
            overdue_without_rate=credit.overdue.without_rate,
            unallocated=credit.unallocated,
            payment_terms_days=credit.terms_days,
            other_currencies={each.currency: each.amount for each in exposure.others},
            converted=ConvertedOut.each(exposure.others),
            without_rate=exposure.without_rate,
            as_of=credit.as_of,
            sources=SOURCES,
        )


SOURCES = {
    "limit": "customer",
    "open_invoices": "issued invoices less their payments",
    "uninvoiced": "confirmed orders, lines not invoiced yet",
    "overdue": "open invoices past their due day, those in other currencies by `overdue_converted`",
    "unallocated": "payments that no invoice has",
    "converted": "exchange rates that finance entered, each of its day",
}
