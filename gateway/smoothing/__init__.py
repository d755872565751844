"""From many reads to the few sightings that matter: repeated scans dropped, tags arrived, moved and left.

A busy gate reads its tags thousands of times for each sighting, so what a read means is asked only for a sighting.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.decode import Reading, decode
from gateway.protocols.reads import CodeRead, InputChange, Read, TagRead
from gateway.smoothing.options import DEFAULTS, SmoothingOptions
from gateway.smoothing.passage import Passage
from gateway.smoothing.passage_options import PassageOptions
from gateway.smoothing.presence import Place, Tag
from gateway.smoothing.scans import Repeats
from gateway.smoothing.sightings import Sighting, SightingKind, tag_sighting

__all__ = ["Decode", "PassageOptions", "Sighting", "SightingKind", "Smoother", "SmoothingOptions", "ZoneOf"]

# (reader, antenna) to zone: the read point's key. Antennas of one read point share it, so that a tag never
# moves between them.
ZoneOf = Callable[[str, int | None], str]
# What a read means, by the rules of its device.
Decode = Callable[[Read], Reading]

MAX_TAGS: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Ear:
    """How one reader's tags are taken."""

    options: SmoothingOptions
    #: Whether some tags are left out, by strength or by EPC.
    filters: bool
    #: Its door; None where tags are told one by one.
    passage: Passage | None


class Smoother:
    """Not thread-safe: one thread calls it. `now` is monotonic seconds, `at` the wall clock of the same moment."""

    def __init__(
        self,
        options: Mapping[str, SmoothingOptions],
        zone_of: ZoneOf,
        *,
        passages: Mapping[str, PassageOptions] | None = None,
        decode: Decode = decode,
        max_tags: int = MAX_TAGS,
    ) -> None:
        """`options` by reader name; a reader without any has the defaults. `passages` by name of the doors' readers."""
        self._options = options
        self._zone_of = zone_of
        self._decode = decode
        self._max_tags = max_tags
        # Tags present somewhere, and tags read but not yet sure; in both the one unread for longest is first.
        self._present: dict[str, Tag] = {}
        self._unsure: dict[str, Tag] = {}
        self._evicted: list[Sighting] = []
        #: repeats, weak, filtered, unchanged and evicted since the start: what did not become a sighting.
        self.counts: Counter[str] = Counter()
        self._repeats = Repeats(self.counts)
        self._passages = self._doors(passages or {})
        self._ears: dict[str, _Ear] = {}
        # Doors that nobody watches any more, until the passage is over that went on then.
        self._ending: list[Passage] = []

    def _doors(self, passages: Mapping[str, PassageOptions]) -> dict[str, Passage]:
        return {
            name: Passage(passage, self._options.get(name, DEFAULTS), self.counts, self._decode)
            for name, passage in passages.items()
        }

    def adopt(self, options: Mapping[str, SmoothingOptions], passages: Mapping[str, PassageOptions]) -> None:
        """Go on with other options: tags that are present stay so, and passages that go on are told when over."""
        self._options = options
        doors = self._doors(passages)
        kept = {name for name, door in doors.items() if name in self._passages and door.same_as(self._passages[name])}
        ending = [door for name, door in self._passages.items() if name not in kept and door.restless]
        for door in ending:
            door.forget_inputs()
        self._ending += ending
        self._passages = {name: self._passages[name] if name in kept else door for name, door in doors.items()}
        self._ears.clear()

    def observe(self, read: Read, now: float, at: datetime) -> Sighting | None:
        """None: swallowed (a repeat, or nothing new); acknowledge the read all the same."""
        if isinstance(read, CodeRead):
            return self._observe_code(read, now, at)
        ear = self._ears.get(read.reader) or self._ear(read.reader)
        if ear.filters and not self._wanted(read, ear.options):
            return None
        zone = self._zone_of(read.reader, read.antenna)
        if ear.passage is not None:
            ear.passage.note(read, zone, now=now, at=at)
            return None
        tag = self._tag(read)
        previous = tag.zone
        place = tag.note(zone, read, ear.options, now=now, at=at)
        if previous == zone:
            # Nearly every read of a busy gate ends here.
            self.counts["unchanged"] += 1
            return None
        sighting = self._judge(tag, place, zone, ear.options, now=now, at=at)
        if len(self._present) + len(self._unsure) > self._max_tags:
            self._make_room(at)
        return sighting

    def _observe_code(self, read: CodeRead, now: float, at: datetime) -> Sighting | None:
        options = self._options.get(read.reader, DEFAULTS)
        if not self._repeats.observe(read, options, now):
            return None
        zone = self._zone_of(read.reader, None)
        return Sighting("code_scanned", self._decode(read), at, zone, repeat_of=self._repeats.first_of(read))

    def _ear(self, reader: str) -> _Ear:
        options = self._options.get(reader, DEFAULTS)
        filters = bool(options.epc_include or options.epc_exclude) or options.rssi_min_dbm is not None
        ear = self._ears[reader] = _Ear(options, filters, self._passages.get(reader))
        return ear

    def hear(self, change: InputChange, now: float) -> None:
        """An input of a reader changed; it means something at a door alone."""
        if passage := self._passages.get(change.reader):
            passage.hear(change, now)

    def forget_inputs(self, reader: str) -> None:
        """A reader does not read any more: what its inputs do meanwhile, nobody will tell."""
        if passage := self._passages.get(reader):
            passage.forget_inputs()

    def stored(self, read: CodeRead, sequence: int) -> None:
        """Remember under which sequence a code was stored, for `repeat_of` where repeats are kept."""
        self._repeats.stored(read, self._options.get(read.reader, DEFAULTS), sequence)

    def forget(self, epc: str) -> None:
        """Nobody was told of this tag: when it is read on, it arrives once more."""
        self._present.pop(epc, None)

    def _tag(self, read: TagRead) -> Tag:
        """The tag's record, now the youngest of its kind."""
        tags = self._present if read.epc in self._present else self._unsure
        tag = tags.pop(read.epc, None) or Tag(read)
        tags[read.epc] = tag
        return tag

    def _judge(
        self, tag: Tag, place: Place, zone: str, options: SmoothingOptions, *, now: float, at: datetime
    ) -> Sighting | None:
        """A tag was read where it was not present before."""
        previous, epc = tag.zone, tag.read.epc
        sure = place.sure(options)
        if previous is None and sure:
            tag.enter(zone)
            self._present[epc] = self._unsure.pop(epc)
            return tag_sighting("tag_arrived", tag, self._decode(tag.read), at)
        if previous is not None and sure and tag.stronger_in(zone, options, now):
            tag.enter(zone)
            return tag_sighting("tag_moved", tag, self._decode(tag.read), at, previous_zone=previous)
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
            left.append(self._depart(self._present.pop(epc), at))
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
        self._evicted.append(self._depart(self._present.pop(next(iter(self._present))), at))

    def _depart(self, tag: Tag, at: datetime) -> Sighting:
        return tag_sighting("tag_left", tag, self._decode(tag.read), at)

    @property
    def restless(self) -> bool:
        """Whether time alone may change something, so that sweep() is due."""
        return bool(self._present or self._ending) or any(passage.restless for passage in self._passages.values())

    @property
    def present(self) -> int:
        """How many tags are present now."""
        return len(self._present)
