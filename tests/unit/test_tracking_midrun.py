"""Units in the middle of a run: whole days of scans come out the same with and without the short way."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderlight.autoid import OwnCode
from orderlight.events import Batch, Event
from server.ingest.door import Door
from server.ingest.fold import First, Folded, fold
from server.ingest.reads import Item, items_of
from server.tracking.change_rows import Acknowledgement, Change
from server.tracking.goods_rows import Material, Need, Place
from server.tracking.midrun import Midruns
from server.tracking.world import (
    Context,
    Operation,
    Operator,
    Order,
    ReadPoint,
    ReasonCode,
    Station,
    Supply,
    Tally,
    Unit,
    WorkOrder,
    World,
)

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
STEPS = ("Cut", "Weld", "Paint")
#: What is read besides units, and how often: signs, cards, and codes that nobody knows.
CARDS = (
    "OLBB17", "OLBB18", "OLCSTART", "OLCHOLD", "OLCRESUME", "OLCSCRAP", "OLCREWORK", "OLCBENT", "OLCREWORK", "OLO10020",
    "OLCUNDO", "OLCPAUSE", "NOBODY", "OLLRACK", "OLCRECEIVE", "TUBE", "OLCCOUNT", "TUBE", "GLUE",
)  # fmt: skip
GOODS = {name: {"gtin": name, "lot": "L1", "count": "5"} for name in ("TUBE", "GLUE")}
KEYS = {"L": "location", "B": "operator", "C": "command", "O": "operation", "U": "unit"}


def big_world(orders: int = 3, works: int = 2, units: int = 15) -> World:
    """Orders with two work orders of three steps each, all released and nothing begun."""
    world = World(
        stations={place: Station(place, name.lower(), name, place, name) for place, name in enumerate(STEPS, 1)},
        operators={"B17": Operator("B17", "Kim"), "B18": Operator("B18", "Ada")},
        reasons={"BENT": ReasonCode("BENT", "scrap", "Bent {it}")},
        supply=Supply("9506000", 1000, 1, 1000),
    )
    for place, name in enumerate(STEPS, 1):
        key, (context, quiet) = name.lower(), (("end", 0), ("toggle", 2), ("end", 0))[place - 1]
        world.read_points[f"{key}-1"] = ReadPoint(f"{key}-1", place, context, quiet)
        world.read_points[f"{key}-gate"] = ReadPoint(f"{key}-gate", place, "gate", 5)
        world.contexts[place] = Context(place)
    # A second place to weld.
    world.stations[4], world.contexts[4] = Station(4, "weld2", "Weld 2", 2, "Weld"), Context(4)
    world.read_points["weld-2"] = ReadPoint("weld-2", 4, "toggle", 0)
    for order_id in range(1, orders + 1):
        number = f"SO-{order_id}"
        world.orders[order_id] = Order(
            order_id, number, "C-1", "{Aurora}", "processing", "not_started", False, None, None
        )
        for work_id in range(order_id * 10, order_id * 10 + works):
            add_work(world, order_id, work_id, units)
    world.goods.materials = {name: Material(place, name, name, name, "MTR") for place, name in enumerate(GOODS)}
    world.goods.places = {"RACK": Place(1, "RACK", "rack", "Rack {it}")}
    world.goods.needs = tuple(Need(place, "WO-10", True, frozenset({"TUBE"})) for place in (1, 2))
    add_change(world, 1, 10, "remaining")
    add_change(world, 2, 20, "next_unit")
    return world


def add_change(world: World, change_id: int, work_id: int, effectivity: str) -> None:
    """A change that counts from the second minute on, and that nobody at any station has seen."""
    order_id, at = world.work_orders[work_id].order_id, NOW + timedelta(minutes=2)
    difference = [{"field": "instructions", "before": None, "after": "Grind {it}"}]
    world.change_requests[change_id] = Change(
        change_id, f"CR-{change_id}", order_id, work_id, "applied", effectivity, difference, at, None
    )
    for station_id in world.stations:
        found = change_id * 10 + station_id
        world.acknowledgements[found] = Acknowledgement(found, change_id, order_id, station_id, None, None, None)


def add_work(world: World, order_id: int, work_id: int, units: int) -> None:
    """One work order with its operations and units."""
    world.work_orders[work_id] = WorkOrder(work_id, f"WO-{work_id}", order_id, "released", None, None)
    world.order_work[order_id] = (*world.order_work.get(order_id, ()), work_id)
    world.tallies[work_id] = Tally(open=units)
    for place, name in enumerate(STEPS, 1):
        found, state = work_id * 10 + place, "ready" if place == 1 else "pending"
        world.operations[found] = Operation(
            found, work_id, place * 10, f"{name} {{x}}", place, state, 2, units, 0, 0, 0, None, None
        )
        world.routes[work_id] = (*world.routes.get(work_id, ()), found)
    for position in range(1, units + 1):
        found = work_id * 100 + position
        world.units[found] = Unit(
            found, f"U-{found}", "serial", order_id, work_id, position, "planned", None, False, None, 0, *[None] * 5
        )
        world.identifiers[f"ol:U{found}"] = found


def scans(seed: int, world: World, count: int) -> Iterator[dict[str, Any]]:
    """A day in which most units are scanned where they are due, and some things go another way."""
    chance = random.Random(seed)
    at = NOW
    progress = defaultdict(int)
    for sequence in range(1, count + 1):
        at += timedelta(seconds=chance.choice([0, 1, 1, 2, 70]))
        unit = chance.choice(list(world.units))
        place = (
            min((progress[unit] + 1) // 2, len(STEPS) - 1) if chance.random() < 0.9 else chance.randrange(len(STEPS))
        )
        progress[unit] += 1
        code = str(OwnCode("U", str(unit))) if chance.random() < 0.96 else chance.choice(CARDS)
        suffix = "2" if place == 1 and chance.random() < 0.2 else "1"
        suffix = "gate" if chance.random() < 0.05 else suffix
        seen = at - timedelta(seconds=300) if chance.random() < 0.05 else at
        keys = GOODS.get(code, {})
        if code.startswith("OL"):
            keys = {KEYS[code[2]]: code[3:-1] if code[2] == "U" else code[3:]}
        told = {
            "v": 1, "sequence": 2 * sequence, "kind": "code_scanned", "read_point": f"{STEPS[place].lower()}-{suffix}",
            "code": code, "keys": keys, "observed_at": seen.isoformat(),
            **({"operator": "B9"} if chance.random() < 0.05 else {}),
        }  # fmt: skip
        yield told
        if chance.random() < 0.05:
            # The trigger is pulled twice.
            yield told | {"sequence": 2 * sequence + 1, "observed_at": (seen + timedelta(seconds=1)).isoformat()}


def fold_day(world: World, items: list[Item], *, goes_on: bool = True) -> list[Folded]:
    """The day in batches of twenty, each with the runs of the one before; saving between them is left out."""
    found: list[Folded] = []
    for start in range(0, len(items), 20):
        runs = found[-1].runs if found and goes_on else None
        first = First(start + 1, 1 + sum(len(batch.facts) for batch in found))
        found.append(fold(world, items[start : start + 20], Door(actor="gateway:gw"), first, runs))
    return found


def without_deeds(world: World) -> dict[str, Any]:
    """The world to compare; what may be taken back is only kept where somebody might."""
    return {one.name: getattr(world, one.name) for one in fields(world) if one.name != "deeds"}


def facts_of(batch: Folded) -> list[Any]:
    """The facts to compare; the short way makes the text of a detail at once."""
    return [fact._replace(detail=fact.told) for fact in batch.facts]


@pytest.mark.parametrize("seed", range(12))
def test_a_day_comes_out_the_same_with_and_without_the_short_way(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tuple(Event.parse(event) for event in scans(seed, big_world(), 600))
    items = items_of(Batch("gw", "0" * 16, told), Door(actor="gateway:gw"), now=NOW + timedelta(days=1))
    passed = 0
    pass_on = Midruns.pass_on

    def counted(self: Midruns, *about: Any) -> Any:
        nonlocal passed
        found = pass_on(self, *about)
        passed += found is not None
        return found

    monkeypatch.setattr(Midruns, "pass_on", counted)
    short, short_world = fold_day(world := big_world(), items), world
    monkeypatch.setattr(Midruns, "pass_on", lambda *_: None)
    long, long_world = fold_day(world := big_world(), items), world

    assert passed > 20
    reasons = {one.answer.reason for batch in short for one in batch.judged}
    assert {"spec_changed", "busy_elsewhere", "repeated"} <= reasons
    assert [one.answer for batch in short for one in batch.judged] == [
        one.answer for batch in long for one in batch.judged
    ]
    assert [facts_of(batch) for batch in short] == [facts_of(batch) for batch in long]
    assert without_deeds(short_world) == without_deeds(long_world)


@pytest.mark.parametrize("seed", range(12))
def test_a_day_comes_out_the_same_when_each_batch_finds_its_runs_anew(seed: int) -> None:
    told = tuple(Event.parse(event) for event in scans(seed, big_world(), 600))
    items = items_of(Batch("gw", "0" * 16, told), Door(actor="gateway:gw"), now=NOW + timedelta(days=1))

    kept, kept_world = fold_day(world := big_world(), items), world
    anew, anew_world = fold_day(world := big_world(), items, goes_on=False), world

    assert [one.answer for batch in kept for one in batch.judged] == [
        one.answer for batch in anew for one in batch.judged
    ]
    assert [facts_of(batch) for batch in kept] == [facts_of(batch) for batch in anew]
    assert without_deeds(kept_world) == without_deeds(anew_world)
