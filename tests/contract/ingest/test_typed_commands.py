"""The word of a command card, typed at a station's screen."""

from typing import Any

import pytest

from server.erp.production.models import Identifier
from server.ingest.door import Door
from server.tracking.states import Command

A, B = "U-1000", "U-1001"
SCREEN = Door(actor="device:1", station_key="cut")


def typed(plant: Any, code: str, at: str = "cut-end") -> Any:
    """What the screen of Cut hears of a code."""
    return plant.send(plant.event(code, at), door=SCREEN).results[0]


def call(plant: Any, number: str, code: str) -> None:
    """Let a unit be known by this code, too."""
    unit_id = plant.unit(number).id
    found = Identifier(scheme="code", value=f"code:{code}", unit_id=unit_id, active=True)
    plant.database.write(lambda session: session.add(found))


@pytest.mark.parametrize("word", ["UNDO", "undo", " Undo "])
def test_undo_takes_the_last_act_of_the_station_back(plant: Any, tools: Any, word: str) -> None:
    typed(plant, tools.code(A))
    assert plant.operation(A, 10).good == 1

    answer = typed(plant, word)

    assert (answer.status.value, answer.action) == ("applied", "reversed")
    assert (plant.operation(A, 10).good, plant.inbox()) == (0, [])


def test_undo_with_nothing_before_it_is_refused_in_words_and_bothers_nobody(plant: Any, tools: Any) -> None:
    answer = typed(plant, "UNDO")

    assert (answer.status.value, answer.reason, plant.inbox()) == ("refused", "nothing_to_undo", [])


@pytest.mark.parametrize("command", [each for each in Command if each not in (Command.UNDO, Command.CLOSE)])
def test_every_other_word_waits_for_the_next_unit_as_its_card_does(plant: Any, tools: Any, command: Command) -> None:
    by_card = plant.send(plant.event(tools.card(command.value)), door=SCREEN).results[0]
    by_word = typed(plant, command.value.lower())

    assert (by_word.action, by_word.say) == (by_card.action, by_card.say) == ("command_armed", by_card.say)


def test_a_scan_and_the_word_in_one_batch_are_taken_in_turn(plant: Any, tools: Any) -> None:
    events = [plant.event(tools.code(A)), plant.event("undo"), plant.event(tools.code(B))]

    receipt = plant.send(*events, door=SCREEN)

    assert [each.action for each in receipt.results] == ["operation_completed", "reversed", "operation_completed"]


def test_a_unit_that_is_known_by_the_word_is_meant_by_it(plant: Any, tools: Any) -> None:
    call(plant, A, "HOLD")

    assert typed(plant, "HOLD").action == "operation_completed"
    assert plant.operation(A, 10).good == 1
    # In other letters it is another code, as codes are.
    assert typed(plant, "hold").action == "command_armed"


@pytest.mark.parametrize("word", ["UNDOO", "UN DO", "]C0UNDO", "HOLD U-1000", "OLCUNDO", "Scratch"])
def test_nothing_but_the_very_word_is_a_command(plant: Any, tools: Any, word: str) -> None:
    typed(plant, tools.code(A))

    assert typed(plant, word).status.value == "quarantined"
    assert plant.operation(A, 10).good == 1


def test_a_scanner_at_a_gateway_needs_the_card(plant: Any, tools: Any) -> None:
    plant.scan(tools.code(A))

    assert plant.scan("UNDO").reason == "unknown_code"
    assert plant.operation(A, 10).good == 1
