"""Designs from the database: products with everything below them, in a number of queries that does not depend on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from server.catalog import repository
from server.catalog.content import content_of
from server.catalog.costs import unit_cost, with_costs
from server.catalog.design import Center, Design, Kind, Part, Step
from server.catalog.models import Product
from server.catalog.option_schemas import effects_of
from server.catalog.schemas import RevisionContent


@dataclass(frozen=True, slots=True)
class Costing:
    """What costs are told in, and as of when."""

    currency: str
    as_of: datetime


@dataclass(slots=True)
class _Book:
    """Products and work centers in hand, and the designs that were made of them so far."""

    products: Mapping[str, Product]
    centers: Mapping[str, Center]
    costing: Costing | None
    designs: dict[str, Design] = field(default_factory=dict)

    def design(self, product: Product, content: RevisionContent) -> Design:
        """The design of a product whose components have theirs already."""
        spares = {sku for _field, _who, effect in effects_of(content.options) for sku, _quantity in effect.parts()}
        design = Design(
            sku=product.sku,
            name=product.name,
            revision=product.revision,
            kind=product.kind,
            uom=product.uom,
            list_price=product.list_price,
            own_cost=product.standard_cost,
            lot_size=product.lot_size,
            bom=tuple(self._part(line.component, line.quantity, line.scrap_percent) for line in content.bom),
            routing=tuple(self._step(step.model_dump()) for step in content.routing),
            options=tuple(option.value() for option in content.options),
            rules=tuple(rule.value() for rule in content.option_rules),
            spare_parts={sku: self._part(sku, Decimal(1), Decimal(0)) for sku in spares},
            centers=self.centers,
            currency=self.costing.currency if self.costing else None,
            as_of=self.costing.as_of if self.costing else None,
        )
        return with_costs(design, self._costs(design)) if self.costing else design

    def _part(self, sku: str, quantity: Decimal, scrap_percent: Decimal) -> Part:
        product = self.products[sku]
        below = self.designs.get(sku)
        inside = below.bom if below is not None and product.kind == Kind.PHANTOM else ()
        return Part(
            component=sku,
            name=product.name,
            uom=product.uom,
            kind=product.kind,
            quantity=quantity,
            scrap_percent=scrap_percent,
            inside=inside,
        )

    def _step(self, body: Mapping[str, Any]) -> Step:
        center = self.centers[body["work_center"]]
        return Step(**body, work_center_id=center.id, hourly_rate=center.hourly_rate if self.costing else None)

    def _costs(self, design: Design) -> dict[str, Decimal | None]:
        named = {part.component for part in design.bom} | set(design.spare_parts)
        return {sku: unit_cost(self.designs[sku]) for sku in named if sku in self.designs}


def load_designs(session: Session, skus: Collection[str], costing: Costing | None = None) -> Mapping[str, Design]:
    """The current designs of these products and of everything below them; costs only when asked for."""
    book = _load(session, skus, costing)
    return book.designs


def load_design(session: Session, sku: str, costing: Costing | None = None) -> Design | None:
    """The current design of one product; None when there is no such product."""
    return load_designs(session, [sku], costing).get(sku)


def _load(session: Session, skus: Collection[str], costing: Costing | None) -> _Book:
    products = {found.sku: found for found in repository.with_everything_below(session, skus)}
    centers = {
        found.key: Center(found.id, found.key, found.name, found.hourly_rate)
        for found in repository.work_centers(session)
    }
    book = _Book(products, centers, costing)
    contents = {sku: RevisionContent.model_validate(content_of(product)) for sku, product in products.items()}
    for sku in _bottom_up(contents):
        book.designs[sku] = book.design(products[sku], contents[sku])
    return book


def _bottom_up(contents: Mapping[str, RevisionContent]) -> list[str]:
    """The SKUs in an order in which every component comes before what takes it."""
    ordered: dict[str, None] = {}
    entered: set[str] = set()
    for sku in contents:
        # A stack instead of recursion: a chain of parts may be longer than calls can be deep.
        stack = [sku]
        while stack:
            current = stack[-1]
            entered.add(current)
            waiting = [below for below in _below(contents[current]) if below not in ordered and below not in entered]
            if waiting:
                stack.append(waiting[0])
            else:
                ordered.setdefault(current)
                stack.pop()
    return list(ordered)


def _below(content: RevisionContent) -> set[str]:
    named = {line.component for line in content.bom}
    return named | {sku for _field, _who, effect in effects_of(content.options) for sku, _quantity in effect.parts()}
