"""Search by what people have in hand."""

from collections.abc import Callable

import httpx
import pytest

from orderlight.autoid import OwnCode
from server.erp.seed import DemoWorld, gtin

SignedIn = Callable[..., httpx.Client]


def found(client: httpx.Client, text: str) -> list[tuple[str, str]]:
    """Kind and number of what is found."""
    answer = client.get("/api/v1/search", params={"text": text})
    assert answer.status_code == 200, answer.text
    return [(hit["kind"], hit["number"]) for hit in answer.json()["items"]]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("SO-1001", ("order", "SO-1001")),
        ("so-1001", ("order", "SO-1001")),
        ("4500081217", ("order", "SO-1004")),
        ("U-1003", ("unit", "U-1003")),
        ("1003", ("unit", "U-1003")),
        (str(OwnCode("U", "1003")), ("unit", "U-1003")),
        (str(OwnCode("Q", "1001")), ("order", "SO-1001")),
        (str(OwnCode("W", "1001")), ("work_order", "WO-1001")),
        ("]C10109506000134352211003", ("unit", "U-1003")),
        ("https://id.gs1.org/01/09506000134352/21/1003", ("unit", "U-1003")),
        ("30164433400D1EC0000003EB", ("unit", "U-1003")),
        ("FRAME-CITY", ("product", "FRAME-CITY")),
        (gtin(13435)[1:], ("product", "FRAME-CITY")),
    ],
)
def test_a_number_or_code_finds_its_thing_first(
    manager: httpx.Client, world: DemoWorld, text: str, first: tuple[str, str]
) -> None:
    assert found(manager, text)[0] == first


def test_a_customers_name_finds_him_and_his_orders(manager: httpx.Client, world: DemoWorld) -> None:
    hits = found(manager, "nordwind")

    assert ("customer", world.customers["Nordwind Energie"].number) in hits
    assert {number for kind, number in hits if kind == "order"} == {"SO-1001", "SO-1004", "SO-1007", "SO-1010"}


def test_a_customer_finds_nothing_of_others(signed_in: SignedIn, world: DemoWorld) -> None:
    aurora = signed_in("customer", customer_id=world.customers["Aurora Bikes"].id)

    assert found(aurora, "SO-1001") == []
    assert found(aurora, "U-1020") == []
    assert found(aurora, "nordwind") == []
    assert found(aurora, "FRAME-CITY") == []
    assert found(aurora, "SO-1000") == [("order", "SO-1000")]


@pytest.mark.parametrize("text", ["", "a", "%", "__", "'; DROP TABLE unit; --", "\x00\x00\x00", "\\", "x" * 200, "<b>"])
def test_strange_text_finds_nothing_and_breaks_nothing(manager: httpx.Client, world: DemoWorld, text: str) -> None:
    assert found(manager, text) == []
