"""What units of measure mean for quantities (UN/ECE Recommendation 20). Pure."""

from decimal import Decimal
from typing import Final

#: One, piece, each, pair and set: of these there is no half.
_COUNTED: Final = frozenset({"C62", "H87", "EA", "PR", "SET"})


def breaks_a_piece(quantity: Decimal, uom: str) -> bool:
    """Whether so much cannot be, since things of this measure are counted.

    >>> breaks_a_piece(Decimal("0.5"), "C62"), breaks_a_piece(Decimal("0.5"), "KGM"), breaks_a_piece(Decimal(2), "C62")
    (True, False, False)
    """
    return uom in _COUNTED and quantity % 1 != 0
