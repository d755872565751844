"""Packaging specifications: which one counts for a customer, and their versions from draft to obsolete."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from server.catalog.models import PackagingSpec, Product
from server.catalog.packaging_schemas import FIELDS, PackagingIn, PackagingPatch
from server.catalog.pictures import require_picture
from server.catalog.revisions import RevisionState
from server.errors import Refused
from server.http.numbers import fresh
from server.http.paging import Keyset, Page
from server.journal.audit import changes, write_audit
from server.messages import translate as _


def packaging_for(session: Session, product_id: int, customer_id: int | None) -> PackagingSpec | None:
    """The released specification that counts: the customer's own, else the product's; None when there is neither."""
    return packaging_by_product(session, [product_id], customer_id).get(product_id)


def packaging_by_product(
    session: Session, product_ids: Collection[int], customer_id: int | None
) -> Mapping[int, PackagingSpec]:
    """The same for several products, in one query."""
    statement = (
        select(PackagingSpec)
        .where(
            PackagingSpec.product_id.in_(product_ids),
            PackagingSpec.state == RevisionState.RELEASED.value,
            or_(PackagingSpec.customer_id.is_(None), PackagingSpec.customer_id == customer_id),
        )
        .order_by(PackagingSpec.id)
    )
    found: dict[int, PackagingSpec] = {}
    for spec in session.scalars(statement):
        if spec.product_id not in found or spec.customer_id is not None:
            found[spec.product_id] = spec
    return found


# --- what there is ---


def newest() -> ColumnElement[bool]:
    """The newest version of each specification."""
    other = aliased(PackagingSpec)
    highest = select(func.max(other.version)).where(other.number == PackagingSpec.number).scalar_subquery()
    return PackagingSpec.version == highest


def specs(
    session: Session, conditions: Sequence[ColumnElement[bool]], *, after: str | None = None, limit: int = 25
) -> Page[PackagingSpec]:
    """A page of specifications in their newest version, by age."""
    is_newest = newest()
    statement = select(PackagingSpec).where(is_newest, *conditions).options(joinedload(PackagingSpec.product))
    return Keyset(PackagingSpec.id, PackagingSpec.number, is_newest).page(session, statement, after=after, limit=limit)


def specs_of(session: Session, product_id: int) -> Sequence[PackagingSpec]:
    """Every version of every specification of a product, newest first."""
    statement = (
        select(PackagingSpec)
        .where(PackagingSpec.product_id == product_id)
        .order_by(PackagingSpec.number, PackagingSpec.version.desc())
        .options(joinedload(PackagingSpec.product))
    )
    return session.scalars(statement).all()


def versions(session: Session, number: str, *, lock: bool = False) -> Sequence[PackagingSpec]:
    """All versions of a specification, newest first; `lock` keeps other writers out."""
    statement = (
        select(PackagingSpec)
        .where(PackagingSpec.number == number)
        .order_by(PackagingSpec.version.desc())
        .options(joinedload(PackagingSpec.product, innerjoin=True))
    )
    return session.scalars(statement.with_for_update(of=PackagingSpec) if lock else statement).all()


# --- what happens to them ---


def create_spec(
    session: Session, product: Product, customer_id: int | None, body: PackagingIn, *, actor: str, now: datetime
) -> PackagingSpec:
    """Version 1, a draft; raises Refused when the product has a specification for that customer already."""
    owner = PackagingSpec.customer_id.is_(None) if customer_id is None else PackagingSpec.customer_id == customer_id
    known = session.scalar(select(PackagingSpec.number).where(PackagingSpec.product_id == product.id, owner).limit(1))
    if known is not None:
        message = _("{product} has the packaging specification {number} for this already. Make a new version of it.")
        raise Refused(message.format(product=product.sku, number=known), reason="number_taken")
    require_picture(session, body.picture)
    spec = PackagingSpec(
        number=fresh(session, "PK", PackagingSpec.number),
        version=1,
        product=product,
        customer_id=customer_id,
        state=RevisionState.DRAFT.value,
        created_at=now,
        created_by=actor,
        **{field: getattr(body, field) for field in FIELDS},
    )
    session.add(spec)
    session.flush()
    _audit(session, spec, "packaging_created", actor=actor, now=now)
    return spec


def change_spec(
    session: Session, spec: PackagingSpec, patch: PackagingPatch, *, actor: str, now: datetime
) -> PackagingSpec:
    """Change the newest version while it is a draft; else make the next version, a draft, with the change."""
    require_picture(session, patch.picture)
    before = {field: getattr(spec, field) for field in FIELDS}
    if spec.state != RevisionState.DRAFT:
        spec = _next_version(spec, actor=actor, now=now)
        session.add(spec)
    for field, value in patch.changed().items():
        setattr(spec, field, value)
    session.flush()
    after = {field: getattr(spec, field) for field in FIELDS}
    _audit(session, spec, "packaging_changed", actor=actor, now=now, detail=changes(before, after))
    return spec


def release_spec(session: Session, spec: PackagingSpec, *, actor: str, now: datetime) -> PackagingSpec:
    """Let the draft count from now on; work orders that are released already keep what they were released with."""
    _require_draft(spec)
    for old in versions(session, spec.number, lock=True):
        if old.state == RevisionState.RELEASED:
            old.state = RevisionState.OBSOLETE.value
    spec.state = RevisionState.RELEASED.value
    spec.released_at, spec.released_by = now, actor
    session.flush()
    _audit(session, spec, "packaging_released", actor=actor, now=now)
    return spec


def withdraw_spec(session: Session, spec: PackagingSpec, *, actor: str, now: datetime) -> PackagingSpec:
    """Give the draft up, else the version that counts; it stays as obsolete."""
    spec = next((one for one in versions(session, spec.number, lock=True) if one.state != RevisionState.OBSOLETE), spec)
    if spec.state == RevisionState.OBSOLETE:
        message = _("Version {version} of {number} is withdrawn already.")
        raise Refused(message.format(version=spec.version, number=spec.number), reason="no_draft")
    spec.state = RevisionState.OBSOLETE.value
    session.flush()
    _audit(session, spec, "packaging_withdrawn", actor=actor, now=now)
    return spec


def _next_version(spec: PackagingSpec, *, actor: str, now: datetime) -> PackagingSpec:
    return PackagingSpec(
        number=spec.number,
        version=spec.version + 1,
        product=spec.product,
        customer_id=spec.customer_id,
        state=RevisionState.DRAFT.value,
        created_at=now,
        created_by=actor,
        **{field: getattr(spec, field) for field in FIELDS},
    )


def _require_draft(spec: PackagingSpec) -> None:
    if spec.state != RevisionState.DRAFT:
        message = _("Version {version} of {number} is {state} already; only a draft can be released.")
        told = message.format(version=spec.version, number=spec.number, state=spec.state)
        raise Refused(told, reason="no_draft")


def _audit(
    session: Session,
    spec: PackagingSpec,
    action: str,
    *,
    actor: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    write_audit(session, at=now, actor=actor, action=action, subject=f"{spec.number} v{spec.version}", detail=detail)
