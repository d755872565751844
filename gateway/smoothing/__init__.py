"""From many reads to the few sightings that matter: repeated scans dropped, tags arrived, moved and left."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from gateway.decode import Reading
from gateway.protocols.reads import CodeRead, InputChange, TagRead
from gateway.smoothing.options import DEFAULTS, SmoothingOptions
from gateway.smoothing.passage import Passage
from gateway.smoothing.passage_options import PassageOptions
from gateway.smoothing.presence import Tag
from gateway.smoothing.scans import Repeats
from gateway.smoothing.sightings import Sighting, SightingKind, tag_sighting

__all__ = ["PassageOptions", "Sighting", "SightingKind", "Smoother", "SmoothingOptions", "ZoneOf"]

# (reader, antenna) to zone: the read point's key. Antennas of one read point share it, so that a tag never
# moves between them.
ZoneOf = Callable[[str, int | None], str]

MAX_TAGS: Final = 20_000


class Smoother:
    """Not thread-safe: one thread calls it. `now` is monotonic seconds, `at` the wall clock of the same moment."""

    def __init__(
        self,
        options: Mapping[str, SmoothingOptions],
        zone_of: ZoneOf,
        *,
        passages: Mapping[str, PassageOptions] | None = None,
        max_tags: int = MAX_TAGS,
    ) -> None:
        """`options` by reader name; a reader without any has the defaults. `passages` by name of the doors' readers."""
        self._options = options
        self._zone_of = zone_of
        self._max_tags = max_tags
        # Tags present somewhere, and tags read but not yet sure; in both the one unread for longest is first.
        self._present: dict[str, Tag] = {}
        self._unsure: dict[str, Tag] = {}
        self._evicted: list[Sighting] = []
        #: repeats, weak, filtered, unchanged and evicted since the start: what did not become a sighting.
        self.counts: Counter[str] = Counter()
        self._repeats = Repeats(self.counts)
        self._passages = self._doors(passages or {})
        # Doors that nobody watches any more, until the passage is over that went on then.
        self._ending: list[Passage] = []

    def _doors(self, passages: Mapping[str, PassageOptions]) -> dict[str, Passage]:
        return {
            name: Passage(passage, self._options.get(name, DEFAULTS), self.counts) for name, passage in passages.items()
        }

    def adopt(self, options: Mapping[str, SmoothingOptions], passages: Mapping[str, PassageOptions]) -> None:
        """Go on with other options: tags that are present stay so, and passages that go on are told when over."""
        self._options = options
        doors = self._doors(passages)
        kept = {name for name, door in doors.items() if name in self._passages and door.same_as(self._passages[name])}
        self._ending += [door for name, door in self._passages.items() if name not in kept and door.restless]
        self._passages = {name: self._passages[name] if name in kept else door for name, door in doors.items()}

    def observe(self, reading: Reading, now: float, at: datetime) -> Sighting | None:
        """None: swallowed (a repeat, or nothing new); acknowledge its read all the same."""
        read = reading.read
        options = self._options.get(read.reader, DEFAULTS)
        if isinstance(read, CodeRead):
            zone = self._zone_of(read.reader, None)
            return self._repeats.observe(reading, read, options, now=now, at=at, zone=zone)
        if not self._wanted(read, options):
            return None
        if passage := self._passages.get(read.reader):
            passage.note(reading, read, self._zone_of(read.reader, read.antenna), now=now, at=at)
            return None
        sighting = self._follow(self._tag(reading, read), read, options, now=now, at=at)
        if len(self._present) + len(self._unsure) > self._max_tags:
            self._make_room(at)
        return sighting

    def hear(self, change: InputChange, now: float) -> None:
        """An input of a reader changed; it means something at a door alone."""
        if passage := self._passages.get(change.reader):
            passage.hear(change, now)

    def stored(self, sighting: Sighting, sequence: int) -> None:
        """Remember under which sequence a code was stored, for `repeat_of` where repeats are kept."""
        if isinstance(sighting.reading.read, CodeRead):
            self._repeats.stored(sighting.reading.read, sequence)

    def _tag(self, reading: Reading, read: TagRead) -> Tag:
        """The tag's record, now the youngest of its kind."""
        present = self._present.pop(read.epc, None)
        if present is not None:
            self._present[read.epc] = present
            present.reading = reading
            return present
        tag = self._unsure.pop(read.epc, None) or Tag(reading)
        self._unsure[read.epc] = tag
        tag.reading = reading
        return tag

    def _follow(
        self, tag: Tag, read: TagRead, options: SmoothingOptions, *, now: float, at: datetime
    ) -> Sighting | None:
        zone, previous = self._zone_of(read.reader, read.antenna), tag.zone
        place = tag.note(zone, read, options, now=now, at=at)
        if previous == zone:
            # Nearly every read of a busy gate ends here.
            self.counts["unchanged"] += 1
            return None
        sure = place.sure(options)
        if previous is None and sure:
            tag.enter(zone)
            self._present[read.epc] = self._unsure.pop(read.epc)
            return tag_sighting("tag_arrived", tag, at)
        if previous is not None and sure and tag.stronger_in(zone, options, now):
            tag.enter(zone)
            return tag_sighting("tag_moved", tag, at, previous_zone=previous)
        self.counts["unchanged"] += 1
        return None

    def _wanted(self, read: TagRead, options: SmoothingOptions) -> bool:
        if options.rssi_min_dbm is not None and read.rssi_dbm is not None and read.rssi_dbm < options.rssi_min_dbm:
            self.counts["weak"] += 1
            return False
        left_out = options.epc_include and not read.epc.startswith(options.epc_include)
        if left_out or read.epc.startswith(options.epc_exclude):
            self.counts["filtered"] += 1
            return False
        return True

    def sweep(self, now: float, at: datetime) -> list[Sighting]:
        """The tags that left, and those whose passage is over; call it about once a second."""
        left, self._evicted = self._evicted, []
        for epc in [epc for epc, tag in self._present.items() if tag.silent(now)]:
            left.append(tag_sighting("tag_left", self._present.pop(epc), at))
        for epc in [epc for epc, tag in self._unsure.items() if tag.silent(now)]:
            del self._unsure[epc]
        for passage in (*self._passages.values(), *self._ending):
            left += passage.sweep(now, at)
        self._ending = [passage for passage in self._ending if passage.restless]
        return left

    def _make_room(self, at: datetime) -> None:
        """Beyond the limit the tag unread for longest goes: first those never sure, then present ones, as left."""
        self.counts["evicted"] += 1
        if len(self._unsure) > 1 or not self._present:
            del self._unsure[next(iter(self._unsure))]
            return
        oldest = self._present.pop(next(iter(self._present)))
        self._evicted.append(tag_sighting("tag_left", oldest, at))

    @property
    def restless(self) -> bool:
        """Whether time alone may change something, so that sweep() is due."""
        return bool(self._present or self._ending) or any(passage.restless for passage in self._passages.values())

    @property
    def present(self) -> int:
        """How many tags are present now."""
        return len(self._present)
