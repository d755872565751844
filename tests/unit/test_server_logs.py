"""Log lines: JSON, one line each, no control characters, no secrets."""

import json
import logging

import pytest

from server.app.logs import JsonLines, TextLines, redact


def _record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("server.test", logging.INFO, "file.py", 1, message, arguments, None)
    vars(record).update(extra)
    return record


def test_a_line_is_json_with_its_fields() -> None:
    line = JsonLines().format(_record("Batch taken in from %s.", "gw-1", events=3))

    entry = json.loads(line)
    assert (entry["level"], entry["msg"], entry["events"]) == ("info", "Batch taken in from gw-1.", 3)
    assert entry["ts"].endswith("Z")


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()])
def test_a_code_cannot_forge_a_line_or_move_the_cursor(formatter: logging.Formatter) -> None:
    line = formatter.format(_record("Code %s was refused.", 'x\x1b[2J\r\n{"level":"info"}\x07\u202e'))

    assert line.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer ol_abcd2345_topsecret",
        "key ol_abcd2345_topsecret was used",
        "postgresql+psycopg://orderlight:topsecret@db/orderlight",
        "GET /track/topsecret-topsecret-topsecret",
        "GET /set-password/topsecret-topsecret-topsecret",
        '{"password": "topsecret"}',
        "token=topsecret",
    ],
)
def test_a_secret_does_not_reach_the_log(text: str) -> None:
    assert "topsecret" not in redact(text)
    assert "topsecret" not in JsonLines().format(_record(text))
    assert "topsecret" not in TextLines().format(_record("%s", text))
    assert "topsecret" not in JsonLines().format(_record("x", detail=text))


def test_a_traceback_is_a_field_and_not_a_line_of_its_own() -> None:
    try:
        raise ValueError("Bearer topsecret")
    except ValueError as error:
        record = logging.LogRecord(
            "server", logging.ERROR, "f", 1, "Failed.", (), (type(error), error, error.__traceback__)
        )

    line = JsonLines().format(record)

    assert "\n" not in line
    assert "Traceback" in json.loads(line)["error"]
    assert "topsecret" not in line
