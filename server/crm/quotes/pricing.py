"""What a price comes to after its discount, and what is left of it for us. Pure.

>>> net_price(Decimal("120.00"), Decimal(10))
Decimal('108.0000')
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from server.erp.orders.pricing import MAX_TOTAL

_PRICE = Decimal("0.0001")
_CENT = Decimal("0.01")
#: Tax comes on top of a quote, and the order must still hold the sum.
MOST = MAX_TOTAL / 2


def net_price(unit_price: Decimal, discount_percent: Decimal) -> Decimal:
    """The price of one after the discount, to one ten-thousandth, to be shown."""
    return (unit_price * (100 - discount_percent) / 100).quantize(_PRICE, ROUND_HALF_UP)


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


def together(amounts: Iterable[Decimal]) -> Decimal:
    """The sum."""
    return sum(amounts, Decimal(0))
