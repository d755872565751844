"""What a revision says, checked against what there is, and as the rows that queries read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from server.catalog import bom, repository
from server.catalog.design import EffectKind, Kind
from server.catalog.models import BomLine, Product, RoutingOperation, WorkCenter
from server.catalog.option_schemas import MAX_STEP, EffectBody, effects_of, option_errors
from server.catalog.schemas import BomLineBody, BomLineOut, RevisionContent, RoutingStepBody, RoutingStepOut
from server.errors import FieldError, Invalid
from server.http.fields import plain
from server.messages import translate as _

LISTS = ("bom", "routing", "options", "option_rules")


@dataclass(frozen=True, slots=True)
class Parts:
    """The rows of a revision whose components and work centers exist."""

    bom: Sequence[BomLine]
    routing: Sequence[RoutingOperation]
    #: What only choices take.
    choices: Sequence[BomLine]


def content_of(product: Product) -> dict[str, Any]:
    """What the current revision of a wholly loaded product says, as revisions keep it."""
    return {
        "bom": [BomLineOut.of(line).model_dump(mode="json", exclude={"name", "uom"}) for line in product.bom],
        "routing": [RoutingStepOut.of(step).model_dump(mode="json") for step in product.routing],
        "options": product.options,
        "option_rules": product.option_rules,
    }


def plain_content(content: RevisionContent) -> dict[str, Any]:
    """The content in the one form in which it is kept and compared: steps numbered, decimals in plain digits."""
    found: dict[str, Any] = _plain(content.model_dump())
    for step, number in zip(found["routing"], step_numbers(content.routing), strict=True):
        step["step"] = number
    for option in found["options"]:
        for choice in option["choices"]:
            choice["effects"] = [
                {name: value for name, value in effect.items() if value is not None} for effect in choice["effects"]
            ]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return plain(value)
    return value.value if isinstance(value, EffectKind) else value


def check(session: Session, sku: str, kind: str, content: RevisionContent) -> Parts:
    """The rows of the content; raises Invalid with every mistake."""
    _check_kind(sku, kind, content)
    effects = list(effects_of(content.options))
    named = {line.component for line in content.bom}
    named |= {component for _field, _who, effect in effects for component, _quantity in effect.parts()}
    components = repository.products_by_sku(session, named) if named else {}
    keys = {step.work_center for step in content.routing}
    keys |= {effect.work_center for _field, _who, effect in effects if effect.work_center}
    centers = repository.work_centers_by_key(session, keys) if keys else {}
    errors = [
        *_bom_errors(sku, content.bom, components),
        *_routing_errors(content.routing, centers),
        *option_errors(content.options, content.option_rules),
        *_effect_errors(sku, content, components, centers),
    ]
    if errors:
        raise Invalid(errors=errors)
    _check_circle(session, sku, components)
    return _parts(content, effects, components, centers)


def _parts(
    content: RevisionContent,
    effects: Sequence[tuple[str, str, EffectBody]],
    components: Mapping[str, Product],
    centers: Mapping[str, WorkCenter],
) -> Parts:
    return Parts(
        [_bom_line(place, line, components) for place, line in enumerate(content.bom, 1)],
        [
            RoutingOperation(
                **body.model_dump(exclude={"step", "work_center"}), step=step, work_center=centers[body.work_center]
            )
            for step, body in zip(step_numbers(content.routing), content.routing, strict=True)
        ],
        [
            BomLine(position=place, component=components[component], quantity=quantity, choice=who[:130])
            for place, (_field, who, effect) in enumerate(effects, 1)
            for component, quantity in effect.parts()
        ],
    )


def store(session: Session, product: Product, content: RevisionContent, parts: Parts) -> None:
    """Make the content the current one of a wholly loaded product."""
    # The old rows go first: a new step 10 could not stand beside the old one.
    product.bom.clear()
    product.routing.clear()
    session.flush()
    session.execute(
        delete(BomLine)
        .where(BomLine.product_id == product.id, BomLine.choice.is_not(None))
        .execution_options(synchronize_session=False)
    )
    product.bom.extend(parts.bom)
    product.routing.extend(parts.routing)
    kept = plain_content(content)
    product.options, product.option_rules = kept["options"], kept["option_rules"]
    add_choice_parts(session, product, parts)


def add_choice_parts(session: Session, product: Product, parts: Parts) -> None:
    """Keep what only choices take, for where-used and for circles."""
    for line in parts.choices:
        line.product_id = product.id
    session.add_all(parts.choices)


def _bom_line(place: int, line: BomLineBody, components: Mapping[str, Product]) -> BomLine:
    return BomLine(
        position=place,
        component=components[line.component],
        quantity=line.quantity,
        scrap_percent=line.scrap_percent,
    )


def _check_kind(sku: str, kind: str, content: RevisionContent) -> None:
    if kind == Kind.PURCHASED and (content.bom or content.routing or content.options):
        message = _("{product} has a bill of material or a routing, so it is made, not bought. Remove them first.")
        raise Invalid(message.format(product=sku))
    if kind == Kind.PHANTOM and content.routing:
        message = _("{product} is a phantom: its parts go straight into what takes it, so it has no steps of its own.")
        raise Invalid(message.format(product=sku))


def _bom_errors(sku: str, lines: Sequence[BomLineBody], components: Mapping[str, Product]) -> list[FieldError]:
    errors, seen = [], set()
    for position, line in enumerate(lines):
        field = f"bom.{position}.component"
        if line.component == sku:
            errors.append(FieldError(field, bom.in_words((sku, sku)), "circle"))
        elif line.component not in components:
            errors.append(FieldError(field, _no_product(line.component), "unknown"))
        elif line.component in seen:
            message = _("{component} is listed twice. Add the quantities.").format(component=line.component)
            errors.append(FieldError(field, message, "repeated"))
        seen.add(line.component)
    return errors


def _no_product(sku: str) -> str:
    return _("There is no product {component}. Create it first.").format(component=sku)


def _no_center(key: str) -> str:
    return _("There is no work center {work_center}. Create it first.").format(work_center=key)


def _routing_errors(steps: Sequence[RoutingStepBody], centers: Mapping[str, WorkCenter]) -> list[FieldError]:
    errors, last = [], 0
    for position, (number, step) in enumerate(zip(step_numbers(steps), steps, strict=True)):
        if step.work_center not in centers:
            errors.append(FieldError(f"routing.{position}.work_center", _no_center(step.work_center), "unknown"))
        if not last < number <= MAX_STEP:
            message = _("Step {number} must come after step {last} and be at most {max_step}.").format(
                number=number, last=last, max_step=MAX_STEP
            )
            errors.append(FieldError(f"routing.{position}.step", message))
        last = number
    return errors


def _effect_errors(
    sku: str, content: RevisionContent, components: Mapping[str, Product], centers: Mapping[str, WorkCenter]
) -> list[FieldError]:
    """What the effects of choices name must be there, in the product or by another choice."""
    effects = list(effects_of(content.options))
    parts = {line.component for line in content.bom}
    parts |= {component for _field, _who, effect in effects for component, _quantity in effect.parts()}
    steps = set(step_numbers(content.routing))
    steps |= {effect.step for _field, _who, effect in effects if effect.kind is EffectKind.ADD_STEP and effect.step}
    errors = []
    for field, who, effect in effects:
        for component, _quantity in effect.parts():
            if component == sku:
                errors.append(FieldError(field, bom.in_words((sku, sku)), "circle"))
            elif component not in components:
                errors.append(FieldError(field, _no_product(component), "unknown"))
        if effect.kind in (EffectKind.REPLACE_PART, EffectKind.REMOVE_PART) and effect.component not in parts:
            message = _("{who} changes {component}, which is not in the bill of material.")
            errors.append(FieldError(field, message.format(who=who, component=effect.component), "unknown"))
        if effect.kind in (EffectKind.SKIP_STEP, EffectKind.ALTER_STEP) and effect.step not in steps:
            message = _("{who} changes step {step}, which is not in the routing.")
            errors.append(FieldError(field, message.format(who=who, step=effect.step), "unknown"))
        if effect.work_center is not None and effect.work_center not in centers:
            errors.append(FieldError(field, _no_center(effect.work_center), "unknown"))
    return errors


def step_numbers(steps: Sequence[RoutingStepBody]) -> list[int]:
    """The numbers of the steps: 10, 20, 30... where none is given."""
    numbers: list[int] = []
    for step in steps:
        last = numbers[-1] if numbers else 0
        numbers.append(step.step if step.step is not None else (last // 10 + 1) * 10)
    return numbers


def _check_circle(session: Session, sku: str, components: Mapping[str, Product]) -> None:
    if not components:
        return
    edges = repository.edges_below(session, {component.id for component in components.values()})
    way = bom.circle(sku, list(components), edges)
    if way is not None:
        raise Invalid(errors=[FieldError("bom", bom.in_words(way), "circle")])
