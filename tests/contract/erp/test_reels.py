"""Reels of codes that are printed or encoded before their units are known, and chosen when work is released."""

import re
from decimal import Decimal
from urllib.parse import quote

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.db import Database
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.seed import DemoWorld
from server.settings.clock import utc_now

#: SGTIN-96 of 04006381333931, which the demo factory does not make, and serial 7.
TAG = "3014F487B4209C4000000007"


def gtin_of(database: Database, sku: str = "FRAME-CITY") -> str:
    with database.read() as session:
        return session.scalars(select(Product.gtin).where(Product.sku == sku)).one() or ""


def send(client: httpx.Client, text: str) -> dict[str, object]:
    body: dict[str, object] = client.post(
        "/api/v1/imports/codes", content=text.encode(), headers={"content-type": "text/csv"}
    ).json()
    return body


def reel(name: str, gtin: str, size: int, *, first: int = 1) -> str:
    rows = [f"{name},(01){gtin}(21)R{first + place:04d}\n" for place in range(size)]
    return "reel,code\n" + "".join(rows)


def confirmed(database: Database, world: DemoWorld, quantity: int) -> str:
    def work(session: Session) -> str:
        line = OrderLineIn(product="FRAME-CITY", quantity=Decimal(quantity), configuration={"colour": "mint"})
        body = OrderIn(customer=world.customers["Aurora Bikes"].number, lines=[line])
        order = create_order(session, body, actor="test", now=utc_now())
        confirm_order(session, order, actor="test", now=utc_now())
        return order.number

    return database.write(work)


def left(client: httpx.Client) -> dict[str, int]:
    return {row["reel"]: row["left"] for row in client.get("/api/v1/reels").json()["items"]}


def test_a_reel_is_imported_once_and_waits(planner: httpx.Client, database: Database, world: DemoWorld) -> None:
    gtin = gtin_of(database)

    made, again = send(planner, reel("R-7", gtin, 5)), send(planner, reel("R-7", gtin, 5))
    longer = send(planner, reel("R-7", gtin, 8))
    other = send(planner, reel("R-8", gtin, 1))

    assert (made["created"], again["created"], again["unchanged"]) == (5, 0, 5)
    assert (longer["created"], longer["unchanged"]) == (3, 5)
    assert "is on the reel R-7 already" in str(other)
    assert planner.get("/api/v1/reels?free=true").json()["items"] == [{"reel": "R-7", "codes": 8, "left": 8}]


def test_units_take_their_codes_from_the_reel_that_is_chosen_at_the_release(
    planner: httpx.Client, database: Database, world: DemoWorld
) -> None:
    gtin, number = gtin_of(database), confirmed(database, world, 3)
    send(planner, reel("R-7", gtin, 5))

    body = {"reels": [{"line": 1, "reel": "R-7"}]}
    released = planner.post(f"/api/v1/orders/{number}/release", json=body)

    assert released.status_code == 200, released.text
    work_order = planner.get("/api/v1/work-orders", params={"order": number}).json()["items"][0]["number"]
    units = planner.get("/api/v1/units", params={"work_order": work_order}).json()["items"]
    codes = [quote(f"(01){gtin}(21)R{place:04d}", safe="") for place in (1, 2, 3)]
    named = [planner.get(f"/api/v1/units/{code}").json()["number"] for code in codes]
    assert named == [unit["number"] for unit in sorted(units, key=lambda unit: unit["position"])]
    assert left(planner) == {"R-7": 2}
    # What is left goes to the next work, from where it stopped
    stock = planner.post("/api/v1/work-orders", json={"product": "FRAME-CITY", "quantity": 2, "reel": "R-7"})
    assert stock.status_code == 201, stock.text
    assert left(planner) == {"R-7": 0}
    assert planner.get("/api/v1/reels?free=true").json()["items"] == []


