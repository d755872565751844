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


class StockFact(StrEnum):
    """What can become true about stock; docs/reference/facts.md has a line for each."""

    STOCK_MOVED = "stock_moved"
    STOCK_COUNTED = "stock_counted"


class Ends(NamedTuple):
    """Whether a kind of move needs a location to come from and one to go to."""

    source: bool
    target: bool


#: A count has its location as target; which way the difference goes is found by counting.
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
    source_id: int | None
    target_id: int | None
    quantity: Decimal


def balances(flows: Iterable[Flow]) -> dict[tuple[int, int], Decimal]:
    """How much of each product lies at each location after all these moves."""
    found: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for flow in flows:
        if flow.source_id is not None:
            found[flow.product_id, flow.source_id] -= flow.quantity
        if flow.target_id is not None:
            found[flow.product_id, flow.target_id] += flow.quantity
    return dict(found)
