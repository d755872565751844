"""Among more products than a list can hold, whoever fills in a form names his by number or name."""

import re
from typing import Any

import httpx
import pytest

from server.erp.seed import DemoWorld
from server.web import named_choice

FORMS = {
    "/setup/orders/new": ("lines.0.product", {"customer": "C-102", "lines.0.quantity": "1"}),
    "/quotes/new": ("lines.0.product", {"customer": "C-102", "lines.0.quantity": "1"}),
    "/work-orders/new": ("lines.0.product", {"lines.0.quantity": "1"}),
    "/stock/receive": ("product", {"quantity": "1", "target": "rack"}),
    "/setup/products/new": (
        "bom.0.component",
        {"sku": "CARRIER", "name": "Carrier", "kind": "made", "uom": "C62", "tracking": "serial", "lot_size": "1",
         "revision": "A", "active": "1", "bom.0.quantity": "1",
         "routing.0.name": "Cut", "routing.0.work_center": "cut"},
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of one is a long list here."""
    monkeypatch.setattr(named_choice, "MOST", 1)


@pytest.mark.parametrize("path", FORMS)
def test_a_product_is_found_by_its_name(manager: httpx.Client, world: DemoWorld, path: str) -> None:
    field, typed = FORMS[path]
    for key in ("rack", "shelf"):
        manager.post("/api/v1/locations", json={"key": key, "name": key.capitalize()})
    name: Any = manager.get("/api/v1/products/STEP-RAIL").json()["name"]

    shown = manager.get(path).text
    made = manager.post(path, data={**typed, field: str(name).upper()})
    unknown = manager.post(path, data={**typed, field: "No such thing"})

    assert not re.search(r'<datalist id="(products|known-materials)">\s*<option', shown)
    assert made.status_code == 303, made.text
    assert unknown.status_code == 422
    assert 'value="No such thing"' in unknown.text


def test_a_name_that_several_have_is_refused_with_their_numbers(manager: httpx.Client, world: DemoWorld) -> None:
    path = "/setup/orders/new"
    form = {"customer": "C-102", "lines.0.quantity": "1", "lines.0.product": "frame"}
    for sku in ("FRAME-A", "FRAME-B"):
        body = {"sku": sku, "name": "Folding frame", "routing": [{"name": "Cut", "work_center": "cut"}]}
        assert manager.post("/api/v1/products", json=body).status_code == 201

    answer = manager.post(path, data=form)

    assert answer.status_code == 422
    assert "Folding frame (FRAME-A), Folding frame (FRAME-B)" in answer.text
    assert "Write the number." in answer.text
    assert manager.post(path, data=form | {"lines.0.product": "FRAME-B"}).status_code == 303


def test_a_location_is_found_by_a_part_of_its_name(manager: httpx.Client, world: DemoWorld) -> None:
    for key in ("north", "south"):
        manager.post("/api/v1/locations", json={"key": f"rack-{key}", "name": f"Rack {key} side"})
    form = {"product": "STEP-RAIL", "quantity": "1", "cause": "Monthly count"}
    shown = manager.get("/stock/count").text

    told = {target: manager.post("/stock/count", data=form | {"target": target})
            for target in ("SOUTH side", "rack-north", "rack", "cellar")}  # fmt: skip

    assert '<input id="field-target"' in shown
    assert [answer.status_code for answer in told.values()] == [303, 303, 422, 422]
    assert "Rack north side (rack-north), Rack south side (rack-south). Write the key." in told["rack"].text
    assert 'value="cellar"' in told["cellar"].text
    moves = manager.get("/api/v1/stock-moves", params={"product": "STEP-RAIL"}).json()["items"]
    assert {move["target"] for move in moves} == {"rack-south", "rack-north"}
