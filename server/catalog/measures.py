"""What units of measure mean for quantities, and how people write them (UN/ECE Recommendation 20). Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from server.messages import N_

#: One, piece, each, pair and set: of these there is no half.
_COUNTED: Final = frozenset({"C62", "H87", "EA", "PR", "SET"})

#: The units of UN/ECE Recommendation 20 that people meet most; any other stands as its code.
MEASURES: Final[Mapping[str, str]] = {
    "C62": N_("pcs"),
    "KGM": N_("kg"),
    "GRM": N_("g"),
    "MTR": N_("m"),
    "MMT": N_("mm"),
    "MTK": N_("m²"),
    "LTR": N_("l"),
    "HUR": N_("h"),
}


def measure(code: str) -> str:
    """A unit of measure as people write it, in English."""
    return MEASURES.get(code, code)


def breaks_a_piece(quantity: Decimal, uom: str) -> bool:
    """Whether so much cannot be, since things of this measure are counted.

    >>> breaks_a_piece(Decimal("0.5"), "C62"), breaks_a_piece(Decimal("0.5"), "KGM"), breaks_a_piece(Decimal(2), "C62")
    (True, False, False)
    """
    return uom in _COUNTED and quantity % 1 != 0
