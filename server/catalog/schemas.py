"""What programs send and get about work centers and products."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from orderlight.autoid import Gtin
from server.catalog.models import BomLine, Product, RoutingOperation, WorkCenter
from server.http.fields import (
    Amount,
    Key,
    LongName,
    Minutes,
    Note,
    Patch,
    PositiveQuantity,
    ShortText,
    Shown,
    ShownDecimal,
    Strict,
)
from server.messages import translate as _

#: A step is printed with three digits in the code of an operation.
MAX_STEP = 999


def _gtin(text: str) -> str:
    return Gtin.parse(text).value


Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,59}$")]
GtinText = Annotated[str, StringConstraints(max_length=14), AfterValidator(_gtin)]
Revision = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,19}$")]
#: UN/ECE Recommendation 20: C62 is a piece.
Uom = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")]
Tracking = Literal["serial", "lot", "none"]


class WorkCenterIn(Strict):
    """A new work center."""

    key: Key
    name: ShortText
    position: Annotated[int, Field(ge=0, le=9999)] = 0


class WorkCenterPatch(Patch):
    """What may change about a work center."""

    name: ShortText | None = None
    position: Annotated[int, Field(ge=0, le=9999)] | None = None


class WorkCenterOut(Shown):
    """A work center as programs see it."""

    key: str
    name: str
    position: int
    row_version: int

    @classmethod
    def of(cls, work_center: WorkCenter) -> Self:
        """The answer for a work center."""
        return cls(**{field: getattr(work_center, field) for field in cls.model_fields})


class BomLineBody(Strict):
    """So much of a component for one of the product."""

    component: Sku
    quantity: PositiveQuantity


class RoutingStepBody(Strict):
    """One step of a routing; steps without a number take the next multiple of ten."""

    step: Annotated[int, Field(ge=1, le=MAX_STEP)] | None = None
    name: ShortText
    work_center: Key
    setup_minutes: Minutes = Field(default=0, validate_default=True)
    run_minutes: Minutes = Field(default=0, validate_default=True)
    transfer_quantity: Annotated[int, Field(ge=1, le=10_000)] = 1
    instructions: Note | None = None


class _ProductFields(Strict):
    @model_validator(mode="after")
    def _bought_is_not_made(self) -> Self:
        if getattr(self, "made", None) is False and (getattr(self, "bom", None) or getattr(self, "routing", None)):
            message = _("Expected no bill of material and no routing for a product that is bought (made: false).")
            raise ValueError(message)
        return self


Bom = Annotated[list[BomLineBody], Field(max_length=500)]
Routing = Annotated[list[RoutingStepBody], Field(max_length=60)]


class ProductIn(_ProductFields):
    """A new product."""

    sku: Sku
    name: LongName
    gtin: GtinText | None = None
    revision: Revision = "A"
    uom: Uom = "C62"
    tracking: Tracking = "serial"
    made: bool = True
    standard_cost: Amount | None = None
    list_price: Amount | None = None
    packaging: Note | None = None
    active: bool = True
    bom: Bom = []
    routing: Routing = []


class ProductPatch(Patch, _ProductFields):
    """What may change about a product; bill of material and routing are replaced whole."""

    emptyable = frozenset({"gtin", "standard_cost", "list_price", "packaging"})

    name: LongName | None = None
    gtin: GtinText | None = None
    revision: Revision | None = None
    uom: Uom | None = None
    tracking: Tracking | None = None
    made: bool | None = None
    standard_cost: Amount | None = None
    list_price: Amount | None = None
    packaging: Note | None = None
    active: bool | None = None
    bom: Bom | None = None
    routing: Routing | None = None


class BomLineOut(Shown):
    """A line of a bill of material."""

    component: str
    name: str
    quantity: ShownDecimal

    @classmethod
    def of(cls, line: BomLine) -> Self:
        """The answer for a line whose component is loaded."""
        return cls(component=line.component.sku, name=line.component.name, quantity=line.quantity)


class RoutingStepOut(Shown):
    """A step of a routing."""

    step: int
    name: str
    work_center: str
    setup_minutes: ShownDecimal
    run_minutes: ShownDecimal
    transfer_quantity: int
    instructions: str | None

    @classmethod
    def of(cls, operation: RoutingOperation) -> Self:
        """The answer for a step whose work center is loaded."""
        own = {field: getattr(operation, field) for field in cls.model_fields if field != "work_center"}
        return cls(**own, work_center=operation.work_center.key)


class ProductOut(Shown):
    """A product as programs see it; the standard cost only for those who may know it."""

    sku: str
    name: str
    gtin: str | None
    revision: str
    uom: str
    tracking: str
    made: bool
    standard_cost: ShownDecimal | None
    list_price: ShownDecimal | None
    packaging: str | None
    active: bool
    bom: list[BomLineOut]
    routing: list[RoutingStepOut]
    row_version: int

    @classmethod
    def of(cls, product: Product, *, with_cost: bool) -> Self:
        """The answer for a product whose bill of material and routing are loaded."""
        special = {"bom", "routing", "standard_cost"}
        return cls(
            **{field: getattr(product, field) for field in cls.model_fields if field not in special},
            standard_cost=product.standard_cost if with_cost else None,
            bom=[BomLineOut.of(line) for line in product.bom],
            routing=[RoutingStepOut.of(operation) for operation in product.routing],
        )


class ProductList(Shown):
    """A page of products."""

    items: list[ProductOut]
    next: str | None


class WorkCenterList(Shown):
    """All work centers."""

    items: list[WorkCenterOut]
    next: None = None
