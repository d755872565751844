"""The product's page and its forms: revisions, options, packaging, and an order whose options are chosen."""

import re
from html import unescape

import httpx

from server.erp.seed import DemoWorld

FRAME = "/setup/products/FRAME-CITY"


def typed(page: httpx.Response) -> dict[str, str]:
    """The fields of the page's form as they stand there."""
    fields = re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page.text)
    chosen = re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', page.text, re.S)
    found = {unescape(name): unescape(value) for name, value in fields if name != "q"}
    for name, options in chosen:
        selected = re.search(r'<option value="([^"]*)" selected', options)
        found[unescape(name)] = unescape(selected[1]) if selected else ""
    return found


def test_the_page_shows_costs_to_those_who_may_know_them_and_the_rest_to_every_reader(
    signed_in: object, planner: httpx.Client, world: DemoWorld
) -> None:
    sales: httpx.Client = signed_in("sales")  # type: ignore[operator]

    full, reduced = planner.get("/setup/products/BIKE-CITY").text, sales.get("/setup/products/BIKE-CITY").text

    assert "Standard cost" in full
    assert "Standard cost" not in reduced
    assert "/edit" not in reduced
    for words in ("Spoke 292 mm", "Dynamo lights", "takes 1 GEAR-8 instead of GEAR-3", "Drive Belt needs Gears Eight"):
        assert words in full, words
        assert words in reduced, words


def test_a_revision_is_drafted_compared_and_released_by_forms(planner: httpx.Client, world: DemoWorld) -> None:
    form = typed(planner.get(f"{FRAME}/revisions/A"))
    saved = planner.post(f"{FRAME}/revisions/A", data=form | {"bom.0.quantity": "4.5", "note": "Stiffer"})
    compared = planner.get(f"{FRAME}/compare", params={"since": "A", "name": "B"}).text
    circle = planner.post(
        f"{FRAME}/revisions/B", data=typed(planner.get(f"{FRAME}/revisions/B")) | {"bom.0.component": "BIKE-CITY"}
    )
    released = planner.post(f"{FRAME}/revisions/B/release")

    assert saved.headers["location"] == f"{FRAME}/revisions/B"
    assert "TUBE-34 quantity" in compared
    assert "<del>4</del>" in compared
    assert "<ins>4.5</ins>" in compared
    assert circle.status_code == 422
    assert "FRAME-CITY takes BIKE-CITY takes FRAME-CITY" in circle.text
    assert released.headers["location"] == FRAME
    product = planner.get("/api/v1/products/FRAME-CITY").json()
    assert (product["revision"], product["bom"][0]["quantity"]) == ("B", "4.5")
    assert len(product["options"]) == 2


def test_options_are_changed_by_rows_and_what_names_nothing_is_said_there(
    planner: httpx.Client, world: DemoWorld
) -> None:
    path = "/setup/products/BIKE-CITY/revisions/A/options"
    form = typed(planner.get(path))
    more = {
        "choices.10.group": "Colour", "choices.10.name": "Sea green", "choices.10.surcharge": "18",
        "effects.6.choice": "Colour: Sea green", "effects.6.kind": "add_part",
        "effects.6.thing": "enamel, mixed",
        "effects.6.amount": "0.4", "effects.6.scrap_percent": "5",
        "effects.7.choice": "Colour: Sea green", "effects.7.kind": "alter_step", "effects.7.thing": "20",
        "effects.7.transfer_quantity": "4",
    }  # fmt: skip

    unknown = planner.post(path, data=form | more | {"effects.6.choice": "Colour: Pink"})
    kept = planner.post(path, data=form | more)
    again = planner.post(
        "/setup/products/BIKE-CITY/revisions/B/options", data=typed(planner.get(f"{path[:-9]}B/options"))
    )

    assert unknown.status_code == 422
    assert "Write a choice from above with its option" in unknown.text
    assert (kept.status_code, again.status_code) == (303, 303), kept.text
    before = planner.get("/api/v1/products/BIKE-CITY").json()
    draft = planner.get("/api/v1/products/BIKE-CITY/revisions/B").json()["content"]
    assert draft["options"][0]["choices"][2] == {
        "key": "sea-green",
        "name": "Sea green",
        "surcharge": "18",
        "effects": [
            {"kind": "add_part", "component": "ENAMEL", "quantity": "0.4", "scrap_percent": "5"},
            {"kind": "alter_step", "step": 20, "transfer_quantity": 4},
        ],
    }
    assert draft["options"][1:] == before["options"][1:]
    assert draft["option_rules"] == before["option_rules"]


def test_packaging_is_added_and_released_by_forms(planner: httpx.Client, world: DemoWorld) -> None:
    step = "/setup/products/STEP-RAIL"
    customer = world.customers["Kestrel Rail"].number
    planner.post(f"{step}/packaging/new", data={"customer": customer, "box": "Pallet", "per_box": "6"})
    number = planner.get("/api/v1/packaging-specs", params={"product": "STEP-RAIL"}).json()["items"][0]["number"]
    planner.post(f"{step}/packaging/{number}/release")
    foreign = planner.get(f"{FRAME}/packaging/{number}")

    shown = planner.get(step).text
    assert "Kestrel Rail" in shown
    assert number in shown
    assert foreign.status_code == 404
    assert planner.get(f"/api/v1/packaging-specs/{number}").json()["state"] == "released"


def test_an_order_asks_for_the_options_of_its_product(planner: httpx.Client, world: DemoWorld) -> None:
    line = {
        "customer": world.customers["Aurora Bikes"].number,
        "lines.0.product": "BIKE-CITY",
        "lines.0.quantity": "2",
    }

    asked = planner.post("/setup/orders/new", data=line)
    entered = planner.post(
        "/setup/orders/new", data=line | {"lines.0.option-colour": "blue", "lines.0.option-size": "56-cm"}
    )

    assert asked.status_code == 422
    assert "BIKE-CITY is not fully chosen yet: Colour (Blue, Black); Size (52 cm, 56 cm, 60 cm)." in asked.text
    assert 'name="lines.0.option-size"' in asked.text
    assert "Blue, 56 cm, Three speeds, Chain" in planner.get(entered.headers["location"]).text


def test_a_work_order_shows_what_has_changed_since_its_release(planner: httpx.Client, world: DemoWorld) -> None:
    before = planner.get("/work-orders/WO-1000").text
    planner.patch("/api/v1/products/FRAME-CITY", json={"name": "Town frame"}, headers={"If-Match": "*"})
    after = planner.get("/work-orders/WO-1000").text

    assert "as they were at the release" in before
    assert "<del>City bicycle frame</del>" in after
    assert "<ins>Town frame</ins>" in after
    assert "Signal red" in after
