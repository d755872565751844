"""What the supervisor may expect of every source."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from gateway.protocols.reads import DeviceState, Read, Sign

Emit = Callable[[Sign], None]
Report = Callable[[DeviceState], None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source may know of the gateway: its name, and the folder for what the device's reads are proved by."""

    gateway: str
    evidence: Path


class SourceLost(Exception):
    """The device went away or does not answer; `reason` is a sentence for people. run() may be called again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Source(Protocol):
    """One device. run() belongs to one thread; feedback(), acknowledge() and cancel() may come from any."""

    @property
    def name(self) -> str:
        """The device's name in gateway.toml."""

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """Read until `stop` is set; raises SourceLost when the device goes away, and may be called again."""

    def feedback(self, signal: str) -> None:
        """Show ok, warn, stop or stored at the device; does nothing while it is away or has no such means."""

    def acknowledge(self, read: Read) -> None:
        """Tell the device that this read is stored; once for every read that was emitted.

        A tag read without `delivery` that told nothing new is left out: no device waits for it.
        """

    def cancel(self) -> None:
        """Make a blocked run() look at `stop` now; call it after setting `stop`."""

    def counters(self) -> dict[str, int]:
        """What was seen and left out since the start: frames, noise bytes, ignored messages."""


@runtime_checkable
class Refuses(Protocol):
    """A source that can ask its device for a read again; all of ours can, a recording cannot."""

    def refuse(self, read: Read) -> None:
        """Tell the device that this read could not be stored, instead of acknowledging it; from any thread."""
