"""What goes wrong between a device and its host, drawn from a seed: bytes in, what is left of them out."""

import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Fault(StrEnum):
    """One way to fail. A piece is what the device sends at once: a line, a frame, a message, a post."""

    DROP = "drop"  # A whole piece is lost.
    LOST_BYTE = "lost-byte"  # One byte of a piece is lost.
    DUPLICATE = "duplicate"  # A piece comes twice.
    NOISE = "noise"  # Random bytes come before a piece.
    HALF_FRAME = "half-frame"  # A piece breaks off in its middle; in a network the connection breaks with it.
    WRONG_BAUD = "wrong-baud"  # The device speaks at another rate than its host.
    REBOOT = "reboot"  # The device is away for some seconds and has forgotten everything.
    CLOCK_2000 = "clock-2000"  # Its clock starts at the first of January 2000.


MEANINGS: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.DROP: "a frame, line, message or post is lost",
        Fault.LOST_BYTE: "one byte of it is lost",
        Fault.DUPLICATE: "it comes twice",
        Fault.NOISE: "random bytes come before it",
        Fault.HALF_FRAME: "it breaks off in its middle",
        Fault.WRONG_BAUD: "the device speaks at another rate than its host",
        Fault.REBOOT: "the device is away for some seconds and has forgotten everything",
        Fault.CLOCK_2000: "its clock starts at the year 2000",
    }
)
#: These hold from their beginning to their end; the others befall a piece with a chance.
LASTING: Final = (Fault.WRONG_BAUD, Fault.CLOCK_2000)
#: The rate of a host that does not say its own, and that of a device which has forgotten its setting.
USUAL_BAUD: Final = 9600
FACTORY_BAUD: Final = 115_200
YEAR_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LONGEST_NOISE: Final = 6


class FaultRefused(ValueError):
    """This device cannot fail in this way; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What is left of a piece: none, one or several; `broken` where a connection would break after them."""

    pieces: tuple[bytes, ...]
    broken: bool = False


