"""Which gateways the broker calls online or offline; told anew by the broker with each connection."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

#: More names than a house has gateways are somebody's prank.
_MOST: Final = 10_000
_MAX_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Presence:
    """What the broker keeps of a gateway: its own word, or its last will."""

    online: bool
    since: datetime | None = None


@dataclass(slots=True)
class Presences:
    """By the gateway's key."""

    _known: dict[str, Presence] = field(default_factory=dict)

    def of(self, gateway: str) -> Presence | None:
        """None for one that never came through the broker."""
        return self._known.get(gateway)

    def note(self, gateway: str, body: bytes) -> bool:
        """Take a state over; True where it is news. What cannot be read is passed over."""
        presence = parse_presence(body)
        if presence is None or self._known.get(gateway) == presence:
            return False
        if gateway not in self._known and len(self._known) >= _MOST:
            return False
        self._known[gateway] = presence
        return True

    def clear(self) -> None:
        """Nothing is known any more."""
        self._known.clear()


def parse_presence(body: bytes) -> Presence | None:
    """What a gateway, or its last will, tells of itself; None for what is no such message."""
    try:
        told = json.loads(body) if len(body) <= _MAX_BYTES else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("state") not in ("online", "offline"):
        return None
    return Presence(told["state"] == "online", _moment(told.get("since")))


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
