"""From many reads to the few sightings that matter: repeats dropped, tags present, moved and departed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.decode import Reading

SightingKind = Literal["code_scanned", "tag_arrived", "tag_moved", "tag_left"]
ZoneOf = Callable[[str, int | None], str]  # (reader, antenna) -> zone; antennas of one read point share it.


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something worth an event. Tag fields are None for a scanned code."""

    kind: SightingKind
    reading: Reading
    observed_at: datetime
    zone: str
    antenna: int | None = None
    rssi_dbm: float | None = None
    reads: int | None = None
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    previous_zone: str | None = None
    repeat_of: int | None = None


class Smoother:
    """Not thread-safe: one thread calls it. `now` is monotonic seconds, `at` the wall clock of the same moment."""

    def __init__(self, options: Mapping[str, object], zone_of: ZoneOf) -> None:
        """`options`: SmoothingOptions by reader name."""

    def observe(self, reading: Reading, now: float, at: datetime) -> Sighting | None:
        """None: swallowed (a repeat, or not yet sure); acknowledge its read all the same."""

    def stored(self, sighting: Sighting, sequence: int) -> None:
        """Remember under which sequence a code was stored, for `repeat_of` where repeats are kept."""

    def sweep(self, now: float, at: datetime) -> list[Sighting]:
        """The tags that left; call it about once a second."""
