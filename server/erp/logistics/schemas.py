"""What programs send and get about handling units and shipments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from server.erp.floor.schemas import ReadPointKey
from server.erp.logistics.contents import Inside
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.schemas import OrderNumber
from server.http.fields import Patch, ReasonText, ShortText, Shown, Strict
from server.messages import translate as _
from server.tracking.states import HandlingUnitKind

BoxNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,38}$")]


class ReasonBody(Strict):
    """Why, in words for colleagues."""

    reason: ReasonText


class HandlingUnitIn(Strict):
    """A new box with units, or pallet with boxes; they go in as if they were scanned at the read point."""

    order: OrderNumber
    kind: HandlingUnitKind = HandlingUnitKind.BOX
    units: Annotated[list[BoxNumber], Field(max_length=1000)] = []
    handling_units: Annotated[list[BoxNumber], Field(max_length=1000)] = []
    #: Where it is packed; needs no name where one read point packs alone.
    read_point: ReadPointKey | None = None

    @model_validator(mode="after")
    def _holds_its_own(self) -> Self:
        if self.kind is HandlingUnitKind.BOX and self.handling_units:
            raise ValueError(_("A box holds units. For boxes, make a pallet."))
        if self.kind is HandlingUnitKind.PALLET and self.units:
            raise ValueError(_("A pallet holds boxes. Pack the units into boxes first."))
        return self


class PackBody(Strict):
    """Boxes that go onto a pallet."""

    handling_units: Annotated[list[BoxNumber], Field(min_length=1, max_length=1000)]


class UnpackBody(Strict):
    """What comes out: units of a box, or boxes of a pallet."""

    units: Annotated[list[BoxNumber], Field(max_length=1000)] = []
    handling_units: Annotated[list[BoxNumber], Field(max_length=1000)] = []

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.units and not self.handling_units:
            raise ValueError(_("Name at least one unit or box that comes out."))
        return self


class ShipmentIn(Strict):
    """A new shipment; without a list, it takes every closed box of the order that has none yet."""

    order: OrderNumber
    handling_units: Annotated[list[BoxNumber], Field(min_length=1, max_length=1000)] | None = None
    carrier: ShortText | None = None
    tracking_reference: ShortText | None = None


class ShipmentPatch(Patch):
    """What may change about a shipment: who carries it, and under which number."""

    emptyable = frozenset({"carrier", "tracking_reference"})

    carrier: ShortText | None = None
    tracking_reference: ShortText | None = None


class HandlingUnitOut(Shown):
    """A box or pallet."""

    number: str
    sscc: str
    kind: str
    order: str
    state: str
    #: The pallet that it lies on.
    pallet: str | None
    #: The boxes on it, and how many units lie in it or in them.
    handling_units: list[str]
    units: int
    opened_at: datetime
    closed_at: datetime | None
    shipped_at: datetime | None
    row_version: int

    @classmethod
    def of(cls, box: HandlingUnit, inside: Inside) -> Self:
        """The answer for a handling unit whose order is loaded."""
        special = {"order", "units", "pallet", "handling_units"}
        own = {field: getattr(box, field) for field in cls.model_fields if field not in special}
        boxes = list(inside.boxes)
        return cls(**own, order=box.order.number, pallet=inside.pallet, handling_units=boxes, units=inside.units)


class ShipmentOut(Shown):
    """What leaves together."""

    number: str
    order: str
    state: str
    carrier: str | None
    tracking_reference: str | None
    created_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    handling_units: list[str]
    row_version: int

    @classmethod
    def of(cls, shipment: Shipment, boxes: Sequence[HandlingUnit]) -> Self:
        """The answer for a shipment whose order is loaded."""
        special = {"order", "handling_units"}
        own = {field: getattr(shipment, field) for field in cls.model_fields if field not in special}
        return cls(**own, order=shipment.order.number, handling_units=[box.number for box in boxes])


class HandlingUnitList(Shown):
    """A page of handling units."""

    items: list[HandlingUnitOut]
    next: str | None


class ShipmentList(Shown):
    """A page of shipments."""

    items: list[ShipmentOut]
    next: str | None
