"""Every code that we print is decoded back from its own PDF page, at the dots of an office printer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode, identify
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.seed import DemoWorld
from server.parties.models import Customer
from server.parties.states import LabelTemplate
from simulators.devices.zpl import parse_labels

SignedIn = Callable[..., httpx.Client]
#: A code as a reader gives it: its symbology identifier and its data.
Read = tuple[str, str]


@pytest.fixture
def database(sqlite_factory: Database) -> Database:
    """A copy of the demo factory; what is printed does not depend on the engine."""
    return sqlite_factory


@pytest.fixture
def admin(signed_in: SignedIn) -> httpx.Client:
    return signed_in("admin", badge="B17")


def pages_of(client: httpx.Client, address: str) -> list[set[Read]]:
    """The codes on each page of a PDF."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    with pypdfium2.PdfDocument(answer.content) as pdf:
        pictures = [page.render(scale=300 / 72).to_pil() for page in pdf]
    return [
        {(code.symbology_identifier, code.bytes.decode()) for code in zxingcpp.read_barcodes(each)} for each in pictures
    ]


def first(client: httpx.Client, address: str, **where: Any) -> dict[str, Any]:
    """The first of a list with these values."""
    items = client.get(address, params={"limit": "200"}).json()["items"]
    found: dict[str, Any] = next(each for each in items if where.items() <= each.items())
    return found


def own(kind: str, number: str) -> Read:
    return ("]C0", str(OwnCode(kind, number.partition("-")[2])))


def unit_of(client: httpx.Client) -> tuple[dict[str, Any], str, str]:
    """A piece with its GTIN and serial."""
    for each in client.get("/api/v1/units?limit=200").json()["items"]:
        unit = client.get(f"/api/v1/units/{each['number']}").json()
        names = [one["value"].split("/") for one in unit["identifiers"] if one["scheme"] == "sgtin"]
        if names:
            return unit, names[0][1], names[0][3]
    raise AssertionError


def test_a_small_and_a_large_unit_label(admin: httpx.Client, database: Database) -> None:
    unit, gtin, serial = unit_of(admin)
    elements, link = f"01{gtin}21{serial}", f"/01/{gtin}/21/{serial}"

    def printed(template: LabelTemplate) -> list[set[Read]]:
        database.write(lambda session: session.execute(update(Customer).values(label_template=template)))
        return pages_of(admin, f"/api/v1/labels/unit/{unit['number']}?form=pdf")

    assert printed(LabelTemplate.STANDARD) == [{own("U", unit["number"]), ("]d2", elements)}]
    (large,) = printed(LabelTemplate.LARGE)
    assert {own("U", unit["number"]), ("]C1", elements)} < large
    assert [data.endswith(link) for identifier, data in large if identifier == "]Q1"] == [True]


def test_a_label_for_each_unit_of_a_work_order(admin: httpx.Client) -> None:
    number = first(admin, "/api/v1/work-orders")["number"]
    units = admin.get(f"/api/v1/units?work_order={number}&limit=200").json()["items"]

    found = pages_of(admin, f"/api/v1/labels/work_order/{number}?form=pdf")

    assert [own("U", unit["number"]) in page for unit, page in zip(units, found, strict=True)] == [True] * len(units)
    assert len(units) > 3


def test_a_product_label_holds_its_gtin_and_its_link(admin: httpx.Client) -> None:
    product = first(admin, "/api/v1/products", sku="FRAME-CITY")

    (page,) = pages_of(admin, "/api/v1/labels/product/FRAME-CITY?form=pdf")

    assert ("]E0", product["gtin"][1:]) in page
    assert [data.endswith(f"/01/{product['gtin']}") for identifier, data in page if identifier == "]Q1"] == [True]


