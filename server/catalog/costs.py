"""What one piece costs: material from the bill of material, labour from the minutes of the routing. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from server.catalog.design import Design, Kind, Part, Step

_PLACES = Decimal("0.0001")
_HOUR = Decimal(60)


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the breakdown, for one piece. `kind` is material, labour or extra."""

    kind: str
    what: str
    name: str
    #: In the component's unit for material, minutes for labour.
    quantity: Decimal
    uom: str
    #: Of one unit, or of one hour; None where nobody has said.
    rate: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Cost:
    """The standard cost of one piece with its breakdown, as of a time."""

    currency: str | None
    as_of: datetime | None
    #: Set-up time was spread over so many pieces.
    quantity: Decimal
    lines: tuple[CostLine, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Components and work centers without a cost: as long as there are some, the total says too little."""
        return tuple(dict.fromkeys(line.what for line in self.lines if line.amount is None))

    def sum_of(self, kind: str) -> Decimal:
        """The part of one kind."""
        return sum((line.amount or Decimal(0) for line in self.lines if line.kind == kind), Decimal(0))

    @property
    def total(self) -> Decimal:
        """Everything together."""
        return sum((line.amount or Decimal(0) for line in self.lines), Decimal(0))


def standard_cost(design: Design, *, quantity: Decimal | None = None, extras: Iterable[CostLine] = ()) -> Cost:
    """What one piece costs when `quantity` are made together (the design's lot size unless it is given)."""
    lot = max(quantity or design.lot_size, Decimal("0.000001"))
    if not design.bom and not design.routing:
        own = CostLine("material", design.sku, design.name, Decimal(1), design.uom, design.own_cost, design.own_cost)
        lines: tuple[CostLine, ...] = (own,)
    else:
        lines = (*map(_material, design.bom), *(_labour(step, lot) for step in design.routing))
    return Cost(design.currency, design.as_of, lot, (*lines, *extras))


def _material(part: Part) -> CostLine:
    amount = None if part.unit_cost is None else _round(part.needed * part.unit_cost)
    return CostLine("material", part.component, part.name, part.needed, part.uom, part.unit_cost, amount)


def _labour(step: Step, lot: Decimal) -> CostLine:
    minutes = step.run_minutes + step.setup_minutes / lot
    amount = None if step.hourly_rate is None else _round(minutes * step.hourly_rate / _HOUR)
    shown = minutes.quantize(Decimal("0.000001"))
    return CostLine("labour", step.work_center, f"{step.step} {step.name}", shown, "MIN", step.hourly_rate, amount)


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_PLACES, rounding=ROUND_HALF_UP)


def unit_cost(design: Design) -> Decimal | None:
    """What one of it costs whoever takes it as a part; None where something below has no cost.

    What we buy costs what was entered; what we make costs what goes into it.
    """
    if design.kind == Kind.PURCHASED:
        return design.own_cost
    found = standard_cost(design)
    return None if found.missing else found.total


def with_costs(design: Design, costs: Mapping[str, Decimal | None]) -> Design:
    """The design with the unit cost of each of its parts."""

    def priced(part: Part) -> Part:
        return replace(part, unit_cost=costs.get(part.component))

    return replace(
        design,
        bom=tuple(map(priced, design.bom)),
        spare_parts={sku: priced(part) for sku, part in design.spare_parts.items()},
    )
