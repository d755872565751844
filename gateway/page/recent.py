"""The last reads of each device, so that a person sees what a reader really sends."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from gateway.protocols.reads import Read
from orderlight.events import Event

#: Reads kept of one device, and the longest code of which all bytes are kept.
KEPT: Final = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """One read, when it came by the local clock, and the event it became; None where it was left out as a repeat."""

    at: float
    read: Read
    event: Event | None


class Recent:
    """note() comes from the devices' threads, one at a time; of() from any."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[Seen]] = {}

    def note(self, seen: Seen) -> None:
        """One more read."""
        device = seen.read.reader
        reads = self._seen.get(device)
        if reads is None:
            reads = self._seen[device] = deque(maxlen=KEPT)
        reads.append(seen)

    def of(self, device: str) -> list[Seen]:
        """The device's last reads, the newest first."""
        return list(reversed(self._seen.get(device, deque()).copy()))

    def newest(self, count: int) -> list[Seen]:
        """The last reads of all devices, the newest first."""
        every = [seen for reads in tuple(self._seen.values()) for seen in reads.copy()]
        return sorted(every, key=lambda seen: seen.at, reverse=True)[:count]

    def keep(self, devices: Collection[str]) -> None:
        """Forget the reads of all other devices."""
        for gone in [name for name in tuple(self._seen) if name not in devices]:
            self._seen.pop(gone, None)
