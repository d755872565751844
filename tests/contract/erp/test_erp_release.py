"""What releasing an order makes: work orders, operations, units and the codes they answer to."""

import time
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode, identify_epc
from server.catalog.repository import product
from server.catalog.schemas import ProductPatch
from server.catalog.service import update_product
from server.db import Database
from server.erp.orders import repository as orders
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.production import repository
from server.erp.production.models import WorkOrder
from server.erp.seed import DemoWorld
from server.http.paging import Page
from server.settings.clock import utc_now


def confirmed(session: Session, world: DemoWorld, sku: str, quantity: int) -> SalesOrder:
    """A new order that waits for its release, loaded from the database."""
    line = OrderLineIn(product=sku, quantity=Decimal(quantity), configuration={"colour": "mint"})
    body = OrderIn(customer=world.customers["Aurora Bikes"].number, lines=[line])
    order = create_order(session, body, actor="test", now=utc_now())
    confirm_order(session, order, actor="test", now=utc_now())
    return order


def test_a_work_order_keeps_the_routing_it_was_released_with(
    world: DemoWorld, database: Database, planner: httpx.Client
) -> None:
    def work(session: Session) -> str:
        order = confirmed(session, world, "FRAME-CITY", 2)
        number = release_order(session, order, actor="test", now=utc_now())[0].number
        frame = product(session, "FRAME-CITY", lock=True)
        assert frame is not None
        update_product(session, frame, ProductPatch(routing=[], name="Renamed"), actor="test", now=utc_now())
        return number

    found = planner.get(f"/api/v1/work-orders/{database.write(work)}").json()

    assert found["snapshot"]["name"] == "City bicycle frame"
    assert [step["name"] for step in found["snapshot"]["routing"]] == ["Cut", "Weld", "Paint", "Assemble"]
    assert found["snapshot"]["configuration"] == {"colour": "mint", "size": "56-cm"}
    assert found["snapshot"]["configuration_summary"] == "Mint, 56 cm"
    assert found["snapshot"]["bom"][0] == {
        "sku": "TUBE-34",
        "name": "Steel tube 34 mm",
        "quantity": "4",
        "uom": "MTR",
        "scrap_percent": "5",
    }
    assert found["snapshot"]["bom"][-1]["sku"] == "ENAMEL"
    assert [(step["step"], step["state"]) for step in found["operations"]] == [
        (10, "ready"),
        (20, "pending"),
        (30, "pending"),
        (40, "pending"),
    ]


def test_units_stand_before_the_first_step_and_answer_to_every_code(world: DemoWorld, database: Database) -> None:
    with database.read() as session:
        row = repository.unit(session, "U-1000")
        assert row is not None
        known_as = {found.scheme: found.value for found in repository.identifiers(session, [row.unit.id])[row.unit.id]}
        tag = identify_epc(known_as["epc"].removeprefix("epc:"))

        assert (row.unit.state, row.unit.step, row.unit.position, row.of) == ("queued", 10, 1, 20)
        assert known_as["own"] == "ol:U1000"
        assert known_as["sgtin"] == "01/09506000134352/21/1000"
        assert dict(tag.keys) == {"gtin": "09506000134352", "serial": "1000"}
        assert row.unit.last_fact_id is not None


def test_a_lot_moves_as_one_unit_with_the_work_of_its_whole_quantity(
    world: DemoWorld, database: Database, planner: httpx.Client
) -> None:
    planner.post(
        "/api/v1/products",
        json={
            "sku": "WASHER",
            "name": "Washer",
            "tracking": "lot",
            "routing": [{"name": "Cut", "work_center": "cut", "run_minutes": "0.1", "transfer_quantity": 50}],
        },
    )

    number = database.write(lambda session: _released(session, world, "WASHER", 500))
    work_order = planner.get("/api/v1/work-orders", params={"order": number}).json()["items"][0]
    units = planner.get("/api/v1/units", params={"order": number}).json()["items"]

    assert [(unit["kind"], unit["of"]) for unit in units] == [("lot", 1)]
    operation = work_order["operations"][0]
    assert (operation["quantity"], operation["run_minutes"], operation["transfer_quantity"]) == (1, "50", 1)


def test_a_gtin_of_another_company_gets_no_tag_memory(
    world: DemoWorld, database: Database, planner: httpx.Client
) -> None:
    routing = [{"name": "Cut", "work_center": "cut"}]
    made = planner.post(
        "/api/v1/products", json={"sku": "OEM", "name": "OEM", "gtin": "4006381333931", "routing": routing}
    )
    assert made.status_code == 201

    number = database.write(lambda session: _released(session, world, "OEM", 1))
    unit = planner.get("/api/v1/units", params={"order": number}).json()["items"][0]
    whole = planner.get(f"/api/v1/units/{unit['number']}").json()

    assert {found["scheme"] for found in whole["identifiers"]} == {"own", "sgtin"}


def _released(session: Session, world: DemoWorld, sku: str, quantity: int) -> str:
    order = confirmed(session, world, sku, quantity)
    release_order(session, order, actor="test", now=utc_now())
    return order.number


def test_an_order_of_a_thousand_units_is_released_in_few_statements(
    world: DemoWorld, database: Database, counted: Any
) -> None:
    number = database.write(lambda session: confirmed(session, world, "FRAME-CITY", 1000).number)

    def work(session: Session) -> float:
        order = orders.order(session, number, lock=True)
        assert order is not None
        begun = time.perf_counter()
        release_order(session, order, actor="test", now=utc_now())
        return time.perf_counter() - begun

    with counted() as statements:
        seconds = database.write(work)

    assert len(statements) < 60, statements
    # A generous bound against a query for every unit; a thousand units take a quarter of it on a slow machine.
    assert seconds < 8
    with database.read() as session:
        assert orders.progress(session, [_order_id(session, number)])[_order_id(session, number)].total == 1000


def _order_id(session: Session, number: str) -> int:
    order = orders.order(session, number)
    assert order is not None
    return order.id


def test_work_orders_are_paged(world: DemoWorld, database: Database) -> None:
    with database.read() as session:
        page: Page[WorkOrder] = repository.work_orders(session, repository.WorkOrderFilter(), limit=3)
        rest = repository.work_orders(session, repository.WorkOrderFilter(), after=page.items[-1].number)

    assert page.more
    assert len(page.items) + len(rest.items) == 7


@pytest.mark.parametrize("reference", ["U-1000", "u-1000", "OLU1000", "(01)09506000134352(21)1000"])
def test_a_unit_is_found_by_number_and_by_code(world: DemoWorld, database: Database, reference: str) -> None:
    if reference.startswith("OLU"):
        reference = str(OwnCode("U", "1000"))
    with database.read() as session:
        row = repository.unit(session, reference)

    assert row is not None
    assert row.unit.number == "U-1000"
