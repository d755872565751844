"""What a move of goods may be, and what it does to balances. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple


class MoveKind(StrEnum):
    """Why goods move."""

    RECEIPT = "receipt"
    ISSUE = "issue"
    SCRAP = "scrap"
    TRANSFER = "transfer"
    COUNT = "count"
    #: What a unit took as it was made.
    BACKFLUSH = "backflush"
    #: A unit that was made for stock.
    PRODUCE = "produce"


class StockFact(StrEnum):
    """What can become true about stock; docs/reference/facts.md has a line for each."""

    STOCK_MOVED = "stock_moved"
    STOCK_COUNTED = "stock_counted"
    STOCK_RESERVED = "stock_reserved"
    STOCK_FREED = "stock_freed"


class Ends(NamedTuple):
    """Whether a kind of move needs a location to come from and one to go to."""

    source: bool
    target: bool


#: The moves that people and programs make; a backflush and a produce come of scans alone. A count has its location as
#: target; which way the difference goes is found by counting.
ENDS: Final[Mapping[MoveKind, Ends]] = {
    MoveKind.RECEIPT: Ends(source=False, target=True),
    MoveKind.ISSUE: Ends(source=True, target=False),
    MoveKind.SCRAP: Ends(source=True, target=False),
    MoveKind.TRANSFER: Ends(source=True, target=True),
    MoveKind.COUNT: Ends(source=False, target=True),
}


class Flow(NamedTuple):
    """A move as balances know it."""

    product_id: int
    lot: str
    source_id: int | None
    target_id: int | None
    quantity: Decimal


#: Product, location and lot.
Spot = tuple[int, int, str]


def balances(flows: Iterable[Flow]) -> dict[Spot, Decimal]:
    """How much of each lot lies at each location after all these moves.

    >>> balances([Flow(7, "A", None, 1, Decimal(5)), Flow(7, "A", 1, 2, Decimal(2))])
    {(7, 1, 'A'): Decimal('3'), (7, 2, 'A'): Decimal('2')}
    """
    found: dict[Spot, Decimal] = defaultdict(Decimal)
    for flow in flows:
        if flow.source_id is not None:
            found[flow.product_id, flow.source_id, flow.lot] -= flow.quantity
        if flow.target_id is not None:
            found[flow.product_id, flow.target_id, flow.lot] += flow.quantity
    return dict(found)


def location_code(key: str) -> str:
    """What the printed code of a location holds after OLL.

    >>> location_code("store-a1")
    'STOREA1'
    """
    return key.replace("-", "").upper()
