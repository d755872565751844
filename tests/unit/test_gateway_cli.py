"""The command line: help for everything, clean logs, plain words."""

import argparse
import io
import json
import logging
import re
from pathlib import Path

import pytest

from gateway.cli import build_parser, main
from gateway.cli.commands import EXIT_BROKEN, EXIT_CONFIG, EXIT_FAILED
from gateway.cli.logs import JsonFormatter, PlainFormatter, set_up
from gateway.cli.words import status as status_in_words


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("gateway.x", logging.WARNING, "f.py", 1, "device_lost", (), None)
    made.__dict__.update(extra)
    return made


def commands() -> dict[str, argparse.ArgumentParser]:
    parser = build_parser()
    action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


def test_every_command_and_every_option_has_help() -> None:
    found = commands()

    names = {"run", "check", "status", "discover", "drivers", "tail", "replay", "identify", "set-aside"}
    names |= {"enrol", "rotate-key"}
    assert set(found) == names
    parser = build_parser()
    action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    assert all(choice.help for choice in action._choices_actions)
    assert all(option.help for command in found.values() for option in command._actions)


def test_identify_takes_a_code_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["identify", "OLU0011P", "04006381333931"]) == 0

    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["keys"] for answer in answers] == [{"unit": "0011"}, {"gtin": "04006381333931"}]


def test_a_json_log_line_holds_time_level_message_and_extras_and_no_control_characters() -> None:
    text = JsonFormatter().format(record(device="scanner-1", sentence="a\x1b[2J\nb"))

    line = json.loads(text)
    assert (line["level"], line["msg"], line["device"]) == ("warning", "device_lost", "scanner-1")
    assert text.isprintable()


def test_a_plain_log_line_cannot_move_the_cursor() -> None:
    text = PlainFormatter().format(record(device="x\x1b[2J", sentence="Grün\nist es"))

    assert text.isprintable()
    assert "device_lost device=x\\x1b[2J Grün\\nist es" in text


def test_logs_are_json_where_no_terminal_listens() -> None:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        set_up(stream)
        logging.getLogger("gateway.test").info("hello", extra={"epoch": "ab"})
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)

    assert json.loads(stream.getvalue())["epoch"] == "ab"


def test_drivers_are_listed_with_what_each_option_allows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drivers"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "  port (required): Path of the port; one that stays the same." in lines
    assert (
        '  feedback ("none"): Whose beeps and lights the scanner knows. '
        "One of none, honeywell, datalogic, newland, zebra_bel, cipherlab."
    ) in lines
    assert "  gcp_length (none): Company prefix length for EPC forms. From 6 to 12." in lines


def test_drivers_are_listed_as_json_with_their_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drivers", "--json"]) == 0

    listed = {driver["driver"]: driver for driver in json.loads(capsys.readouterr().out)}
    assert {"serial_line", "r200", "mqtt"} <= set(listed)
    assert "port" in [option["name"] for option in listed["serial_line"]["options"]]


def test_check_as_json_gives_each_mistake_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('[gateway]\nname = "gw 1"\n')

    code = main(["check", "--json", "--config", str(path)])

    mistakes = json.loads(capsys.readouterr().out)
    assert code == 78
    assert mistakes[0].keys() == {"line", "section", "sentence", "warning"}


def test_status_says_when_a_port_was_last_read_and_never_online() -> None:
    device = {"name": "s1", "driver": "serial_line", "state": "ready", "detail": None, "last_read_at": None}
    outbox = {"backlog": 3, "set_aside": 0, "shed": 0, "full": None, "alarms": [{"sentence": "Look here."}]}
    found = {
        "gateway": "gw", "running": True, "started_at": "2026-11-22T08:00:00.000Z", "outbox": outbox,
        "server": {"url": "http://x", "state": "offline", "detail": "It is away."},
        "clock": {"suspect": True}, "devices": [device],
        "flow": {"read": 1, "filtered": 0, "stored": 1, "sent": 0, "acked": 0},
    }  # fmt: skip

    text = status_in_words(found)

    assert "s1 (serial_line): open, nothing read yet." in text
    assert "Server http://x: offline. It is away." in text
    assert "Look here." in text


def test_every_command_and_exit_code_stands_in_the_reference() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/gateway-commands.md").read_text()

    for name in commands():
        assert f"| `{name}" in page, name
    for code in (EXIT_BROKEN, EXIT_CONFIG, EXIT_FAILED):
        assert f"| {code} |" in page
    assert set(re.findall(r"(?m)^\| `([a-z-]+)[` ]", page.split("## Exit codes")[0])) == set(commands())
    assert [option for option in sorted(_options()) if f"`{option}" not in page and f" {option}" not in page] == []


def _options() -> set[str]:
    parsers = [build_parser(), *commands().values()]
    return {word for each in parsers for one in each._actions for word in one.option_strings} - {"-h", "--help"}


@pytest.mark.parametrize(
    "words", [["--config", "x.toml", "status"], ["status", "--config", "x.toml"]], ids=["before", "behind"]
)
def test_the_file_is_named_before_or_behind_the_command(words: list[str]) -> None:
    assert build_parser().parse_args(words).config == Path("x.toml")
    assert build_parser().parse_args(["status"]).config is None
