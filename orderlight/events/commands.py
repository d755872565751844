"""What a person at the server may want of a gateway that is connected through a broker."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orderlight.events.errors import EventsError

#: A command or a result is a few words; whoever sends more means something else.
MAX_BYTES: Final = 4096
MAX_SAY: Final = 500
#: After this time a command means nothing any more, and nobody waits for its result.
EXPIRES_SECONDS: Final = 10.0


class CommandError(EventsError):
    """A command or a result that cannot be understood."""


class Verb(StrEnum):
    """What may be wanted."""

    IDENTIFY = "identify"  # A device signals three times, so that somebody finds it.
    PAUSE = "pause"  # A device is let go, until resume or a restart of the gateway.
    RESUME = "resume"
    RELOAD = "reload"  # gateway.toml is read anew.


@dataclass(frozen=True, slots=True)
class Command:
    """A wish; without a device it means all of them."""

    verb: Verb
    device: str | None = None

    def encode(self) -> bytes:
        """The body of its message."""
        told = {"command": self.verb.value} | ({"device": self.device} if self.device else {})
        return json.dumps(told).encode()

    @classmethod
    def parse(cls, body: bytes) -> Command:
        """The command in a message; raises CommandError.

        >>> Command.parse(b'{"command": "pause", "device": "scanner-1"}')
        Command(verb=<Verb.PAUSE: 'pause'>, device='scanner-1')
        """
        told = _read(body)
        device = told.get("device")
        if told.get("command") not in set(Verb) or not (device is None or isinstance(device, str)):
            raise CommandError(f"Failed to read a command: expected one of {', '.join(Verb)}.")
        return cls(Verb(str(told["command"])), device or None)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of a command, with a sentence for whoever gave it."""

    done: bool
    say: str

    def encode(self) -> bytes:
        """The body of its message."""
        return json.dumps({"state": "done" if self.done else "refused", "say": self.say[:MAX_SAY]}).encode()

    @classmethod
    def parse(cls, body: bytes) -> CommandResult:
        """The result in a message; raises CommandError.

        >>> CommandResult.parse(b'{"state": "done", "say": "Paused scanner-1."}').done
        True
        """
        told = _read(body)
        state, say = told.get("state"), told.get("say")
        if state not in ("done", "refused") or not isinstance(say, str):
            raise CommandError("Failed to read a result: expected a state, done or refused, and a sentence.")
        return cls(state == "done", say[:MAX_SAY])


def _read(body: bytes) -> dict[str, object]:
    if len(body) > MAX_BYTES:
        raise CommandError(f"Failed to read a message: expected at most {MAX_BYTES} bytes, got {len(body)}.")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CommandError("Failed to read a message: it is no JSON.") from error
    if not isinstance(told, dict):
        raise CommandError(f"Failed to read a message: expected an object, got {type(told).__name__}.")
    return told
