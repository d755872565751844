"""One door: its reads between a beginning and an end are one passage, told when it is over.

The cycle is that of the standard for reading tags (ALE): a trigger or a first read begins it; quiet, the trigger's
end or the longest time ends it. Reads outside a cycle that a trigger must begin are left out, and counted.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.decode import Reading
from gateway.protocols.reads import InputChange, TagRead
from gateway.smoothing.direction import Beams, Direction, Heard, by_sides
from gateway.smoothing.options import SmoothingOptions
from gateway.smoothing.passage_options import PassageOptions
from gateway.smoothing.presence import Place
from gateway.smoothing.sightings import Sighting
from gateway.smoothing.strongest import Antenna, strongest

#: Tags of one passage, and tags remembered outside one; a passage that is full ends at once.
MAX_TAGS: Final = 5_000


@dataclass(slots=True)
class _Passing:
    """One tag on its way through the door."""

    #: The last one.
    read: TagRead
    place: Place
    #: By zone and antenna: several antennas may share a read point.
    antennas: dict[tuple[str, int | None], Antenna] = field(default_factory=dict)
    sides: dict[str, Heard] = field(default_factory=dict)


class Passage:
    """One reader's door. `now` is monotonic seconds, `at` the wall clock of the same moment."""

    def __init__(
        self,
        options: PassageOptions,
        smoothing: SmoothingOptions,
        counts: Counter[str],
        decode: Callable[[TagRead], Reading],
    ) -> None:
        self._options, self._smoothing, self._counts, self._decode = options, smoothing, counts, decode
        self._by_reads, self._by_sides = options.trigger == "reads", options.direction == "antennas"
        self._tags: dict[str, _Passing] = {}
        # Begun by reads: tags that were told, and when they were last read; the one silent for longest is first.
        self._told: dict[str, float] = {}
        self._beams = Beams(options.inputs)
        self._began_at: float | None = None
        #: The last moment that keeps the passage going.
        self._alive_at = 0.0

    def same_as(self, other: "Passage") -> bool:
        """Whether both judge alike."""
        return (self._options, self._smoothing) == (other._options, other._smoothing)

    @property
    def open(self) -> bool:
        """Whether a passage goes on."""
        return self._began_at is not None

    @property
    def restless(self) -> bool:
        """Whether time alone may change something here."""
        return self.open or bool(self._tags)

    def note(self, read: TagRead, zone: str, *, now: float, at: datetime) -> None:
        """One tag was read."""
        if self._by_reads:
            if self._told and self._is_parked(read.epc, now):
                return
            if self._began_at is None:
                self._begin(now)
            self._alive_at = now
        passing = self._tags.get(read.epc)
        if passing is None:
            if len(self._tags) >= MAX_TAGS and not self.open:
                del self._tags[next(iter(self._tags))]
            passing = self._tags[read.epc] = _Passing(read, Place(zone, at, at, now))
            # How sure a passage is, its reads tell.
            passing.place.settle()
            self._alive_at = now
        passing.read = read
        self._note_antenna(passing, zone, read, now)
        passing.place.note(read, self._smoothing, now=now, at=at)
        if self._by_sides:
            self._note_side(passing, zone, now, read.rssi_dbm)

    @staticmethod
    def _note_antenna(passing: _Passing, zone: str, read: TagRead, now: float) -> None:
        antenna = passing.antennas.get((zone, read.antenna))
        if antenna is None:
            antenna = passing.antennas[zone, read.antenna] = Antenna(zone, read.antenna)
        antenna.note(read, now)

    @staticmethod
    def _note_side(passing: _Passing, zone: str, now: float, rssi_dbm: float | None) -> None:
        heard = passing.sides.get(zone)
        if heard is None:
            heard = passing.sides[zone] = Heard()
        heard.note(now, rssi_dbm)

    def hear(self, change: InputChange, now: float) -> None:
        """An input of the reader changed."""
        broken = change.high is (self._options.input_active == "high")
        self._beams.note(change.pin, broken)
        if change.pin not in self._options.inputs or self._options.trigger != "input":
            return
        if broken and not self.open:
            self._drop_older(now)
            self._begin(now)
        self._alive_at = now

    def forget_inputs(self) -> None:
        """Nobody tells any more how the inputs stand, so none of them holds the passage."""
        self._beams.forget()

    def _begin(self, now: float) -> None:
        self._began_at = self._alive_at = now
        self._beams.begin()

    def _drop_older(self, now: float) -> None:
        """What was read too long before the trigger has nothing to do with it."""
        oldest = now - self._options.before_ms / 1000
        stale = [epc for epc, passing in self._tags.items() if passing.place.heard_at < oldest]
        for epc in stale:
            del self._tags[epc]
        self._counts["untriggered"] += len(stale)

    def _is_parked(self, epc: str, now: float) -> bool:
        told_at = self._told.pop(epc, None)
        if told_at is None or now - told_at >= self._options.again_after:
            return False
        self._told[epc] = now
        self._counts["unchanged"] += 1
        return True

    def sweep(self, now: float, at: datetime) -> list[Sighting]:
        """The tags of the passage that is over, or nothing."""
        self._forget(now)
        if self._began_at is None:
            self._drop_older(now)
            return []
        if not self._is_over(now, self._began_at):
            return []
        tags, self._tags, self._began_at = self._tags, {}, None
        told = [self._tell(epc, passing, now, at) for epc, passing in tags.items()]
        if self._beams.broken:
            # Whatever stands in the door still is the beginning of the next passage.
            self._begin(now)
        return [sighting for sighting in told if sighting is not None]

    def _is_over(self, now: float, began_at: float) -> bool:
        if now - began_at >= self._options.longest_ms / 1000 or len(self._tags) >= MAX_TAGS:
            return True
        held = self._options.trigger == "input" and self._beams.broken
        return not held and now - self._alive_at >= self._options.quiet_ms / 1000

    def _forget(self, now: float) -> None:
        while self._told:
            oldest = next(iter(self._told))
            if now - self._told[oldest] < self._options.again_after and len(self._told) <= MAX_TAGS:
                return
            del self._told[oldest]

    def _tell(self, epc: str, passing: _Passing, now: float, at: datetime) -> Sighting | None:
        place = passing.place
        if place.reads < self._smoothing.min_reads:
            self._counts["unsure"] += 1
            return None
        if self._options.trigger == "reads":
            self._told[epc] = place.heard_at
        direction = self._direction(passing)
        best = strongest(passing.antennas.values(), self._smoothing.min_reads)
        zone = self._options.told_at(direction, best.zone)
        if not zone:
            self._counts["undirected"] += 1
            return None
        return Sighting(
            "tag_arrived",
            self._decode(passing.read),
            at,
            zone,
            antenna=best.antenna,
            rssi_dbm=best.rssi_dbm,
            reads=place.reads,
            first_seen_at=place.first_seen_at,
            last_seen_at=place.last_seen_at,
            direction=None if self._options.direction == "none" else direction,
        )

    def _direction(self, passing: _Passing) -> Direction:
        options = self._options
        if options.direction == "beams":
            return self._beams.direction()
        sides = passing.sides
        return by_sides(sides.get(options.side_a), sides.get(options.side_b), options.gap_ms / 1000)
