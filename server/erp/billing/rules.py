"""The rules of credit and invoices. Pure: the clock and every figure are handed in.

- Exposure is what is open of issued invoices, and what is confirmed and not invoiced yet, both with tax.
- An order goes on credit hold when the exposure with it would be above the limit; exactly the limit is allowed.
- No limit means that every order goes through. One in another currency than the limit cannot be compared, and waits.
- An invoice is overdue from the day after its due day, in the zone of the site.
- Until everything of an order has left, all that was ordered will be invoiced; from then on what really left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from server.erp.billing.states import OPEN, Billing, InvoiceState
from server.erp.orders.pricing import coin
from server.messages import translate as _

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a customer owes us already, or will."""

    currency: str
    limit: Decimal | None
    open_invoices: Decimal = ZERO
    uninvoiced: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Both parts together."""
        return self.open_invoices + self.uninvoiced

    @property
    def available(self) -> Decimal | None:
        """What may still be confirmed; None without a limit, nothing once it is reached."""
        return None if self.limit is None else max(self.limit - self.total, ZERO)

    @property
    def above(self) -> Decimal:
        """How far it is above the limit already, such as when the limit was lowered later; nothing without a limit."""
        return ZERO if self.limit is None else max(self.total - self.limit, ZERO)


@dataclass(frozen=True, slots=True)
class CreditCheck:
    """One order against the limit of its customer."""

    exposure: Exposure
    currency: str
    amount: Decimal

    @property
    def comparable(self) -> bool:
        """Whether order and limit are in one currency."""
        return self.currency == self.exposure.currency

    @property
    def excess(self) -> Decimal:
        """How far the exposure with this order is above the limit."""
        if self.exposure.limit is None or not self.comparable:
            return ZERO
        return max(self.exposure.total + self.amount - self.exposure.limit, ZERO)

    @property
    def passes(self) -> bool:
        """Whether the order may be confirmed."""
        return self.exposure.limit is None or (self.comparable and self.excess == 0)

    def sentence(self, order: str) -> str:
        """Why the order waits, with every figure."""
        exposure = self.exposure
        if not self.comparable:
            return _(
                "{order} waits for credit: it is in {currency}, and the limit of {limit} {limit_currency} "
                "cannot be compared with that."
            ).format(
                order=order,
                currency=self.currency,
                limit=money(exposure.limit or ZERO, exposure.currency),
                limit_currency=exposure.currency,
            )
        return _(
            "{order} waits for credit: the limit is {limit} {currency}, {exposure} are open or confirmed already, "
            "this order adds {amount}, which is {excess} too much."
        ).format(
            order=order,
            currency=exposure.currency,
            limit=money(exposure.limit or ZERO, exposure.currency),
            exposure=money(exposure.total, exposure.currency),
            amount=money(self.amount, exposure.currency),
            excess=money(self.excess, exposure.currency),
        )


def money(amount: Decimal, currency: str) -> str:
    """The amount in plain digits with the coins of its currency.

    >>> money(Decimal("1234.5"), "EUR"), money(Decimal("12"), "JPY")
    ('1,234.50', '12')
    """
    places = max(0, -int(coin(currency).as_tuple().exponent))
    return f"{amount:,.{places}f}"


def is_overdue(state: str, due_on: date | None, today: date) -> bool:
    """Whether the money should have come by yesterday."""
    return state in OPEN and due_on is not None and due_on < today


def due(issued_on: date, terms_days: int) -> date:
    """The last day for paying in time."""
    return issued_on + timedelta(days=terms_days)


def state_of(gross: Decimal, paid: Decimal) -> InvoiceState:
    """Where an issued invoice stands by what was paid."""
    if paid >= gross:
        return InvoiceState.PAID
    return InvoiceState.PARTIALLY_PAID if paid > 0 else InvoiceState.ISSUED


@dataclass(frozen=True, slots=True)
class LineStanding:
    """How much of an order line will be invoiced in the end, and how much is already."""

    billable: Decimal
    invoiced: Decimal

    @property
    def left(self) -> Decimal:
        """What is still to invoice."""
        return max(self.billable - self.invoiced, ZERO)


def billing_of(lines: Iterable[LineStanding], *, all_paid: bool) -> Billing:
    """The billing axis of an order, without the clock."""
    standings = list(lines)
    if not any(line.invoiced > 0 for line in standings):
        return Billing.NONE
    if any(line.left > 0 for line in standings):
        return Billing.PARTIAL
    return Billing.PAID if all_paid else Billing.INVOICED


def allocate(amount: Decimal, opens: Iterable[Decimal]) -> list[Decimal]:
    """How a payment is spread over open amounts in their order; what remains is the customer's credit.

    >>> allocate(Decimal(10), [Decimal(4), Decimal(20), Decimal(5)])
    [Decimal('4'), Decimal('6'), Decimal('0')]
    """
    shares = []
    for still_open in opens:
        share = min(amount, still_open)
        shares.append(share)
        amount -= share
    return shares
