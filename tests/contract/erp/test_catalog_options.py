"""Options on order lines: what is chosen must be possible, and reaches parts, steps, price and work order."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from server.catalog.book import Costing, load_designs
from server.catalog.costs import standard_cost
from server.db import Database
from server.erp.seed import DemoWorld
from server.settings.clock import utc_now


def order(planner: httpx.Client, world: DemoWorld, choices: dict[str, str], sku: str = "BIKE-CITY") -> httpx.Response:
    """A draft for one piece with these choices."""
    line = {"product": sku, "quantity": 1, "configuration": choices}
    customer = world.customers["Aurora Bikes"].number
    return planner.post("/api/v1/orders", json={"customer": customer, "lines": [line]})


def test_what_is_chosen_stands_on_the_line_with_its_price_and_in_words(planner: httpx.Client, world: DemoWorld) -> None:
    made = order(planner, world, {"Colour": "Blue", "size": "56 cm", "lights": "dynamo"})

    line = made.json()["lines"][0]
    assert line["configuration"] == {
        "colour": "blue", "size": "56-cm", "gears": "3-speed", "drive": "chain", "lights": "dynamo"
    }  # fmt: skip
    assert line["configuration_summary"] == "Blue, 56 cm, Three speeds, Chain, Dynamo lights"
    assert line["unit_price"] == "787"


@pytest.mark.parametrize(
    ("choices", "reason", "words"),
    [
        ({"colour": "blue"}, "option_missing", "Size (52 cm, 56 cm, 60 cm)"),
        ({"colour": "blue", "size": "58"}, "unknown_choice", "Choose one of 52 cm, 56 cm, 60 cm"),
        (
            {"colour": "blue", "size": "56-cm", "drive": "belt"},
            "choice_conflict",
            "Drive Belt needs Gears Eight speeds",
        ),
        (
            {"colour": "blue", "size": "52-cm", "drive": "belt", "gears": "8-speed"},
            "choice_conflict",
            "Size 52 cm cannot go with Drive Belt",
        ),
    ],
)
def test_choices_that_are_incomplete_or_in_conflict_are_refused_in_words(
    planner: httpx.Client, world: DemoWorld, choices: dict[str, str], reason: str, words: str
) -> None:
    refused = order(planner, world, choices)

    assert refused.status_code == 422
    error = refused.json()["errors"][0]
    assert (error["field"], error["reason"]) == ("lines.0.configuration", reason)
    assert words in error["message"]


def test_the_work_order_has_the_parts_and_steps_of_its_choices(planner: httpx.Client, world: DemoWorld) -> None:
    number = order(planner, world, {"colour": "black", "size": "60-cm", "lights": "dynamo"}).json()["number"]
    planner.post(f"/api/v1/orders/{number}/confirm")
    assert planner.post(f"/api/v1/orders/{number}/release").status_code == 200

    work_order: dict[str, Any] = planner.get("/api/v1/work-orders", params={"order": number}).json()["items"][0]

    assert [(step["step"], step["name"]) for step in work_order["operations"]] == [
        (10, "Assemble"),
        (15, "Fit lights"),
        (20, "Adjust"),
    ]
    parts = [part["sku"] for part in work_order["snapshot"]["bom"]]
    assert "HUB-DYNAMO" in parts
    assert "HUB-FRONT" not in parts


def test_choices_that_the_product_no_longer_has_stop_the_confirmation(planner: httpx.Client, world: DemoWorld) -> None:
    number = order(planner, world, {"colour": "mint"}, "RACK-REAR").json()["number"]
    options = planner.get("/api/v1/products/RACK-REAR").json()["options"]
    options[0]["choices"] = [choice for choice in options[0]["choices"] if choice["key"] != "mint"]
    changed = planner.patch("/api/v1/products/RACK-REAR", json={"options": options}, headers={"If-Match": "*"})

    refused = planner.post(f"/api/v1/orders/{number}/confirm")

    assert changed.json()["revision"] == "B"
    assert refused.status_code == 409
    assert "Colour has no choice mint" in refused.json()["detail"]


def test_options_that_name_what_is_not_there_are_refused_each_in_words(planner: httpx.Client, world: DemoWorld) -> None:
    effects = [
        {"kind": "add_part", "component": "NO-SUCH"},
        {"kind": "remove_part", "component": "BOLT-M8"},
        {"kind": "skip_step", "step": 70},
    ]
    body = {
        "options": [
            {"key": "a", "name": "A", "default": "z", "choices": [{"key": "b", "name": "B", "effects": effects}]}
        ],
        "option_rules": [{"kind": "requires", "option": "a", "choice": "b", "other_option": "c", "other_choice": "d"}],
    }

    refused = planner.patch("/api/v1/products/FRAME-CITY", json=body, headers={"If-Match": "*"})

    assert refused.status_code == 422
    assert {error["field"] for error in refused.json()["errors"]} == {
        "options.0.default",
        "option_rules.0.other_choice",
        "options.0.choices.0.effects.0",
        "options.0.choices.0.effects.1",
        "options.0.choices.0.effects.2",
    }


def test_a_circle_through_a_choice_is_refused_with_its_way(planner: httpx.Client, world: DemoWorld) -> None:
    lamp = {"kind": "add_part", "component": "BIKE-CITY"}
    options = [{"key": "a", "name": "A", "choices": [{"key": "b", "name": "B", "effects": [lamp]}]}]

    refused = planner.patch("/api/v1/products/WHEEL-28", json={"options": options}, headers={"If-Match": "*"})

    assert refused.status_code == 422
    assert "WHEEL-28 takes BIKE-CITY takes WHEEL-28" in refused.json()["detail"]


def test_the_cost_of_what_is_made_rolls_up_from_everything_below_it(world: DemoWorld, database: Database) -> None:
    with database.read() as session:
        designs = load_designs(session, ["BIKE-CITY"], Costing("EUR", utc_now()))

    bike, wheel = standard_cost(designs["BIKE-CITY"]), standard_cost(designs["WHEEL-28"])

    # A rim, 36 spokes and three in a hundred lost, a tyre; twelve minutes and a fortieth of ten at 42 an hour.
    assert wheel.total == Decimal("11.40") + Decimal("6.6744") + Decimal("13.80") + Decimal("8.575")
    assert bike.missing == ()
    wheels = next(line for line in bike.lines if line.what == "WHEEL-28")
    assert wheels.amount == 2 * wheel.total
