"""The topics of the way through a broker, and what the properties of its messages are called.

Every topic is `orderlight/v1/{gateway}/{leaf}`, so that a broker's access list can hold each gateway to its own.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

ROOT: Final = "orderlight/v1"


class Leaf(StrEnum):
    """The last part of a topic."""

    EVENTS = "events"  # Gateway to server: a batch, as in POST /api/v1/events.
    HEALTH = "health"  # Gateway to server: a heartbeat, as in POST /api/v1/gateways/{key}/health.
    NEXT_KEY = "next-key"  # Gateway to server: the key that follows, as in POST /api/v1/gateways/{key}/next-key.
    ANSWERS = "answers"  # Server to gateway: the answer to one of these.
    STATE = "state"  # Gateway to everybody, retained: online, or offline by its last will.
    COMMANDS = "commands"  # Server to gateway: a person wants something of it.
    RESULTS = "results"  # Gateway to server: what became of a command.


#: User properties of messages; the bodies are the same JSON as over HTTP.
KEY: Final = "key"
STATUS: Final = "status"
RETRY_AFTER: Final = "retry-after"
DATE: Final = "date"

JSON: Final = "application/json"

_FORM: Final = re.compile(rf"{ROOT}/([A-Za-z0-9][A-Za-z0-9._-]{{0,63}})/({'|'.join(Leaf)})")


def topic(gateway: str, leaf: Leaf) -> str:
    """Where messages of this kind of one gateway go.

    >>> topic("gw-hall-1", Leaf.EVENTS)
    'orderlight/v1/gw-hall-1/events'
    """
    return f"{ROOT}/{gateway}/{leaf}"


def parse_topic(text: str) -> tuple[str, Leaf] | None:
    """The gateway and the kind of a topic; None for one that is not ours.

    >>> parse_topic("orderlight/v1/gw-hall-1/state")
    ('gw-hall-1', <Leaf.STATE: 'state'>)
    >>> parse_topic("orderlight/v1/a/b/state") is None
    True
    """
    found = _FORM.fullmatch(text)
    return (found[1], Leaf(found[2])) if found else None
