"""Log lines: JSON where a program reads them, plain where a person does; never a raw control character."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def set_up(stream: TextIO = sys.stderr, *, level: int = logging.INFO, as_json: bool | None = None) -> None:
    """Send all logs to `stream`; JSON lines unless it is a terminal."""
    if as_json is None:
        as_json = not stream.isatty()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if as_json else PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ts, level, msg, logger, and whatever the call gave as extra."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; JSON in ASCII escapes every control character."""
        line: dict[str, object] = {
            "ts": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "msg": record.getMessage(),
            "logger": record.name,
            **_extra(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class PlainFormatter(logging.Formatter):
    """`08:00:00 WARNING device_lost device=scanner-1 The port is gone.`"""

    def format(self, record: logging.LogRecord) -> str:
        """The line; characters that would move a terminal's cursor are written out."""
        extra = _extra(record)
        sentence = extra.pop("sentence", "")
        words = [f"{name}={value}" for name, value in extra.items()]
        text = " ".join([record.getMessage(), *words, str(sentence)]).rstrip()
        line = f"{_time(record).astimezone():%H:%M:%S} {record.levelname:<7} {escaped(text)}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def escaped(text: str) -> str:
    r"""The text with control characters written out.

    >>> print(escaped("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _OWN}
