"""Documentation cannot drift: every command and figure of the server has its line."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from server import metrics
from server.cli.parser import build_parser

REFERENCE = Path(__file__).parents[2] / "docs/reference"


def _commands(parser: argparse.ArgumentParser, prefix: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield prefix.strip(), parser
    for action in inner:
        for name, found in action.choices.items():
            yield from _commands(found, f"{prefix} {name}")


COMMANDS = dict(_commands(build_parser()))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    page = (REFERENCE / "server-commands.md").read_text()

    assert f"### `{command}`" in page


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented_and_every_command_has_help(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (REFERENCE / "server-commands.md").read_text()
    options = [word for action in COMMANDS[command]._actions for word in action.option_strings if word[:2] == "--"]

    assert [option for option in options if option not in page and option != "--help"] == []
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args([*command.split(), "--help"])
    assert ended.value.code == 0
    assert "usage: orderlight-server" in capsys.readouterr().out


def test_every_figure_is_documented_in_its_own_words() -> None:
    page = (REFERENCE / "metrics.md").read_text()
    figures = [figure for figure in vars(metrics).values() if isinstance(figure, MetricWrapperBase)]

    assert len(figures) > 20
    for figure in figures:
        family = next(iter(figure.describe()))
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"| `{name}` | {family.type} |" in page, f"docs/reference/metrics.md does not tell of {name}"
        assert family.documentation in page


@pytest.mark.parametrize(
    "words", ["--config x.toml user list", "user --config x.toml list", "user list --config x.toml"]
)
def test_the_file_is_named_before_or_behind_the_command(words: str) -> None:
    assert build_parser().parse_args(words.split()).config == Path("x.toml")
    assert build_parser().parse_args(["user", "list"]).config is None


def test_the_page_of_commands_tells_of_none_that_is_gone() -> None:
    page = (REFERENCE / "server-commands.md").read_text()
    options = {word for parser in COMMANDS.values() for action in parser._actions for word in action.option_strings}
    options |= {word for action in build_parser()._actions for word in action.option_strings}

    assert set(re.findall(r"### `([^`]+)`", page)) == set(COMMANDS)
    assert set(re.findall(r"(?<![\w-])(?<!pg_restore )--[a-z][a-z-]*", page)) - options == set()


def test_no_page_tells_of_a_figure_that_is_gone() -> None:
    families = [next(iter(one.describe())) for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    told = {
        name
        for page in REFERENCE.parent.rglob("*.md")
        for name in re.findall(r"\borderlight_[a-z_]+", page.read_text())
    }

    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in told} - names == set()
