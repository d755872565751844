"""What programs send and get about exchange rates."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from server.http.fields import Currency, Day, Shown, ShownDecimal, Strict

#: More than nothing; a million at most, to one millionth.
RateValue = Annotated[Decimal, Field(gt=0, le=10**6, max_digits=13, decimal_places=6, allow_inf_nan=False)]


class RateIn(Strict):
    """One unit of the site's currency is `rate` of this one, as of a day; today's unless it is named."""

    currency: Currency
    rate: RateValue
    as_of: Day | None = None


class RateOut(Shown):
    """A rate that counts."""

    currency: str
    rate: ShownDecimal
    as_of: date


class RateList(Shown):
    """The rates that count today: one unit of `base` is so many of each currency."""

    base: str
    items: list[RateOut]
