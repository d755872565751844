"""Every command, option and scenario key of the simulators stands in their reference."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from simulators.cli import build_parser
from simulators.scenario.plan import COUNTS, KINDS, STEPS

REFERENCE = Path("docs/reference/simulators.md").read_text() + Path("docs/howto/cameras.md").read_text()


def _commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    options = {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}
    if words:
        yield words, options
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from _commands(below, (*words, name))


def test_every_command_is_in_the_reference() -> None:
    missing = [words for words, _options in _commands(build_parser()) if not _named(words[-1])]

    assert missing == []


def test_every_option_is_in_the_reference() -> None:
    missing = {
        (" ".join(words), option)
        for words, options in _commands(build_parser())
        for option in options
        if not re.search(re.escape(option) + r"(?![a-z-])", REFERENCE)
    }

    assert missing == set()


def test_every_key_of_a_scenario_is_in_the_reference() -> None:
    steps = {*STEPS, *(key for needs, may in STEPS.values() for key in (*needs, *may))}
    devices = {*KINDS, *(key for wires, more in KINDS.values() for key in (*wires, *more))}

    assert [key for key in sorted(steps | devices | set(COUNTS)) if f"`{key}" not in REFERENCE] == []


def _named(word: str) -> bool:
    return re.search(rf"`[^`]*\b{re.escape(word)}\b[^`]*`", REFERENCE) is not None
