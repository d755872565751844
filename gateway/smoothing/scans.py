"""The same code on the same scanner within a moment: one scan, however often the scanner reads it."""

from collections import Counter
from typing import Final

from gateway.protocols.reads import CodeRead
from gateway.smoothing.options import SmoothingOptions

#: Some 150 bytes each.
MAX_SCANS: Final = 5_000


class Repeats:
    """Remembers the last moment of each code on each scanner, as long as its repeat window lasts."""

    def __init__(self, counts: Counter[str]) -> None:
        # By reader and code: until when the same code counts as a repeat. A code goes to the end at each read, so the
        # one that was silent longest is first. A flood brings thousands, so a moment is all that is kept of one.
        self._until: dict[str, dict[bytes, float]] = {}
        # Where repeats are told, the event that the first of them became.
        self._sequences: dict[tuple[str, bytes], int] = {}
        self._count = 0
        self._counts = counts

    def __len__(self) -> int:
        return self._count

    def observe(self, read: CodeRead, options: SmoothingOptions, now: float) -> bool:
        """Whether this read is to be told: it is the first of its scan, or repeats are kept.

        Each repeat extends the window: a label that stays before the scanner is one scan, however long.
        """
        scans = self._until.setdefault(read.reader, {})
        self._forget(read.reader, scans, now)
        until = scans.pop(read.raw, None)
        scans[read.raw] = now + options.repeat_seconds
        if until is not None and now < until:
            self._counts["repeats"] += 1
            return options.repeat == "keep"
        if until is None:
            self._count += 1
            self._make_room()
        self._sequences.pop((read.reader, read.raw), None)
        return True

    def _forget(self, reader: str, scans: dict[bytes, float], now: float) -> None:
        """What this scanner read so long ago that it is no repeat any more."""
        while scans:
            oldest = next(iter(scans))
            if scans[oldest] > now:
                return
            self._drop(reader, scans, oldest)

    def _make_room(self) -> None:
        """Beyond the limit the scanner with most codes forgets its oldest."""
        if self._count > MAX_SCANS:
            reader, scans = max(self._until.items(), key=lambda item: len(item[1]))
            self._drop(reader, scans, next(iter(scans)))

    def _drop(self, reader: str, scans: dict[bytes, float], raw: bytes) -> None:
        del scans[raw]
        self._sequences.pop((reader, raw), None)
        self._count -= 1

    def stored(self, read: CodeRead, options: SmoothingOptions, sequence: int) -> None:
        """The first scan of a row was stored under this sequence; its repeats will name it."""
        if options.repeat == "keep" and read.raw in self._until.get(read.reader, ()):
            self._sequences.setdefault((read.reader, read.raw), sequence)

    def first_of(self, read: CodeRead) -> int | None:
        """The sequence of the scan that this read repeats."""
        return self._sequences.get((read.reader, read.raw))
