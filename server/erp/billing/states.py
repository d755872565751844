"""The states of invoices and of an order's billing, and the facts that tell of money. Pure."""

from enum import StrEnum


class InvoiceState(StrEnum):
    """draft -> issued -> partially_paid -> paid; each but paid-for-good -> cancelled."""

    DRAFT = "draft"
    ISSUED = "issued"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    CANCELLED = "cancelled"


class Billing(StrEnum):
    """How far an order is asked for and paid; overdue is never stored, it follows from the clock."""

    NONE = "none"
    PARTIAL = "partial"
    INVOICED = "invoiced"
    OVERDUE = "overdue"
    PAID = "paid"


class MoneyFact(StrEnum):
    """What can become true about money; docs/reference/facts.md has a line for each."""

    CREDIT_HELD = "credit_held"
    CREDIT_RELEASED = "credit_released"
    INVOICE_ISSUED = "invoice_issued"
    INVOICE_CANCELLED = "invoice_cancelled"
    PAYMENT_RECORDED = "payment_recorded"
    PAYMENT_REVERSED = "payment_reversed"


#: The money is asked for and has not all come.
OPEN = (InvoiceState.ISSUED.value, InvoiceState.PARTIALLY_PAID.value)
#: The customer has been told to pay.
ISSUED = (*OPEN, InvoiceState.PAID.value)
