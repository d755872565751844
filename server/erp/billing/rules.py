"""The rules of credit and invoices. Pure: the clock and every figure are handed in.

- Exposure is what is open of issued invoices, and what is confirmed and not invoiced yet, both with tax.
- An order goes on credit hold when the exposure with it would be above the limit; exactly the limit is allowed.
- No limit means that every order goes through.
- What is in another currency than the limit counts at the newest rate that finance has entered. Where a rate is
  missing, nothing can be compared, and the order waits.
- An invoice is overdue from the day after its due day, in the zone of the site. What is overdue in other currencies
  counts by the same rates as the exposure, of which it is a part.
- Until everything of an order has left, all that was ordered will be invoiced; from then on what really left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from server.erp.billing.exchange import Converted
from server.erp.billing.states import OPEN, Billing, InvoiceState
from server.erp.orders.pricing import coin
from server.messages import in_words
from server.messages import translate as _

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a customer owes, or will, in another currency than his limit."""

    currency: str
    amount: Decimal
    #: None without a rate.
    converted: Converted | None


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a customer owes us already, or will."""

    currency: str
    limit: Decimal | None
    open_invoices: Decimal = ZERO
    uninvoiced: Decimal = ZERO
    others: tuple[Elsewhere, ...] = ()

    @property
    def total(self) -> Decimal:
        """All parts together, those in other currencies at their rates."""
        return worth_of(self.others) + self.open_invoices + self.uninvoiced

    @property
    def without_rate(self) -> list[str]:
        """The currencies that could not be converted."""
        return without_rate(self.others)

    @property
    def available(self) -> Decimal | None:
        """What may still be confirmed; None without a limit, nothing once it is reached."""
        return None if self.limit is None else max(self.limit - self.total, ZERO)

    @property
    def above(self) -> Decimal:
        """How far it is above the limit already, such as when the limit was lowered later; nothing without a limit."""
        return ZERO if self.limit is None else max(self.total - self.limit, ZERO)


@dataclass(frozen=True, slots=True)
class Overdue:
    """What a customer should have paid by yesterday, by the rule of his exposure."""

    currency: str
    own: Decimal = ZERO
    others: tuple[Elsewhere, ...] = ()
    #: How many invoices, whatever their currency.
    invoices: int = 0

    @property
    def total(self) -> Decimal:
        """All of it together, what is in other currencies at their rates."""
        return worth_of(self.others) + self.own

    @property
    def without_rate(self) -> list[str]:
        """The currencies that could not be converted, so that the total is not all of it."""
        return without_rate(self.others)


def worth_of(others: Iterable[Elsewhere]) -> Decimal:
    """What the amounts that have a rate come to together."""
    return sum((each.converted.worth for each in others if each.converted is not None), ZERO)


def without_rate(others: Iterable[Elsewhere]) -> list[str]:
    """The currencies of the amounts that have none."""
    return [each.currency for each in others if each.converted is None]


@dataclass(frozen=True, slots=True)
class CreditCheck:
    """One order against the limit of its customer."""

    exposure: Exposure
    currency: str
    amount: Decimal
    #: The amount in the limit's currency, where that is another one and has a rate.
    converted: Converted | None = None

    @property
    def worth(self) -> Decimal | None:
        """What the order comes to in the currency of the limit; None without a rate."""
        if self.currency == self.exposure.currency:
            return self.amount
        return None if self.converted is None else self.converted.worth

    @property
    def without_rate(self) -> list[str]:
        """The currencies that could not be converted, so that nothing can be compared."""
        own = [self.currency] if self.worth is None else []
        return sorted({*self.exposure.without_rate, *own})

    @property
    def excess(self) -> Decimal:
        """How far the exposure with this order is above the limit."""
        if self.exposure.limit is None or self.worth is None:
            return ZERO
        return max(self.exposure.total + self.worth - self.exposure.limit, ZERO)

    @property
    def passes(self) -> bool:
        """Whether the order may be confirmed."""
        return self.exposure.limit is None or (not self.without_rate and self.excess == 0)

    def sentence(self, order: str) -> str:
        """Why the order waits, with every figure."""
        exposure = self.exposure
        if self.without_rate:
            return _(
                "{order} waits for credit: there is no exchange rate for {missing}, so that nothing can be compared "
                "with the limit of {limit} {currency}. Finance enters it under Money, Exchange rates."
            ).format(
                order=order,
                missing=", ".join(self.without_rate),
                limit=money(exposure.limit or ZERO, exposure.currency),
                currency=exposure.currency,
            )
        said = _(
            "{order} waits for credit: the limit is {limit} {currency}, {exposure} are open or confirmed already, "
            "this order adds {amount}, which is {excess} too much."
        ).format(
            order=order,
            currency=exposure.currency,
            limit=money(exposure.limit or ZERO, exposure.currency),
            exposure=money(exposure.total, exposure.currency),
            amount=money(self.worth or ZERO, exposure.currency),
            excess=money(self.excess, exposure.currency),
        )
        return " ".join([said, *(by_rate(each, exposure.currency) for each in self._conversions())])

    def _conversions(self) -> list[Converted]:
        others = (each.converted for each in self.exposure.others)
        return [each for each in (self.converted, *others) if each is not None]


def by_rate(found: Converted, to: str) -> str:
    """How an amount was converted: '500.00 USD count as 462.96 EUR, at 1.08 of 24 November 2026.'"""
    return _("{amount} {currency} count as {worth} {to}, at {rate} of {day}.").format(
        amount=money(found.amount, found.currency),
        currency=found.currency,
        worth=money(found.worth, to),
        to=to,
        rate=f"{found.rate.normalize():f}",
        day=in_words(found.as_of),
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
