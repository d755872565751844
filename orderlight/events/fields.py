"""Checks of single JSON fields: each takes the field's name and value, gives the value to keep or raises."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from orderlight.events.errors import EventError
from orderlight.events.limits import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_CODE_LENGTH,
    MAX_EPC_LENGTH,
    MAX_KEY_VALUE_LENGTH,
    MAX_KEYS,
    MAX_NAME_LENGTH,
    MAX_SEQUENCE,
)

EPOCH_FORM = re.compile(r"[0-9a-f]{16}")
GATEWAY_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEX_FORM = re.compile(r"[0-9A-Fa-f]+")
_EXTRA_DEPTH = 8


def shown(value: object) -> str:
    """The value as it may stand in a sentence: ASCII, at most 60 characters.

    >>> shown("a\\x00b")
    "'a\\\\x00b'"
    """
    if isinstance(value, str | bytes):
        value = value[:80]
    text = ascii(value) if not isinstance(value, dict | list) else f"{type(value).__name__} of {len(value)}"
    return text if len(text) <= 60 else text[:57] + "..."


def is_storable(text: str) -> bool:
    """Whether every database and every UTF-8 wire can hold the text: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    r"""The text with NUL and lone surrogates written out as visible escapes; other text unchanged.

    A gateway sends the raw bytes beside it (`raw`), so nothing is lost.

    >>> storable("AB\x00C")
    'AB\\x00C'
    """
    if is_storable(text):
        return text
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def text(name: str, value: Any, limit: int = MAX_NAME_LENGTH) -> str:
    """A text of 1 to `limit` characters that can be stored."""
    # Nearly every text passes here; the rest of the function finds the words for those that do not.
    if type(value) is str and 0 < len(value) <= limit and value.isascii() and "\x00" not in value:
        return value
    if not isinstance(value, str):
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected a text, got {type(value).__name__}.", field=name
        )
    if not 0 < len(value) <= limit:
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected 1 to {limit} characters, got {len(value)}.",
            field=name,
        )
    if not is_storable(value):
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected text that can be stored, "
            "got a NUL or a lone surrogate; send the bytes in raw.",
            field=name,
        )
    return value


def code(name: str, value: Any) -> str:
    """The raw text of a scanned code, group separators and all."""
    return text(name, value, MAX_CODE_LENGTH)


def epoch(name: str, value: Any) -> str:
    """An epoch: 16 lower-case hexadecimal digits."""
    if not isinstance(value, str) or not EPOCH_FORM.fullmatch(value):
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected 16 lower-case hexadecimal digits.", field=name
        )
    return value


def gateway(name: str, value: Any) -> str:
    """A gateway's name: letters, digits, dot, dash and underscore, at most 64."""
    if not isinstance(value, str) or not GATEWAY_FORM.fullmatch(value):
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected 1 to 64 of letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit.",
            field=name,
        )
    return value


def integer(name: str, value: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`; true and false are no numbers."""
    if type(value) is not int:
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected a whole number, got {type(value).__name__}.",
            field=name,
        )
    if not low <= value <= high:
        raise EventError(f"Failed to read {name}: expected {low} to {high}, got {shown(value)}.", field=name)
    return value


def sequence(name: str, value: Any) -> int:
    """A sequence number, from 1 within its epoch."""
    return integer(name, value, 1, MAX_SEQUENCE)


def last_sequence(name: str, value: Any) -> int:
    """The highest sequence of an earlier epoch; 0 when that epoch wrote nothing."""
    return integer(name, value, 0, MAX_SEQUENCE)


def antenna(name: str, value: Any) -> int:
    """An antenna port of a reader."""
    return integer(name, value, 0, 65535)


def reads(name: str, value: Any) -> int:
    """How many raw reads stand behind one event."""
    return integer(name, value, 0, 2**31 - 1)


def version(name: str, value: Any) -> int:
    """The version of the event's shape; only 1 exists."""
    if type(value) is not int or value != 1:
        raise EventError(
            f"Failed to read {name}: expected 1, got {shown(value)}; the sender is newer than this program.",
            field=name,
        )
    return value


def dbm(name: str, value: Any) -> float:
    """A signal strength in dBm."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected a number, got {type(value).__name__}.",
            field=name,
        )
    if not -200 <= value <= 100:
        raise EventError(f"Failed to read {name}: expected -200 to 100 dBm, got {shown(value)}.", field=name)
    return float(value)


def flag(name: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected true or false, got {type(value).__name__}.",
            field=name,
        )
    return value


def moment(name: str, value: Any) -> datetime:
    """A point in time, ISO 8601 with its offset from UTC, given back in UTC."""
    if not isinstance(value, str) or len(value) > 40:
        raise EventError(f"Failed to read {name} {shown(value)}: expected an ISO 8601 time.", field=name)
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected an ISO 8601 time such as 2026-11-22T08:00:00.123456Z.",
            field=name,
        ) from error
    if when.tzinfo is None:
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected a time with its offset from UTC, got none.",
            field=name,
        )
    # The year is checked before the conversion, because year 1 with an offset overflows in it.
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected a year from {FIRST_YEAR} to {LAST_YEAR}, got {when.year}.",
            field=name,
        )
    return when if when.tzinfo is UTC else when.astimezone(UTC)


def epc(name: str, value: Any) -> str:
    """Tag memory as hexadecimal digits, given back in capitals."""
    if not isinstance(value, str) or not _HEX_FORM.fullmatch(value):
        raise EventError(f"Failed to read {name} {shown(value)}: expected hexadecimal digits.", field=name)
    if len(value) > MAX_EPC_LENGTH:
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected at most {MAX_EPC_LENGTH} digits, got {len(value)}.",
            field=name,
        )
    return value.upper()


def raw(name: str, value: Any) -> str:
    """Bytes written in base64."""
    limit = MAX_CODE_LENGTH * 2
    if not isinstance(value, str) or len(value) > limit:
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected base64 of at most {limit} characters.",
            field=name,
        )
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EventError(f"Failed to read {name} {shown(value)}: expected base64.", field=name) from error
    return value


def keys(name: str, value: Any) -> dict[str, str]:
    """Identifiers found in a code, by name."""
    if not isinstance(value, Mapping):
        raise EventError(
            f"Failed to read {name} {shown(value)}: expected an object of texts, got {type(value).__name__}.",
            field=name,
        )
    if len(value) > MAX_KEYS:
        raise EventError(f"Failed to read {name}: expected at most {MAX_KEYS} entries, got {len(value)}.", field=name)
    return {text(name, key): text(f"{name}.{key}", found, MAX_KEY_VALUE_LENGTH) for key, found in value.items()}


def unknown(name: str, value: Any, depth: int = 0) -> Any:
    """An unknown field, kept as it came when every database can hold it."""
    if depth > _EXTRA_DEPTH:
        raise EventError(f"Failed to read {shown(name)}: expected at most {_EXTRA_DEPTH} levels.", field=name)
    if isinstance(value, str) and not is_storable(value):
        raise EventError(f"Failed to read {shown(name)}: expected text without NUL or lone surrogates.", field=name)
    if isinstance(value, float) and not math.isfinite(value):
        raise EventError(f"Failed to read {shown(name)}: expected a finite number, got {value}.", field=name)
    if isinstance(value, Mapping):
        return {text(name, key, 256): unknown(name, item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [unknown(name, item, depth + 1) for item in value]
    return value
