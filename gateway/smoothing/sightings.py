"""What smoothing tells the rest of the gateway."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.decode import Reading
from gateway.smoothing.presence import Tag

SightingKind = Literal["code_scanned", "tag_arrived", "tag_moved", "tag_left"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something worth an event. Tag fields are None for a scanned code.

    `observed_at` is when it was decided, `first_seen_at` and `last_seen_at` when the tag was first and last
    read in this zone. `repeat_of` is the sequence of the scan that this one repeats, where repeats are kept.
    `direction` is a_to_b, b_to_a or unsure where a door can tell.
    """

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
    direction: str | None = None


def tag_sighting(
    kind: SightingKind, tag: Tag, reading: Reading, at: datetime, *, previous_zone: str | None = None
) -> Sighting:
    """A sighting of a tag in the zone it is present in."""
    assert tag.zone is not None
    place = tag.place_in(tag.zone)
    assert place is not None
    return Sighting(
        kind,
        reading,
        at,
        tag.zone,
        antenna=place.antenna,
        rssi_dbm=place.rssi_dbm,
        reads=place.reads,
        first_seen_at=place.first_seen_at,
        last_seen_at=place.last_seen_at,
        previous_zone=previous_zone,
    )
