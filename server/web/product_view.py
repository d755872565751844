"""What a product's page shows, read in a number of queries that does not depend on how much is below it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.catalog import packaging, repository
from server.catalog.book import load_designs
from server.catalog.configuration import Configured, NotConfigurable, configure, label
from server.catalog.costs import Cost, standard_cost, unit_cost
from server.catalog.design import Design, Effect, EffectKind, Part
from server.catalog.http import sees_cost
from server.catalog.models import PackagingSpec, Product, ProductRevision
from server.erp.orders.access import visible_orders
from server.erp.products.service import Uses, costing, customers_by_id, where_used
from server.messages import N_
from server.web.page import Page

#: More rows than these are no page; a bill of material of that size is read by programs.
MOST_ROWS = 300

#: What an effect does, in words; the values of the effect stand in it.
EFFECTS: Mapping[EffectKind, str] = {
    EffectKind.ADD_PART: N_("takes %(quantity)s %(component)s"),
    EffectKind.REPLACE_PART: N_("takes %(quantity)s %(by)s instead of %(component)s"),
    EffectKind.REMOVE_PART: N_("leaves out %(component)s"),
    EffectKind.ADD_STEP: N_("adds step %(step)s %(name)s at %(work_center)s"),
    EffectKind.SKIP_STEP: N_("skips step %(step)s"),
    EffectKind.ALTER_STEP: N_("changes step %(step)s"),
    EffectKind.ALTER_COST: N_("costs %(amount)s more"),
}


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One part of the bill of material, or of a part of it."""

    level: int
    part: Part
    #: For one of the product at the top.
    needed: Decimal
    amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductView:
    """Everything a product's page shows."""

    product: Product
    design: Design
    cost: Cost | None
    tree: list[TreeRow]
    revisions: list[ProductRevision]
    draft: ProductRevision | None
    specs: list[PackagingSpec]
    customers: Mapping[int | None, tuple[str, str]]
    uses: Uses
    tried: Configured | None
    refusal: str | None


def product_view(
    session: Session, page: Page, principal: Principal, product: Product, choices: Mapping[str, str]
) -> ProductView:
    """The view of a wholly loaded product; `choices` are tried, and costs shown to those who may know them."""
    with_cost = sees_cost(principal)
    designs = load_designs(session, [product.sku], costing(session, page.now))
    design = designs[product.sku]
    revisions = list(repository.revisions(session, product.id))
    specs = list(packaging.specs_of(session, product.id))
    tried, refusal = _try(design, choices)
    return ProductView(
        product=product,
        design=design,
        cost=standard_cost(design) if with_cost else None,
        tree=list(_tree(designs, design)),
        revisions=revisions,
        draft=next((found for found in revisions if found.state == "draft"), None),
        specs=specs,
        customers=customers_by_id(session, {spec.customer_id for spec in specs}),
        uses=where_used(session, product, visible_orders(principal)),
        tried=tried,
        refusal=refusal,
    )


def _try(design: Design, choices: Mapping[str, str]) -> tuple[Configured | None, str | None]:
    if not design.options or not choices:
        return None, None
    try:
        return configure(design, choices), None
    except NotConfigurable as refusal:
        return None, refusal.detail


def _tree(designs: Mapping[str, Design], top: Design) -> Iterator[TreeRow]:
    """The parts and the parts of parts, each under what takes it."""
    waiting = [(1, part, Decimal(1)) for part in top.bom[::-1]]
    for _row in range(MOST_ROWS):
        if not waiting:
            return
        level, part, times = waiting.pop()
        needed = (part.needed * times).quantize(Decimal("0.000001"))
        below = designs.get(part.component)
        each = unit_cost(below) if below is not None else None
        yield TreeRow(level, part, needed, None if each is None else each * needed)
        if below is not None:
            waiting += [(level + 1, inner, needed) for inner in below.bom[::-1]]


def choice_labels(design: Design) -> dict[tuple[str, str], str]:
    """Every choice in words, by the keys of its option and itself."""
    return {(option.key, choice.key): label(option, choice) for option in design.options for choice in option.choices}


def effect_in_words(page: Page, effect: Effect) -> str:
    """What an effect does, in the reader's language."""
    given: dict[str, Any] = {name: getattr(effect, name) for name in ("component", "by", "step", "name", "work_center")}
    quantity = effect.quantity if effect.quantity is not None else Decimal(1)
    kind = effect.kind
    if kind is EffectKind.REPLACE_PART and effect.by == effect.component:
        # Another quantity of the same part.
        kind = EffectKind.ADD_PART
    amount = effect.amount if effect.amount is not None else Decimal(0)
    given |= {"quantity": page.formats.number(quantity), "amount": page.formats.number(amount)}
    return page.say(EFFECTS[kind], **given)
