"""A product revision as values: what it takes, how it is made, and what may be chosen. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

HUNDRED = Decimal(100)
_MILLIONTH = Decimal("0.000001")


class Kind(StrEnum):
    """Where a product comes from. A phantom is never made by itself: its parts go straight into what takes it."""

    MADE = "made"
    PURCHASED = "purchased"
    PHANTOM = "phantom"


class EffectKind(StrEnum):
    """What a choice does to the product it is chosen for."""

    ADD_PART = "add_part"
    REPLACE_PART = "replace_part"
    REMOVE_PART = "remove_part"
    ADD_STEP = "add_step"
    SKIP_STEP = "skip_step"
    ALTER_STEP = "alter_step"
    ALTER_COST = "alter_cost"


class RuleKind(StrEnum):
    """How two choices stand to each other."""

    REQUIRES = "requires"
    EXCLUDES = "excludes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A line of a bill of material: so much of a component for one of the product."""

    component: str
    name: str
    uom: str
    kind: str
    quantity: Decimal
    #: What is lost on the way, on top of the quantity.
    scrap_percent: Decimal = Decimal(0)
    #: What one of it costs; None where nobody has said, or nobody has asked.
    unit_cost: Decimal | None = None
    #: Of a phantom: what one of it takes.
    inside: tuple["Part", ...] = ()

    @property
    def needed(self) -> Decimal:
        """The quantity with what is lost on the way."""
        return (self.quantity * (HUNDRED + self.scrap_percent) / HUNDRED).quantize(_MILLIONTH)

    def more(self, quantity: Decimal, scrap_percent: Decimal | None = None) -> "Part":
        """The part with so many more, of which another share is lost where one is given; the need is that of both."""
        total = self.quantity + quantity
        lost = self.scrap_percent
        if scrap_percent is not None and scrap_percent != lost:
            lost = ((self.quantity * lost + quantity * scrap_percent) / total).quantize(_MILLIONTH)
        return replace(self, quantity=total, scrap_percent=lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a routing, at a work center."""

    step: int
    name: str
    work_center: str
    work_center_id: int
    setup_minutes: Decimal = Decimal(0)
    run_minutes: Decimal = Decimal(0)
    transfer_quantity: int = 1
    instructions: str | None = None
    #: What an hour there costs; None where nobody has said, or nobody has asked.
    hourly_rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing that a choice changes; which fields count depends on the kind."""

    kind: EffectKind
    component: str | None = None
    #: What takes the place of the component.
    by: str | None = None
    quantity: Decimal | None = None
    scrap_percent: Decimal | None = None
    step: int | None = None
    name: str | None = None
    work_center: str | None = None
    setup_minutes: Decimal | None = None
    run_minutes: Decimal | None = None
    transfer_quantity: int | None = None
    instructions: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that may be chosen, and what it adds to the price of one piece."""

    key: str
    name: str
    surcharge: Decimal = Decimal(0)
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """A group of choices, one of which is taken: a colour, a size, a function."""

    key: str
    name: str
    choices: tuple[Choice, ...]
    required: bool = True
    #: Taken when nothing is said.
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Two choices, each as (option, choice): the first requires or excludes the second."""

    kind: RuleKind
    first: tuple[str, str]
    second: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Center:
    """A work center as a design needs it."""

    id: int
    key: str
    name: str
    hourly_rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One revision of a product with everything that making, pricing and costing it takes."""

    sku: str
    name: str
    revision: str
    kind: str = Kind.MADE
    uom: str = "C62"
    list_price: Decimal | None = None
    #: The cost that was entered; it counts for what we buy, and for what has neither parts nor steps.
    own_cost: Decimal | None = None
    #: Set-up time is spread over so many pieces.
    lot_size: Decimal = Decimal(1)
    bom: tuple[Part, ...] = ()
    routing: tuple[Step, ...] = ()
    options: tuple[Option, ...] = ()
    rules: tuple[Rule, ...] = ()
    #: What choices may add, by SKU, one of each.
    spare_parts: Mapping[str, Part] = field(default_factory=dict)
    centers: Mapping[str, Center] = field(default_factory=dict)
    #: The currency of every amount here and the time they were read; None where costs were not asked for.
    currency: str | None = None
    as_of: datetime | None = None


def explode(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts with every phantom replaced by what it takes, equal components added up."""
    found: dict[tuple[str, Decimal], Part] = {}
    for part in _flat(parts):
        key = (part.component, part.scrap_percent)
        known = found.get(key)
        found[key] = part if known is None else replace(known, quantity=known.quantity + part.quantity)
    return tuple(found.values())


def _flat(parts: Iterable[Part]) -> Iterable[Part]:
    # A stack instead of recursion: phantoms may stand within phantoms as deep as somebody likes.
    waiting = list(parts)[::-1]
    while waiting:
        part = waiting.pop()
        if part.kind != Kind.PHANTOM or not part.inside:
            yield part
            continue
        waiting += [
            replace(below, quantity=(below.quantity * part.needed).quantize(_MILLIONTH)) for below in part.inside[::-1]
        ]
