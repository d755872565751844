"""What material and an hour of work cost: the one place that asks the catalog."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.book import Costing, load_designs
from server.catalog.costs import unit_cost
from server.catalog.design import Kind
from server.catalog.models import WorkCenter
from server.parties.repository import site


def unit_costs(session: Session, skus: Collection[str], *, now: datetime) -> Mapping[str, Decimal | None]:
    """The standard cost of one of each of these products, None where something of it is not known.

    What has no bill of material costs what was entered for it.
    """
    designs = load_designs(session, skus, Costing(site(session).currency, now))
    return {
        sku: unit_cost(design) if design.bom and design.kind != Kind.PURCHASED else design.own_cost
        for sku, design in designs.items()
    }


def hourly_rates(session: Session) -> Mapping[int, Decimal | None]:
    """What an hour at each work center costs, None where nobody has said."""
    return dict(session.execute(select(WorkCenter.id, WorkCenter.hourly_rate)).all())
