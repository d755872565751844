"""A small radio field: tags enter, dwell and leave; each round reads some of them, at a wandering strength."""

import random
import threading
from dataclasses import dataclass, field
from typing import Final

STRONGEST_DBM: Final = -35.0
WEAKEST_DBM: Final = -80.0


@dataclass(frozen=True, slots=True)
class TagSeen:
    """One tag as one antenna read it in one inventory round."""

    epc: str
    antenna: int
    rssi_dbm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioSettings:
    """The room: how well tags are read, and how far the neighbour's antenna reaches."""

    antennas: int = 1
    #: Chance that a tag before an antenna is read in one round.
    read_probability: float = 0.8
    #: Chance that the neighbour antenna reads it too, `cross_loss_db` weaker.
    cross_probability: float = 0.05
    cross_loss_db: float = 14.0
    #: The strength changes by up to so much from round to round.
    step_db: float = 1.5


@dataclass(slots=True)
class _Tag:
    epc: str
    antenna: int
    leaves_at: float
    rssi_dbm: float


@dataclass(slots=True)
class RadioField:
    """The tags before one reader's antennas. `now` is seconds on the caller's clock; equal seeds give equal reads."""

    settings: RadioSettings = field(default_factory=RadioSettings)
    seed: int = 0
    _tags: dict[str, _Tag] = field(default_factory=dict, init=False)
    _random: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def enter(self, epc: str, *, antenna: int = 1, now: float, dwell: float) -> None:
        """A tag comes before `antenna` and stays `dwell` seconds; entering again moves it there."""
        if not 1 <= antenna <= self.settings.antennas:
            raise ValueError(f"Failed to place {epc}: expected antenna 1 to {self.settings.antennas}, got {antenna}.")
        with self._lock:
            known = self._tags.get(epc)
            rssi = known.rssi_dbm if known else self._random.uniform(-62.0, -48.0)
            self._tags[epc] = _Tag(epc, antenna, now + dwell, rssi)

    def leave(self, epc: str) -> None:
        """A tag is carried off; does nothing where it is not there."""
        with self._lock:
            self._tags.pop(epc, None)

    def present(self, now: float) -> list[str]:
        """The tags that are in the field now, in the order they came."""
        with self._lock:
            self._forget(now)
            return list(self._tags)

    def round(self, now: float) -> list[TagSeen]:
        """One inventory round: what the antennas read, in order of antenna."""
        with self._lock:
            self._forget(now)
            seen = [read for tag in self._tags.values() for read in self._read(tag)]
        return sorted(seen, key=lambda read: read.antenna)

    def _forget(self, now: float) -> None:
        self._tags = {epc: tag for epc, tag in self._tags.items() if tag.leaves_at > now}

    def _read(self, tag: _Tag) -> list[TagSeen]:
        step = self._random.uniform(-self.settings.step_db, self.settings.step_db)
        tag.rssi_dbm = min(STRONGEST_DBM, max(WEAKEST_DBM + 10, tag.rssi_dbm + step))
        reads = []
        if self._random.random() < self.settings.read_probability:
            reads.append(TagSeen(tag.epc, tag.antenna, round(tag.rssi_dbm, 1)))
        neighbour = tag.antenna + 1 if tag.antenna < self.settings.antennas else tag.antenna - 1
        if neighbour >= 1 and self._random.random() < self.settings.cross_probability:
            weaker = max(WEAKEST_DBM, tag.rssi_dbm - self.settings.cross_loss_db)
            reads.append(TagSeen(tag.epc, neighbour, round(weaker, 1)))
        return reads
