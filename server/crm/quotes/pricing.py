"""What a line and a version amount to, and what is left of it for us. Pure.

>>> net_price(Decimal("120.00"), Decimal(10)), amount(Decimal(3), Decimal("9.995"), Decimal(0))
(Decimal('108.0000'), Decimal('29.99'))
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_PRICE = Decimal("0.0001")
_CENT = Decimal("0.01")
#: What the column of a total holds.
MOST = Decimal(10) ** 14


def net_price(unit_price: Decimal, discount_percent: Decimal) -> Decimal:
    """The price of one after the discount, to one ten-thousandth as orders keep it."""
    return (unit_price * (100 - discount_percent) / 100).quantize(_PRICE, ROUND_HALF_UP)


def amount(quantity: Decimal, unit_price: Decimal, discount_percent: Decimal) -> Decimal:
    """What the line costs, to the cent."""
    return (quantity * net_price(unit_price, discount_percent)).quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Margin:
    """What is left of a price when the standard cost is taken off."""

    amount: Decimal
    #: Of the price; None where the price is nothing.
    percent: Decimal | None

    @classmethod
    def of(cls, price: Decimal, cost: Decimal) -> "Margin":
        """The margin of a price over a cost, both for the same quantity."""
        left = price - cost
        share = None if price == 0 else (100 * left / price).quantize(Decimal("0.1"), ROUND_HALF_UP)
        return cls(left.quantize(_CENT, ROUND_HALF_UP), share)


def together(prices: Iterable[Decimal]) -> Decimal:
    """The sum."""
    return sum(prices, Decimal(0))
