"""Packaging specifications: which one counts for a customer, and their versions from draft to obsolete."""

from collections.abc import Collection, Mapping

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.catalog.models import PackagingSpec
from server.catalog.revisions import RevisionState


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
