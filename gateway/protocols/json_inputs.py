"""The inputs of readers that tell them in JSON: a light barrier or a button changed. Sans-I/O."""

import json
from collections.abc import Mapping
from typing import Final

from gateway.protocols import json_shape
from gateway.protocols.json_shape import find
from gateway.protocols.reads import InputChange

#: Only a message with one of these words is looked at twice; reads of tags come a hundred times as often.
_WORDS: Final = (b"gpiTransition", b'"GPI"')
#: Impinj tells the change, Zebra the new level.
_HIGH: Final = {"low-to-high": True, "high-to-low": False, "HIGH": True, "LOW": False}


def input_change(reader: str, payload: bytes) -> InputChange | None:
    """The change that a message tells, None where it tells something else.

    >>> input_change("gate", b'{"type": "GPI", "pin": 1, "state": "HIGH"}')
    InputChange(reader='gate', pin=1, high=True, reader_time=None)
    """
    if not any(word in payload for word in _WORDS):
        return None
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        # Broken JSON is the tag reader's to complain about; it sees every message.
        return None
    if not isinstance(message, Mapping):
        return None
    pin = json_shape.whole(find(message, "gpiTransitionEvent.gpi pin data.pin"), 0, 64)
    level = find(message, "gpiTransitionEvent.transition state data.state")
    high = _HIGH.get(level) if isinstance(level, str) else None
    if pin is None or high is None:
        return None
    return InputChange(reader, pin, high, json_shape.moment(find(message, "timestamp")))
