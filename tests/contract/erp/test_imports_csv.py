"""CSV files of products, customers and orders: all of a file or nothing, and twice is once."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from orderlight.autoid import OwnCode
from server.erp.seed import DemoWorld, gtin

SignedIn = Callable[..., httpx.Client]

PRODUCTS = f"""sku,name,gtin,list_price,bom,routing
BENCH,Bench,{gtin(501)},99.50,SEAT:2;BOLT-M8:8,Cut@cut:2/5;Weld@weld:0/8*4
SEAT,Seat,,12,TUBE-34:1.5,Cut@cut:1/0.5
"""


def send(client: httpx.Client, kind: str, text: str | bytes, *, dry_run: bool = False) -> httpx.Response:
    """Post a file."""
    content = text.encode() if isinstance(text, str) else text
    params = {"dry_run": "true"} if dry_run else {}
    return client.post(
        f"/api/v1/imports/{kind}", content=content, params=params, headers={"Content-Type": "text/csv; charset=utf-8"}
    )


def test_the_example_in_the_guide_comes_in_as_it_stands(planner: httpx.Client, world: DemoWorld) -> None:
    guide = (Path(__file__).parents[3] / "docs/howto/import.md").read_text(encoding="utf-8")
    example = next(block for block in guide.split("```\n") if block.startswith("sku,"))

    assert send(planner, "products", example).json()["created"] == 4


def test_cells_of_the_wrong_kind_are_told_in_our_words(manager: httpx.Client, world: DemoWorld) -> None:
    text = "number;name;country;credit_limit\nC-7;Seven;PL;much\n"

    errors = send(manager, "customers", text, dry_run=True).json()["errors"]

    assert {error["column"]: error["message"] for error in errors} == {
        "address": "It is needed here, and empty.",
        "city": "It is needed here, and empty.",
        "credit_limit": "Expected a number such as 12.5, got 'much'.",
    }


def test_a_dry_run_says_what_would_happen_and_stores_nothing(planner: httpx.Client, world: DemoWorld) -> None:
    report = send(planner, "products", PRODUCTS, dry_run=True).json()

    assert (report["created"], report["applied"], report["errors"]) == (2, False, [])
    assert planner.get("/api/v1/products/BENCH").status_code == 404


def test_products_come_in_with_routing_and_parts_and_a_second_time_nothing_changes(
    planner: httpx.Client, world: DemoWorld
) -> None:
    first = send(planner, "products", PRODUCTS).json()
    again = send(planner, "products", PRODUCTS).json()
    changed = send(planner, "products", PRODUCTS.replace("99.50", "101")).json()

    bench = planner.get("/api/v1/products/BENCH").json()
    assert (first["created"], again["unchanged"], again["updated"]) == (2, 2, 0)
    assert (changed["unchanged"], changed["updated"]) == (1, 1)
    assert [(step["step"], step["work_center"], step["transfer_quantity"]) for step in bench["routing"]] == [
        (10, "cut", 1),
        (20, "weld", 4),
    ]
    assert {line["component"]: line["quantity"] for line in bench["bom"]} == {"SEAT": "2", "BOLT-M8": "8"}
    assert bench["list_price"] == "101"
    assert bench["row_version"] == 2


def test_every_mistake_is_told_with_its_line_and_nothing_is_stored(planner: httpx.Client, world: DemoWorld) -> None:
    text = (
        "sku,name,gtin,routing,standard_cost\n"
        "GOOD,Good,,Cut@cut:1/1,1\n"
        ",No sku,,,\n"
        "BAD-GTIN,Bad,7032069804989,,\n"
        'BAD-ROUTING,Bad,,"Cut at cut",\n'
        "NO-CENTER,Bad,,Cut@laser:1/1,minus\n"
        "GOOD,Twice,,,\n"
    )

    answer = send(planner, "products", text)

    assert answer.status_code == 422
    report = answer.json()["report"]
    assert [(error["line"], error["column"]) for error in report["errors"]] == [
        (3, "sku"),
        (4, "gtin"),
        (5, "routing"),
        (6, "standard_cost"),
        (7, "sku"),
    ]
    assert planner.get("/api/v1/products/GOOD").status_code == 404


def test_wrong_columns_are_named(planner: httpx.Client, world: DemoWorld) -> None:
    report = send(planner, "products", "name,colour,name\nA,red,B\n", dry_run=True).json()

    messages = [error["message"] for error in report["errors"]]
    assert "The column sku is missing. Needed are sku, name." in messages
    assert any("no column 'colour'" in message for message in messages)
    assert "The column name appears 2 times." in messages


def test_a_file_from_a_german_spreadsheet_is_understood(planner: httpx.Client, world: DemoWorld) -> None:
    header, bad = "\ufeffsku;name;list_price;routing\r\n", "BÜGEL;x;;\r\n"
    text = header + bad + "BUEGEL;Bügel, groß;12,50;Cut@cut:1/2|Weld@weld:0/1\r\n\r\n"

    refused = send(planner, "products", text, dry_run=True).json()
    stored = send(planner, "products", text.replace(bad, "")).json()

    assert [(error["line"], error["column"]) for error in refused["errors"]] == [(2, "sku")]
    assert stored["created"] == 1
    bracket = planner.get("/api/v1/products/BUEGEL").json()
    assert (bracket["name"], bracket["list_price"], len(bracket["routing"])) == ("Bügel, groß", "12.5", 2)


def test_a_reel_of_codes_and_tags_is_bound_to_units(planner: httpx.Client, world: DemoWorld) -> None:
    first, second = [unit["number"] for unit in planner.get("/api/v1/units").json()["items"][:2]]
    serial, memory = f"(01){gtin(501)}(21)REEL0001", "3034257BF7194E4000001A85"
    text = f"unit,code,epc\n{first},{serial},\n{second},,{memory}\n"

    made, again = send(planner, "codes", text).json(), send(planner, "codes", text).json()

    assert (made["created"], again["unchanged"]) == (2, 2)
    assert planner.get(f"/api/v1/units/{quote(serial, safe='')}").json()["number"] == first
    assert planner.get(f"/api/v1/units/epc:{memory}").json()["number"] == second


def test_a_reel_is_dealt_to_the_units_of_a_work_order_in_turn(planner: httpx.Client, world: DemoWorld) -> None:
    number = planner.get("/api/v1/work-orders").json()["items"][0]["number"]
    units = [unit["number"] for unit in planner.get(f"/api/v1/units?work_order={number}&limit=100").json()["items"]]
    count = len(units)

    def reel(first: int, size: int) -> str:
        codes = [f"(01){gtin(501)}(21)REEL{first + place:04d}" for place in range(size)]
        return "work_order,code\n" + "".join(f"{number},{code}\n" for code in codes)

    # A reel that is too short is refused in words, and nothing is dealt
    short = send(planner, "codes", reel(1, count - 1)).json()
    assert [error["message"] for error in short["errors"]] == [
        f"{number} has {count} units without a code, and the reel holds {count - 1}. Take a longer one."
    ]

    # A longer one is dealt in turn, what is left stays on it, and the same file deals nothing anew
    made, again = (send(planner, "codes", reel(1, count + 2)).json() for _ in range(2))
    assert (made["created"], made["unchanged"], again["created"], again["unchanged"]) == (count, 2, 0, count + 2)
    named = [
        planner.get(f"/api/v1/units/{quote(f'(01){gtin(501)}(21)REEL{place:04d}', safe='')}") for place in (1, count)
    ]
    assert [answer.json()["number"] for answer in named] == [min(units), max(units)]

    # And a second reel finds no unit that waits for a code
    second = send(planner, "codes", reel(500, 2)).json()
    assert (second["created"], second["unchanged"]) == (0, 2)


def test_a_reel_needs_a_work_order_with_units(planner: httpx.Client, world: DemoWorld) -> None:
    text = "work_order,unit,code\nWO-NONE,,REEL-1\nWO-NONE,U-1,REEL-2\n,,REEL-3\n"

    errors = send(planner, "codes", text, dry_run=True).json()["errors"]

    assert sorted((error["line"], error["column"]) for error in errors) == [(2, "work_order"), (3, "unit"), (4, "unit")]


def test_codes_that_are_misread_taken_or_of_cards_are_told_by_line(planner: httpx.Client, world: DemoWorld) -> None:
    first, second = [unit["number"] for unit in planner.get("/api/v1/units").json()["items"][:2]]
    text = (
        f"unit,code,epc\n{first},REEL-1,\n{second},REEL-1,\nU-NONE,REEL-2,\n{first},7032069804989,\n"
        f"{first},{OwnCode('B', '17')},\n{first},,30ZZ\n{first},,\n"
    )

    errors = send(planner, "codes", text, dry_run=True).json()["errors"]

    assert [(error["line"], error["column"]) for error in errors] == [
        (3, "code"), (4, "unit"), (5, "code"), (6, "code"), (7, "epc"), (8, "code"),
    ]  # fmt: skip


def test_customers_come_in_with_contact_and_address(manager: httpx.Client, world: DemoWorld) -> None:
    text = (
        "number,name,currency,priority,contact_name,contact_email,address,city,country\n"
        "K-1,Fjord AS,NOK,4,Liv,liv@fjord.example,Kai 3,Bergen,NO\n"
        "K-2,Tarn Ltd,GBP,,,,,,\n"
    )

    first = send(manager, "customers", text).json()
    again = send(manager, "customers", text).json()
    wrong = send(manager, "customers", text.replace("liv@fjord.example", "liv").replace("NOK", "XXZ"), dry_run=True)

    assert (first["created"], again["unchanged"]) == (2, 2)
    stored = manager.get("/api/v1/customers/K-1").json()
    assert stored["contacts"][0]["name"] == "Liv"
    assert stored["addresses"][0]["city"] == "Bergen"
    assert {(error["line"], error["column"]) for error in wrong.json()["errors"]} == {
        (2, "contact_email"),
        (2, "currency"),
    }


def test_customers_that_look_like_others_are_told_and_stored_all_the_same(
    manager: httpx.Client, world: DemoWorld
) -> None:
    there = world.customers["Kestrel Rail"]
    text = "number,name,contact_name,contact_email\n" + "".join(
        (
            "K-1,KESTREL-RAIL Ltd,Ann,ann@kestrel.example\n",
            "K-2,Fresh Works,Ann,ann@kestrel.example\n",
            "K-3,Quite Another,,\n",
        )
    )

    tried = send(manager, "customers", text, dry_run=True).json()
    stored = send(manager, "customers", text).json()

    told = [(remark["line"], remark["message"]) for remark in tried["remarks"]]
    assert [line for line, _message in told] == [2, 3]
    assert f"KESTREL-RAIL Ltd looks like {there.number}, Kestrel Rail: the same name" in told[0][1]
    assert "Fresh Works looks like K-1, KESTREL-RAIL Ltd: the same e-mail address." in told[1][1]
    assert stored["remarks"] == tried["remarks"]
    assert (tried["created"], stored["created"], stored["errors"]) == (3, 3, [])


def test_rows_with_one_number_make_one_order(planner: httpx.Client, world: DemoWorld) -> None:
    customer = world.customers["Kestrel Rail"].number
    text = (
        "number,customer,product,quantity,promise_date,configuration\n"
        f"SO-2000,{customer},MOUNT-WIND,4,2031-05-02,colour=red;size=L\n"
        f"SO-2000,{customer},RACK-REAR,2,,\n"
        f"PO-77,{customer},MOUNT-WIND,1,,\n"
    )

    first = send(planner, "orders", text).json()
    again = send(planner, "orders", text).json()
    changed = send(planner, "orders", text.replace("MOUNT-WIND,4", "MOUNT-WIND,5")).json()
    order = planner.get("/api/v1/orders/SO-2000").json()

    assert (first["created"], first["rows"], again["unchanged"], changed["updated"]) == (2, 3, 2, 1)
    assert [(line["product"], line["quantity"]) for line in order["lines"]] == [("MOUNT-WIND", "5"), ("RACK-REAR", "2")]
    assert order["lines"][0]["configuration"] == {"colour": "red", "size": "L"}
    assert order["lifecycle"] == "draft"
    fresh = planner.post(
        "/api/v1/orders", json={"customer": customer, "lines": [{"product": "RACK-REAR", "quantity": 1}]}
    )
    assert fresh.json()["number"] == "SO-2001"


def test_a_confirmed_order_is_not_changed_by_a_file(planner: httpx.Client, world: DemoWorld) -> None:
    customer = world.customers["Aurora Bikes"].number
    same = f"number,customer,product,quantity\nSO-1006,{customer},RACK-REAR,30\n"

    unchanged = send(planner, "orders", same).json()
    refused = send(planner, "orders", same.replace("30", "31"))

    assert unchanged["unchanged"] == 1
    assert refused.status_code == 422
    assert refused.json()["report"]["errors"][0]["message"] == "SO-1006 cannot be changed: it is confirmed."


def test_mistakes_in_orders_stand_at_their_own_rows(planner: httpx.Client, world: DemoWorld) -> None:
    customer = world.customers["Kestrel Rail"].number
    text = (
        "number,customer,product,quantity,promise_date\n"
        f"A-1,{customer},MOUNT-WIND,1,\n"
        f"A-1,{customer},NO-SUCH,1,\n"
        f"A-2,{customer},STEP-RAIL,none,\n"
        f"A-3,C-999,STEP-RAIL,1,tomorrow\n"
        f"so 5,{customer},STEP-RAIL,1,\n"
        f"A-4,{customer},STEP-RAIL,1,2030-01-01\n"
        f"A-4,{customer},RACK-REAR,1,2030-01-02\n"
    )

    errors = send(planner, "orders", text, dry_run=True).json()["errors"]

    assert [(error["line"], error["column"]) for error in errors] == [
        (3, "product"),
        (4, "quantity"),
        (5, "promise_date"),
        (6, "number"),
        (8, "promise_date"),
    ]


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"sku,name\n\xff\xfe,x\n", 422, "not_utf8"),
        (b"", 422, "import_refused"),
        (b'sku,name\n"A,B\n', 422, "import_refused"),
        (b"sku,name\nA\x00,B\n", 422, "import_refused"),
        (b"sku,name\nA,B,C\n", 422, "import_refused"),
        (b"sku,name\n" + b"A,B\n" * 2001, 422, "import_refused"),
        (b"sku,name\nA," + b"x" * 1_000_001, 413, "too_large"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(
    planner: httpx.Client, world: DemoWorld, content: bytes, status: int, reason: str
) -> None:
    answer = send(planner, "products", content)

    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


def test_only_csv_of_a_known_kind_by_those_who_may(
    planner: httpx.Client, signed_in: SignedIn, world: DemoWorld
) -> None:
    json = planner.post("/api/v1/imports/products", json={})

    assert json.status_code == 415
    assert send(planner, "machines", PRODUCTS).status_code == 404
    assert send(planner, "customers", "number,name\n").status_code == 403
    assert send(signed_in("sales"), "products", PRODUCTS).status_code == 403
    assert send(signed_in("operator"), "orders", PRODUCTS).status_code == 403
