"""What of an order comes out of stock and what is made. Pure."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import NamedTuple

_ZERO = Decimal(0)


class ReservationState(StrEnum):
    """Reserved goods still lie in stock; picked ones are units of the order; freed ones are anybody's again."""

    RESERVED = "reserved"
    PICKED = "picked"
    FREED = "freed"


class Wish(NamedTuple):
    """A line as far as stock is concerned."""

    line_id: int
    product_id: int
    quantity: Decimal
    #: Every piece is a unit of its own; otherwise what comes from one source is one lot.
    by_piece: bool
    #: It is made as it was chosen, so no piece on the shelf is it.
    configured: bool


def share(wishes: Iterable[Wish], available: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """How much of each line is reserved, the first line first.

    >>> share([Wish(1, 7, Decimal(5), True, False), Wish(2, 7, Decimal(5), True, False)], {7: Decimal(8)})
    {1: Decimal('5'), 2: Decimal('3')}
    """
    left = dict(available)
    found: dict[int, Decimal] = {}
    for wish in wishes:
        quantity = _ZERO if wish.configured else at_most(wish, left.get(wish.product_id, _ZERO))
        found[wish.line_id] = quantity
        left[wish.product_id] = left.get(wish.product_id, _ZERO) - quantity
    return found


def at_most(wish: Wish, available: Decimal) -> Decimal:
    """The most of a line that so much of its product gives."""
    whole = available.to_integral_value(ROUND_FLOOR) if wish.by_piece else available
    return max(_ZERO, min(wish.quantity, whole))
