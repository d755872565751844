"""The log: one JSON object a line, or text for people. No secret and no control character gets into it."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

from server.journal.audit import REQUEST_ID
from server.settings import Settings

#: Keys, bearer tokens, passwords in addresses of databases, and tokens of private links.
_SECRETS = (
    (re.compile(r"\bol_([a-z0-9]{1,12})_[A-Za-z0-9_\-]+"), r"ol_\1_***"),
    (re.compile(r"(?i)\bbearer\s+\S+"), "Bearer ***"),
    (re.compile(r"(://[^:/@\s]+:)[^@\s]+@"), r"\1***@"),
    (re.compile(r"(/(?:track|set-password)/)[A-Za-z0-9_\-]{16,}"), r"\1***"),
    (re.compile(r"(?i)(\"?(?:password|secret|token)\"?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,}]+)"), r"\1***"),
)
_STANDARD = set(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}


def redact(text: str) -> str:
    """The text without what must stay secret.

    >>> redact("Authorization: Bearer ol_abcd2345_topsecret")
    'Authorization: Bearer ***'
    """
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class JsonLines(logging.Formatter):
    """`{"ts", "level", "logger", "msg", "request_id", ...}`; everything beyond ASCII is escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, object] = {
            "ts": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": redact(record.getMessage()),
        }
        request_id = REQUEST_ID.get()
        if request_id is not None:
            entry["request_id"] = request_id
        for name, value in vars(record).items():
            if name not in _STANDARD and not name.startswith("_"):
                entry[name] = redact(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=True, default=lambda value: redact(str(value)))


class TextLines(logging.Formatter):
    """`09:14:05 info server.http: ...` for a terminal; control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, and a traceback below it where there is one."""
        clock = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        extra = " ".join(
            f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD and name[0] != "_"
        )
        line = f"{clock} {record.levelname.lower():7} {record.name}: {record.getMessage()} {extra}".rstrip()
        shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in redact(line))
        return f"{shown}\n{redact(self.formatException(record.exc_info))}" if record.exc_info else shown


def configure(settings: Settings) -> None:
    """Write everything to standard error in the chosen form."""
    is_text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextLines() if is_text else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in ("alembic", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
