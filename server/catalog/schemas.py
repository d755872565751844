"""What programs send and get about work centers and products."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from orderlight.autoid import Gtin
from server.catalog.design import Kind
from server.catalog.models import BomLine, Product, RoutingOperation, WorkCenter
from server.catalog.option_schemas import OptionRules, Options, ScrapPercent, Sku, StepNumber, TransferQuantity
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


def _gtin(text: str) -> str:
    return Gtin.parse(text).value


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
    hourly_rate: Amount | None = None


class WorkCenterPatch(Patch):
    """What may change about a work center."""

    emptyable = frozenset({"hourly_rate"})

    name: ShortText | None = None
    position: Annotated[int, Field(ge=0, le=9999)] | None = None
    hourly_rate: Amount | None = None


class WorkCenterOut(Shown):
    """A work center as programs see it; its rate only for those who may know what things cost."""

    key: str
    name: str
    position: int
    hourly_rate: ShownDecimal | None
    row_version: int

    @classmethod
    def of(cls, work_center: WorkCenter, *, with_cost: bool) -> Self:
        """The answer for a work center."""
        own = {field: getattr(work_center, field) for field in cls.model_fields if field != "hourly_rate"}
        return cls(**own, hourly_rate=work_center.hourly_rate if with_cost else None)


class BomLineBody(Strict):
    """So much of a component for one of the product."""

    component: Sku
    quantity: PositiveQuantity
    #: What is lost on the way, on top of the quantity.
    scrap_percent: ScrapPercent = Field(default=0, validate_default=True)


class RoutingStepBody(Strict):
    """One step of a routing; steps without a number take the next multiple of ten."""

    step: StepNumber | None = None
    name: ShortText
    work_center: Key
    setup_minutes: Minutes = Field(default=0, validate_default=True)
    run_minutes: Minutes = Field(default=0, validate_default=True)
    transfer_quantity: TransferQuantity = 1
    instructions: Note | None = None


Bom = Annotated[list[BomLineBody], Field(max_length=500)]
Routing = Annotated[list[RoutingStepBody], Field(max_length=60)]


class RevisionContent(Strict):
    """What a revision says: bill of material, routing, options and their rules."""

    bom: Bom = []
    routing: Routing = []
    options: Options = []
    option_rules: OptionRules = []


class _ProductFields(Strict):
    @model_validator(mode="before")
    @classmethod
    def _made_is_a_kind(cls, data: Any) -> Any:
        """`made` is the older way to say the kind."""
        if isinstance(data, dict) and "made" in data and data.get("kind") is None and isinstance(data["made"], bool):
            data = dict(data)
            data["kind"] = (Kind.MADE if data["made"] else Kind.PURCHASED).value
        return data

    @model_validator(mode="after")
    def _bought_is_not_made(self) -> Self:
        kind = getattr(self, "kind", None)
        if kind is Kind.PURCHASED and (getattr(self, "bom", None) or getattr(self, "routing", None)):
            message = _("Expected no bill of material and no routing for a product that is bought (made: false).")
            raise ValueError(message)
        if kind is Kind.PHANTOM and getattr(self, "routing", None):
            raise ValueError(_("Expected no routing for a phantom: its parts go straight into what takes it."))
        return self


LotSize = Annotated[Decimal, Field(gt=0, le=1_000_000, max_digits=13, decimal_places=6, allow_inf_nan=False)]


class ProductIn(_ProductFields):
    """A new product with its first revision, which is released at once."""

    sku: Sku
    name: LongName
    gtin: GtinText | None = None
    revision: Revision = "A"
    uom: Uom = "C62"
    tracking: Tracking = "serial"
    kind: Kind = Kind.MADE
    made: bool | None = None
    lot_size: LotSize = Decimal(1)
    standard_cost: Amount | None = None
    list_price: Amount | None = None
    packaging: Note | None = None
    active: bool = True
    bom: Bom = []
    routing: Routing = []
    options: Options = []
    option_rules: OptionRules = []


class ProductPatch(Patch, _ProductFields):
    """What may change about a product.

    Bill of material, routing and options are replaced whole, by a new revision that is released at once.
    """

    emptyable = frozenset({"gtin", "standard_cost", "list_price", "packaging"})

    name: LongName | None = None
    gtin: GtinText | None = None
    revision: Revision | None = None
    uom: Uom | None = None
    tracking: Tracking | None = None
    kind: Kind | None = None
    made: bool | None = None
    lot_size: LotSize | None = None
    standard_cost: Amount | None = None
    list_price: Amount | None = None
    packaging: Note | None = None
    active: bool | None = None
    bom: Bom | None = None
    routing: Routing | None = None
    options: Options | None = None
    option_rules: OptionRules | None = None


class BomLineOut(Shown):
    """A line of a bill of material."""

    component: str
    name: str
    quantity: ShownDecimal
    uom: str
    scrap_percent: ShownDecimal

    @classmethod
    def of(cls, line: BomLine) -> Self:
        """The answer for a line whose component is loaded."""
        part = line.component
        return cls(
            component=part.sku,
            name=part.name,
            quantity=line.quantity,
            uom=part.uom,
            scrap_percent=line.scrap_percent,
        )


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
    kind: str
    made: bool
    lot_size: ShownDecimal
    standard_cost: ShownDecimal | None
    list_price: ShownDecimal | None
    packaging: str | None
    active: bool
    bom: list[BomLineOut]
    routing: list[RoutingStepOut]
    options: list[Any]
    option_rules: list[Any]
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
