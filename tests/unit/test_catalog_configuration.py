"""From chosen options to a bill of material, a routing, a price and a cost."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from server.catalog.configuration import NotConfigurable, configure
from server.catalog.costs import standard_cost, unit_cost
from server.catalog.design import (
    Center,
    Choice,
    Design,
    Effect,
    EffectKind,
    Kind,
    Option,
    Part,
    Rule,
    RuleKind,
    Step,
    explode,
)


def part(sku: str, quantity: str = "1", cost: str | None = "1", **more: object) -> Part:
    """A bought part."""
    fields: dict[str, object] = {
        "component": sku,
        "name": sku.title(),
        "uom": "C62",
        "kind": Kind.PURCHASED,
        "quantity": Decimal(quantity),
        "unit_cost": None if cost is None else Decimal(cost),
    }
    return Part(**{**fields, **more})  # type: ignore[arg-type]


CENTER = Center(1, "paint", "Paint", Decimal(60))
BIKE = Design(
    sku="BIKE",
    name="Bicycle",
    revision="A",
    list_price=Decimal(500),
    lot_size=Decimal(10),
    bom=(part("FRAME", cost="80"), part("BOLT", "8", "0.10", scrap_percent=Decimal(5)), part("CHAIN", cost="12")),
    routing=(
        Step(
            step=10,
            name="Assemble",
            work_center="paint",
            work_center_id=1,
            setup_minutes=Decimal(20),
            run_minutes=Decimal(30),
            hourly_rate=Decimal(60),
        ),
        Step(step=20, name="Pack", work_center="paint", work_center_id=1, hourly_rate=Decimal(60)),
    ),
    options=(
        Option("colour", "Colour", (Choice("blue", "Blue", Decimal(12)), Choice("black", "Black"))),
        Option("size", "Size", (Choice("56", "56 cm"), Choice("60", "60 cm")), default="56"),
        Option(
            "drive",
            "Drive",
            (
                Choice("chain", "Chain"),
                Choice(
                    "belt",
                    "Belt",
                    Decimal(120),
                    (
                        Effect(kind=EffectKind.REPLACE_PART, component="CHAIN", by="BELT"),
                        Effect(kind=EffectKind.ADD_STEP, step=15, name="Tension", work_center="paint"),
                        Effect(kind=EffectKind.ALTER_COST, amount=Decimal("3.50")),
                    ),
                ),
                Choice("none", "No drive", effects=(Effect(kind=EffectKind.REMOVE_PART, component="CHAIN"),)),
            ),
            default="chain",
        ),
        Option(
            "finish",
            "Finish",
            (
                Choice("raw", "Raw", effects=(Effect(kind=EffectKind.SKIP_STEP, step=20),)),
                Choice("fine", "Fine", effects=(Effect(kind=EffectKind.ALTER_STEP, step=20, run_minutes=Decimal(6)),)),
                Choice("bare", "Bare", effects=(Effect(kind=EffectKind.REMOVE_PART, component="CHAIN"),)),
            ),
            required=False,
        ),
    ),
    rules=(
        Rule(RuleKind.REQUIRES, ("drive", "belt"), ("size", "60")),
        Rule(RuleKind.EXCLUDES, ("finish", "raw"), ("colour", "blue")),
    ),
    spare_parts={"BELT": part("BELT", cost="64")},
    centers={"paint": CENTER},
    currency="EUR",
    as_of=datetime(2026, 11, 25, tzinfo=UTC),
)


def test_choices_are_taken_by_key_or_by_name_and_defaults_stand_for_the_rest() -> None:
    made = configure(BIKE, {"Colour": "blue"})

    assert made.choices == {"colour": "blue", "size": "56", "drive": "chain"}
    assert made.summary == "Blue, 56 cm, Chain"
    assert (made.surcharge, made.price) == (Decimal(12), Decimal(512))
    assert [found.component for found in made.bom] == ["FRAME", "BOLT", "CHAIN"]


def test_a_choice_changes_parts_steps_price_and_cost() -> None:
    plain, belt = (
        configure(BIKE, {"colour": "black"}),
        configure(BIKE, {"colour": "black", "size": "60", "drive": "belt"}),
    )

    assert [found.component for found in belt.bom] == ["FRAME", "BOLT", "BELT"]
    assert [step.step for step in belt.routing] == [10, 15, 20]
    assert belt.price == Decimal(620)
    assert plain.cost is not None
    assert belt.cost is not None
    # The belt for the chain, and what the choice adds; the new step has no minutes.
    assert belt.cost.total - plain.cost.total == Decimal("64") - Decimal("12") + Decimal("3.50")


@pytest.mark.parametrize(
    ("effect", "needed"),
    [
        # What takes its place is lost as often.
        (Effect(kind=EffectKind.REPLACE_PART, component="BOLT", by="BELT"), {"BELT": "8.4"}),
        (Effect(kind=EffectKind.REPLACE_PART, component="BOLT", by="BELT", quantity=Decimal(4)), {"BELT": "4.2"}),
        (
            Effect(kind=EffectKind.REPLACE_PART, component="BOLT", by="BELT", scrap_percent=Decimal(0)),
            {"BELT": "8"},
        ),
        # A part that is there already needs what both need.
        (Effect(kind=EffectKind.REPLACE_PART, component="BOLT", by="CHAIN"), {"CHAIN": "9.4"}),
        (Effect(kind=EffectKind.ADD_PART, component="BOLT", quantity=Decimal(2)), {"BOLT": "10.5"}),
        (
            Effect(kind=EffectKind.ADD_PART, component="BOLT", quantity=Decimal(2), scrap_percent=Decimal(50)),
            {"BOLT": "11.4"},
        ),
    ],
)
def test_what_a_choice_needs_counts_what_is_lost(effect: Effect, needed: Mapping[str, str]) -> None:
    design = replace(BIKE, options=(Option("a", "A", (Choice("b", "B", effects=(effect,)),)),), rules=())

    found = {part.component: part.needed for part in configure(design, {"a": "b"}).bom}

    assert {name: found[name] for name in needed} == {name: Decimal(each) for name, each in needed.items()}
    assert not (effect.kind is EffectKind.REPLACE_PART and "BOLT" in found)


def test_steps_are_skipped_and_altered() -> None:
    raw = configure(BIKE, {"colour": "black", "finish": "raw"})
    fine = configure(BIKE, {"colour": "black", "finish": "fine"})

    assert [step.step for step in raw.routing] == [10]
    assert fine.routing[1].run_minutes == 6


@pytest.mark.parametrize(
    ("choices", "reason", "words"),
    [
        ({}, "option_missing", ("Colour (Blue, Black)",)),
        ({"colour": "green"}, "unknown_choice", ("Colour", "green", "Blue, Black")),
        ({"bell": "loud"}, "unknown_option", ("bell", "Colour, Size, Drive, Finish")),
        ({"colour": "blue", "Colour": "black"}, "choice_conflict", ("Colour", "twice")),
        ({"colour": "black", "drive": "belt"}, "choice_conflict", ("Drive Belt", "needs Size 60 cm")),
        ({"colour": "blue", "finish": "raw"}, "choice_conflict", ("Finish Raw", "cannot go with Colour Blue")),
        (
            {"colour": "black", "drive": "none", "finish": "bare"},
            "choice_conflict",
            ("Drive No drive", "Finish Bare", "CHAIN"),
        ),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_the_choices_by_name(
    choices: Mapping[str, str], reason: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(NotConfigurable) as refused:
        configure(BIKE, choices)

    assert refused.value.reason == reason
    assert all(word in refused.value.detail for word in words), refused.value.detail


def test_material_counts_what_is_lost_and_labour_spreads_the_set_up_over_the_lot() -> None:
    ten, hundred = standard_cost(BIKE), standard_cost(BIKE, quantity=Decimal(100))

    assert ten.sum_of("material") == Decimal("80") + Decimal("0.84") + Decimal("12")
    assert ten.sum_of("labour") == Decimal(30) + Decimal(2)
    assert hundred.sum_of("labour") == Decimal(30) + Decimal("0.2")
    assert (ten.currency, ten.missing) == ("EUR", ())


def test_a_part_without_a_cost_is_named_and_what_takes_it_has_none() -> None:
    incomplete = replace(BIKE, bom=(*BIKE.bom, part("SADDLE", cost=None)))

    assert standard_cost(incomplete).missing == ("SADDLE",)
    assert unit_cost(incomplete) is None


def test_the_parts_of_a_phantom_stand_for_it_as_deep_as_phantoms_go() -> None:
    kit = part("KIT", "2", kind=Kind.PHANTOM, inside=(part("BOLT", "4"), part("NUT", "4")))
    box = part("BOX", "3", kind=Kind.PHANTOM, inside=(kit, part("BOLT", "1")))

    flat = {found.component: found.quantity for found in explode([part("BOLT", "1"), box])}

    assert flat == {"BOLT": Decimal(1 + 3 * 2 * 4 + 3), "NUT": Decimal(24)}
