"""Which way something went through a door: by what its two sides heard, or by its two light barriers.

Both are pure: moments come in with the reads. What came and went back the way it came is "unsure".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Direction = Literal["a_to_b", "b_to_a", "unsure"]

#: Signal strength that weighs 1. Only proportions matter; it keeps the sums near one.
_REFERENCE_DBM: Final = -60.0


@dataclass(slots=True)
class Heard:
    """What one side heard of one tag: the middle of its reads in time, loud ones weighing more."""

    weight: float = 0.0
    moment: float = 0.0

    def note(self, now: float, rssi_dbm: float | None) -> None:
        """One more read. A tag is loudest while it passes the antenna, so the loudest moment is the passage."""
        weight = 1.0 if rssi_dbm is None else 10.0 ** ((rssi_dbm - _REFERENCE_DBM) / 10.0)
        self.weight += weight
        self.moment += (now - self.moment) * weight / self.weight


def by_sides(a: Heard | None, b: Heard | None, gap: float) -> Direction:
    """From the side that heard it earlier to the other one, where they are at least `gap` seconds apart.

    Who turns round in the door is heard by one side before and after the other; the middles fall together.
    """
    if a is None or b is None or abs(b.moment - a.moment) < gap:
        return "unsure"
    return "a_to_b" if a.moment < b.moment else "b_to_a"


@dataclass(slots=True)
class Beams:
    """Two light barriers: the one that is broken first and the one that is free last tell the direction."""

    pins: Sequence[int]
    broken: set[int] = field(default_factory=set)
    _first: int | None = None
    _last: int | None = None

    def note(self, pin: int, broken: bool) -> None:
        """A barrier was broken or is free again; told twice, it counts once."""
        if pin not in self.pins or (pin in self.broken) is broken:
            return
        if broken:
            self.broken.add(pin)
            if self._first is None:
                self._first = pin
        else:
            self.broken.discard(pin)
            self._last = pin

    def forget(self) -> None:
        """The reader went away: how the barriers stand is unknown, and which way it went until now too."""
        self.broken.clear()
        self._first = self._last = None

    def begin(self) -> None:
        """A new passage; what stands in the door now is its beginning."""
        self._first = next((pin for pin in self.pins if pin in self.broken), None)
        self._last = None

    def direction(self) -> Direction:
        """The direction of all that passed since begin(), once both are free."""
        if len(self.pins) != 2 or self.broken or None in (self._first, self._last) or self._first == self._last:
            return "unsure"
        return "a_to_b" if self._first == self.pins[0] else "b_to_a"
