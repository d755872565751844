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
    """One tag in one zone, since it was first read there. There may be thousands: what it holds is counted in bytes."""

    zone: str
    first_seen_at: datetime
    last_seen_at: datetime
    heard_at: float
    antenna: int | None = None
    reads: int = 0
    # A list, because a deque takes 600 bytes for its first entry.
    _rssi: list[float] = field(default_factory=list)
    # The last reads, as many as make it sure; None once that is settled.
    _moments: list[float] | None = field(default_factory=list)

    def note(self, read: TagRead, options: SmoothingOptions, *, now: float, at: datetime) -> None:
        """One more report of this tag here; a reader may count several reads in it."""
        self.last_seen_at, self.heard_at, self.antenna = at, now, read.antenna
        self.reads += read.count
        if read.rssi_dbm is not None:
            self._rssi.append(read.rssi_dbm)
            if len(self._rssi) > SAMPLES:
                del self._rssi[0]
        if self._moments is not None:
            self._note_moment(self._moments, read.count, options.min_reads, now)

    @staticmethod
    def _note_moment(moments: list[float], count: int, most: int, now: float) -> None:
        moments.append(now)
        if count > 1:
            moments.extend(repeat(now, min(count, most) - 1))
        del moments[:-most]

    def sure(self, options: SmoothingOptions) -> bool:
        """Whether enough reads came within the window to believe that the tag is here."""
        moments = self._moments
        if moments is None:
            return True
        return len(moments) == options.min_reads and moments[-1] - moments[0] <= options.window_ms / 1000

    def settle(self) -> None:
        """The tag is believed to be here: nobody will ask again how sure that is."""
        self._moments = None

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
    # Nearly always one, for which a dict takes three times as much.
    _places: list[Place] = field(default_factory=list)

    def note(self, zone: str, read: TagRead, options: SmoothingOptions, *, now: float, at: datetime) -> Place:
        """One more report of this tag from `zone`."""
        self.read, self.heard_at, self.departs_after = read, now, options.departed_after
        place = self.place_in(zone)
        if place is None or now - place.heard_at >= options.departed_after:
            # What a zone heard long ago says nothing about where the tag is now.
            self._forget(place)
            place = Place(zone, at, at, now)
            self._places.append(place)
        place.note(read, options, now=now, at=at)
        return place

    def enter(self, zone: str) -> None:
        """The tag is in `zone` from now on; to come back it must convince its old zone afresh."""
        if self.zone is not None:
            self._forget(self.place_in(self.zone))
        if (place := self.place_in(zone)) is not None:
            place.settle()
        self.zone = zone

    def place_in(self, zone: str) -> Place | None:
        """What this zone heard of the tag."""
        for place in self._places:
            if place.zone == zone:
                return place
        return None

    def _forget(self, place: Place | None) -> None:
        self._places = [other for other in self._places if other is not place]

    def stronger_in(self, zone: str, options: SmoothingOptions, now: float) -> bool:
        """Whether `zone` hears the tag so much better than its present one that it must have moved."""
        assert self.zone is not None
        old, new = self.place_in(self.zone), self.place_in(zone)
        assert old is not None
        assert new is not None
        silence = now - old.heard_at - options.move_holdoff_ms / 1000
        needed = options.move_threshold_db - options.move_slope_db_per_s * silence
        return _gain(old, new) > min(options.move_threshold_db, needed)

    def silent(self, now: float) -> bool:
        """Whether it has not been read for so long that it has left."""
        return now - self.heard_at >= self.departs_after


def _gain(old: Place, new: Place) -> float:
    """By how many dB the new place hears better; 0 where a reader tells no signal strength."""
    if old.rssi_dbm is None or new.rssi_dbm is None:
        return 0.0
    return new.rssi_dbm - old.rssi_dbm
