"""What happens to work centers and products. Services flush and note; the edge commits."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.catalog import content as contents
from server.catalog import repository
from server.catalog.design import Kind
from server.catalog.models import Product, WorkCenter
from server.catalog.revisions import first_revision, revise_at_once
from server.catalog.schemas import (
    ProductIn,
    ProductOut,
    ProductPatch,
    RevisionContent,
    WorkCenterIn,
    WorkCenterPatch,
)
from server.db import touch
from server.errors import Conflict, Invalid
from server.http.fields import plain
from server.http.text import fold
from server.journal.audit import changes, write_audit
from server.messages import translate as _

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
    before = {field: _in_json(getattr(work_center, field)) for field in changed}
    for field, value in changed.items():
        setattr(work_center, field, value)
    session.flush()
    after = {field: _in_json(value) for field, value in changed.items()}
    write_audit(
        session,
        at=now,
        actor=actor,
        action="work_center_changed",
        subject=work_center.key,
        detail=changes(before, after),
    )
    touch(session, "board")
    return work_center


def _in_json(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value


# --- products ---


def create_product(session: Session, body: ProductIn, *, actor: str, now: datetime) -> Product:
    """A new product; raises Conflict when SKU or GTIN is taken, Invalid for unknown parts or a circle."""
    if repository.product(session, body.sku) is not None:
        raise Conflict(
            _("There is a product {sku} already. Choose another SKU.").format(sku=body.sku), reason="number_taken"
        )
    _check_gtin(session, body.sku, body.gtin)
    content = RevisionContent(bom=body.bom, routing=body.routing, options=body.options, option_rules=body.option_rules)
    parts = contents.check(session, body.sku, body.kind, content)
    kept = contents.plain_content(content)
    product = Product(
        **body.model_dump(exclude={*contents.LISTS, "kind", "made"}),
        kind=body.kind.value,
        search_name=_search_name(body.sku, body.name),
        created_at=now,
        bom=list(parts.bom),
        routing=list(parts.routing),
        options=kept["options"],
        option_rules=kept["option_rules"],
    )
    session.add(product)
    session.flush()
    contents.add_choice_parts(session, product, parts)
    first_revision(session, product, content, actor=actor, now=now)
    write_audit(
        session, at=now, actor=actor, action="product_created", subject=product.sku, detail={"name": product.name}
    )
    return product


def update_product(session: Session, product: Product, patch: ProductPatch, *, actor: str, now: datetime) -> Product:
    """Change what the patch names of a product that is wholly loaded; orders already released keep their snapshot.

    Other lists make a new revision, which is released at once.
    """
    before = _plain(product)
    changed = patch.changed()
    _check_gtin(session, product.sku, changed.get("gtin"))
    kind = changed.get("kind", product.kind)
    lists = {field: changed.pop(field) for field in contents.LISTS if field in changed}
    _check_bought(product, kind, lists)
    name = changed.pop("revision", None)
    changed.pop("made", None)
    for field, value in changed.items():
        setattr(product, field, value.value if field == "kind" else value)
    product.search_name = _search_name(product.sku, product.name)
    flag_modified(product, "name")
    session.flush()
    if lists or name is not None:
        revise_at_once(session, product, lists, name, actor=actor, now=now)
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


def _check_bought(product: Product, kind: str, lists: Mapping[str, Any]) -> None:
    if kind == Kind.MADE:
        return
    routing = lists.get("routing", product.routing)
    if routing or (kind == Kind.PURCHASED and lists.get("bom", product.bom)):
        raise Invalid(
            _("{product} has a bill of material or a routing, so it is made, not bought. Remove them first.").format(
                product=product.sku
            )
        )
