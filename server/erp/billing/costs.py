"""What material and an hour of work cost: the one place that knows where the catalog keeps it."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.models import Product, WorkCenter


def unit_costs(session: Session, skus: Collection[str]) -> Mapping[str, Decimal | None]:
    """The standard cost of one of each of these products, None where nobody has said."""
    statement = select(Product.sku, Product.standard_cost).where(Product.sku.in_(skus))
    return dict(session.execute(statement).all())


def hourly_rates(session: Session) -> Mapping[int, Decimal | None]:
    """What an hour at each work center costs, None where nobody has said."""
    table = WorkCenter.__table__
    rate = table.c.get("hourly_rate")
    if rate is None:
        return dict.fromkeys(session.scalars(select(WorkCenter.id)))
    statement = select(table.c.id, rate)
    return {row[0]: row[1] for row in session.execute(statement)}
