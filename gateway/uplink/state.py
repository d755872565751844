"""Where the uplink stands, in words; each change is logged once."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

log = logging.getLogger(__name__)


class UplinkPhase(StrEnum):
    """What the server does with our events."""

    STARTING = "starting"  # Nothing was sent yet.
    ONLINE = "online"  # The last request was answered event by event.
    OFFLINE = "offline"  # No answer comes at all.
    REFUSED = "refused"  # The server does not accept this gateway or its key (401, 403, 409).
    BUSY = "busy"  # The server asks for patience (429, 503), or has a fault of its own.
    CONFUSED = "confused"  # An answer came that makes no sense; nothing is deleted because of it.


@dataclass(frozen=True, slots=True)
class UplinkState:
    """A phase with its sentence, and since when by the local clock."""

    phase: UplinkPhase
    detail: str | None
    since: float


class StateBoard:
    """Holds the state; a change of phase or sentence is logged, a repetition is not."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self.state = UplinkState(UplinkPhase.STARTING, None, wall())

    def show(self, phase: UplinkPhase, detail: str | None = None) -> None:
        """Take a new state over."""
        if (phase, detail) == (self.state.phase, self.state.detail):
            return
        self.state = UplinkState(phase, detail, self._wall())
        level = logging.INFO if phase is UplinkPhase.ONLINE else logging.WARNING
        log.log(level, "uplink_" + phase.value, extra={"sentence": detail} if detail else {})


def sentence_of(status: int, body: bytes) -> tuple[UplinkPhase, str]:
    """What a whole-request fault means, with the next act."""
    phase, sentence = _FAULTS.get(status, (UplinkPhase.BUSY, "Server has a fault; events wait here."))
    if status in (404, 405) or 300 <= status < 400:
        phase = UplinkPhase.CONFUSED
        sentence = "This address is not an Orderlight server. Check server.url in gateway.toml."
    words = server_words(body)
    return phase, f"{sentence} ({status}{': ' + words if words else ''})"


_FAULTS = {
    401: (UplinkPhase.REFUSED, "Server does not know this gateway key. Make a new one and save it as key_file."),
    403: (UplinkPhase.REFUSED, "Server does not allow this key to speak for this gateway. Check gateway.name."),
    409: (UplinkPhase.REFUSED, "Server sees this gateway twice. Stop the copy, or give one its own name and key."),
    429: (UplinkPhase.BUSY, "Server asks for patience; events wait here."),
    503: (UplinkPhase.BUSY, "Server is not ready; events wait here."),
}


def server_words(body: bytes) -> str:
    """The server's own sentence from problem+json (RFC 9457), or the start of whatever it said."""
    try:
        problem = json.loads(body)
        words = problem.get("detail") or problem.get("title")
    except (ValueError, AttributeError, RecursionError):
        words = body[:200].decode("utf-8", "replace")
    return " ".join(str(words or "").split())[:300]
