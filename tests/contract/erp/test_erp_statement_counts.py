"""A list costs the same few statements whether it holds one thing or fifty."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from orderlight.autoid import Sscc
from server.catalog.packaging import create_spec
from server.catalog.packaging_schemas import PackagingIn
from server.catalog.schemas import ProductIn, RoutingStepBody
from server.catalog.service import create_product
from server.db import Database
from server.erp.floor.schemas import ReadPointIn, StationIn
from server.erp.floor.service import create_read_point, create_station
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.estimates import predict
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.production.models import Unit
from server.erp.seed import DemoWorld
from server.parties.repository import site
from server.parties.schemas import ContactBody, CustomerIn
from server.parties.service import create_customer
from server.settings.clock import utc_now
from server.tracking.states import Context

COUNT = 50
#: Who is asking takes one to three of them; pages, children and counts the rest.
AT_MOST = 14
#: A search asks every kind of thing by its number and by parts of its words, each in an index of its own.
AT_MOST_TO_SEARCH = 36


def fill(session: Session) -> None:
    """Fifty of everything."""
    now = utc_now()
    for number in range(COUNT):
        body = CustomerIn(name=f"Customer {number}", contacts=[ContactBody(name="A")])
        customer = create_customer(session, body, actor="test", now=now)
        steps = [RoutingStepBody(name="Cut", work_center="cut"), RoutingStepBody(name="Weld", work_center="weld")]
        product = create_product(session, ProductIn(sku=f"P{number}", name="P", routing=steps), actor="test", now=now)
        packed = PackagingIn(product=product.sku, box="Box", per_box=2)
        create_spec(session, product, customer.id, packed, actor="test", now=now)
        create_station(session, StationIn(key=f"s{number}", name="S", work_center="cut"), actor="test", now=now)
        point = ReadPointIn(key=f"p-{number}", name="P", station=f"s{number}", context=Context.END)
        create_read_point(session, point, actor="test", now=now)
        line = OrderLineIn(product=f"P{number}", quantity=Decimal(2))
        order = create_order(session, OrderIn(customer=customer.number, lines=[line]), actor="test", now=now)
        confirm_order(session, order, actor="test", now=now)
        release_order(session, order, actor="test", now=now)
        _ship(session, order.id, number)
    # Whoever finds an old estimate makes a new one; here nobody shall.
    predict(session, session.scalars(select(SalesOrder.id)).all(), now=now)


def _ship(session: Session, order_id: int, number: int) -> None:
    shipment = Shipment(number=f"SH-{number}", order_id=order_id, state="picking", created_at=utc_now())
    box = Unit(number=f"HU-{number}", kind="container", state="in_stock")
    session.add_all([shipment, box])
    session.flush()
    row = {
        "id": box.id,
        "number": box.number,
        "sscc": Sscc.make(site(session).gs1_company_prefix, box.id).value,
        "order_id": order_id,
        "state": "closed",
        "opened_at": utc_now(),
        "shipment_id": shipment.id,
    }
    session.execute(insert(HandlingUnit), [row])


def test_lists_of_fifty_cost_as_many_statements_as_lists_of_one(
    manager: httpx.Client,
    world: DemoWorld,
    database: Database,
    counted: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    database.write(fill)
    paths: dict[str, dict[str, str]] = {
        "customers": {},
        "products": {},
        "packaging-specs": {"state": "draft"},
        "orders": {"lifecycle": "processing"},
        "work-orders": {},
        "units": {},
        "handling-units": {},
        "shipments": {},
        "stations": {},
        "read-points": {},
        "work-centers/cut/queue": {},
        "search": {"text": "Customer"},
    }
    for path, params in paths.items():
        manager.get(f"/api/v1/{path}", params={**params, "limit": 1})
        one, fifty = (_statements(manager, path, params, limit, counted) for limit in (1, COUNT))

        assert len(one[1]) == 1, path
        assert len(fifty[1]) == COUNT, path
        assert fifty[0] == one[0] <= (AT_MOST_TO_SEARCH if path == "search" else AT_MOST), (path, one[0], fifty[0])


def _statements(
    client: httpx.Client,
    path: str,
    params: dict[str, str],
    limit: int,
    counted: Callable[[], AbstractContextManager[list[str]]],
) -> tuple[int, list[object]]:
    with counted() as statements:
        answer = client.get(f"/api/v1/{path}", params={**params, "limit": limit})
    assert answer.status_code == 200, answer.text
    return len([text for text in statements if text.startswith("SELECT")]), answer.json()["items"]


@pytest.mark.parametrize("number", ["SO-1000", "SO-1003"])
def test_one_order_costs_few_statements(
    manager: httpx.Client,
    world: DemoWorld,
    number: str,
    counted: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    with counted() as statements:
        manager.get(f"/api/v1/orders/{number}")

    assert len(statements) <= 20
