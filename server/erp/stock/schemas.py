"""What programs send and get about stock."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from server.erp.stock.models import StockBalance, StockLocation, StockMove
from server.erp.stock.rules import ENDS, MoveKind
from server.http.fields import Key, Name, ReasonText, ShortText, Shown, ShownDecimal, Strict
from server.messages import translate as _

#: Nothing or more, to one millionth.
Counted = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6, allow_inf_nan=False)]

#: A lot in the characters of GS1 (General Specifications 7.11, table of set 82).
LotText = Annotated[str, StringConstraints(pattern=r"^[!%-?A-Z_a-z\"]{1,20}$")]


class LocationIn(Strict):
    """A new place where goods lie."""

    key: Key
    name: Name


class LocationOut(Shown):
    """A place where goods lie."""

    key: str
    name: str
    row_version: int

    @classmethod
    def of(cls, location: StockLocation) -> Self:
        """The answer for a location."""
        return cls(key=location.key, name=location.name, row_version=location.row_version)


class MoveIn(Strict):
    """A move of goods. Of a count, `quantity` is what lies at the location, and the difference moves."""

    product: Annotated[ShortText, StringConstraints(max_length=60)]
    kind: MoveKind
    source: Key | None = None
    target: Key | None = None
    quantity: Counted
    lot: LotText | None = None
    cause: ReasonText | None = None
    #: The supplier's delivery note.
    reference: ShortText | None = None

    @model_validator(mode="after")
    def _has_its_ends(self) -> Self:
        ends = ENDS.get(self.kind)
        if ends is None:
            raise ValueError(_("A {kind} comes of scans alone.").format(kind=self.kind.value))
        for name, needed, got in (("source", ends.source, self.source), ("target", ends.target, self.target)):
            if needed and got is None:
                raise ValueError(_("A {kind} needs a {end}, and none came.").format(kind=self.kind.value, end=name))
            if not needed and got is not None:
                message = _("A {kind} has no {end}, got {got}.")
                raise ValueError(message.format(kind=self.kind.value, end=name, got=got))
        if self.source is not None and self.source == self.target:
            raise ValueError(_("Expected two different locations, got {got} twice.").format(got=self.source))
        if self.kind is not MoveKind.COUNT and self.quantity == 0:
            raise ValueError(_("Expected a quantity above zero, got 0."))
        return self


class MoveOut(Shown):
    """A move of goods."""

    number: str
    product: str
    lot: str | None
    kind: str
    source: str | None
    target: str | None
    quantity: ShownDecimal
    uom: str
    cause: str | None
    reference: str | None
    actor: str
    at: datetime

    @classmethod
    def of(cls, move: StockMove) -> Self:
        """The answer for a move whose product and locations are loaded."""
        special = {"product", "source", "target", "lot"}
        own = {field: getattr(move, field) for field in cls.model_fields if field not in special}
        source = move.source.key if move.source is not None else None
        target = move.target.key if move.target is not None else None
        return cls(**own, product=move.product.sku, lot=move.lot or None, source=source, target=target)


class BalanceOut(Shown):
    """How much of a product lies at a location."""

    id: int
    product: str
    product_name: str
    location: str
    lot: str | None
    quantity: ShownDecimal
    uom: str

    @classmethod
    def of(cls, balance: StockBalance) -> Self:
        """The answer for a balance whose product and location are loaded."""
        product = balance.product
        return cls(
            id=balance.id,
            product=product.sku,
            product_name=product.name,
            location=balance.location.key,
            lot=balance.lot or None,
            quantity=balance.quantity,
            uom=product.uom,
        )


class ItemPatch(Strict):
    """The level below which a material is low; null takes it away."""

    reorder_level: Counted | None


class ItemOut(Shown):
    """A material that is counted: how much there is in all, and whether that is low."""

    product: str
    name: str
    uom: str
    quantity: ShownDecimal
    #: What confirmed orders have reserved, and what is left of it.
    reserved: ShownDecimal
    available: ShownDecimal
    reorder_level: ShownDecimal | None
    low: bool
    negative: bool
    row_version: int


class ItemList(Shown):
    """A page of materials."""

    items: list[ItemOut]
    next: str | None


class LocationList(Shown):
    """A page of locations."""

    items: list[LocationOut]
    next: str | None


class MoveList(Shown):
    """A page of moves."""

    items: list[MoveOut]
    next: str | None


class BalanceList(Shown):
    """A page of balances."""

    items: list[BalanceOut]
    next: int | None
