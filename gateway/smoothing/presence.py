"""Where one tag is, judged by how often and how loudly each zone hears it.

The thresholds and their fall over time follow EdgeX's app-rfid-llrp-inventory: a new zone must beat the mean
signal of the old one by 6 dB, less the longer the old zone has been silent.
"""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from typing import Final

from gateway.protocols.reads import TagRead
from gateway.smoothing.options import SmoothingOptions

#: Reads whose mean signal strength counts.
SAMPLES: Final = 20


@dataclass(slots=True)
class Place:
    """One tag in one zone, since it was first read there."""

    first_seen_at: datetime
    last_seen_at: datetime
    heard_at: float
    antenna: int | None = None
    reads: int = 0
    # Lists, because a deque takes 600 bytes for its first entry and there are two for each of thousands of tags.
    _rssi: list[float] = field(default_factory=list)
    #: The last reads, as many as make it sure.
    _moments: list[float] = field(default_factory=list)

    def note(self, read: TagRead, options: SmoothingOptions, *, now: float, at: datetime) -> None:
        """One more report of this tag here; a reader may count several reads in it."""
        self.last_seen_at, self.heard_at, self.antenna = at, now, read.antenna
        self.reads += read.count
        if read.rssi_dbm is not None:
            self._rssi.append(read.rssi_dbm)
            if len(self._rssi) > SAMPLES:
                del self._rssi[0]
        moments, most = self._moments, options.min_reads
        moments.append(now)
        if read.count > 1:
            moments.extend(repeat(now, min(read.count, most) - 1))
        if len(moments) > most:
            del moments[:-most]

    def sure(self, options: SmoothingOptions) -> bool:
        """Whether enough reads came within the window to believe that the tag is here."""
        enough = len(self._moments) == options.min_reads
        return enough and self._moments[-1] - self._moments[0] <= options.window_ms / 1000

    @property
    def rssi_dbm(self) -> float | None:
        """Mean signal strength of the last reads in dBm, rounded to tenths."""
        return round(sum(self._rssi) / len(self._rssi), 1) if self._rssi else None


@dataclass(slots=True)
class Tag:
    """One tag: the zone it is present in (None: not yet sure of any), and what each zone heard of it."""

    #: The last one.
    read: TagRead
    zone: str | None = None
    heard_at: float = 0.0
    departs_after: float = 0.0
    places: dict[str, Place] = field(default_factory=dict)

    def note(self, zone: str, read: TagRead, options: SmoothingOptions, *, now: float, at: datetime) -> Place:
        """One more report of this tag from `zone`."""
        self.read, self.heard_at, self.departs_after = read, now, options.departed_after
        place = self.places.get(zone)
        if place is None or now - place.heard_at >= options.departed_after:
            # What a zone heard long ago says nothing about where the tag is now.
            place = self.places[zone] = Place(at, at, now)
        place.note(read, options, now=now, at=at)
        return place

    def enter(self, zone: str) -> None:
        """The tag is in `zone` from now on; to come back it must convince its old zone afresh."""
        if self.zone is not None:
            del self.places[self.zone]
        self.zone = zone

    def stronger_in(self, zone: str, options: SmoothingOptions, now: float) -> bool:
        """Whether `zone` hears the tag so much better than its present one that it must have moved."""
        assert self.zone is not None
        old = self.places[self.zone]
        silence = now - old.heard_at - options.move_holdoff_ms / 1000
        needed = options.move_threshold_db - options.move_slope_db_per_s * silence
        return _gain(old, self.places[zone]) > min(options.move_threshold_db, needed)

    def silent(self, now: float) -> bool:
        """Whether it has not been read for so long that it has left."""
        return now - self.heard_at >= self.departs_after


def _gain(old: Place, new: Place) -> float:
    """By how many dB the new place hears better; 0 where a reader tells no signal strength."""
    if old.rssi_dbm is None or new.rssi_dbm is None:
        return 0.0
    return new.rssi_dbm - old.rssi_dbm
