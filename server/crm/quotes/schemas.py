"""What programs send about quotes."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from server.catalog.option_schemas import Sku
from server.http.fields import (
    Amount,
    Configuration,
    Currency,
    Day,
    Name,
    Note,
    Patch,
    PositiveQuantity,
    ReasonText,
    ShortText,
    Strict,
)
from server.parties.fields import CustomerNumber

#: Percent of the unit price; more than all of it cannot be taken off.
Discount = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4, allow_inf_nan=False)]
Probability = Annotated[int, Field(ge=0, le=100)]
Login = Annotated[str, StringConstraints(min_length=1, max_length=80)]
VersionNumber = Annotated[int, Field(ge=1, le=100_000)]
Position = Annotated[int, Field(ge=1, le=200)]


class QuoteLineIn(Strict):
    """So much of a product, as it is chosen; without a price it takes the list price."""

    product: Sku
    quantity: PositiveQuantity
    unit_price: Amount | None = None
    discount_percent: Discount = Decimal(0)
    configuration: Configuration = {}
    wished_date: Day | None = None
    note: Note | None = None


QuoteLines = Annotated[list[QuoteLineIn], Field(min_length=1, max_length=200)]


class QuoteIn(Strict):
    """A new quote, a draft at first; currency comes from the customer, the validity is thirty days."""

    customer: CustomerNumber
    customer_reference: ShortText | None = None
    currency: Currency | None = None
    valid_until: Day | None = None
    owner: Login | None = None
    probability: Probability = 50
    note: Note | None = None
    lines: QuoteLines


class QuotePatch(Patch):
    """What may change: owner, probability and reference while it is open, the rest in the draft version alone."""

    emptyable = frozenset({"customer_reference", "owner", "note"})

    customer_reference: ShortText | None = None
    owner: Login | None = None
    probability: Probability | None = None
    valid_until: Day | None = None
    note: Note | None = None
    lines: QuoteLines | None = None


class ReviseBody(Strict):
    """Which version the new one begins as a copy of; the one that was sent last unless it is given."""

    copy_of: VersionNumber | None = None


class AcceptBody(Strict):
    """The customer's word: which version he has read, his name, and the box he ticked."""

    version: VersionNumber
    name: Name
    agreed: Literal[True]


class ReasonBody(Strict):
    """Why, in a few words."""

    reason: ReasonText


class ProposedLine(Strict):
    """What the customer would change about one line; what is left out stays."""

    position: Position
    quantity: PositiveQuantity | None = None
    unit_price: Amount | None = None
    configuration: Configuration | None = None
    wished_date: Day | None = None


class MessageIn(Strict):
    """A message about a version, with or without changes that are proposed."""

    version: VersionNumber | None = None
    body: Note | None = None
    proposal: Annotated[list[ProposedLine], Field(max_length=200)] = []


class RepeatBody(Strict):
    """What an earlier order becomes again."""

    into: Literal["quote", "order"] = "quote"
