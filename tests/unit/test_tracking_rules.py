"""The rules of the floor without a database: the table is whole, and one event changes only what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderlight.events import Event
from server.tracking import words
from server.tracking.history import History, PastFact
from server.tracking.judge import judge
from server.tracking.naming import code_value, name_event
from server.tracking.settle import fulfilment
from server.tracking.states import Command, Context, HandlingUnitState
from server.tracking.steps import Read
from server.tracking.table import BOXES, PALLETS, UNITS, Act, Place
from server.tracking.verdicts import Outcome, Words
from server.tracking.world import Context as Memory
from server.tracking.world import (
    Operation,
    Order,
    ReadPoint,
    Station,
    Supply,
    Tally,
    Unit,
    WorkOrder,
    World,
)

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def small_world(**unit: Any) -> World:
    """One unit of an order of two, with two steps."""
    plain = Unit(5, "U-5", "serial", 1, 1, 1, "queued", 10, False, None, 0, None, None, None, None, 3)
    return World(
        units={5: plain._replace(**unit)},
        operations={
            1: Operation(1, 1, 10, "Cut", 1, "ready", 1, 2, 0, 0, 0, None, None),
            2: Operation(2, 1, 20, "Weld", 2, "pending", 1, 2, 0, 0, 0, None, None),
        },
        routes={1: (1, 2)},
        work_orders={1: WorkOrder(1, "WO-1", 1, "released", None, None)},
        order_work={1: (1,)},
        tallies={1: Tally(open=2)},
        orders={1: Order(1, "SO-1", "C-1", "Aurora", "processing", "not_started", False, None, None)},
        stations={1: Station(1, "cut", "Cut", 1, "Cut"), 2: Station(2, "pack", "Pack", 9, "Pack")},
        read_points={"cut-1": ReadPoint("cut-1", 1, "end", 0), "pack-1": ReadPoint("pack-1", 2, "pack", 0)},
        contexts={1: Memory(1)},
        identifiers={"ol:U5": 5},
        supply=Supply("9506000", 1000, 1, 1000, (70, 71), (80,)),
    )


def scan(world: World, code: str = "OLU5", at: str = "cut-1", seconds: float = 0, **keys: str) -> Outcome:
    """Judge a scan and take its outcome in."""
    read_at = NOW + timedelta(seconds=seconds)
    told = {"sequence": 1, "kind": "code_scanned", "code": code, "keys": keys or {"unit": "5"}}
    event = Event.parse({**told, "observed_at": read_at.isoformat()})
    read = Read(("gw", "0" * 16), 1, "code_scanned", read_at, name_event(event), at, "gateway:gw", False)
    outcome = judge(world, read, event_id=-1, first_fact_id=-1)
    world.adopt(outcome.rows)
    world.tallies.update(outcome.tallies)
    return outcome


def test_the_table_answers_for_every_context_and_command_and_every_place() -> None:
    commands = {command.value for command in Command} - {Command.UNDO, Command.CLOSE}

    assert set(UNITS) == {context.value for context in Context} | commands
    assert all(set(places) == set(Place) for places in UNITS.values())
    assert all((rule.act is None) != (rule.reason is None) for places in UNITS.values() for rule in places.values())
    boxes = (*BOXES.values(), *PALLETS.values())
    assert all(set(states) == {state.value for state in HandlingUnitState} for states in boxes)


def test_nothing_that_has_left_moves_again() -> None:
    gone = (Place.SHIPPED, Place.DELIVERED, Place.SCRAPPED, Place.CONSUMED, Place.RETURNED)

    acts = {UNITS[mode][place].act for mode in UNITS if mode != Context.DELIVER for place in gone}

    assert acts == {None, Act.SEE}


def test_judging_leaves_the_world_as_it_was() -> None:
    world, untouched = small_world(), small_world()
    told = {"sequence": 1, "kind": "code_scanned", "code": "OLU5", "keys": {"unit": "5"}}
    event = Event.parse({**told, "observed_at": NOW.isoformat()})
    read = Read(("gw", "0" * 16), 1, "code_scanned", NOW, name_event(event), "cut-1", "gateway:gw", False)

    judge(world, read, event_id=-1, first_fact_id=-1)

    assert world == untouched


def test_a_fact_tells_what_was_and_what_is() -> None:
    outcome = scan(small_world())

    detail = outcome.facts[0].detail
    assert detail["read_point"] == "cut-1"
    assert detail["before"]["unit:5"] == {"step": 10}
    assert detail["after"]["unit:5"] == {"step": 20}
    assert detail["before"]["operation:1"]["good"] == 0
    assert detail["after"]["operation:2"] == {"state": "ready"}
    assert detail["after"]["work_order:1"]["state"] == "in_progress"
    assert detail["after"]["sales_order:1"] == {"fulfilment": "in_production"}


def test_facts_fold_to_where_the_world_stands() -> None:
    world = small_world()
    history = History()

    for number, (at, seconds) in enumerate((("cut-1", 1), ("cut-1", 2)), 1):
        for fact in scan(world, at=at, seconds=seconds).facts:
            history.fold(
                [
                    PastFact(
                        number,
                        fact.kind,
                        fact.order_id,
                        fact.unit_id,
                        fact.work_order_id,
                        fact.station_id,
                        fact.observed_at,
                        fact.detail,
                    )
                ]
            )

    assert history.rows["unit:5"]["step"] == world.units[5].step == 20
    assert history.rows["unit:5"]["last_seen_at"] == world.units[5].last_seen_at
    assert history.rows["sales_order:1"]["moved_at"] == world.orders[1].moved_at


@pytest.mark.parametrize(
    ("seconds", "action"), [(0, "unit_scrapped"), (60, "unit_scrapped"), (61, "operation_completed")]
)
def test_a_command_waits_a_minute(seconds: int, action: str) -> None:
    world = small_world()
    scan(world, "OLCSCRAP", command="SCRAP")

    assert scan(world, seconds=seconds).verdict.action == action


def test_a_read_from_before_the_card_was_shown_is_no_answer_to_it() -> None:
    world = small_world()
    scan(world, "OLCSCRAP", command="SCRAP")

    assert scan(world, seconds=-30).verdict.action == "operation_completed"


@pytest.mark.parametrize(
    ("tallies", "begun", "expected"),
    [
        ([], False, "not_started"),
        ([Tally(open=3)], False, "not_started"),
        ([Tally(open=3)], True, "in_production"),
        ([Tally(open=1, finished=2)], True, "in_production"),
        ([Tally(finished=3)], True, "produced"),
        ([Tally(finished=1, packed=2)], True, "produced"),
        ([Tally(packed=3), Tally(open=1)], True, "in_production"),
        ([Tally(packed=3)], True, "packed"),
        ([Tally(packed=2, shipped=1)], True, "partially_shipped"),
        ([Tally(shipped=2, scrapped=1)], True, "shipped"),
        ([Tally(shipped=1, delivered=1)], True, "shipped"),
        ([Tally(delivered=2), Tally(delivered=1, scrapped=4)], True, "delivered"),
        ([Tally(scrapped=2)], True, "in_production"),
    ],
)
def test_fulfilment_follows_from_the_counts(tallies: list[Tally], begun: bool, expected: str) -> None:
    assert fulfilment(tallies, begun=begun) == expected


@pytest.mark.parametrize(
    ("told", "kind", "first"),
    [
        ({"code": "OLU0011P"}, "unit", "ol:U0011"),
        ({"code": "]C1010950600013435221SER42"}, "unit", "01/09506000134352/21/SER42"),
        ({"code": "x", "keys": {"sscc": "006141411234567890"}}, "unit", "00/006141411234567890"),
        ({"code": "x", "keys": {"operator": "17"}}, "operator", "17"),
        ({"code": "x", "keys": {"gtin": "09506000134352"}}, "product", "09506000134352"),
        ({"code": "010950600013435237250"}, "product", "09506000134352"),
        ({"code": "]C121SER42"}, "unit", "code:]C121SER42"),
        ({"code": "HELLO"}, "unit", "code:HELLO"),
        ({"code": "u-11"}, "unit", "code:u-11"),
        ({"kind": "tag_arrived", "epc": "3034257BF7194E4000001A85"}, "unit", "epc:3034257BF7194E4000001A85"),
    ],
)
def test_what_an_event_names(told: dict[str, Any], kind: str, first: str) -> None:
    event = Event.parse({"sequence": 1, "kind": "code_scanned", "observed_at": NOW.isoformat()} | told)

    named = name_event(event)

    assert (named.kind, named.values[0]) == (kind, first)


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("U-1007", ("code:U-1007", "U-1007")),
        ("]C0u-1007", ("code:]C0u-1007", "code:u-1007", "U-1007")),
        ("]E04006381333931X", ("code:]E04006381333931X", "code:4006381333931X")),
        ("]C0", ("code:]C0",)),
    ],
)
def test_plain_text_is_found_whether_or_not_the_scanner_tells_its_symbology(code: str, values: tuple[str, ...]) -> None:
    event = Event.parse({"sequence": 1, "kind": "code_scanned", "observed_at": NOW.isoformat(), "code": code})

    assert name_event(event).values == values


def test_a_long_code_is_known_by_its_hash() -> None:
    assert len(code_value("x" * 4096)) < 160
    assert code_value("x" * 4096) != code_value("x" * 4095)


def test_words_translate_what_stands_in_them() -> None:
    said = Words(words.ALREADY_FINISHED, {"unit": "U-5", "next": Words(words.NEXT_PACKING)})
    german = {words.ALREADY_FINISHED: "{unit} ist fertig. Weiter: {next}.", words.NEXT_PACKING: "Verpacken"}

    assert said.render(lambda message: german[message]) == "U-5 ist fertig. Weiter: Verpacken."
