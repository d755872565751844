"""The inputs of readers that tell them in JSON: a light barrier or a button changed. Sans-I/O."""

from collections.abc import Mapping
from typing import Final

from gateway.protocols import json_shape
from gateway.protocols.json_shape import documents, find
from gateway.protocols.reads import InputChange

#: Only a message with one of these words is looked at twice; reads of tags come a hundred times as often.
_WORDS: Final = (b"gpiTransition", b'"GPI"')
#: Impinj tells the change, Zebra the new level.
_HIGH: Final = {"low-to-high": True, "high-to-low": False, "HIGH": True, "LOW": False}


def input_changes(reader: str, payload: bytes) -> list[InputChange]:
    """The changes that a message tells, in its order: one document, several after each other, or a list of them.

    >>> input_changes("gate", b'{"type": "GPI", "pin": 1, "state": "HIGH"}')
    [InputChange(reader='gate', pin=1, high=True, reader_time=None)]
    """
    if not any(word in payload for word in _WORDS):
        return []
    try:
        found = list(documents(payload.decode()))
    except (ValueError, RecursionError):
        # Broken JSON is the tag reader's to complain about; it sees every message.
        return []
    items = [item for document in found for item in (document if isinstance(document, list) else [document])]
    return [change for item in items if (change := _change(reader, item)) is not None]


def _change(reader: str, message: object) -> InputChange | None:
    if not isinstance(message, Mapping):
        return None
    pin = json_shape.whole(find(message, "gpiTransitionEvent.gpi pin data.pin"), 0, 64)
    level = find(message, "gpiTransitionEvent.transition state data.state")
    high = _HIGH.get(level) if isinstance(level, str) else None
    if pin is None or high is None:
        return None
    return InputChange(reader, pin, high, json_shape.moment(find(message, "timestamp")))
