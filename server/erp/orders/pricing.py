"""What the lines of an order or invoice add up to. Pure.

The rule, so that anybody can redo it by hand:

- A line's net is its quantity times its unit price, less its discount, rounded to the smallest coin of the currency.
- Tax is worked out once for each rate, on the sum of the nets at that rate, and rounded likewise.
- Gross is net plus tax.
- Rounding is half up: 0.125 becomes 0.13. The smallest coin is that of Unicode CLDR: EUR 0.01, JPY 1, KWD 0.001.

>>> lines = [Priced(Decimal(3), Decimal("0.335"), Decimal(0), Decimal(19))]
>>> print(totals(lines, "EUR").net, totals(lines, "EUR").tax, totals(lines, "EUR").gross)
1.01 0.19 1.20
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from typing import Protocol

from babel.numbers import get_currency_precision

from server.erp.orders.models import SalesOrder
from server.errors import FieldError, Invalid
from server.messages import translate as _

#: Sums of many orders must stay whole numbers of 64 bits.
MAX_TOTAL = Decimal(10) ** 11
_WHOLE = Decimal(100)


class Line(Protocol):
    """What pricing needs of a line of an order or invoice."""

    @property
    def quantity(self) -> Decimal: ...

    @property
    def unit_price(self) -> Decimal | None: ...

    @property
    def discount_percent(self) -> Decimal: ...

    @property
    def tax_percent(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Priced:
    """A line by its figures alone."""

    quantity: Decimal
    unit_price: Decimal | None
    discount_percent: Decimal
    tax_percent: Decimal


@dataclass(frozen=True, slots=True)
class TaxRate:
    """What one rate of tax falls on, and how much it is."""

    percent: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """What lines add up to."""

    net: Decimal
    tax: Decimal
    gross: Decimal
    rates: tuple[TaxRate, ...] = ()


@cache
def coin(currency: str) -> Decimal:
    """The smallest coin of the currency.

    >>> print(coin("EUR"), coin("JPY"))
    0.01 1
    """
    return Decimal(1).scaleb(-get_currency_precision(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole coins, half up."""
    with localcontext(prec=60):
        return amount.quantize(coin(currency), rounding=ROUND_HALF_UP)


def line_net(line: Line, currency: str) -> Decimal:
    """What a line costs before tax; nothing while it has no price."""
    if line.unit_price is None:
        return Decimal(0)
    with localcontext(prec=60):
        return rounded(line.quantity * line.unit_price * (_WHOLE - line.discount_percent) / _WHOLE, currency)


def totals(lines: Iterable[Line], currency: str) -> Totals:
    """Net, tax and gross of the lines."""
    nets: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in lines:
        nets[line.tax_percent] += line_net(line, currency)
    rates = tuple(TaxRate(rate, net, rounded(net * rate / _WHOLE, currency)) for rate, net in sorted(nets.items()))
    net, tax = sum((rate.net for rate in rates), Decimal(0)), sum((rate.tax for rate in rates), Decimal(0))
    return Totals(net, tax, net + tax, rates)


def bounded_totals(lines: Iterable[Line], currency: str) -> Totals:
    """As `totals`; raises Invalid when they are too large for one order or invoice."""
    found = totals(lines, currency)
    if found.gross > MAX_TOTAL:
        message = _("The lines add up to {total} {currency}; at most {most} go together. Split them.").format(
            total=found.gross, currency=currency, most=MAX_TOTAL
        )
        raise Invalid(errors=[FieldError("lines", message, "too_large")])
    return found


def price_order(order: SalesOrder) -> None:
    """Put the totals of its lines on an order that nothing is invoiced of; raises Invalid when they are too large."""
    found = bounded_totals(order.lines, order.currency)
    order.total_net, order.total_tax, order.total_gross = found.net, found.tax, found.gross
    order.uninvoiced_gross = found.gross
