"""Goods as the rules see them: materials, locations, what work takes, and what a batch books. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from server.tracking.states import GoodsAct


class Material(NamedTuple):
    """A product that may be received, counted or used up, by its GTIN."""

    id: int
    gtin: str
    sku: str
    name: str
    uom: str
    #: From its first move on; of what is not counted, nobody can say what was received.
    counted: bool = False


class Place(NamedTuple):
    """A location where goods lie, by what its printed code holds."""

    id: int
    code: str
    key: str
    name: str


class Need(NamedTuple):
    """What open work at a work center takes."""

    work_center_id: int
    work_order: str
    #: Whether a unit of it has begun here.
    begun: bool
    skus: frozenset[str]


class Booking(NamedTuple):
    """Goods that a scan received or counted; of a count, `quantity` is what lies there."""

    #: The place of its fact: among those of its event, and once adopted among those of the batch.
    fact: int
    act: GoodsAct
    material: Material
    lot: str
    place: Place
    quantity: Decimal


class Load(NamedTuple):
    """From this fact on the station has other materials at hand."""

    fact: int
    station_id: int
    stock: Mapping[str, Any] | None


def materials_in(stock: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """The materials at hand at a station: {product_id, sku, name, lot, location_id, location, since}.

    A lot of which nothing had come in by then has `received`, which is False.
    """
    found: Sequence[Mapping[str, Any]] = (stock or {}).get("materials", ())
    return found


def units_in(stock: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """The units at hand that go into others: {unit_id, number, product_id, sku, name}."""
    found: Sequence[Mapping[str, Any]] = (stock or {}).get("units", ())
    return found


#: What a station has at hand before it has anything.
NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(slots=True)
class Goods:
    """What the events of a batch name of goods, and what they book."""

    materials: dict[str, Material] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    #: Whether there is any location where goods may lie; asked for where the card STOCK is shown or waits.
    has_place: bool = True
    #: What the units are that lie in stock, by id.
    parts: dict[int, Material] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    #: Product and lot -> the location where most of it lies.
    lying: dict[tuple[int, str], Place] = field(default_factory=dict)
    #: Product and lot that were received, made here or found by a count before this batch.
    came: set[tuple[int, str]] = field(default_factory=set)
    #: Lots that were made here and are on hold, and why.
    stopped: dict[str, str | None] = field(default_factory=dict)
    #: Stations that had materials at hand when the batch began.
    at_hand: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    bookings: list[Booking] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)

    def adopt(self, booked: Sequence[Booking | Load], first_fact: int) -> None:
        """Take in what an event books; its first fact has this place in the batch."""
        for one in booked:
            if isinstance(one, Load):
                self.loads.append(one._replace(fact=first_fact + one.fact))
            else:
                self.bookings.append(one._replace(fact=first_fact + one.fact))