class Faults:
    """The faults of one device, begun and ended at any time, from any thread; equal seeds spoil equal pieces alike.

    `cannot` says which it cannot have, and why. A piece is cut at multiples of `unit` bytes.

    >>> faults = Faults(seed=1)
    >>> faults.begin(Fault.DUPLICATE)
    >>> faults.spoil(b"OLU00113")
    Spoiled(pieces=(b'OLU00113', b'OLU00113'), broken=False)
    """

    def __init__(self, seed: int = 0, *, cannot: Mapping[Fault, str] | None = None, unit: int = 1) -> None:
        self._random = random.Random(f"faults {seed}")
        self._cannot = cannot or {}
        self._unit = unit
        self._chances: dict[Fault, float] = {}
        self._reset_at: datetime | None = None
        self._lock = threading.Lock()

    def begin(self, fault: Fault, chance: float = 1.0) -> None:
        """From now on a piece has this chance to suffer it; raises FaultRefused."""
        self.expect(fault)
        if fault is Fault.REBOOT:
            raise FaultRefused("A reboot is a moment and has no chance: let the device reboot when you want it to.")
        if not 0 < chance <= 1:
            raise FaultRefused(f"Failed to begin {fault}: expected a chance above 0 and up to 1, got {chance}.")
        if fault in LASTING and chance != 1:
            raise FaultRefused(f"Failed to begin {fault}: it holds until it ends, and takes no chance.")
        with self._lock:
            self._chances[fault] = chance
            self._reset_at = None if fault is Fault.CLOCK_2000 else self._reset_at

    def expect(self, fault: Fault) -> None:
        """Raise FaultRefused where the device cannot have it."""
        if reason := self._cannot.get(fault):
            raise FaultRefused(f"{fault}: {reason}")

    def end(self, fault: Fault) -> None:
        """All is well again in this respect."""
        with self._lock:
            self._chances.pop(fault, None)

    def active(self) -> dict[Fault, float]:
        """What is going wrong, with its chance, in the order of Fault."""
        with self._lock:
            return {fault: self._chances[fault] for fault in Fault if fault in self._chances}

    def possible(self) -> list[Fault]:
        """What this device can suffer."""
        return [fault for fault in Fault if fault not in self._cannot]

    def is_on(self, fault: Fault) -> bool:
        """Whether it has begun and not ended."""
        return fault in self._chances

    def spoil(self, piece: bytes) -> Spoiled:
        """What the host gets of a piece."""
        if not self._chances:
            return Spoiled((piece,))
        with self._lock:
            if self._befalls(Fault.DROP):
                return Spoiled(())
            piece = self._without_a_byte(piece) if self._befalls(Fault.LOST_BYTE) else piece
            halved = self._befalls(Fault.HALF_FRAME) and len(piece) > self._unit
            piece = self._half(piece) if halved else piece
            noise = (self._noise(),) if self._befalls(Fault.NOISE) else ()
            again = (piece,) if self._befalls(Fault.DUPLICATE) else ()
        return Spoiled((*noise, piece, *again), broken=halved)

    def clock(self, now: datetime) -> datetime:
        """The device's own clock, where the true one shows `now`."""
        if not self.is_on(Fault.CLOCK_2000):
            return now
        with self._lock:
            self._reset_at = self._reset_at or now
            return YEAR_2000 + (now - self._reset_at)

    def baud(self, host: int) -> int:
        """The rate at which the device speaks to a host at rate `host`."""
        if not self.is_on(Fault.WRONG_BAUD):
            return host
        return USUAL_BAUD if host == FACTORY_BAUD else FACTORY_BAUD

    def _befalls(self, fault: Fault) -> bool:
        chance = self._chances.get(fault)
        return chance is not None and self._random.random() < chance

    def _without_a_byte(self, piece: bytes) -> bytes:
        at = self._random.randrange(len(piece))
        return piece[:at] + piece[at + 1 :]

    def _half(self, piece: bytes) -> bytes:
        return piece[: self._unit * self._random.randint(1, (len(piece) - 1) // self._unit)]

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.randint(1, _LONGEST_NOISE))


def parse_fault(text: str) -> tuple[Fault, float]:
    """A fault as it is written, with its chance: "noise" or "noise=0.2".

    >>> parse_fault("half-frame=0.2")
    (<Fault.HALF_FRAME: 'half-frame'>, 0.2)
    """
    name, _equals, chance = text.partition("=")
    try:
        return Fault(name), float(chance or 1)
    except ValueError:
        raise FaultRefused(
            f"Failed to read {text!r} as a fault: expected one of {', '.join(Fault)}, such as noise or noise=0.2."
        ) from None


# --- the wrong rate ---


def heard_at(data: bytes, *, sent: int, heard: int) -> bytes:
    """What a receiver at `heard` baud makes of bytes sent without a gap at `sent` baud, 8N1.

    The receiver samples the line in the middle of its own bits from each falling edge on. Where the stop bit is
    missing it gives NUL, as a serial driver does that is not asked to mark faults (termios: IGNPAR and PARMRK off).

    >>> heard_at(b"OLU00113", sent=9600, heard=9600)
    b'OLU00113'
    >>> heard_at(b"OLU00113", sent=9600, heard=115200) == b"OLU00113"
    False
    """
    return data if sent == heard else bytes(_received(_line(data), sent / heard))


def _line(data: bytes) -> list[int]:
    """The line's levels, one a bit of the sender: start bit, eight data bits with the lowest first, stop bit."""
    bits = [1]
    for byte in data:
        bits += [0, *(byte >> bit & 1 for bit in range(8)), 1]
    return bits


def _received(line: list[int], bits_a_sample: float) -> Iterator[int]:
    at = 0
    while (edge := _falling(line, at)) is not None:
        levels = [_level(line, edge + (bit + 0.5) * bits_a_sample) for bit in range(10)]
        if not levels[0]:
            whole = levels[9] == 1
            yield sum(level << bit for bit, level in enumerate(levels[1:9])) if whole else 0
            # After a missing stop bit the line must rise before it can fall again.
            at = max(edge + 1, int(edge + 9.5 * bits_a_sample))
        else:
            # Shorter than half a bit of the receiver: it takes that for a disturbance.
            at = edge + 1


def _falling(line: list[int], at: int) -> int | None:
    """Where the line falls at `at` or later."""
    return next((bit for bit in range(max(1, at), len(line)) if line[bit - 1] and not line[bit]), None)


def _level(line: list[int], moment: float) -> int:
    return line[int(moment)] if moment < len(line) else 1