def packed(admin: httpx.Client, database: Database, order: SalesOrder) -> tuple[dict[str, Any], dict[str, Any]]:
    """A closed box with all units of the order, and a pallet."""

    def finish(session: Session) -> list[str]:
        session.execute(update(Unit).where(Unit.order_id == order.id).values(state="finished", step=None))
        session.execute(update(WorkOrder).where(WorkOrder.order_id == order.id).values(state="completed"))
        return list(session.scalars(select(Unit.number).where(Unit.order_id == order.id)))

    units = database.write(finish)
    box = admin.post("/api/v1/handling-units", json={"order": order.number, "units": units})
    pallet = admin.post("/api/v1/handling-units", json={"order": order.number, "kind": "pallet"})
    assert (box.status_code, pallet.status_code) == (201, 201), box.text + pallet.text
    if box.json()["state"] == "open":
        admin.post(f"/api/v1/handling-units/{box.json()['number']}/close")
    return box.json(), pallet.json()


def test_a_box_a_pallet_and_their_delivery_note(
    admin: httpx.Client, database: Database, seeded_sqlite: tuple[Path, DemoWorld]
) -> None:
    order = seeded_sqlite[1].orders[2]
    for each in packed(admin, database, order):
        assert pages_of(admin, f"/api/v1/labels/box/{each['number']}?form=pdf") == [{("]C1", f"00{each['sscc']}")}]

    number = admin.post("/api/v1/shipments", json={"order": order.number}).json()["number"]
    assert set().union(*pages_of(admin, f"/shipments/{number}/note?form=pdf")) == {own("D", number)}


@pytest.mark.parametrize(
    ("kind", "key", "letter"),
    [
        ("station", "station", "S"),
        ("command", "command", "C"),
        ("reason", "command", "C"),
        ("location", "location", "L"),
        ("badge", "operator", "B"),
    ],
)
def test_every_card_of_the_factory(admin: httpx.Client, kind: str, key: str, letter: str) -> None:
    admin.post("/api/v1/locations", json={"key": "rack-1", "name": "Rack 1"})

    found = pages_of(admin, f"/api/v1/labels/{kind}/all?form=pdf")

    codes = [code for page in found for code in page]
    assert len(codes) == len(found) == len(set(codes)) > 0
    assert all(identifier == "]C0" and text.startswith(f"OL{letter}") for identifier, text in codes)
    assert all(list(identify(text).keys) == [key] for _identifier, text in codes)


def test_the_label_of_a_lot_as_pdf_and_for_a_label_printer(admin: httpx.Client) -> None:
    gtin = first(admin, "/api/v1/products", sku="TUBE-34")["gtin"]
    address = "/api/v1/labels/lot/TUBE-34%2FL%2F1?quantity=50"
    data = f"01{gtin}10L/1\x1d3750"

    assert pages_of(admin, f"{address}&form=pdf") == [{("]C1", data)}]
    (sheet,) = pages_of(admin, f"{address}&form=sheet")
    assert sheet == {("]C1", data)}
    (label,) = parse_labels(admin.get(f"{address}&form=zpl").text)
    assert [code.carrier for code in label.codes] == ["gs1_128"]
    assert f"(01){gtin}(10)L/1(37)50" in label.texts
    refused = {"TUBE-34": 422, "TUBE-34/": 422, "TUBE-34/Łódź": 422, "TUBE-34/A B": 422, "GHOST/L1": 404}
    for reference, status in refused.items():
        assert admin.get(f"/api/v1/labels/lot/{reference}?form=zpl").status_code == status


def test_a_traveller_with_its_work_order_and_operations(admin: httpx.Client) -> None:
    work_order = first(admin, "/api/v1/work-orders")
    number = work_order["number"]
    steps = admin.get(f"/api/v1/work-orders/{number}").json()["operations"]

    found = set().union(*pages_of(admin, f"/work-orders/{number}/traveller?form=pdf"))

    operations = {own("O", f"{number}{step['step']:03d}") for step in steps}
    assert found == {own("W", number)} | operations
    assert len(operations) > 3