def test_a_reel_with_too_few_codes_is_refused_in_words_and_nothing_is_released(
    planner: httpx.Client, database: Database, world: DemoWorld
) -> None:
    gtin, number = gtin_of(database), confirmed(database, world, 3)
    send(planner, reel("R-7", gtin, 2))

    short = planner.post(f"/api/v1/orders/{number}/release", json={"reels": [{"line": 1, "reel": "R-7"}]})
    stock = planner.post("/api/v1/work-orders", json={"product": "FRAME-CITY", "quantity": 3, "reel": "R-7"})

    assert (short.status_code, short.json()["reason"]) == (409, "reel_short")
    told = "Codes left on the reel R-7: 2. Units of FRAME-CITY that want one: 3. Take a longer reel."
    assert short.json()["detail"] == stock.json()["detail"] == told
    assert planner.get(f"/api/v1/orders/{number}").json()["lifecycle"] == "confirmed"
    assert left(planner) == {"R-7": 2}


def test_a_reel_that_is_unknown_or_of_another_product_is_refused(
    planner: httpx.Client, database: Database, world: DemoWorld
) -> None:
    number = confirmed(database, world, 1)
    send(planner, reel("R-7", "04006381333931", 2))
    send(planner, f"reel,epc\nTAGS,{TAG}\n")

    def release(line: int, name: str) -> tuple[int, str]:
        answer = planner.post(f"/api/v1/orders/{number}/release", json={"reels": [{"line": line, "reel": name}]})
        return answer.status_code, answer.json()["detail"]

    assert release(1, "NONE") == (422, "There is no reel NONE. Import its codes first.")
    assert release(2, "R-7") == (422, "Nothing is made for line 2, so no reel can name it.")
    own = gtin_of(database)
    told = "The reel R-7 holds codes of 04006381333931, and FRAME-CITY is " + own + ". Take another."
    assert release(1, "R-7") == (409, told)
    assert release(1, "TAGS")[0] == 409


def test_bars_and_tag_of_one_label_name_the_same_unit(
    planner: httpx.Client, database: Database, world: DemoWorld
) -> None:
    rows = "".join(f"T-1,LABEL-{place},E2801160600002{place:010X}\n" for place in (1, 2))
    send(planner, "reel,code,epc\n" + rows)

    made = planner.post("/api/v1/work-orders", json={"product": "FRAME-CITY", "quantity": 1, "reel": "T-1"})

    assert made.status_code == 201, made.text
    found = [
        planner.get(f"/api/v1/units/{code}").json()["number"] for code in ("LABEL-1", "epc:E28011606000020000000001")
    ]
    assert found[0] == found[1]
    assert left(planner) == {"T-1": 1}


def test_a_code_that_came_to_a_unit_by_the_inbox_is_passed_over(
    planner: httpx.Client, database: Database, world: DemoWorld
) -> None:
    unit = planner.get("/api/v1/units").json()["items"][0]["number"]
    send(planner, "reel,code\nT-1,LABEL-1\nT-1,LABEL-2\n")
    assert send(planner, f"unit,code\n{unit},LABEL-1\n")["created"] == 1

    planner.post("/api/v1/work-orders", json={"product": "FRAME-CITY", "quantity": 1, "reel": "T-1"})

    assert planner.get("/api/v1/units/LABEL-1").json()["number"] == unit
    assert planner.get("/api/v1/units/LABEL-2").json()["number"] != unit


def test_the_page_of_an_order_offers_the_reels_at_its_release(
    planner: httpx.Client, database: Database, world: DemoWorld
) -> None:
    gtin, number = gtin_of(database), confirmed(database, world, 2)
    assert 'name="reel.1"' not in planner.get(f"/orders/{number}").text
    send(planner, reel("R-1", gtin, 1))
    send(planner, reel("R-7", gtin, 4, first=100))

    page = planner.get(f"/orders/{number}").text
    assert re.findall(r'<option value="(R-\d)">([^<]+)</option>', page) == [
        ("R-1", "R-1 · 1 left"),
        ("R-7", "R-7 · 4 left"),
    ]
    short = planner.post(f"/orders/{number}/release", data={"reel.1": "R-1"})
    assert "Codes left on the reel R-1: 1." in planner.get(short.headers["location"]).text
    assert planner.get(f"/api/v1/orders/{number}").json()["lifecycle"] == "confirmed"

    planner.post(f"/orders/{number}/release", data={"reel.1": "R-7"})

    assert planner.get(f"/api/v1/orders/{number}").json()["lifecycle"] == "processing"
    assert left(planner) == {"R-1": 1, "R-7": 2}
    assert "R-7 · 2 left" in planner.get("/work-orders/new").text
