"""Where a product is used, what it costs, and what choices make of it, through the programming interface."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import httpx
from sqlalchemy.orm import Session

from server.catalog.schemas import BomLineBody, ProductIn, RoutingStepBody
from server.catalog.service import create_product
from server.db import Database
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.seed import DemoWorld
from server.settings.clock import utc_now

Counted = Callable[[], AbstractContextManager[list[str]]]
SignedIn = Callable[..., httpx.Client]


def test_a_part_is_used_directly_by_choices_and_through_what_takes_it(planner: httpx.Client, world: DemoWorld) -> None:
    tube = planner.get("/api/v1/products/TUBE-34/where-used").json()
    hub = planner.get("/api/v1/products/HUB-DYNAMO/where-used").json()

    assert {(found["product"], found["level"]) for found in tube["taken_by"]} == {
        ("FRAME-CITY", 1),
        ("RACK-REAR", 1),
        ("STEP-RAIL", 1),
        ("BIKE-CITY", 2),
    }
    assert "SO-1000" in {found["order"] for found in tube["orders"]}
    assert "WO-1000" in {found["work_order"] for found in tube["work_orders"]}
    assert [(found["product"], found["choice"]) for found in hub["boms"]] == [("BIKE-CITY", "Lights Dynamo lights")]
    assert planner.get("/api/v1/products/NO-SUCH/where-used").status_code == 404


def test_a_released_work_order_is_found_by_its_snapshot_after_the_product_changed(
    planner: httpx.Client, world: DemoWorld
) -> None:
    planner.patch("/api/v1/products/MOUNT-WIND", json={"bom": []}, headers={"If-Match": "*"})

    sheet = planner.get("/api/v1/products/SHEET-2/where-used").json()

    assert "MOUNT-WIND" not in {found["product"] for found in sheet["boms"]}
    assert "MOUNT-WIND" in {found["product"] for found in sheet["work_orders"]}


def test_orders_that_use_a_part_are_found_among_the_open_ones_and_not_by_every_line_of_years(
    planner: httpx.Client, world: DemoWorld, database: Database, counted: Counted
) -> None:
    with counted() as statements:
        planner.get("/api/v1/products/RIM-28/where-used")
    asked = next(text for text in statements if "order_line" in text)

    # The other engine chooses by what it has counted, and has too little to count here.
    if database.is_sqlite:
        with database.engine.connect() as connection:
            parameters = (None,) * asked.count("?")
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", parameters)]
        assert not [step for step in plan if "ix_order_line_product_id" in step]
    assert "order_line.product_id +" in asked


def test_where_a_part_is_used_costs_the_same_statements_however_often_it_is(
    planner: httpx.Client, world: DemoWorld, database: Database, counted: Counted
) -> None:
    def ask() -> tuple[int, int]:
        with counted() as statements:
            answer = planner.get("/api/v1/products/RIM-28/where-used").json()
        # Sessions are looked after beside this request; only what is asked about products counts.
        return len([text for text in statements if "product" in text]), len(answer["boms"])

    ask()
    before = ask()
    database.write(lambda session: _use(session, world))
    after = ask()

    assert after[1] == before[1] + 20
    assert after[0] == before[0] <= 8


def _use(session: Session, world: DemoWorld) -> None:
    now = utc_now()
    for number in range(20):
        body = ProductIn(
            sku=f"W{number}",
            name="Wheel",
            bom=[BomLineBody(component="RIM-28", quantity=Decimal(1))],
            routing=[RoutingStepBody(name="Cut", work_center="cut")],
        )
        create_product(session, body, actor="test", now=now)
        line = OrderLineIn(product=f"W{number}", quantity=Decimal(1))
        customer = world.customers["Aurora Bikes"].number
        order = create_order(session, OrderIn(customer=customer, lines=[line]), actor="test", now=now)
        confirm_order(session, order, actor="test", now=now)
        release_order(session, order, actor="test", now=now)


def test_choices_can_be_tried_and_costs_are_for_those_who_may_know_them(signed_in: SignedIn, world: DemoWorld) -> None:
    body = {"choices": {"colour": "blue", "size": "60-cm"}, "quantity": 10}
    planner, sales = signed_in("planner"), signed_in("sales")

    known = planner.post("/api/v1/products/BIKE-CITY/configure", json=body).json()
    hidden = sales.post("/api/v1/products/BIKE-CITY/configure", json=body).json()
    refused = sales.post("/api/v1/products/BIKE-CITY/configure", json={"choices": {"colour": "blue"}})

    assert (known["price"], known["summary"]) == ("708", "Blue, 60 cm, Three speeds, Chain")
    assert known["cost"]["currency"] == "EUR"
    assert known["cost"]["missing"] == []
    assert hidden["cost"] is None
    assert (refused.status_code, refused.json()["reason"]) == (422, "option_missing")
    assert planner.get("/api/v1/products/BIKE-CITY/cost", params={"quantity": 10}).json()["total"] != "0"
    assert sales.get("/api/v1/products/BIKE-CITY/cost").status_code == 403
