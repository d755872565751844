"""What an amount is worth in another currency. Pure: the rates and their days are handed in.

A rate says, as central banks do, how many units of a currency one unit of the site's is: 1 EUR = 11.75 NOK. Between two
other currencies the way leads over the site's. The result is rounded half up to the smallest coin, once, at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext

from server.erp.orders.pricing import rounded

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many units of a currency one unit of the site's is, from a day on."""

    value: Decimal
    as_of: date


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount, what it is worth in another currency, and by which rate."""

    currency: str
    amount: Decimal
    #: In the currency that was asked for.
    worth: Decimal
    #: One unit of the other currency is so many of `currency`, shown to six places.
    rate: Decimal
    #: The day of the older of the rates that it took.
    as_of: date


@dataclass(frozen=True, slots=True)
class Rates:
    """The newest rates of a day, by currency, against the site's own."""

    base: str
    newest: Mapping[str, Rate] = field(default_factory=dict)

    def convert(self, amount: Decimal, currency: str, to: str) -> Converted | None:
        """What the amount is worth; None when a rate is missing.

        >>> rates = Rates("EUR", {"NOK": Rate(Decimal("11.75"), date(2026, 11, 24))})
        >>> print(rates.convert(Decimal(235), "NOK", "EUR").worth, rates.convert(Decimal(1), "USD", "EUR"))
        20.00 None
        """
        used = [self.newest.get(each) for each in (currency, to) if each != self.base]
        known = [rate for rate in used if rate is not None]
        if len(known) < len(used) or not known:
            return None
        with localcontext(prec=60):
            factor = self._units(currency) / self._units(to)
            worth = rounded(amount / factor, to)
            shown = factor.quantize(Decimal("0.000001"))
        return Converted(currency, amount, worth, shown, min(rate.as_of for rate in known))

    def _units(self, currency: str) -> Decimal:
        return _ONE if currency == self.base else self.newest[currency].value
