"""Reserve or make: at confirmation, by the planner, at release, and when an order is called off."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.erp.seed import DemoWorld
from server.ingest.rebuild import rebuild
from server.journal.models import Fact

API = "/api/v1"
SKU = "MOUNT-WIND"


@pytest.fixture
def stocked(manager: httpx.Client) -> httpx.Client:
    """Five pieces of a product that we make lie in stock, three and two at two places."""
    for key, quantity in (("shelf-a", 3), ("shelf-b", 2)):
        manager.post(f"{API}/locations", json={"key": key, "name": key.title()})
        body = {"product": SKU, "kind": "receipt", "target": key, "quantity": quantity}
        assert manager.post(f"{API}/stock-moves", json=body).status_code == 201
    return manager


def ordered(client: httpx.Client, world: DemoWorld, quantity: int, **line: Any) -> str:
    customer = world.customers["Kestrel Rail"].number
    body = {"customer": customer, "lines": [{"product": SKU, "quantity": quantity, "unit_price": "1.00", **line}]}
    made = client.post(f"{API}/orders", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["number"])


def confirmed(client: httpx.Client, world: DemoWorld, quantity: int, **line: Any) -> str:
    number = ordered(client, world, quantity, **line)
    done = client.post(f"{API}/orders/{number}/confirm")
    assert done.json()["lifecycle"] == "confirmed", done.text
    return number


def reserved(client: httpx.Client, order: str) -> list[tuple[str, str, str]]:
    items = client.get(f"{API}/reservations", params={"order": order}).json()["items"]
    return [(each["quantity"], each["made"], each["state"]) for each in items]


def lying(client: httpx.Client) -> float:
    return float(client.get(f"{API}/materials/{SKU}").json()["quantity"])


def test_confirmation_reserves_what_stock_has_and_makes_the_rest(stocked: httpx.Client, world: DemoWorld) -> None:
    whole, partly, none = (confirmed(stocked, world, quantity) for quantity in (2, 6, 4))

    assert reserved(stocked, whole) == [("2", "0", "reserved")]
    assert reserved(stocked, partly) == [("3", "3", "reserved")]
    assert reserved(stocked, none) == []
    material = stocked.get(f"{API}/materials/{SKU}").json()
    assert (material["quantity"], material["reserved"], material["available"]) == ("5", "5", "0")


def test_a_line_made_as_it_was_chosen_takes_nothing_out_of_stock(manager: httpx.Client, world: DemoWorld) -> None:
    manager.post(f"{API}/locations", json={"key": "shelf", "name": "Shelf"})
    move = {"product": "FRAME-CITY", "kind": "receipt", "target": "shelf", "quantity": 9}
    assert manager.post(f"{API}/stock-moves", json=move).status_code == 201

    number = confirmed(manager, world, 2, product="FRAME-CITY", configuration={"colour": "signal red"})

    assert reserved(manager, number) == []
    asked = {"line": 1, "quantity": 1}
    assert manager.post(f"{API}/orders/{number}/reserve", json=asked).json()["reason"] == "configured"


def test_the_planner_decides_otherwise_until_the_release(
    stocked: httpx.Client, signed_in: Any, world: DemoWorld
) -> None:
    number, planner = confirmed(stocked, world, 4), signed_in("planner")
    path = f"{API}/orders/{number}/reserve"

    less = planner.post(path, json={"line": 1, "quantity": 1})
    more = planner.post(path, json={"line": 1, "quantity": 4})
    too_many = confirmed(stocked, world, 9)
    refusals = [
        planner.post(path, json={"line": 1, "quantity": 5}),
        planner.post(path, json={"line": 1, "quantity": "1.5"}),
        planner.post(f"{API}/orders/{too_many}/reserve", json={"line": 1, "quantity": 2}),
    ]

    assert (less.json()["quantity"], less.json()["made"], more.json()["quantity"]) == ("1", "3", "4")
    assert [each.json()["reason"] for each in refusals] == ["over_quantity", "not_whole", "not_enough_stock"]
    assert planner.post(path, json={"line": 2, "quantity": 1}).status_code == 422
    assert signed_in("sales").post(path, json={"line": 1, "quantity": 0}).status_code == 403
    assert planner.post(path, json={"line": 1, "quantity": 0}).json()["made"] == "4"
    stocked.post(f"{API}/orders/{number}/release")
    assert planner.post(path, json={"line": 1, "quantity": 1}).json()["reason"] == "not_in_processing"
    assert lying(stocked) == 5


def test_what_is_reserved_is_picked_packed_and_shipped(
    stocked: httpx.Client, world: DemoWorld, database: Database
) -> None:
    # Given an order that comes out of stock whole
    number = confirmed(stocked, world, 4)

    # When it is released
    released = stocked.post(f"{API}/orders/{number}/release").json()

    # Then nothing is left to make, stock has less, and its units have numbers and wait for packing
    assert released["fulfilment"] == "produced"
    assert (lying(stocked), reserved(stocked, number)) == (1, [("4", "0", "picked")])
    work = stocked.get(f"{API}/work-orders", params={"order": number}).json()["items"]
    assert [(each["state"], each["operations"], each["snapshot"]["from_stock"]) for each in work] == [
        ("completed", [], True)
    ]
    units = stocked.get(f"{API}/units", params={"order": number}).json()["items"]
    assert [each["state"] for each in units] == ["in_stock"] * 4
    assert stocked.get(f"/work-orders/{work[0]['number']}/labels").status_code == 200
    assert stocked.get(f"/orders/{number}", headers={"Accept": "text/html"}).status_code == 200

    # When they are packed, each in a box of its own as the packaging says, and sent
    for unit in units:
        packed = stocked.post(f"{API}/handling-units", json={"order": number, "units": [unit["number"]]})
        assert packed.status_code == 201, packed.text
        if unit is not units[-1]:
            assert stocked.post(f"{API}/handling-units/{packed.json()['number']}/close").status_code == 200
    # The last piece of an order closes its box.
    assert packed.json()["state"] == "closed"
    shipment = stocked.post(f"{API}/shipments", json={"order": number}).json()["number"]
    for step in ("ship", "deliver"):
        assert stocked.post(f"{API}/shipments/{shipment}/{step}").status_code == 200

    # Then the order is done, and facts tell the same
    done = stocked.get(f"{API}/orders/{number}").json()
    assert (done["lifecycle"], done["fulfilment"]) == ("done", "delivered")
    with database.read() as session:
        mine = session.scalars(select(Unit.id).join(SalesOrder, SalesOrder.id == Unit.order_id).where(
            SalesOrder.number == number)).all()  # fmt: skip
        kinds = session.scalars(select(Fact.kind).where(Fact.subject == number)).all()
    rows = {f"unit:{each}" for each in mine}
    wrong = [each for each in database.write(rebuild).differences if each.row in rows or "work_order" in each.row]
    assert len(rows) == 4
    assert wrong == []
    assert "stock_reserved" in kinds


def test_an_order_may_come_partly_out_of_stock_and_partly_from_the_floor(
    stocked: httpx.Client, world: DemoWorld
) -> None:
    number = confirmed(stocked, world, 7)

    stocked.post(f"{API}/orders/{number}/release")

    work = stocked.get(f"{API}/work-orders", params={"order": number}).json()["items"]
    assert [(each["quantity"], each["state"]) for each in work] == [("5", "completed"), ("2", "released")]
    states = [each["state"] for each in stocked.get(f"{API}/units", params={"order": number}).json()["items"]]
    assert (states.count("in_stock"), states.count("queued")) == (5, 2)
    assert stocked.get(f"{API}/orders/{number}").json()["fulfilment"] == "in_production"


def test_goods_that_are_gone_stop_the_release_and_nothing_is_half_done(stocked: httpx.Client, world: DemoWorld) -> None:
    number = confirmed(stocked, world, 5)
    count = {"product": SKU, "kind": "count", "target": "shelf-a", "quantity": 1}
    assert stocked.post(f"{API}/stock-moves", json=count).status_code == 201

    refused = stocked.post(f"{API}/orders/{number}/release")

    assert (refused.status_code, refused.json()["reason"]) == (409, "not_enough_stock")
    assert (lying(stocked), reserved(stocked, number)) == (3, [("5", "0", "reserved")])


@pytest.mark.parametrize("released", [False, True])
def test_an_order_that_is_called_off_gives_everything_back(
    stocked: httpx.Client, world: DemoWorld, released: bool
) -> None:
    number = confirmed(stocked, world, 4)
    if released:
        stocked.post(f"{API}/orders/{number}/release")
        assert lying(stocked) == 1

    stocked.post(f"{API}/orders/{number}/cancel", json={"reason": "Not wanted."})

    assert (lying(stocked), reserved(stocked, number)) == (5, [("4", "0", "freed")])
    assert reserved(stocked, confirmed(stocked, world, 5)) == [("5", "0", "reserved")]


def test_two_orders_at_once_never_get_the_same_goods(stocked: httpx.Client, world: DemoWorld) -> None:
    numbers = [ordered(stocked, world, 4) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: stocked.post(f"{API}/orders/{number}/confirm"), numbers))

    held = [float(row[0]) for number in numbers for row in reserved(stocked, number)]
    assert sum(held) == 5


def test_the_page_of_the_order_shows_the_decision_and_takes_another(
    stocked: httpx.Client, world: DemoWorld, signed_in: Any
) -> None:
    number = confirmed(stocked, world, 6)
    html = {"Accept": "text/html"}

    shown = stocked.get(f"/orders/{number}", headers=html).text
    answer = stocked.post(f"/orders/{number}/reserve", data={"line": "1", "quantity": "2"})
    decided = stocked.get(answer.headers["location"], headers=html).text
    refused = stocked.post(f"/orders/{number}/reserve", data={"line": "1", "quantity": "99"})

    assert ("5 from stock" in shown, "1 to be made" in shown) == (True, True)
    assert ("2 from stock" in decided, "4 to be made" in decided) == (True, True)
    assert "wants 6 of MOUNT-WIND, not 99" in stocked.get(refused.headers["location"], headers=html).text
    assert f"/orders/{number}/reserve" not in signed_in("sales").get(f"/orders/{number}", headers=html).text
    assert "2 reserved" in stocked.get(f"/stock/{SKU}", headers=html).text


def test_pieces_made_for_stock_keep_their_numbers_and_are_taken_first(
    stocked: httpx.Client, world: DemoWorld, database: Database
) -> None:
    # Given two of the five pieces in stock that were made for it, and one of those held
    made = stocked.post(f"{API}/work-orders", json={"product": SKU, "quantity": 2}).json()
    mine = stocked.get(f"{API}/units", params={"work_order": made["number"]}).json()["items"]
    first, second = (each["number"] for each in mine)
    stock = update(Unit).where(Unit.number.in_([first, second])).values(state="in_stock", step=None)
    database.write(lambda session: session.execute(stock) and None)
    stocked.post(f"{API}/units/{second}/hold", json={"reason": "A scratch."})

    # When an order takes what there is
    number = confirmed(stocked, world, 6)
    assert reserved(stocked, number) == [("4", "2", "reserved")]
    stocked.post(f"{API}/orders/{number}/release")

    # Then it has the whole one, and three with new numbers
    units = stocked.get(f"{API}/units", params={"order": number, "state": "in_stock"}).json()["items"]
    taken = {each["number"] for each in units}
    assert (len(taken), first in taken, second in taken) == (4, True, False)

    # And when the order is called off, the next one gets the same pieces
    stocked.post(f"{API}/orders/{number}/cancel", json={"reason": "Not wanted."})
    again = confirmed(stocked, world, 4)
    stocked.post(f"{API}/orders/{again}/release")
    assert {each["number"] for each in stocked.get(f"{API}/units", params={"order": again}).json()["items"]} == taken
    with database.read() as session:
        ids = session.scalars(select(Unit.id).where(Unit.number.in_(taken - {first}))).all()
    wrong = {each.row for each in database.write(rebuild).differences}
    assert wrong & {f"unit:{each}" for each in ids} == set()


def test_bought_goods_are_supplied_from_stock_alone_and_stock_brings_the_promise_forward(
    manager: httpx.Client, world: DemoWorld
) -> None:
    # Given a hundred bolts, which are bought
    manager.post("/api/v1/locations", json={"key": "bolts", "name": "Bolts"})
    bolts = {"product": "BOLT-M8", "kind": "receipt", "target": "bolts", "quantity": 100}
    assert manager.post("/api/v1/stock-moves", json=bolts).status_code == 201

    def order(sku: str, quantity: int) -> str:
        lines = [{"product": sku, "quantity": quantity, "unit_price": "1.00"}]
        body = {"customer": world.customers["Kestrel Rail"].number, "lines": lines}
        return str(manager.post("/api/v1/orders", json=body).json()["number"])

    # When somebody orders what lies there, and somebody else more than is left
    first, second = order("BOLT-M8", 80), order("BOLT-M8", 21)
    confirmed = manager.post(f"/api/v1/orders/{first}/confirm")
    refused = manager.post(f"/api/v1/orders/{second}/confirm")

    # Then the first is reserved, picked and ready to be packed, and the second is told why not
    assert confirmed.status_code == 200, confirmed.text
    assert refused.json()["detail"] == (
        f"{second} cannot be confirmed: Line 1: BOLT-M8 is bought, and 20 of 21 lie in stock unreserved. "
        "Receive the others first."
    )
    made = manager.post(f"/api/v1/orders/{first}/reserve", json={"line": 1, "quantity": 0})
    assert made.json()["detail"] == "BOLT-M8 is bought: what of line 1 does not come out of stock cannot be made."
    assert manager.post(f"/api/v1/orders/{first}/release").status_code == 200
    units = manager.get("/api/v1/units", params={"order": first}).json()["items"]
    assert [(unit["kind"], unit["state"], unit["quantity"]) for unit in units] == [("lot", "in_stock", "80")]

    # And what stock has of a product that is made is promised and expected earlier than what is to be made
    late = order("MOUNT-WIND", 400)
    manager.post("/api/v1/stock-moves", json=bolts | {"product": "MOUNT-WIND", "quantity": 400})
    soon = order("MOUNT-WIND", 400)
    promised = [manager.post(f"/api/v1/orders/{each}/confirm").json()["promise_date"] for each in (soon, late)]
    told = [manager.get(f"/api/v1/orders/{each}/estimate").json()["estimate"] for each in (soon, late)]
    assert promised[0] < promised[1]
    assert (told[0]["parts"], told[0]["at"] < told[1]["at"]) == ([], True)
