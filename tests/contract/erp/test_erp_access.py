"""A customer's world is his own orders; everything else does not exist for him."""

from collections.abc import Callable

import httpx
import pytest

from server.auth.principal import Principal
from server.db import Database
from server.erp.orders import repository
from server.erp.orders.access import visible_orders
from server.erp.seed import DemoWorld, gtin

SignedIn = Callable[..., httpx.Client]


@pytest.fixture
def aurora(signed_in: SignedIn, world: DemoWorld) -> httpx.Client:
    """Somebody of Aurora Bikes."""
    return signed_in("customer", customer_id=world.customers["Aurora Bikes"].id)


def numbers(client: httpx.Client, collection: str, **params: str) -> list[str]:
    """What a list shows."""
    answer = client.get(f"/api/v1/{collection}", params=params)
    assert answer.status_code == 200, answer.text
    return [item["number"] for item in answer.json()["items"]]


def test_lists_show_a_customer_his_own_alone(aurora: httpx.Client, world: DemoWorld) -> None:
    orders = numbers(aurora, "orders")
    work_orders = aurora.get("/api/v1/work-orders").json()["items"]
    units = aurora.get("/api/v1/units", params={"limit": "200"}).json()["items"]

    assert orders == ["SO-1000", "SO-1003", "SO-1006", "SO-1009"]
    assert {found["order"] for found in work_orders} == {"SO-1000", "SO-1003"}
    assert {found["order"] for found in units} == {"SO-1000", "SO-1003"}
    assert numbers(aurora, "orders", customer=world.customers["Kestrel Rail"].number) == []
    assert numbers(aurora, "units", order="SO-1001") == []


@pytest.mark.parametrize(
    ("foreign", "missing"),
    [
        ("orders/SO-1001", "orders/SO-9999"),
        ("orders/SO-1001/estimate", "orders/SO-9999/estimate"),
        ("work-orders/WO-1001", "work-orders/WO-9999"),
        ("units/U-1020", "units/U-9999"),
        (f"units/01%2F{gtin(20002)}%2F21%2F1020", f"units/01%2F{gtin(20002)}%2F21%2F9999"),
        ("orders?after=SO-1001", "orders?after=SO-9999"),
        ("units?after=U-1020", "units?after=U-9999"),
    ],
)
def test_a_foreign_thing_is_the_same_as_one_that_never_was(
    aurora: httpx.Client, manager: httpx.Client, world: DemoWorld, foreign: str, missing: str
) -> None:
    assert manager.get(f"/api/v1/{foreign}").status_code == 200

    theirs, nobodys = aurora.get(f"/api/v1/{foreign}"), aurora.get(f"/api/v1/{missing}")

    assert theirs.status_code == nobodys.status_code
    assert theirs.status_code in (404, 422)
    asked = [reference.replace("%2F", "/").split("=")[-1] for reference in (foreign, missing)]
    assert theirs.text.replace(asked[0], "") == nobodys.text.replace(asked[1], "")


def test_a_customer_sees_his_prices_but_nothing_of_our_own_house(aurora: httpx.Client, manager: httpx.Client) -> None:
    seen, ours = (client.get("/api/v1/orders/SO-1000").json() for client in (aurora, manager))
    unit = aurora.get("/api/v1/units/U-1000").json()

    assert seen["lines"][0]["unit_price"] == "161"
    assert not {"priority", "created_by", "special_instructions", "actions"} & set(seen)
    assert ours["priority"] == 3
    assert "hold" in ours["actions"]
    assert unit["facts"]
    assert all(set(fact) == {"kind", "subject", "step", "observed_at", "recorded_at"} for fact in unit["facts"])
    assert "snapshot" not in aurora.get("/api/v1/work-orders/WO-1000").json()


def test_an_operator_sees_no_prices(signed_in: SignedIn, world: DemoWorld) -> None:
    order = signed_in("operator").get("/api/v1/orders/SO-1000").json()

    assert order["lines"][0]["unit_price"] is None


def test_a_customer_changes_nothing(aurora: httpx.Client) -> None:
    for path in ("orders/SO-1000/hold", "orders/SO-1000/cancel", "units/U-1000/hold"):
        assert aurora.post(f"/api/v1/{path}", json={"reason": "I want to."}).status_code == 403
    assert aurora.get("/api/v1/products").status_code == 403
    assert aurora.get("/api/v1/customers").status_code == 403
    assert aurora.get("/api/v1/stations").status_code == 403


def test_a_visit_sees_its_one_order_and_an_unknown_caller_none(world: DemoWorld, database: Database) -> None:
    mine = world.orders[0]
    visit = Principal(kind="visit", actor="visit:1", name="", customer_id=mine.customer_id, order_id=mine.id)
    screen = Principal(kind="device", actor="device:1", name="", station_key="cut")
    nobody = Principal(kind="user", actor="user:x", name="", role="customer")

    with database.read() as session:

        def seen(principal: Principal) -> int:
            page = repository.orders(session, repository.OrderFilter(), visible=visible_orders(principal))
            return len(page.items)

        assert (seen(visit), seen(screen), seen(nobody)) == (1, 0, 0)


def test_a_program_sees_what_its_key_was_given(program: SignedIn, world: DemoWorld) -> None:
    reader, other = program("orders:read"), program("catalog:read")

    assert len(numbers(reader, "orders")) == 12
    assert reader.post("/api/v1/orders/SO-1006/release").status_code == 403
    assert other.get("/api/v1/orders").status_code == 403
