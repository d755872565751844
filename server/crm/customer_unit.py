"""One unit as its customer may know it: what it is, how far it is, what happened to it. An allow-list as for orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.customer_view import StoryLine, tell
from server.crm.milestones import Milestone, State
from server.crm.units import UnitRow, unit_page
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.configured import options_in_words
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.tracking.states import UnitState

_PACKED = (UnitState.PACKED, UnitState.SHIPPED, UnitState.DELIVERED)
_SHIPPED = (UnitState.SHIPPED, UnitState.DELIVERED)


@dataclass(frozen=True, slots=True)
class CustomerUnit:
    """The unit for its owner: no stations, no people, no reasons, no boxes of ours."""

    row: UnitRow
    order: str
    reference: str | None
    product: str
    gtin: str | None
    #: The options that were chosen, in words.
    chosen: str | None
    milestones: Sequence[Milestone]
    story: Sequence[StoryLine]
    carrier: str | None
    tracking_reference: str | None
    left_at: datetime | None


def customer_unit(session: Session, principal: Principal, number: str) -> CustomerUnit:
    """The unit if its order is visible to this caller; raises NotFound. Six queries."""
    found = unit_page(session, principal, number)
    statement = (
        select(
            SalesOrder.number, SalesOrder.customer_reference, Product.name, Product.gtin, OrderLine.configuration,
            OrderLine.configuration_summary, Shipment.carrier, Shipment.tracking_reference, Shipment.shipped_at,
        )
        .select_from(Unit)
        .join(SalesOrder, SalesOrder.id == Unit.order_id)
        .outerjoin(Product, Product.id == Unit.product_id)
        .outerjoin(WorkOrder, WorkOrder.id == Unit.work_order_id)
        .outerjoin(OrderLine, OrderLine.id == WorkOrder.order_line_id)
        .outerjoin(HandlingUnit, HandlingUnit.id == Unit.parent_id)
        .outerjoin(Shipment, Shipment.id == HandlingUnit.shipment_id)
        .where(Unit.id == found.row.id)
    )  # fmt: skip
    about = session.execute(statement).one()
    has_left = found.row.state in _SHIPPED
    return CustomerUnit(
        row=found.row,
        order=about.number,
        reference=about.customer_reference,
        product=about.name or found.row.product,
        gtin=about.gtin,
        chosen=options_in_words(about.configuration or {}, about.configuration_summary),
        milestones=_milestones(found.row, [step.name for step in found.route]),
        story=tell(found.timeline.entries),
        carrier=about.carrier if has_left else None,
        tracking_reference=about.tracking_reference if has_left else None,
        left_at=about.shipped_at if has_left else None,
    )


def _milestones(row: UnitRow, names: Sequence[str]) -> list[Milestone]:
    """One piece's way: each step is behind it, at hand, or to come."""

    def state(place: int) -> State:
        if place < row.steps_done:
            return "done"
        return "now" if place == row.steps_done and row.state != UnitState.SCRAPPED else "todo"

    found = [Milestone("operation", name, 0, 0, state(place)) for place, name in enumerate(names)]
    for kind, reached in (("packed", _PACKED), ("shipped", _SHIPPED)):
        found.append(Milestone(kind, "", 0, 0, "done" if row.state in reached else "todo"))
    return found
