"""What orders want, as the rules of packing see it."""

from typing import NamedTuple


class Line(NamedTuple):
    """A line of an order: how many units of it the customer wants."""

    id: int
    sku: str
    pieces: int
