"""What a station tells of the unit at hand: how its own work order says it is packed, and what was changed since."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.crm.station_screen import StationScreen, station_screen
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.production.models import Unit, WorkOrder
from server.parties.models import Customer


def two_lines(factory: Any) -> list[str]:
    """An order with two lines of two frames, each with words of its own; gives the first unit of each line."""

    def work(session: Session) -> list[str]:
        customer = session.scalars(select(Customer.number).where(Customer.name == "Aurora Bikes")).one()
        line = OrderLineIn(product="FRAME-CITY", quantity=Decimal(2))
        made = create_order(session, OrderIn(customer=customer, lines=[line, line]), actor="t", now=factory.now)
        confirm_order(session, made, actor="t", now=factory.now)
        release_order(session, made, actor="t", now=factory.now)
        found = session.scalars(select(WorkOrder).where(WorkOrder.order_id == made.id).order_by(WorkOrder.id))
        for work_order, name in zip(found, ("first", "second"), strict=True):
            spec = {"box": f"Box {name}", "label_text": f"Label {name}"}
            work_order.snapshot = {**work_order.snapshot, "packaging_spec": spec, "instructions": f"Mind the {name}."}
        session.flush()
        return list(session.scalars(select(Unit.number).where(Unit.order_id == made.id).order_by(Unit.id)))[::2]

    numbers: list[str] = factory.database.write(work)
    return numbers


def screen_after(factory: Any, unit: str) -> StationScreen:
    factory.scan(unit, "cut-1")
    with factory.database.read() as session:
        return station_screen(session, "cut", here=factory.here)


def test_of_an_order_with_two_lines_a_station_tells_what_holds_for_the_unit_at_hand(factory: Any) -> None:
    for unit, name in zip(two_lines(factory), ("first", "second"), strict=True):
        job = screen_after(factory, unit).job
        assert job is not None
        assert job.packaging is not None
        assert (f"Box {name}." in job.packaging, f"Label {name}." in job.packaging) == (True, True)
        assert job.changed == f"Mind the {name}."
