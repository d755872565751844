"""What makes a driver: its name and options, its machine, and where its source is found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.protocols.reads import Read, Sign

#: One recorded piece of bytes in, its reads and changes of inputs out; a piece may end anywhere in a stream, but a
#: message is whole.
Feed = Callable[[bytes], Sequence[Sign]]


@dataclass(frozen=True, slots=True)
class Driver:
    """One driver. Everything about a device that is no transport can be tried without one.

    `options` is a frozen dataclass with a classmethod parse(table), see protocols.options. `machine(name, options)`
    is the sans-I/O half: recordings are replayed through it. `source` names a function as "module:function", which
    is imported when a device needs it; it takes name, options and sources.base.Surroundings and gives a Source.
    `example` is the smallest table that parses.
    """

    name: str
    summary: str
    options: type[Any]
    reads: tuple[str, ...]
    limitations: tuple[str, ...]
    source: str
    machine: Callable[[str, Any], Feed]
    example: Mapping[str, object]


class Machine(Protocol):
    """A device that is talked to: bytes and moments in, reads and commands out. `now` is monotonic seconds.

    The source calls it from one thread: open() when the connection stands, feed() with each chunk, tick() when
    next_at() has come or earlier, and sends what commands() gives after each of these.
    """

    @property
    def counts(self) -> Mapping[str, int]:
        """What was seen and left out since the start."""

    @property
    def waiting(self) -> bool:
        """Whether a frame has begun and not ended."""

    def open(self, now: float) -> None:
        """The connection stands: forget the one before, and begin."""

    def feed(self, data: bytes, now: float) -> Sequence[Sign]:
        """The reads, and the changes of inputs, that ended within this chunk."""

    def tick(self, now: float) -> Sequence[Sign]:
        """Time has passed: ask again, or give up on half a frame."""

    def next_at(self) -> float:
        """The moment at which tick() has something to do."""

    def commands(self) -> list[bytes]:
        """What to send now; each command is given once."""

    def close(self) -> None:
        """Say good-bye: what commands() gives now is the last that is sent."""

    @property
    def ready(self) -> bool:
        """Whether the device has answered and is able to read."""

    @property
    def trouble(self) -> str | None:
        """What the device complains about, as a sentence, until it is over."""

    @property
    def dead(self) -> str | None:
        """Why the connection must be opened anew, as a sentence."""

    def acknowledge(self, read: Read) -> None:
        """The read is stored."""

    def refuse(self, read: Read) -> None:
        """The read could not be stored."""

    def feedback(self, signal: str) -> None:
        """Show ok, warn, stop or stored, where the device can."""
