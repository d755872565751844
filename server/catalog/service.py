"""What happens to work centers and products. Services flush and note; the edge commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.catalog import bom, repository
from server.catalog.models import BomLine, Product, RoutingOperation, WorkCenter
from server.catalog.schemas import (
    MAX_STEP,
    BomLineBody,
    ProductIn,
    ProductOut,
    ProductPatch,
    RoutingStepBody,
    WorkCenterIn,
    WorkCenterPatch,
)
from server.db import touch
from server.errors import Conflict, FieldError, Invalid
from server.http.text import fold
from server.journal.audit import changes, write_audit
from server.messages import translate as _

_LISTS = ("bom", "routing")

# --- work centers ---


def create_work_center(session: Session, body: WorkCenterIn, *, actor: str, now: datetime) -> WorkCenter:
    """A new work center; raises Conflict when the key is taken."""
    if repository.work_center(session, body.key) is not None:
        raise Conflict(
            _("There is a work center {key} already. Choose another key.").format(key=body.key), reason="key_taken"
        )
    work_center = WorkCenter(**body.model_dump())
    session.add(work_center)
    session.flush()
    write_audit(session, at=now, actor=actor, action="work_center_created", subject=body.key)
    touch(session, "board")
    return work_center


def update_work_center(
    session: Session, work_center: WorkCenter, patch: WorkCenterPatch, *, actor: str, now: datetime
) -> WorkCenter:
    """Change what the patch names."""
    changed = patch.changed()
    before = {field: getattr(work_center, field) for field in changed}
    for field, value in changed.items():
        setattr(work_center, field, value)
    session.flush()
    write_audit(
        session,
        at=now,
        actor=actor,
        action="work_center_changed",
        subject=work_center.key,
        detail=changes(before, changed),
    )
    touch(session, "board")
    return work_center


# --- products ---


@dataclass(frozen=True, slots=True)
class _Parts:
    """A bill of material and a routing whose components and work centers exist."""

    bom: Sequence[BomLine]
    routing: Sequence[RoutingOperation]


def create_product(session: Session, body: ProductIn, *, actor: str, now: datetime) -> Product:
    """A new product; raises Conflict when SKU or GTIN is taken, Invalid for unknown parts or a circle."""
    if repository.product(session, body.sku) is not None:
        raise Conflict(
            _("There is a product {sku} already. Choose another SKU.").format(sku=body.sku), reason="number_taken"
        )
    _check_gtin(session, body.sku, body.gtin)
    parts = _parts(session, body.sku, body.bom, body.routing)
    product = Product(
        **body.model_dump(exclude=set(_LISTS)),
        search_name=_search_name(body.sku, body.name),
        created_at=now,
        bom=list(parts.bom),
        routing=list(parts.routing),
    )
    session.add(product)
    session.flush()
    write_audit(
        session, at=now, actor=actor, action="product_created", subject=product.sku, detail={"name": product.name}
    )
    return product


def update_product(session: Session, product: Product, patch: ProductPatch, *, actor: str, now: datetime) -> Product:
    """Change what the patch names of a product that is wholly loaded; orders already released keep their snapshot."""
    before = _plain(product)
    changed = patch.changed()
    _check_gtin(session, product.sku, changed.get("gtin"))
    parts = _parts(session, product.sku, patch.bom or (), patch.routing or ())
    _check_bought(product, changed)
    # The old lists go first: a new step 10 could not stand beside the old one.
    for field in _LISTS:
        if field in changed:
            getattr(product, field).clear()
    session.flush()
    for field, value in changed.items():
        setattr(product, field, list(getattr(parts, field)) if field in _LISTS else value)
    product.search_name = _search_name(product.sku, product.name)
    flag_modified(product, "name")
    session.flush()
    detail = changes(before, _plain(product))
    if detail["after"]:
        write_audit(session, at=now, actor=actor, action="product_changed", subject=product.sku, detail=detail)
    return product


def _plain(product: Product) -> dict[str, Any]:
    return ProductOut.of(product, with_cost=True).model_dump(mode="json", exclude={"row_version"})


def _search_name(sku: str, name: str) -> str:
    return fold(f"{name} {sku}")[:260]


def _check_gtin(session: Session, sku: str, gtin: str | None) -> None:
    if gtin is None:
        return
    owner = repository.taken_gtins(session, [gtin]).get(gtin)
    if owner is not None and owner != sku:
        raise Conflict(
            _("GTIN {gtin} belongs to product {owner}. Each product has its own.").format(gtin=gtin, owner=owner),
            reason="gtin_taken",
        )


def _check_bought(product: Product, changed: Mapping[str, Any]) -> None:
    made = changed.get("made", product.made)
    if not made and (changed.get("bom", product.bom) or changed.get("routing", product.routing)):
        raise Invalid(
            _("{product} has a bill of material or a routing, so it is made, not bought. Remove them first.").format(
                product=product.sku
            )
        )


def _parts(session: Session, sku: str, lines: Sequence[BomLineBody], steps: Sequence[RoutingStepBody]) -> _Parts:
    """Look up what the lists name; raises Invalid with every mistake."""
    components = repository.products_by_sku(session, {line.component for line in lines}) if lines else {}
    centers = repository.work_centers_by_key(session, {step.work_center for step in steps}) if steps else {}
    errors = [*_bom_errors(sku, lines, components), *_routing_errors(steps, centers)]
    if errors:
        raise Invalid(errors=errors)
    _check_circle(session, sku, components)
    return _Parts(
        [
            BomLine(position=position, component=components[line.component], quantity=line.quantity)
            for position, line in enumerate(lines, 1)
        ],
        [
            RoutingOperation(
                **body.model_dump(exclude={"step", "work_center"}), step=step, work_center=centers[body.work_center]
            )
            for step, body in zip(_step_numbers(steps), steps, strict=True)
        ],
    )


def _bom_errors(sku: str, lines: Sequence[BomLineBody], components: Mapping[str, Product]) -> list[FieldError]:
    errors, seen = [], set()
    for position, line in enumerate(lines):
        field = f"bom.{position}.component"
        if line.component == sku:
            errors.append(FieldError(field, bom.in_words((sku, sku)), "circle"))
        elif line.component not in components:
            errors.append(
                FieldError(
                    field,
                    _("There is no product {component}. Create it first.").format(component=line.component),
                    "unknown",
                )
            )
        elif line.component in seen:
            errors.append(
                FieldError(
                    field,
                    _("{component} is listed twice. Add the quantities.").format(component=line.component),
                    "repeated",
                )
            )
        seen.add(line.component)
    return errors


def _routing_errors(steps: Sequence[RoutingStepBody], centers: Mapping[str, WorkCenter]) -> list[FieldError]:
    errors, last = [], 0
    for position, (number, step) in enumerate(zip(_step_numbers(steps), steps, strict=True)):
        if step.work_center not in centers:
            message = _("There is no work center {work_center}. Create it first.").format(work_center=step.work_center)
            errors.append(FieldError(f"routing.{position}.work_center", message, "unknown"))
        if not last < number <= MAX_STEP:
            message = _("Step {number} must come after step {last} and be at most {max_step}.").format(
                number=number, last=last, max_step=MAX_STEP
            )
            errors.append(FieldError(f"routing.{position}.step", message))
        last = number
    return errors


def _step_numbers(steps: Sequence[RoutingStepBody]) -> list[int]:
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
